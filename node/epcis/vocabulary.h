// Words of the Core Business Vocabulary 2.0.
#pragma once

#include <optional>
#include <span>
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

// The bare words of a vocabulary, in the order of the alphabet.
std::span<const std::string_view> known_words(Vocabulary vocabulary);

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

// The bare word of a word_uri(); empty for an own word.
std::string_view word_of(Vocabulary vocabulary, std::string_view uri);

}  // namespace fenrun::epcis
