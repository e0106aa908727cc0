#include "node/epcis/identifiers.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "contracts/epc.h"
#include "core/text.h"

namespace fenrun::epcis {
namespace {

constexpr std::size_t kSgtinDigits =
    13;  // Company prefix, indicator and item, without check digit.
constexpr std::size_t kSsccDigits = 17;
constexpr std::size_t kGlnDigits = 12;
constexpr std::size_t kCompanyDigitsMin = 6;
constexpr std::size_t kCompanyDigitsMax = 12;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

Error invalid(std::string_view what, std::string_view uri) {
  return {Errc::value_invalid, std::string(what) + ": " + std::string(uri.substr(0, kUriBytesMax))};
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

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// Percent-decodes; none for a broken escape or one that is no printable ASCII.
std::optional<std::string> decoded(std::string_view text) {
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
    return invalid("a URI is printable ASCII without spaces", uri);
  }
  const auto colon = uri.find(':');
  const bool is_absolute = colon != std::string_view::npos && colon > 0 && colon + 1 < uri.size() &&
                           is_letter(uri[0]) &&
                           std::ranges::all_of(uri.substr(0, colon), [](char c) {
                             return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                           });
  if (!is_absolute) return invalid("no absolute URI", uri);
  return {};
}

bool has_company_prefix(std::string_view company) {
  return is_digits(company) && company.size() >= kCompanyDigitsMin &&
         company.size() <= kCompanyDigitsMax;
}

// The path segments of an http or https URI; none if it is no such URI.
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

// The segment behind `key`, which stands at an odd distance before the end: keys and values
// alternate.
struct DigitalLink {
  std::string_view primary;  // The value of the primary key.
  std::vector<std::pair<std::string_view, std::string_view>> qualifiers;
};

// A Digital Link ends in primary key, value, then pairs of qualifiers and values; before it the
// path may be anything.
std::optional<DigitalLink> digital_link(std::string_view uri, std::string_view primary_key) {
  const auto segments = web_path(uri);
  if (!segments) return std::nullopt;
  for (std::size_t i = segments->size(); i-- > 0;) {
    if ((*segments)[i] != primary_key || (segments->size() - i) % 2 != 0) continue;
    DigitalLink link;
    link.primary = (*segments)[i + 1];
    bool are_keys = true;
    for (std::size_t j = i + 2; j + 1 < segments->size(); j += 2) {
      are_keys = are_keys && is_digits((*segments)[j]);
      link.qualifiers.emplace_back((*segments)[j], (*segments)[j + 1]);
    }
    if (are_keys) return link;
  }
  return std::nullopt;
}

// What the contracts accept is what the ledger can hold: the last word is theirs.
Result<std::string> checked(std::string epc, std::string_view uri) {
  const auto parsed = parse_epc(epc);
  if (!parsed) return invalid(parsed.error().detail, uri);
  return epc;
}

Result<std::string> sgtin_from_urn(std::string_view body, std::string_view uri) {
  const auto dot1 = body.find('.');
  const auto dot2 = dot1 == std::string_view::npos ? dot1 : body.find('.', dot1 + 1);
  if (dot2 == std::string_view::npos) return invalid("sgtin needs three parts", uri);
  const auto company = body.substr(0, dot1);
  const auto item = body.substr(dot1 + 1, dot2 - dot1 - 1);
  const auto serial = decoded(body.substr(dot2 + 1));
  if (!has_company_prefix(company) || !is_digits(item) ||
      company.size() + item.size() != kSgtinDigits) {
    return invalid("company prefix and item reference must be 13 digits", uri);
  }
  if (!serial) return invalid("serial with a broken escape", uri);
  const std::string digits =
      std::string(item.substr(0, 1)) + std::string(company) + std::string(item.substr(1));
  return checked("01/" + digits + check_digit(digits) + "/21/" + *serial, uri);
}

Result<std::string> sscc_from_urn(std::string_view body, std::string_view uri) {
  const auto parts = split(body, '.');
  if (parts.size() != 2 || !has_company_prefix(parts[0]) || !is_digits(parts[1]) ||
      parts[0].size() + parts[1].size() != kSsccDigits) {
    return invalid("company prefix and serial reference must be 17 digits", uri);
  }
  const std::string digits =
      std::string(parts[1].substr(0, 1)) + std::string(parts[0]) + std::string(parts[1].substr(1));
  return checked("00/" + digits + check_digit(digits), uri);
}

Result<std::string> sgtin_from_link(const DigitalLink& link, std::string_view uri) {
  constexpr std::size_t kGtinLengths[] = {8, 12, 13, 14};
  if (!is_digits(link.primary) ||
      std::ranges::find(kGtinLengths, link.primary.size()) == std::end(kGtinLengths)) {
    return invalid("GTIN is not 8, 12, 13 or 14 digits", uri);
  }
  std::optional<std::string> serial;
  for (const auto& [key, value] : link.qualifiers) {
    if (key == "21" && !serial) {
      serial = decoded(value);
      if (!serial) return invalid("serial with a broken escape", uri);
    } else if (key != "10" && key != "22") {
      return invalid("unknown or repeated qualifier " + std::string(key), uri);
    }
  }
  if (!serial) {
    return Error{Errc::not_supported_yet,
                 "a GTIN without serial is a class of goods: " + std::string(uri)};
  }
  const std::string gtin = std::string(kGtinBytes - link.primary.size(), '0');
  return checked("01/" + gtin + std::string(link.primary) + "/21/" + *serial, uri);
}

// "414/..." or "417/..." of twelve digits and what follows.
Result<std::string> gln_from_urn(std::string_view key, std::string_view body,
                                 std::string_view uri) {
  const auto parts = split(body, '.');
  const bool is_place = key == "414";
  if (parts.size() != (is_place ? 3U : 2U) || !has_company_prefix(parts[0]) ||
      parts[0].size() + parts[1].size() != kGlnDigits ||
      (!parts[1].empty() && !is_digits(parts[1]))) {
    return invalid("company prefix and reference must be 12 digits", uri);
  }
  const std::string digits = std::string(parts[0]) + std::string(parts[1]);
  std::string out = std::string(key) + "/" + digits + check_digit(digits);
  if (!is_place) return out;
  const auto extension = decoded(parts[2]);
  if (!extension || !is_gs1_text(*extension)) {
    return invalid("extension is not 1 to 20 characters of GS1's set 82", uri);
  }
  // The Tag Data Standard writes "no extension" as 0.
  if (*extension != "0") out += "/254/" + *extension;
  return out;
}

Result<std::string> gln_from_link(std::string_view key, const DigitalLink& link,
                                  std::string_view uri) {
  const auto digits = link.primary.substr(0, kGlnDigits);
  if (!is_digits(link.primary) || link.primary.size() != kGlnDigits + 1 ||
      check_digit(digits) != link.primary.back()) {
    return invalid("GLN is not 13 digits with a right check digit", uri);
  }
  std::string out = std::string(key) + "/" + std::string(link.primary);
  for (const auto& [qualifier, value] : link.qualifiers) {
    const auto extension = decoded(value);
    if (qualifier != "254" || link.qualifiers.size() != 1) {
      return invalid("a GLN takes one qualifier, 254", uri);
    }
    if (!extension || !is_gs1_text(*extension)) {
      return invalid("extension is not 1 to 20 characters of GS1's set 82", uri);
    }
    out += "/254/" + *extension;
  }
  return out;
}

}  // namespace

char check_digit(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool weighs_three = (digits.size() - i) % 2 == 1;
    sum += (digits[i] - '0') * (weighs_three ? 3 : 1);
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

Result<std::string> canonical_epc(std::string_view uri) {
  constexpr std::string_view kSgtin = "urn:epc:id:sgtin:";
  constexpr std::string_view kSscc = "urn:epc:id:sscc:";
  FENRUN_OK(check_uri(uri));
  if (uri.starts_with(kSgtin)) return sgtin_from_urn(uri.substr(kSgtin.size()), uri);
  if (uri.starts_with(kSscc)) return sscc_from_urn(uri.substr(kSscc.size()), uri);
  if (uri.starts_with("urn:")) {
    return Error{Errc::not_supported_yet,
                 "neither an SGTIN nor an SSCC of one unit: " + std::string(uri)};
  }
  if (const auto link = digital_link(uri, "01")) return sgtin_from_link(*link, uri);
  if (const auto link = digital_link(uri, "00")) {
    if (!link->qualifiers.empty()) return invalid("an SSCC takes no qualifier", uri);
    return checked("00/" + std::string(link->primary), uri);
  }
  return Error{Errc::not_supported_yet,
               "no Digital Link of a GTIN or an SSCC: " + std::string(uri)};
}

Result<std::string> canonical_place(std::string_view uri) {
  constexpr std::string_view kSgln = "urn:epc:id:sgln:";
  constexpr std::string_view kPgln = "urn:epc:id:pgln:";
  FENRUN_OK(check_uri(uri));
  if (uri.starts_with(kSgln)) return gln_from_urn("414", uri.substr(kSgln.size()), uri);
  if (uri.starts_with(kPgln)) return gln_from_urn("417", uri.substr(kPgln.size()), uri);
  for (const std::string_view key : {"414", "417"}) {
    if (const auto link = digital_link(uri, key)) return gln_from_link(key, *link, uri);
  }
  return std::string(uri);
}

}  // namespace fenrun::epcis
