// Canonical identifiers of units: GS1 keys as the ledger spells them.  docs/spec/contracts.md,
// "Units".
#pragma once

#include <string_view>

#include "contracts/words.h"

namespace fenrun {

struct Epc {
  UnitLevel level{};
  std::optional<GtinText> gtin;  // none for an SSCC.
};

// "01/<GTIN-14>/21/<serial>" with a serial of 1..20 characters of GS1's set 82, or "00/<SSCC>".
// Errc::value_invalid for another form, a wrong check digit, or indicator digit 9.
Result<Epc> parse_epc(std::string_view epc);

// GS1 General Specifications, 7.11: 1..20 characters of set 82, as serials and extensions of GLNs
// are.
bool is_gs1_text(std::string_view text);

// 14 digits, the last of them GS1's check digit, indicator 0..8.  Errc::value_invalid.
Status check_gtin(std::string_view gtin);
// REQUIRES: check_gtin() holds.
UnitLevel level_of_gtin(std::string_view gtin);

}  // namespace fenrun
