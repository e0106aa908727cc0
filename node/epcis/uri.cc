#include "node/epcis/uri.h"

#include <algorithm>

#include "core/text.h"
#include "node/json/json.h"

namespace fenrun::epcis {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

}  // namespace

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool has_company_prefix(std::string_view company) {
  return is_digits(company) && company.size() >= kCompanyDigitsMin &&
         company.size() <= kCompanyDigitsMax;
}

char check_digit(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool weighs_three = (digits.size() - i) % 2 == 1;
    sum += (digits[i] - '0') * (weighs_three ? 3 : 1);
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

Error invalid_uri(std::string_view what, std::string_view uri) {
  return {Errc::value_invalid, std::string(what) + ": " + beginning_of(uri, kUriBytesMax)};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> first_parts(std::string_view text, char separator,
                                          std::size_t count) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const auto end = text.find(separator);
    if (end == std::string_view::npos) break;
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    const unsigned value = *high * 16 + *low;
    if (value <= ' ' || value >= 0x7f) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

Status check_uri(std::string_view uri) {
  if (uri.empty() || uri.size() > kUriBytesMax) {
    return Error{Errc::value_invalid,
                 "a URI must have 1 to " + std::to_string(kUriBytesMax) + " bytes"};
  }
  if (!std::ranges::all_of(uri, [](char c) { return c > ' ' && c < '\x7f'; })) {
    return invalid_uri("a URI is printable ASCII without spaces", uri);
  }
  const auto colon = uri.find(':');
  const bool is_absolute = colon != std::string_view::npos && colon > 0 && colon + 1 < uri.size() &&
                           is_letter(uri[0]) &&
                           std::ranges::all_of(uri.substr(0, colon), [](char c) {
                             return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                           });
  if (!is_absolute) return invalid_uri("no absolute URI", uri);
  return {};
}

std::optional<std::vector<std::string_view>> web_path(std::string_view uri) {
  std::size_t authority = 0;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (uri.starts_with(scheme)) authority = scheme.size();
  }
  if (authority == 0) return std::nullopt;
  const auto rest = uri.substr(authority);
  const auto path = rest.substr(0, rest.find_first_of("?#"));
  auto segments = split(path, '/');
  if (segments[0].empty()) return std::nullopt;  // No host.
  segments.erase(segments.begin());
  return segments;
}

}  // namespace fenrun::epcis
