#include "contracts/epc.h"

#include <algorithm>
#include <string>

#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::size_t kSsccDigits = 18;
constexpr std::size_t kGs1TextCharactersMax = 20;

// GS1 General Specifications, 7.9.1: from the right, the check digit apart, digits weigh 3 and 1 in
// turn; with the check digit the sum is a multiple of ten.
bool has_check_digit(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool weighs_three = (digits.size() - i) % 2 == 0;
    sum += (digits[i] - '0') * (weighs_three ? 3 : 1);
  }
  return sum % 10 == 0;
}

// GS1 General Specifications, 7.11: one of 82.
bool is_gs1_character(char c) {
  constexpr std::string_view kPunctuation = "!\"%&'()*+,-./:;<=>?_";
  return is_digit(c) || is_letter(c) || kPunctuation.find(c) != std::string_view::npos;
}

Error invalid_epc(std::string_view what, std::string_view value) {
  return {Errc::value_invalid, std::string(what) + ": " + std::string(value)};
}

Status check_digits(std::string_view name, std::string_view digits, std::size_t size) {
  if (digits.size() != size || !std::ranges::all_of(digits, is_digit)) {
    return invalid_epc(std::string(name) + " is not " + std::to_string(size) + " digits", digits);
  }
  if (!has_check_digit(digits)) return invalid_epc(std::string(name) + " check digit", digits);
  return {};
}

}  // namespace

bool is_gs1_text(std::string_view text) {
  return !text.empty() && text.size() <= kGs1TextCharactersMax &&
         std::ranges::all_of(text, is_gs1_character);
}

Status check_gtin(std::string_view gtin) {
  FENRUN_OK(check_digits("GTIN", gtin, kGtinBytes));
  if (gtin[0] == '9') return invalid_epc("GTIN of variable measure", gtin);
  return {};
}

UnitLevel level_of_gtin(std::string_view gtin) {
  return gtin[0] == '0' ? UnitLevel::item : UnitLevel::case_;
}

Result<Epc> parse_epc(std::string_view epc) {
  constexpr std::string_view kSsccPrefix = "00/";
  constexpr std::string_view kGtinPrefix = "01/";
  constexpr std::string_view kSerialPrefix = "/21/";
  if (epc.starts_with(kSsccPrefix)) {
    FENRUN_OK(check_digits("SSCC", epc.substr(kSsccPrefix.size()), kSsccDigits));
    return Epc{UnitLevel::logistic, std::nullopt};
  }
  if (!epc.starts_with(kGtinPrefix)) return invalid_epc("neither 01/ nor 00/", epc);
  const auto gtin = epc.substr(kGtinPrefix.size(), kGtinBytes);
  FENRUN_OK(check_gtin(gtin));
  const auto rest = epc.substr(kGtinPrefix.size() + kGtinBytes);
  if (!rest.starts_with(kSerialPrefix)) return invalid_epc("no /21/ behind the GTIN", epc);
  const auto serial = rest.substr(kSerialPrefix.size());
  if (!is_gs1_text(serial)) {
    return invalid_epc("serial is not 1 to 20 characters of GS1's set 82", epc);
  }
  return Epc{level_of_gtin(gtin), GtinText{std::string(gtin)}};
}

}  // namespace fenrun
