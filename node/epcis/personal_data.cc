#include "node/epcis/personal_data.h"

#include <algorithm>

#include "core/text.h"
#include "node/epcis/pointer.h"

namespace fenrun::epcis {
namespace {

constexpr std::size_t kMobileDigits = 11;
constexpr std::size_t kResidentIdCharacters = 18;
constexpr std::size_t kOpenidCharacters = 28;
constexpr std::size_t kDigestCharactersMin = 32;  // Hexadecimal of 16 bytes and more.

bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_openid_character(char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }

bool is_mobile(std::string_view digits) {
  return digits.size() == kMobileDigits && digits[0] == '1' && digits[1] >= '3';
}

// A run of digits and whether a '+' stands before it.
bool holds_mobile(std::string_view run, bool behind_plus) {
  if (is_mobile(run)) return true;
  if (behind_plus && run.starts_with("86")) return is_mobile(run.substr(2));
  return run.starts_with("0086") && is_mobile(run.substr(4));
}

int number_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// GB 11643: six digits of a place, a date of birth, three digits, and a check character by ISO 7064
// MOD 11-2.
bool is_resident_id(std::string_view text) {
  constexpr std::string_view kCheckCharacters = "10X98765432";
  if (text.size() != kResidentIdCharacters || text[0] == '0') return false;
  if (!std::all_of(text.begin(), text.end() - 1, is_digit)) return false;
  const int year = number_of(text.substr(6, 4));
  const int month = number_of(text.substr(10, 2));
  const int day = number_of(text.substr(12, 2));
  if (year < 1850 || year > 2150 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  int sum = 0;
  int weight = 1;
  for (std::size_t i = kResidentIdCharacters - 1; i-- > 0;) {
    weight = weight * 2 % 11;
    sum += (text[i] - '0') * weight;
  }
  const char last = text.back() == 'x' ? 'X' : text.back();
  return last == kCheckCharacters[static_cast<std::size_t>(sum % 11)];
}

bool is_digest(std::string_view token) {
  return token.size() >= kDigestCharactersMin && std::ranges::all_of(token, is_hex);
}

// 8-4-4-4-12.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// Letters and digits without anything between them.
std::optional<std::string_view> personal_data_in_token(std::string_view token, bool behind_plus) {
  if (is_resident_id(token)) return "a resident id";
  if (is_digest(token)) return std::nullopt;
  for (std::size_t i = 0; i < token.size();) {
    if (!is_digit(token[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < token.size() && is_digit(token[end])) ++end;
    if (holds_mobile(token.substr(i, end - i), behind_plus && i == 0)) return "a mobile number";
    // An id may touch letters before or behind it.
    if (is_resident_id(token.substr(i, kResidentIdCharacters)) &&
        end - i >= kResidentIdCharacters - 1 && end - i <= kResidentIdCharacters) {
      return "a resident id";
    }
    i = end;
  }
  return std::nullopt;
}

Status scan(const Json& value, const Pointer& at) {
  const auto refuse = [&](std::string_view text) -> Status {
    const auto found = personal_data_in(text);
    if (!found) return {};
    return Error{Errc::personal_data, at.to_string() + ": looks like " + std::string(*found)};
  };
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      // The name is not repeated either, should it be what is refused.
      if (personal_data_in(name)) {
        return Error{Errc::personal_data, at.to_string() + ": the name of a member looks like " +
                                              std::string(*personal_data_in(name))};
      }
      FENRUN_OK(scan(member, Pointer{&at, name}));
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      FENRUN_OK(scan(value[i], Pointer{&at, {}, i}));
    }
  } else if (value.is_string()) {
    return refuse(value.get_ref<const std::string&>());
  } else if (const auto number = number_text(value)) {
    return refuse(*number);
  }
  return {};
}

}  // namespace

std::optional<std::string_view> personal_data_in(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (!is_openid_character(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_openid_character(text[end])) ++end;
    const auto word = text.substr(i, end - i);
    if (word.size() == kOpenidCharacters && word[0] == 'o') return "an openid";
    for (std::size_t j = 0; j < word.size() && !is_uuid(word);) {
      std::size_t token_end = j;
      while (token_end < word.size() && is_alphanumeric(word[token_end])) ++token_end;
      const bool behind_plus = j == 0 && i > 0 && text[i - 1] == '+';
      const auto found = personal_data_in_token(word.substr(j, token_end - j), behind_plus);
      if (found) return found;
      j = token_end + 1;
    }
    i = end;
  }
  return std::nullopt;
}

Status refuse_personal_data(const Json& document) { return scan(document, Pointer{}); }

}  // namespace fenrun::epcis
