#include "node/claims/code_status.h"

#include "contracts/codes.h"
#include "contracts/units.h"
#include "core/check.h"

namespace fenrun {

Result<PrintedItem> find_printed_item(const StateView& state, std::string_view gtin,
                                      std::string_view serial) {
  const Error unknown{Errc::code_unknown, "no code of this product has this serial number"};
  const auto printed = printed_serial(serial);
  if (!printed) return unknown;
  auto batch = find_unit_batch(state, printed->batch);
  if (!batch || !batch->codes) return unknown;
  const auto* const items = find_level(*batch->codes, UnitLevel::item);
  CHECK(items != nullptr);
  if (printed->index >= items->count || items->gtin.value != gtin) return unknown;
  return PrintedItem{printed->batch, printed->index, *std::move(batch)};
}

bool is_recalled(const StateView& state, UnitBatchId batch, std::uint32_t index) {
  const auto voided = find_voided(state, {batch, UnitLevel::item, index});
  return voided && voided->range.reason == VoidReason::recalled;
}

bool takes_claims(Role role) { return role == Role::store || role == Role::organizer; }

}  // namespace fenrun
