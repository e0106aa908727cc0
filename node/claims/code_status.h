// What a printed code is to whoever scans it.
#pragma once

#include <optional>
#include <string_view>

#include "contracts/records.h"

namespace fenrun {

// The item that the printed address 01/<GTIN-14>/21/<serial> names, with its batch.
struct PrintedItem {
  UnitBatchId batch;
  std::uint32_t index = 0;
  UnitBatch record;  // Of printed codes: `codes` is there.
};

// Errc::code_unknown for a serial of another form, a batch that nobody registered, an index beyond
// it, or the GTIN of another product.
Result<PrintedItem> find_printed_item(const StateView& state, std::string_view gtin,
                                      std::string_view serial);

// What the ledger would refuse a claim of this code with, before signature, path, time and store
// are looked at, in the order of docs/spec/codes.md, "Checks": code_used, code_void,
// code_recalled, code_inactive, unit_destroyed, unit_not_received.
// REQUIRES: the index is one of the batch's items.
Status check_usable(const StateView& state, const CodeSet& codes, UnitBatchId batch,
                    std::uint32_t index);

// Whether the goods were recalled, used or not.
bool is_recalled(const StateView& state, UnitBatchId batch, std::uint32_t index);

// Whether the party is one at which codes are used.
bool takes_claims(Role role);

}  // namespace fenrun
