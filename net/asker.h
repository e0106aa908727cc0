// Whose an address is, where one asker has many.
// Pure; not called for names.
#pragma once

#include <string>

namespace fenrun::net {

// The part of an address that counts as one asker: "192.0.2.7", or "2001:db8:1:2::/64", which is
// what a stranger is given as easily as one address.  An IPv4 address within IPv6 is itself; what
// is no address is returned as it is.
std::string asker_of(const std::string& address);

// Of this machine: 127.0.0.0/8 or ::1, in either spelling.
bool is_loopback(const std::string& address);

}  // namespace fenrun::net
