#include "net/asker.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

namespace fenrun::net {
namespace {

namespace ip = boost::asio::ip;

// None if it is no address.
std::optional<ip::address> parse(const std::string& text) {
  boost::system::error_code error;
  const auto address = ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

}  // namespace

std::string asker_of(const std::string& address) {
  const auto parsed = parse(address);
  if (!parsed) return address;
  if (parsed->is_v4()) return parsed->to_string();
  auto bytes = parsed->to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return ip::address_v6(bytes).to_string() + "/64";
}

bool is_loopback(const std::string& address) {
  const auto parsed = parse(address);
  return parsed && parsed->is_loopback();
}

}  // namespace fenrun::net
