// URIs as events write them, and the digits of GS1 identifiers within them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace fenrun::epcis {

inline constexpr std::size_t kUriBytesMax = 512;
inline constexpr std::size_t kCompanyDigitsMin = 6;
inline constexpr std::size_t kCompanyDigitsMax = 12;

// Errc::value_invalid with the URI, shortened.
Error invalid_uri(std::string_view what, std::string_view uri);

// An absolute URI of printable ASCII, of 1 to kUriBytesMax bytes.  Errc::value_invalid.
Status check_uri(std::string_view uri);

std::vector<std::string_view> split(std::string_view text, char separator);

// At most `count` parts, of which the last holds the rest: "a.b.c.d" in three: "a", "b", "c.d".
std::vector<std::string_view> first_parts(std::string_view text, char separator, std::size_t count);

// None for a broken escape or one that is no printable ASCII.
std::optional<std::string> percent_decoded(std::string_view text);

// The path segments of an http or https URI; none if it is no such URI.
std::optional<std::vector<std::string_view>> web_path(std::string_view uri);

// True for one and more ASCII digits.
bool is_digits(std::string_view text);

// The digit that follows `digits` (GS1 General Specifications, §7.9.1).
// REQUIRES: ASCII digits only.
char check_digit(std::string_view digits);

// True for a GS1 company prefix: kCompanyDigitsMin to kCompanyDigitsMax digits.
bool has_company_prefix(std::string_view company);

}  // namespace fenrun::epcis
