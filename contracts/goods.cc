#include "contracts/goods.h"

#include <algorithm>
#include <set>

#include "contracts/earnings.h"
#include "contracts/epc.h"
#include "contracts/parties.h"
#include "core/check.h"

namespace fenrun {
namespace {

bool may_hold_goods(Role role) {
  return role == Role::brand || role == Role::distributor || role == Role::subdistributor ||
         role == Role::store || role == Role::organizer;
}

Error error_of_unit(Errc code, const EpcText& epc) { return {code, epc.value}; }

// Who may report goods at a place: whoever is there or above it, and gateways.
bool may_report_at(const OperationContext& context, const PartyId& place_id, const Party& place) {
  return context.signer == place_id || context.party.role == Role::gateway ||
         is_ancestor(context.state(), context.signer, place);
}

// The next index of a level; Errc::limit_exceeded at the end of the numbers.
Result<UnitId> allocate(UnitBatch& batch, UnitBatchId id, UnitLevel level) {
  auto& count = batch.counts[static_cast<std::size_t>(level)];
  if (count == 0xffff'ffff) return Error{Errc::limit_exceeded, "units of the batch"};
  return UnitId{id, level, count++};
}

Result<std::vector<EventUnit>> commission(OperationContext& context, const RecordEvent& event) {
  auto& state = context.state();
  if (!event.batch) return Error{Errc::value_invalid, "batch: needed for commissioning"};
  auto batch = find_unit_batch(state, *event.batch);
  if (!batch) return Errc::batch_unknown;
  if (batch->brand != context.signer) return Error{Errc::not_authorized, "not the batch's brand"};

  std::vector<EventUnit> units;
  units.reserve(event.units.size());
  for (const auto& text : event.units) {
    FENRUN_TRY(const auto epc, parse_epc(text.value));
    const bool is_of_product_level = epc.level == level_of_gtin(batch->product.value);
    if (epc.gtin && is_of_product_level && *epc.gtin != batch->product) {
      return error_of_unit(Errc::value_invalid, text);
    }
    if (find_unit_id(state, text.value)) return error_of_unit(Errc::unit_exists, text);
    FENRUN_TRY(const auto id, allocate(*batch, *event.batch, epc.level));
    state.put(epc_key(text.value), encode(id));
    Unit unit;
    unit.epc = text;
    unit.brand = context.signer;
    unit.head = hash(Domain::unit_open, {context.block.chain_id().view(), encode(id)});
    units.push_back({id, std::move(unit)});
  }
  state.put(unit_batch_key(*event.batch), encode(*batch));
  return units;
}

Result<std::vector<EventUnit>> load(const StateView& state, const RecordEvent& event) {
  if (event.batch) return Error{Errc::value_invalid, "batch: for commissioning only"};
  std::vector<EventUnit> units;
  units.reserve(event.units.size());
  std::set<UnitId> seen;
  for (const auto& text : event.units) {
    FENRUN_TRY([[maybe_unused]] const auto epc, parse_epc(text.value));
    const auto id = find_unit_id(state, text.value);
    if (!id) return error_of_unit(Errc::unit_unknown, text);
    if (!seen.insert(*id).second) {
      return Error{Errc::value_invalid, "units: named twice: " + text.value};
    }
    auto unit = find_unit(state, *id);
    CHECK(unit.has_value());
    if (unit->state == UnitState::sold) return error_of_unit(Errc::unit_sold, text);
    units.push_back({*id, *std::move(unit)});
    if (units.back().unit.brand != units.front().unit.brand) {
      return Error{Errc::value_invalid, "units: of more than one brand"};
    }
  }
  return units;
}

Status check_reporter(const OperationContext& context, const RecordEvent& event, const Party& place,
                      const PartyId& brand) {
  switch (event.kind) {
    case EventKind::commissioning:
      return {};  // By the batch's brand; checked with the batch.
    case EventKind::receiving:
    case EventKind::retail_selling: {
      if (!may_hold_goods(place.role)) return Error{Errc::role_not_allowed, "place"};
      const bool is_brand_sale = event.kind == EventKind::retail_selling && context.signer == brand;
      if (is_brand_sale || may_report_at(context, event.place, place)) return {};
      return Error{Errc::not_authorized, "neither the place, above it, nor a gateway"};
    }
  }
  UNREACHABLE();
}

UnitState state_after(EventKind kind) {
  switch (kind) {
    case EventKind::commissioning:
      return UnitState::commissioned;
    case EventKind::receiving:
      return UnitState::received;
    case EventKind::retail_selling:
      return UnitState::sold;
  }
  UNREACHABLE();
}

void write_units(OperationContext& context, const RecordEvent& event,
                 std::vector<EventUnit>& units) {
  const Digest leaf = leaf_hash(encode_entry(context.entry));
  for (auto& [id, unit] : units) {
    unit.state = state_after(event.kind);
    unit.place = event.place;
    ++unit.events;
    unit.head = hash(Domain::unit_next, {unit.head.view(), leaf.view()});
    unit.last = context.position;
    context.state().put(unit_key(id), encode(unit));
  }
}

}  // namespace

Status apply(OperationContext& context, const OpenUnitBatch& operation) {
  if (context.party.role != Role::brand) return Errc::role_not_allowed;
  FENRUN_OK(check_gtin(operation.product.value));
  if (find_unit_batch(context.state(), operation.batch)) return Errc::batch_exists;
  context.state().put(unit_batch_key(operation.batch),
                      encode(UnitBatch{context.signer, operation.product, context.position, {}}));
  return {};
}

Status apply(OperationContext& context, const RecordEvent& operation) {
  auto& state = context.state();
  if (operation.units.empty()) return Error{Errc::value_invalid, "units: at least one"};
  const std::uint64_t latest = context.time().value() + parameters(state).event_skew_ms;
  if (operation.time.value() > latest) return Errc::event_in_future;
  const auto key = event_key(operation.document, operation.event_index);
  if (state.value(key)) return Errc::event_duplicate;
  const auto place = find_party(state, operation.place);
  if (!place) return Error{Errc::party_unknown, "place"};

  const bool is_commissioning = operation.kind == EventKind::commissioning;
  FENRUN_TRY(auto units,
             is_commissioning ? commission(context, operation) : load(state, operation));
  const PartyId brand = units.front().unit.brand;
  FENRUN_OK(check_reporter(context, operation, *place, brand));

  FENRUN_TRY(auto earnings, earn(context, operation, *place, brand, units));
  write_units(context, operation, units);
  state.put(key, encode(EventRecord{operation.kind, operation.time, operation.place, context.signer,
                                    context.position, static_cast<std::uint32_t>(units.size()),
                                    operation.event_hash, std::move(earnings)}));
  return {};
}

}  // namespace fenrun
