#include "node/epcis/decimal.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace fenrun::epcis {
namespace {

constexpr int kExponentMax = 1'000;

// Takes the digits off the front.
std::string_view take_digits(std::string_view& text) {
  const auto* const end = std::ranges::find_if_not(text, is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Of "e-7", all of it; none beyond kExponentMax.
std::optional<int> take_exponent(std::string_view& text) {
  if (!take(text, "eE")) return 0;
  const bool is_negative = text.starts_with('-');
  take(text, "+-");
  const auto digits = take_digits(text);
  if (digits.empty() || digits.size() > 6) return std::nullopt;
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  if (value > kExponentMax) return std::nullopt;
  return is_negative ? -value : value;
}

}  // namespace

std::optional<std::string> canonical_decimal(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  take(text, "+-");
  std::string digits(take_digits(text));
  auto point = static_cast<int>(std::min<std::size_t>(digits.size(), kExponentMax + 1));
  if (take(text, ".")) digits += take_digits(text);
  const auto exponent = take_exponent(text);
  if (digits.empty() || digits.size() > kExponentMax || !exponent || !text.empty()) {
    return std::nullopt;
  }
  point += *exponent;
  // 0.<digits> times ten to the `point`, without zeros at either end.
  const auto zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  point -= static_cast<int>(zeros);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.empty()) return "0";
  const auto size = static_cast<int>(digits.size());
  if (std::max(point, size) - std::min(point, 0) > static_cast<int>(kDecimalDigitsMax)) {
    return std::nullopt;
  }
  std::string out = is_negative ? "-" : "";
  if (point <= 0) return out + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (point >= size) return out + digits + std::string(static_cast<std::size_t>(point - size), '0');
  const auto whole = static_cast<std::size_t>(point);
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::optional<std::uint32_t> whole_number(std::string_view canonical) {
  std::uint32_t number = 0;
  const char* const end = canonical.data() + canonical.size();
  const auto [rest, error] = std::from_chars(canonical.data(), end, number);
  if (error != std::errc() || rest != end || number == 0) return std::nullopt;
  return number;
}

}  // namespace fenrun::epcis
