#include "node/epcis/personal_data.h"

#include <algorithm>

#include "core/text.h"
#include "node/epcis/decimal.h"
#include "node/epcis/fields.h"

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

// 138-1234-5678 and 138 1234 5678, with nothing that touches it.
bool holds_grouped_mobile(std::string_view text) {
  constexpr std::size_t kSize = 13;
  for (std::size_t i = 0; i + kSize <= text.size(); ++i) {
    if (text[i] != '1' || (i > 0 && is_alphanumeric(text[i - 1]))) continue;
    const auto group = text.substr(i, kSize);
    const char separator = group[3];
    if ((separator != '-' && separator != ' ') || group[8] != separator) continue;
    const std::string digits = std::string(group.substr(0, 3)) + std::string(group.substr(4, 4)) +
                               std::string(group.substr(9));
    const bool ends = i + kSize == text.size() || !is_alphanumeric(text[i + kSize]);
    if (ends && std::ranges::all_of(digits, is_digit) && is_mobile(digits)) return true;
  }
  return false;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Percent-encoded bytes decoded, full-width forms (U+FF01 to U+FF5E) as their ASCII ones.
std::string unveiled(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else if (byte(i) == 0xEF && (byte(i + 1) == 0xBC || byte(i + 1) == 0xBD)) {
      const auto code = (byte(i + 1) - 0xBC) * 0x40 + byte(i + 2) - 0x80;  // From U+FF00.
      out += static_cast<char>(code <= 0x5E ? code + 0x20 : '?');
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Status scan(const Json& value, const Pointer& place) {
  const auto refuse = [&](std::string_view text) -> Status {
    const auto found = personal_data_in(text);
    if (!found) return {};
    return at(place, Errc::personal_data, "looks like " + std::string(*found));
  };
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      // The name is not repeated either, should it be what is refused.
      if (personal_data_in(name)) {
        return at(place, Errc::personal_data,
                  "the name of a member looks like " + std::string(*personal_data_in(name)));
      }
      FENRUN_OK(scan(member, Pointer{&place, name}));
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      FENRUN_OK(scan(value[i], Pointer{&place, {}, i}));
    }
  } else if (value.is_string()) {
    return refuse(value.get_ref<const std::string&>());
  } else if (const auto number = number_text(value)) {
    FENRUN_OK(refuse(*number));
    return refuse(canonical_decimal(*number).value_or(""));
  }
  return {};
}

std::optional<std::string_view> plain_personal_data_in(std::string_view text) {
  if (holds_grouped_mobile(text)) return "a mobile number";
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

}  // namespace

std::optional<std::string_view> personal_data_in(std::string_view text) {
  const auto found = plain_personal_data_in(text);
  if (found || text.find_first_of("%\xEF") == std::string_view::npos) return found;
  return plain_personal_data_in(unveiled(text));
}

Status refuse_personal_data(const Json& document) { return scan(document, Pointer{}); }

}  // namespace fenrun::epcis
