// GS1 identification keys within URIs: EPC URNs, EPC class and pattern URNs (EPC Tag Data Standard,
// §6 and §8) and GS1 Digital Links on any host, read into one spelling.  docs/spec/epcis.md, §3.
//
// The spelling is the constrained canonical Digital Link of the CBV's event hash: the key, and only
// its finest qualifier.  Reading does not refuse a wrong check digit but says so, since the event
// hash is defined over such a key too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace fenrun::epcis {

// Where canonical Digital Links begin.
inline constexpr std::string_view kGs1Host = "https://id.gs1.org/";

enum class CheckDigit { right, wrong };

struct Gs1Key {
  std::string link;  // "https://id.gs1.org/01/06901234567892/21/B00001"
  CheckDigit check_digit = CheckDigit::right;
};

// None for a URI of another kind, and for kinds of EPCs and patterns that have no Digital Link.
// Errc::value_invalid for what is spelt like a key and is none: a wrong number of digits, a
// character that GS1 does not have, an unknown qualifier.
// REQUIRES: check_uri() holds.
Result<std::optional<Gs1Key>> read_gs1_key(std::string_view uri);

}  // namespace fenrun::epcis
