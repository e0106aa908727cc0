#include "node/epcis/identifiers.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "contracts/epc.h"
#include "core/text.h"
#include "node/epcis/uri.h"

namespace fenrun::epcis {
namespace {

constexpr std::size_t kSgtinDigits =
    13;  // Company prefix, indicator and item, without check digit.
constexpr std::size_t kSsccDigits = 17;
constexpr std::size_t kGlnDigits = 12;

Error invalid(std::string_view what, std::string_view uri) { return invalid_uri(what, uri); }

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
  const auto serial = percent_decoded(body.substr(dot2 + 1));
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
      serial = percent_decoded(value);
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
  const auto extension = percent_decoded(parts[2]);
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
    const auto extension = percent_decoded(value);
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
