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

// Whether the goods were recalled, used or not.
bool is_recalled(const StateView& state, UnitBatchId batch, std::uint32_t index);

}  // namespace fenrun
