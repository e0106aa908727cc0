// GS1 identifiers as EPCIS documents write them, and the one spelling in which the ledger knows
// them.  docs/spec/epcis.md, §3 and §6.
//
// Read is every spelling that node/epcis/gs1_keys.h knows; check digits are verified where the
// spelling has one and computed where it has none.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "node/epcis/uri.h"

namespace fenrun::epcis {

// "01/<GTIN-14>/21/<serial>" or "00/<SSCC>", which contracts/epc.h accepts.
// Errc::value_invalid for what is no such identifier, Errc::not_supported_yet for other kinds of
// EPCs, for classes and for patterns.
Result<std::string> canonical_epc(std::string_view uri);

// "414/<GLN>", "414/<GLN>/254/<extension>" with 1..20 characters of GS1's set 82, or "417/<GLN>";
// any other absolute URI as it is, since most small stores have none of these. Errc::value_invalid.
Result<std::string> canonical_place(std::string_view uri);

// As node/epcis/event.h spells identifiers: a GS1 key as its canonical Digital Link, any other
// absolute URI as it is.  Errc::value_invalid; also for a wrong check digit.
Result<std::string> canonical_identifier(std::string_view uri);

// Of a business transaction: as above, but a web address may look like a key and be none.
Result<std::string> canonical_reference(std::string_view uri);

}  // namespace fenrun::epcis
