// What must never come near the journal: data from which a person can be told.
//
// Three shapes are recognised wherever they stand, in names of members as in values: a mobile
// number of China's plan (1[3-9] and nine digits, also behind +86, and in groups of 3, 4 and 4
// between dashes or spaces), a resident id of 18 characters with a plausible date and a right check
// character (GB 11643), and an openid of WeChat (o and 27 of A-Z a-z 0-9 _ -).  Full-width digits
// and letters, percent-encoded ones and numbers with an exponent hide nothing.  Digits within UUIDs
// and long hexadecimal digests are let through.  A serial number that has the shape of a mobile
// number is refused as well: nobody could tell.
#pragma once

#include <optional>
#include <string_view>

#include "node/json/json.h"

namespace fenrun::epcis {

// What the text holds, such as "a mobile number"; none if nothing was recognised.
std::optional<std::string_view> personal_data_in(std::string_view text);

// Errc::personal_data with the JSON pointer of the first member concerned.  The data itself is
// never repeated.
Status refuse_personal_data(const Json& document);

}  // namespace fenrun::epcis
