// What reading the members of EPCIS documents has in common.
#pragma once

#include <string>

#include "node/epcis/pointer.h"
#include "node/json/json.h"

namespace fenrun::epcis {

// An error that says where.
Error at(const Pointer& place, Errc code, const std::string& what);
Error at(const Pointer& place, const Error& error);

// What of a text is repeated in an error.
std::string shortened(const std::string& text);

// A text of 1 to 512 bytes.  Errc::value_invalid.
Result<std::string> string_of(const Json& value, const Pointer& place);

// The member, which must be there and be such a text.  Errc::value_invalid.
Result<std::string> required_string(const Json& object, std::string_view name,
                                    const Pointer& place);

// None if there is no such member.
const Json* member_of(const Json& object, std::string_view name);

}  // namespace fenrun::epcis
