// Words of the Core Business Vocabulary 2.0, and the fields of EPCIS 2.0 events.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace fenrun::epcis {

enum class Vocabulary {
  biz_step,
  disposition,
  biz_transaction_type,
  source_or_destination_type,
  error_reason,
};

// The bare word for the word itself, `cbv:BizStep-word`, `https://ref.gs1.org/cbv/BizStep-word` or
// `urn:epcglobal:cbv:bizstep:word`; any other absolute URI as it is.
// Errc::value_invalid for a word that the vocabulary does not have: own words are absolute URIs.
Result<std::string> canonical_word(Vocabulary vocabulary, std::string_view text);

// The word's address, such as "https://ref.gs1.org/cbv/BizStep-shipping"; own words as they are.
// Errc::value_invalid also for an own word that claims to be of another vocabulary of the CBV.
Result<std::string> word_uri(Vocabulary vocabulary, std::string_view text);

// "urn:epcglobal:cbv:disp:active" as "https://ref.gs1.org/cbv/Disp-active", whether the word is
// known or not; none for what is no such URN.
std::optional<std::string> web_uri_of_word(std::string_view urn);

// What becomes of a member of an ObjectEvent.
enum class FieldUse {
  read,         // The ledger records it.
  bound,        // Bound by the digest of the document.
  unsupported,  // It would change the meaning in ways that are not recorded yet.
};
// None for a member that EPCIS does not know: extensions have a prefix or are absolute URIs.
std::optional<FieldUse> use_of_field(std::string_view name);

}  // namespace fenrun::epcis
