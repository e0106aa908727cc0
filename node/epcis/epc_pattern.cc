#include "node/epcis/epc_pattern.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "node/epcis/epc_schemes.h"
#include "node/epcis/gs1_keys.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/uri.h"

namespace fenrun::epcis {
namespace {

constexpr std::string_view kPatternUrn = "urn:epc:idpat:";
constexpr std::string_view kPureUrn = "urn:epc:id:";
constexpr std::string_view kStar = "*";
constexpr std::size_t kForeignPartsMax = 3;
constexpr std::size_t kGtinDigitsOfPiece = 14;

// "gid" and "1.2.*" of "gid:1.2.*".
struct SchemeAndBody {
  std::string_view scheme;
  std::string_view body;
};

SchemeAndBody scheme_and_body(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool is_foreign(std::string_view scheme) {
  return std::ranges::find(kForeignEpcSchemes, scheme) != kForeignEpcSchemes.end();
}

// No URI has spaces.
std::string all_of(const EpcScheme& scheme, std::string_view beginning) {
  return "all " + std::string(scheme.name) + " " + std::string(beginning);
}

// How many of the last parts are stars; none if one stands before them.
std::optional<std::size_t> last_stars(const std::vector<std::string_view>& parts) {
  const auto first = std::ranges::find(parts, kStar);
  if (!std::all_of(first, parts.end(), [](auto part) { return part == kStar; })) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(parts.end() - first);
}

Error misplaced_star(std::string_view uri) {
  return invalid_uri("the stars of a pattern are its last parts, and all of them", uri);
}

// The class has a Digital Link of its own, and it is the class of no other scheme and no EPC.
bool has_class_link(const EpcScheme& scheme) {
  return scheme.parts > 2 && scheme.qualifier != "254" && scheme.qualifier != "235";
}

// All parts but the last `stars` are given, and more than the company is.
Result<std::string> pattern_of_reference(const EpcScheme& scheme,
                                         std::vector<std::string_view> parts, std::size_t stars,
                                         std::string_view uri) {
  // Any piece of an itip stands for all, until it is cut off.
  for (std::size_t i = parts.size() - stars; i + 1 < parts.size(); ++i) parts[i] = "00";
  std::string urn = std::string(kPatternUrn) + std::string(scheme.name) + ":";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    urn += (i > 0 ? "." : "") + std::string(parts[i]);
  }
  FENRUN_TRY(const auto key, read_gs1_key(urn));
  if (!key) return invalid_uri("no pattern of a known scheme", uri);
  if (stars == 1 && has_class_link(scheme)) return key->link;
  const auto digits = std::string_view(key->link).substr(kGs1Host.size() + scheme.ai.size() + 1);
  return all_of(scheme, digits.substr(0, digits.size() - 2 * (stars - 1)));
}

Result<std::string> foreign_pattern(std::string_view body, std::string_view uri) {
  const auto parts = split(body, '.');
  if (parts.size() > kForeignPartsMax || !last_stars(parts)) return misplaced_star(uri);
  return std::string(uri);
}

const EpcScheme* scheme_of(std::string_view ai, std::string_view qualifier) {
  for (const auto& scheme : kEpcSchemes) {
    const bool fits =
        scheme.qualifier == qualifier || (qualifier.empty() && scheme.qualifier == "254");
    if (scheme.ai == ai && scheme.name != "lgtin" && fits) return &scheme;
  }
  return nullptr;
}

// Where the digits of the company begin in the key's value.
std::size_t company_offset(const EpcScheme& scheme) {
  return scheme.layout == EpcLayout::indicator_first || !scheme.filler.empty() ? 1 : 0;
}

// Those that leave more than the serial open.
void add_wide_patterns(const EpcScheme& scheme, std::string_view value,
                       std::vector<std::string>& out) {
  const auto company = value.substr(std::min(company_offset(scheme), value.size()));
  for (std::size_t length = std::min(company.size(), kCompanyDigitsMax);
       length >= kCompanyDigitsMin; --length) {
    const auto digits = company.substr(0, length);
    if (has_company_prefix(digits)) out.push_back(all_of(scheme, digits));
  }
  out.push_back(all_of(scheme, ""));
}

// The stars of "urn:epc:id:gid:1.2.3": the last one, the last two, all three.
std::vector<std::string> foreign_patterns_of(std::string_view identifier) {
  const auto [scheme, body] = scheme_and_body(identifier.substr(kPureUrn.size()));
  auto parts = split(body, '.');
  if (!is_foreign(scheme) || parts.size() > kForeignPartsMax) return {};
  std::vector<std::string> out;
  for (std::size_t i = parts.size(); i-- > 0;) {
    parts[i] = kStar;
    auto pattern = std::string(kPatternUrn) + std::string(scheme) + ":";
    for (std::size_t j = 0; j < parts.size(); ++j) {
      pattern += (j > 0 ? "." : "") + std::string(parts[j]);
    }
    out.push_back(std::move(pattern));
  }
  return out;
}

}  // namespace

Result<std::string> canonical_pattern(std::string_view uri) {
  if (!uri.starts_with(kPatternUrn)) return canonical_identifier(uri);
  FENRUN_OK(check_uri(uri));
  const auto [name, body] = scheme_and_body(uri.substr(kPatternUrn.size()));
  if (is_foreign(name)) return foreign_pattern(body, uri);
  const auto* const scheme = std::ranges::find(kEpcSchemes, name, &EpcScheme::name);
  if (scheme == kEpcSchemes.end() || name == "lgtin") {
    return invalid_uri("no pattern of a known scheme", uri);
  }
  const auto parts = first_parts(body, '.', scheme->parts);
  const auto stars = last_stars(parts);
  if (parts.size() != scheme->parts || !stars) return misplaced_star(uri);
  if (*stars == 0) return canonical_identifier(uri);
  if (*stars == parts.size()) return all_of(*scheme, "");
  if (*stars + 1 < parts.size()) return pattern_of_reference(*scheme, parts, *stars, uri);
  if (!has_company_prefix(parts[0])) {
    return invalid_uri("no company prefix of 6 to 12 digits", uri);
  }
  return all_of(*scheme, parts[0]);
}

std::vector<std::string> patterns_of(std::string_view identifier) {
  if (identifier.starts_with(kPureUrn)) return foreign_patterns_of(identifier);
  if (!identifier.starts_with(kGs1Host)) return {};
  const auto segments = split(identifier.substr(kGs1Host.size()), '/');
  if (segments.size() != 2 && segments.size() != 4) return {};
  const auto* const scheme =
      scheme_of(segments[0], segments.size() == 4 ? segments[2] : std::string_view());
  if (scheme == nullptr) return {};
  const auto value = segments[1];
  std::vector<std::string> out;
  if (scheme->parts > 2) {
    const bool is_tail = scheme->qualifier.empty();
    const std::size_t class_digits = scheme->filler.size() + scheme->digits + 1;
    if (is_tail && value.size() <= class_digits) return {};
    const auto reference = is_tail ? value.substr(0, class_digits) : value;
    out.push_back(has_class_link(*scheme) ? std::string(kGs1Host) + std::string(scheme->ai) + "/" +
                                                std::string(reference)
                                          : all_of(*scheme, reference));
  }
  if (scheme->parts == 5 && value.size() == kGtinDigitsOfPiece + 4) {
    out.push_back(all_of(*scheme, value.substr(0, kGtinDigitsOfPiece + 2)));
    out.push_back(all_of(*scheme, value.substr(0, kGtinDigitsOfPiece)));
  }
  add_wide_patterns(*scheme, value, out);
  return out;
}

}  // namespace fenrun::epcis
