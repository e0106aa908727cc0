#include "node/claims/code_status.h"

#include "contracts/units.h"
#include "core/check.h"

namespace fenrun {

Result<PrintedItem> find_printed_item(const StateView& state, std::string_view gtin,
                                      std::string_view serial) {
  const Error unknown{Errc::code_unknown, "no code of this product has this serial number"};
  const auto id = find_unit_id(state, "01/" + std::string(gtin) + "/21/" + std::string(serial));
  if (!id || id->level != UnitLevel::item) return unknown;
  auto batch = find_unit_batch(state, id->batch);
  CHECK(batch.has_value());
  if (!batch->codes) return unknown;
  return PrintedItem{id->batch, id->index, *std::move(batch)};
}

bool is_recalled(const StateView& state, UnitBatchId batch, std::uint32_t index) {
  const auto voided = find_voided(state, {batch, UnitLevel::item, index});
  return voided && voided->range.reason == VoidReason::recalled;
}

}  // namespace fenrun
