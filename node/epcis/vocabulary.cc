#include "node/epcis/vocabulary.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "node/epcis/uri.h"
#include "node/json/json.h"

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

// CBV 2.0, §7.3.
constexpr auto kBizTransactionTypes = std::to_array<std::string_view>({
    "bol",
    "cert",
    "desadv",
    "inv",
    "pedigree",
    "po",
    "poc",
    "prodorder",
    "recadv",
    "rma",
    "testprd",
    "testres",
    "upevt",
});

// CBV 2.0, §7.4.
constexpr auto kSourceOrDestinationTypes =
    std::to_array<std::string_view>({"location", "owning_party", "possessing_party"});

// CBV 2.0, §7.5.
constexpr auto kErrorReasons = std::to_array<std::string_view>({"did_not_occur", "incorrect_data"});

constexpr auto kVocabularies = std::to_array<Vocabulary>({
    Vocabulary::biz_step,
    Vocabulary::disposition,
    Vocabulary::biz_transaction_type,
    Vocabulary::source_or_destination_type,
    Vocabulary::error_reason,
});

// How words are spelt besides the bare word: web address, compact URI, URN.
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
    case Vocabulary::biz_transaction_type:
      return {kBizTransactionTypes,
              {"https://ref.gs1.org/cbv/BTT-", "cbv:BTT-", "urn:epcglobal:cbv:btt:"},
              "the type of a business transaction"};
    case Vocabulary::source_or_destination_type:
      return {kSourceOrDestinationTypes,
              {"https://ref.gs1.org/cbv/SDT-", "cbv:SDT-", "urn:epcglobal:cbv:sdt:"},
              "the type of a source or destination"};
    case Vocabulary::error_reason:
      return {kErrorReasons,
              {"https://ref.gs1.org/cbv/ER-", "cbv:ER-", "urn:epcglobal:cbv:er:"},
              "the reason of an error"};
  }
  return {};
}

}  // namespace

std::span<const std::string_view> known_words(Vocabulary vocabulary) {
  return words_of(vocabulary).words;
}

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
                                        std::string(known.name) + ": " + beginning_of(text, 100)};
}

Result<std::string> word_uri(Vocabulary vocabulary, std::string_view text) {
  FENRUN_TRY(auto word, canonical_word(vocabulary, text));
  if (word.find(':') == std::string::npos) {
    return std::string(words_of(vocabulary).prefixes[0]) + word;
  }
  bool is_of_another = word.starts_with("urn:epcglobal:cbv:");
  for (const auto other : kVocabularies) {
    is_of_another = is_of_another || word.starts_with(words_of(other).prefixes[0]);
  }
  if (is_of_another) {
    return Error{Errc::value_invalid, "a word of another vocabulary for " +
                                          std::string(words_of(vocabulary).name) + ": " + word};
  }
  FENRUN_OK(check_uri(word));
  return word;
}

std::optional<std::string> web_uri_of_word(std::string_view urn) {
  for (const auto vocabulary : kVocabularies) {
    const auto prefixes = words_of(vocabulary).prefixes;
    if (!urn.starts_with(prefixes[2])) continue;
    return std::string(prefixes[0]) + std::string(urn.substr(prefixes[2].size()));
  }
  return std::nullopt;
}

std::string_view word_of(Vocabulary vocabulary, std::string_view uri) {
  const auto prefix = words_of(vocabulary).prefixes[0];
  return uri.starts_with(prefix) ? uri.substr(prefix.size()) : std::string_view();
}

}  // namespace fenrun::epcis
