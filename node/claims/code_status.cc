#include "node/claims/code_status.h"

#include "contracts/claims.h"
#include "contracts/codes.h"
#include "contracts/units.h"
#include "core/check.h"

namespace fenrun {
namespace {

UnitId item_of(UnitBatchId batch, std::uint32_t index) { return {batch, UnitLevel::item, index}; }

bool is_at_shop(const StateView& state, const Custody& custody) {
  if (custody.state != UnitState::received && custody.state != UnitState::sold &&
      custody.state != UnitState::returned) {
    return false;
  }
  const auto holder = find_party(state, custody.holder);
  return holder && takes_claims(holder->role);
}

}  // namespace

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

Status check_usable(const StateView& state, const CodeSet& codes, UnitBatchId batch,
                    std::uint32_t index) {
  if (is_used(state, batch, index)) return Errc::code_used;
  const auto id = item_of(batch, index);
  if (const auto voided = find_voided(state, id)) {
    return voided->range.reason == VoidReason::recalled ? Errc::code_recalled : Errc::code_void;
  }
  const auto unit = find_unit(state, id);
  if (!unit) return Errc::code_inactive;
  const auto custody = custody_of(state, *unit);
  if (custody.state == UnitState::destroyed) return Errc::unit_destroyed;
  if (codes.gate == ClaimGate::received && !is_at_shop(state, custody)) {
    return Errc::unit_not_received;
  }
  return {};
}

bool is_recalled(const StateView& state, UnitBatchId batch, std::uint32_t index) {
  const auto voided = find_voided(state, item_of(batch, index));
  return voided && voided->range.reason == VoidReason::recalled;
}

bool takes_claims(Role role) { return role == Role::store || role == Role::organizer; }

}  // namespace fenrun
