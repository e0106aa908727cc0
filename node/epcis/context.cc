#include "node/epcis/context.h"

#include <algorithm>
#include <array>

#include "node/epcis/event_members.h"
#include "node/epcis/fields.h"

namespace fenrun::epcis {
namespace {

constexpr std::string_view kCbv = "https://ref.gs1.org/cbv/";
constexpr std::string_view kEpcis = "https://ref.gs1.org/epcis/";

// Prefixes that must keep their meaning, or are schemes of URIs.
constexpr auto kReserved =
    std::to_array<std::string_view>({"cbv", "epcis", "urn", "http", "https", "ni"});

// How an extension is to be read as data: says nothing that hashes or records depend on.
bool is_hint(const Json& value) {
  if (!value.is_object()) return false;
  return std::ranges::all_of(value.items(), [](const auto& item) {
    return (item.key() == "@type" || item.key() == "@container") && item.value().is_string();
  });
}

}  // namespace

Context::Context()
    : prefixes_{{"cbv", std::string(kCbv)},
                {"cbvmda", "urn:epcglobal:cbv:mda:"},
                {"dcterms", "http://purl.org/dc/terms/"},
                {"epcis", std::string(kEpcis)},
                {"gs1", "https://gs1.org/voc/"},
                {"owl", "http://www.w3.org/2002/07/owl#"},
                {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
                {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
                {"xsd", "http://www.w3.org/2001/XMLSchema#"}} {}

Status Context::add(const Json& value, const Pointer& place) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Pointer inner{&place, {}, i};
      if (value[i].is_array()) return at(inner, Errc::value_invalid, "must not be an array");
      FENRUN_OK(add(value[i], inner));
    }
    return {};
  }
  if (value.is_string()) {
    const auto& uri = value.get_ref<const std::string&>();
    if (is_known_context(uri)) return {};
    return at(place, Errc::value_invalid,
              "contexts are built in and never fetched; unknown: " + shortened(uri));
  }
  if (!value.is_object()) return at(place, Errc::value_invalid, "must be a URI or an object");
  for (const auto& [name, meaning] : value.items()) {
    FENRUN_OK(add_member(name, meaning, Pointer{&place, name}));
  }
  return {};
}

Status Context::add_member(const std::string& name, const Json& value, const Pointer& place) {
  if (++defined_ > kContextPrefixesMax) {
    return at(place, Errc::limit_exceeded,
              "more than " + std::to_string(kContextPrefixesMax) + " prefixes");
  }
  const auto* const known = find(name);
  if (known && value == *known) return {};  // Says nothing new.
  const auto colon = name.find(':');
  const bool is_reserved = std::ranges::find(kReserved, name.substr(0, colon)) != kReserved.end();
  if (colon != std::string::npos && colon > 0 && !is_reserved && is_hint(value)) return {};
  // A redefined term or @vocab would give the members of events another meaning.
  const bool is_plain = !name.empty() && name[0] != '@' && colon == std::string::npos;
  if (!is_plain || is_reserved || is_member_of_events(name)) {
    return at(place, Errc::value_invalid, "a document may only define prefixes of its own");
  }
  FENRUN_TRY(auto uri, string_of(value, place));
  if (uri.find(':') == std::string::npos) {
    return at(place, Errc::value_invalid, "a prefix stands for an absolute URI");
  }
  prefixes_.insert_or_assign(name, std::move(uri));
  return {};
}

const std::string* Context::find(std::string_view prefix) const {
  const auto it = prefixes_.find(prefix);
  if (it != prefixes_.end()) return &it->second;
  return outer_ ? outer_->find(prefix) : nullptr;
}

std::optional<std::string> Context::extension_name(std::string_view name) const {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) {
    return std::nullopt;
  }
  std::string space;
  std::string_view local;
  if (name.starts_with("https://") || name.starts_with("http://")) {
    const auto cut = name.find_last_of("/#") + 1;
    space = name.substr(0, cut);
    local = name.substr(cut);
  } else {
    const auto* const known = find(name.substr(0, colon));
    if (!known) return std::nullopt;
    space = *known;
    local = name.substr(colon + 1);
  }
  if (space == kCbv || space == kEpcis || local.empty()) return std::nullopt;
  return "{" + space + "}" + std::string(local);
}

std::string Context::expanded(std::string_view text) const {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.substr(colon + 1).starts_with("//")) {
    return std::string(text);
  }
  const auto* const known = find(text.substr(0, colon));
  if (!known) return std::string(text);
  return *known + std::string(text.substr(colon + 1));
}

bool is_known_context(std::string_view uri) {
  return uri == "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld" ||
         uri == "https://ref.gs1.org/standards/epcis/epcis-context.jsonld" ||
         uri == "https://gs1.github.io/EPCIS/epcis-context.jsonld";
}

}  // namespace fenrun::epcis
