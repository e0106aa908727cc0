// Decimal numerals in one spelling, computed on their digits and never by way of a float.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fenrun::epcis {

// "12.50" and "1.25e1" as "12.5", "007" as "7", "-0.0" as "0".  None for what is no numeral and for
// one whose plain spelling would have more than kDecimalDigitsMax digits.
std::optional<std::string> canonical_decimal(std::string_view text);

inline constexpr std::size_t kDecimalDigitsMax = 64;

// The number of a canonical numeral; none for 0, for a fraction and beyond 32 bits.
std::optional<std::uint32_t> whole_number(std::string_view canonical);

}  // namespace fenrun::epcis
