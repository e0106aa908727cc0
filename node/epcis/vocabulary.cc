#include "node/epcis/vocabulary.h"

#include <algorithm>
#include <array>
#include <span>

namespace fenrun::epcis {
namespace {

// CBV 2.0, §7.1.
constexpr auto kBizSteps = std::to_array<std::string_view>({
    "accepting",
    "arriving",
    "assembling",
    "collecting",
    "commissioning",
    "consigning",
    "creating_class_instance",
    "cycle_counting",
    "decommissioning",
    "departing",
    "destroying",
    "disassembling",
    "dispensing",
    "encoding",
    "entering_exiting",
    "holding",
    "inspecting",
    "installing",
    "killing",
    "loading",
    "other",
    "packing",
    "picking",
    "receiving",
    "removing",
    "repackaging",
    "repairing",
    "replacing",
    "reserving",
    "retail_selling",
    "sampling",
    "sensor_reporting",
    "shipping",
    "staging_outbound",
    "stock_taking",
    "stocking",
    "storing",
    "transporting",
    "unloading",
    "unpacking",
    "void_shipping",
});

// CBV 2.0, §7.2.
constexpr auto kDispositions = std::to_array<std::string_view>({
    "active",
    "available",
    "completeness_inferred",
    "completeness_verified",
    "conformant",
    "container_closed",
    "container_open",
    "damaged",
    "destroyed",
    "dispensed",
    "disposed",
    "encoded",
    "expired",
    "in_progress",
    "in_transit",
    "inactive",
    "mismatch_class",
    "mismatch_instance",
    "mismatch_quantity",
    "needs_replacement",
    "no_pedigree_match",
    "non_conformant",
    "non_sellable_other",
    "partially_dispensed",
    "recalled",
    "reserved",
    "retail_sold",
    "returned",
    "sellable_accessible",
    "sellable_not_accessible",
    "stolen",
    "unavailable",
    "unknown",
});

struct Words {
  std::span<const std::string_view> words;
  std::array<std::string_view, 3> prefixes;
  std::string_view name;
};

Words words_of(Vocabulary vocabulary) {
  switch (vocabulary) {
    case Vocabulary::biz_step:
      return {kBizSteps,
              {"https://ref.gs1.org/cbv/BizStep-", "cbv:BizStep-", "urn:epcglobal:cbv:bizstep:"},
              "bizStep"};
    case Vocabulary::disposition:
      return {kDispositions,
              {"https://ref.gs1.org/cbv/Disp-", "cbv:Disp-", "urn:epcglobal:cbv:disp:"},
              "disposition"};
  }
  return {};
}

struct Field {
  std::string_view name;
  FieldUse use;
};

// EPCIS 2.0, §7.4: an ObjectEvent and what all events have.
constexpr auto kFields = std::to_array<Field>({
    {"type", FieldUse::read},
    {"eventTime", FieldUse::read},
    {"epcList", FieldUse::read},
    {"action", FieldUse::read},
    {"bizStep", FieldUse::read},
    {"disposition", FieldUse::read},
    {"readPoint", FieldUse::read},
    {"bizLocation", FieldUse::read},
    {"@context", FieldUse::read},
    {"eventTimeZoneOffset", FieldUse::bound},
    {"recordTime", FieldUse::bound},
    {"eventID", FieldUse::bound},
    {"bizTransactionList", FieldUse::bound},
    {"sourceList", FieldUse::bound},
    {"destinationList", FieldUse::bound},
    {"ilmd", FieldUse::bound},
    {"errorDeclaration", FieldUse::unsupported},
    {"quantityList", FieldUse::unsupported},
    {"persistentDisposition", FieldUse::unsupported},
    {"sensorElementList", FieldUse::unsupported},
    {"certificationInfo", FieldUse::unsupported},
});

}  // namespace

Result<std::string> canonical_word(Vocabulary vocabulary, std::string_view text) {
  const Words known = words_of(vocabulary);
  std::string_view word = text;
  for (const auto prefix : known.prefixes) {
    if (text.starts_with(prefix)) word = text.substr(prefix.size());
  }
  if (std::ranges::find(known.words, word) != known.words.end()) return std::string(word);
  const bool is_own_word = word == text && text.find(':') != std::string_view::npos &&
                           !text.starts_with(':') && !text.starts_with("cbv:");
  if (is_own_word) return std::string(text);
  return Error{Errc::value_invalid, "no word of the Core Business Vocabulary for " +
                                        std::string(known.name) + ": " +
                                        std::string(text.substr(0, 100))};
}

std::optional<FieldUse> use_of_field(std::string_view name) {
  for (const auto& field : kFields) {
    if (field.name == name) return field.use;
  }
  return std::nullopt;
}

bool is_known_context(std::string_view uri) {
  return uri == "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld" ||
         uri == "https://ref.gs1.org/standards/epcis/epcis-context.jsonld" ||
         uri == "https://gs1.github.io/EPCIS/epcis-context.jsonld";
}

}  // namespace fenrun::epcis
