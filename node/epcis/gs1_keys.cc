#include "node/epcis/gs1_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/text.h"
#include "node/epcis/epc_schemes.h"
#include "node/epcis/uri.h"

namespace fenrun::epcis {
namespace {

using Found = Result<std::optional<Gs1Key>>;

constexpr std::size_t kGtinDigits = 14;

enum class Characters { none, digits, set_39, set_82 };

// GS1 General Specifications, §3: what the value of a primary key looks like: digits, the last of
// the checked ones a check digit, then a tail.
struct KeyForm {
  std::string_view ai;
  std::string_view name;  // How early Digital Links call it.
  std::size_t digits = 0;
  std::size_t checked = 0;
  Characters tail = Characters::none;
  std::size_t tail_min = 0;
  std::size_t tail_max = 0;
};

constexpr auto kKeys = std::to_array<KeyForm>({
    {"00", "sscc", 18, 18},
    {"01", "gtin", 14, 14},
    {"253", "gdti", 13, 13, Characters::set_82, 0, 17},
    {"255", "gcn", 13, 13, Characters::digits, 0, 12},
    {"401", "ginc", 0, 0, Characters::set_82, 1, 30},
    {"402", "gsin", 17, 17},
    {"414", "gln", 13, 13},
    {"417", "party", 13, 13},
    {"8003", "grai", 14, 14, Characters::set_82, 0, 16},
    {"8004", "giai", 0, 0, Characters::set_82, 1, 30},
    {"8006", "itip", 18, 14},
    {"8010", "cpid", 0, 0, Characters::set_39, 1, 30},
    {"8017", "gsrnp", 18, 18},
    {"8018", "gsrn", 18, 18},
});

// What may follow a primary key.  Of several, the first of this list is the finest.
struct QualifierForm {
  std::string_view key;
  std::string_view ai;
  std::string_view name;
  Characters characters;
  std::size_t max;
  bool is_kept = true;  // In the canonical spelling.
};

constexpr auto kQualifiers = std::to_array<QualifierForm>({
    {"01", "21", "ser", Characters::set_82, 20},
    {"01", "235", "tpx", Characters::set_82, 28},
    {"01", "10", "lot", Characters::set_82, 20},
    {"01", "22", "cpv", Characters::set_82, 20, false},
    {"8006", "21", "ser", Characters::set_82, 20},
    {"8006", "10", "lot", Characters::set_82, 20},
    {"8006", "22", "cpv", Characters::set_82, 20, false},
    {"414", "254", "glnx", Characters::set_82, 20},
    {"8010", "8011", "cpsn", Characters::digits, 12},
});

// A key as it was written, decoded.
struct Written {
  const KeyForm* form = nullptr;
  std::string value;
  std::vector<std::pair<const QualifierForm*, std::string>> qualifiers;
};

const KeyForm* key_form(std::string_view ai_or_name) {
  const auto* const it = std::ranges::find_if(
      kKeys, [&](const KeyForm& form) { return form.ai == ai_or_name || form.name == ai_or_name; });
  return it == kKeys.end() ? nullptr : it;
}

const QualifierForm* qualifier_form(const KeyForm& key, std::string_view ai_or_name) {
  const auto* const it = std::ranges::find_if(kQualifiers, [&](const QualifierForm& form) {
    return form.key == key.ai && (form.ai == ai_or_name || form.name == ai_or_name);
  });
  return it == kQualifiers.end() ? nullptr : it;
}

bool is_of(Characters characters, std::string_view text) {
  return std::ranges::all_of(text, [&](char c) {
    switch (characters) {
      case Characters::none:
        return false;
      case Characters::digits:
        return is_digit(c);
      case Characters::set_39:
        return is_digit(c) || (c >= 'A' && c <= 'Z') || c == '#' || c == '-' || c == '/';
      case Characters::set_82:
        return is_digit(c) || is_letter(c) ||
               std::string_view("!\"%&'()*+,-./:;<=>?_").find(c) != std::string_view::npos;
    }
    return false;
  });
}

// As Digital Link spells values.
std::string escaped(std::string_view text) { return percent_encoded(text, "-._~'"); }

Found checked(const Written& written, std::string_view uri) {
  const KeyForm& form = *written.form;
  const std::string_view value = written.value;
  if (value.size() < form.digits + form.tail_min || value.size() > form.digits + form.tail_max ||
      !is_of(Characters::digits, value.substr(0, form.digits)) ||
      !is_of(form.tail, value.substr(form.digits))) {
    return invalid_uri("no value of a " + std::string(form.name), uri);
  }
  Gs1Key key{std::string(kGs1Host) + std::string(form.ai) + "/" + escaped(value)};
  const QualifierForm* finest = nullptr;
  std::string_view finest_value;
  for (const auto& [qualifier, text] : written.qualifiers) {
    if (text.empty() || text.size() > qualifier->max || !is_of(qualifier->characters, text)) {
      return invalid_uri("no value of " + std::string(qualifier->name), uri);
    }
    if (!qualifier->is_kept || (finest && finest < qualifier)) continue;
    finest = qualifier;
    finest_value = text;
  }
  if (finest) key.link += "/" + std::string(finest->ai) + "/" + escaped(finest_value);
  if (form.checked > 0 &&
      check_digit(value.substr(0, form.checked - 1)) != value[form.checked - 1]) {
    key.check_digit = CheckDigit::wrong;
  }
  return std::optional(std::move(key));
}

// ---- URNs --------------------------------------------------------------------------------------

// Company prefix and reference with their check digit; empty if they are not.
std::string digits_of(const EpcScheme& scheme, std::string_view company,
                      std::string_view reference) {
  if (!has_company_prefix(company) || company.size() + reference.size() != scheme.digits ||
      !is_of(Characters::digits, reference)) {
    return {};
  }
  std::string digits;
  if (scheme.layout == EpcLayout::indicator_first) {
    if (reference.empty()) return {};
    digits = reference.substr(0, 1);
    digits += company;
    digits += reference.substr(1);
  } else {
    digits = std::string(company) + std::string(reference);
  }
  const std::string with_filler = std::string(scheme.filler) + digits;
  return with_filler + check_digit(digits);
}

Found from_urn(const EpcScheme& scheme, std::string_view body, bool is_pattern,
               std::string_view uri) {
  const auto parts = first_parts(body, '.', scheme.parts);
  if (parts.size() != scheme.parts) {
    return invalid_uri(
        "a " + std::string(scheme.name) + " has " + std::to_string(scheme.parts) + " parts", uri);
  }
  const bool is_class = is_pattern && parts.back() == "*";
  const bool has_tail = scheme.parts > 2;
  // A pattern over references is a class that no Digital Link names.
  if (is_class && (!has_tail || std::ranges::count(parts, "*") > 1)) return std::optional<Gs1Key>();
  Written written{key_form(scheme.ai), {}, {}};
  const auto reference = percent_decoded(parts[1]);
  const auto tail = percent_decoded(parts.back());
  if (!reference || !tail) return invalid_uri("a broken escape", uri);
  if (scheme.layout == EpcLayout::text) {
    if (!has_company_prefix(parts[0]) || reference->empty()) {
      return invalid_uri("no company prefix of 6 to 12 digits and reference", uri);
    }
    written.value = std::string(parts[0]) + *reference;
  } else {
    written.value = digits_of(scheme, parts[0], parts[1]);
    if (written.value.empty()) {
      return invalid_uri(
          "company prefix and reference must be " + std::to_string(scheme.digits) + " digits", uri);
    }
  }
  if (scheme.parts == 5) written.value += std::string(parts[2]) + std::string(parts[3]);
  if (!has_tail || is_class) return checked(written, uri);
  if (scheme.qualifier.empty()) {
    if (tail->empty()) return invalid_uri("a serial is missing", uri);
    written.value += *tail;
  } else if (scheme.qualifier != "254" || *tail != "0") {  // "No extension" is written as 0.
    written.qualifiers.emplace_back(qualifier_form(*written.form, scheme.qualifier), *tail);
  }
  return checked(written, uri);
}

Found read_urn(std::string_view uri) {
  const auto rest = uri.substr(std::string_view("urn:epc:").size());
  const auto kind = rest.substr(0, rest.find(':'));
  const auto named = kind.size() < rest.size() ? rest.substr(kind.size() + 1) : std::string_view();
  const auto name = named.substr(0, named.find(':'));
  const auto body = name.size() < named.size() ? named.substr(name.size() + 1) : std::string_view();
  const bool is_pattern = kind == "idpat";
  const bool is_class = kind == "class";
  if ((kind == "id" || is_pattern) && !body.empty() &&
      std::ranges::find(kForeignEpcSchemes, name) != kForeignEpcSchemes.end()) {
    return std::optional<Gs1Key>();
  }
  const auto* const scheme = std::ranges::find(kEpcSchemes, name, &EpcScheme::name);
  const bool is_known = scheme != kEpcSchemes.end() && (kind == "id" || is_pattern || is_class) &&
                        is_class == (name == "lgtin");
  if (!is_known) return invalid_uri("no EPC of a known scheme", uri);
  return from_urn(*scheme, body, is_pattern, uri);
}

// ---- Digital Links -----------------------------------------------------------------------------

std::string padded(const KeyForm& form, std::string value) {
  const bool is_short_gtin =
      form.ai == "01" && (value.size() == 8 || value.size() == 12 || value.size() == 13);
  return is_short_gtin ? std::string(kGtinDigits - value.size(), '0') + value : value;
}

// Primary key, value, then pairs of qualifiers and values; before it the path may be anything.
Found read_link(std::string_view uri) {
  const auto segments = web_path(uri);
  if (!segments) return std::optional<Gs1Key>();
  for (std::size_t i = segments->size(); i-- > 0;) {
    const auto* const form = key_form((*segments)[i]);
    if (!form || (segments->size() - i) % 2 != 0) continue;
    const auto value = percent_decoded((*segments)[i + 1]);
    if (!value) return invalid_uri("a broken escape", uri);
    Written written{form, padded(*form, *value), {}};
    for (std::size_t j = i + 2; j + 1 < segments->size(); j += 2) {
      const auto* const qualifier = qualifier_form(*form, (*segments)[j]);
      const auto text = percent_decoded((*segments)[j + 1]);
      const bool is_new = std::ranges::none_of(
          written.qualifiers, [&](const auto& known) { return known.first == qualifier; });
      if (!qualifier || !text || !is_new) {
        return invalid_uri("an unknown, repeated or broken qualifier", uri);
      }
      written.qualifiers.emplace_back(qualifier, *text);
    }
    return checked(written, uri);
  }
  return std::optional<Gs1Key>();
}

}  // namespace

Found read_gs1_key(std::string_view uri) {
  return uri.starts_with("urn:epc:") ? read_urn(uri) : read_link(uri);
}

}  // namespace fenrun::epcis
