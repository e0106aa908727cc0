#include "contracts/goods.h"

#include <algorithm>
#include <map>

#include "contracts/commissioning.h"
#include "contracts/corrections.h"
#include "contracts/counters.h"
#include "contracts/custody.h"
#include "contracts/earnings.h"
#include "contracts/epc.h"
#include "contracts/parties.h"
#include "core/check.h"

namespace fenrun {
namespace {

bool names_a_container(EventKind kind) {
  return kind == EventKind::packing || kind == EventKind::unpacking;
}

// What the kind asks of the operation's form.
Status check_form_of(const RecordEvent& event) {
  if (event.kind == EventKind::opening || event.kind == EventKind::claiming) {
    return Error{Errc::value_invalid, "kind: told by the ledger only"};
  }
  const bool has_units = !event.units.empty() || !event.ranges.empty();
  const bool needs_none = event.kind == EventKind::unpacking || event.kind == EventKind::observed;
  if (!has_units && !needs_none) return Error{Errc::value_invalid, "units: at least one"};
  if (event.parent.has_value() != names_a_container(event.kind)) {
    return Error{Errc::value_invalid, "parent: for packing and unpacking only"};
  }
  if (event.counterparty.has_value() != (event.kind == EventKind::shipping)) {
    return Error{Errc::value_invalid, "counterparty: for shipping, and only there"};
  }
  if (event.batch && event.kind != EventKind::commissioning) {
    return Error{Errc::value_invalid, "batch: for commissioning only"};
  }
  return {};
}

// One event, from its operation to what is written of it.
class Recording {
 public:
  Recording(OperationContext& context, const RecordEvent& event, const Party& place)
      : context_(context), event_(event), place_(place) {
    const bool is_opening = event.kind == EventKind::unpacking && is_shop(place.role);
    if (is_opening) event_.kind = EventKind::opening;
  }

  Status run() {
    if (event_.kind != EventKind::observed && !may_hold_goods(place_.role)) {
      return Error{Errc::role_not_allowed, "place"};
    }
    if (event_.kind == EventKind::commissioning) return run_commissioning();
    if (event_.kind == EventKind::observed) return run_observed();
    if (event_.parent) FENRUN_OK(load_container());
    FENRUN_TRY(units_, find_event_units(state(), event_, Unknown::refused));
    named_ = units_.size();
    if (container_ && event_.units.empty() && event_.ranges.empty()) FENRUN_OK(take_everything());
    if (container_ && !units_.empty() && units_.front().unit.brand != brand()) {
      return Error{Errc::value_invalid, "units: of more than one brand"};
    }
    FENRUN_OK(check_reporter());
    FENRUN_OK(check_counterparty());
    FENRUN_OK(change_units());
    const auto policies = brand_policies(state(), brand());
    FENRUN_TRY(auto earnings, earn(context_, {event_, place_, earning_units()}, policies));
    count_units(policies);
    write(std::move(earnings));
    return {};
  }

 private:
  Overlay& state() { return context_.state(); }

  PartyId brand() const {
    return container_ ? container_->front().unit.brand : units_.front().unit.brand;
  }

  // A container earns and counts as one, whatever it holds.
  std::vector<EventUnit>& earning_units() { return container_ ? *container_ : units_; }

  Status run_commissioning() {
    FENRUN_TRY(auto commissioned, commission(context_, event_));
    units_ = std::move(commissioned.units);
    named_ = units_.size();
    const auto policies = brand_policies(state(), context_.signer);
    List<EventEarning, kEventEarningsMax> earnings;
    if (!units_.empty()) {
      FENRUN_TRY(earnings, earn(context_, {event_, place_, units_}, policies));
    }
    count_units(policies, commissioned.printed);
    for (const auto& [batch, number] : commissioned.printed) named_ += number;
    write(std::move(earnings));
    return {};
  }

  // Recorded in the chains of the units that are known, and nothing else.
  Status run_observed() {
    FENRUN_TRY(units_, find_event_units(state(), event_, Unknown::passed_over));
    const bool is_brand = !units_.empty() && units_.front().unit.brand == context_.signer;
    if (!is_brand && !is_device_at(context_, event_.place) &&
        !may_report_at(context_, event_.place, place_)) {
      return not_a_reporter();
    }
    named_ = units_.size();
    write({});
    return {};
  }

  Status load_container() {
    RecordEvent named;
    named.units = {*event_.parent};
    FENRUN_TRY(container_, find_event_units(state(), named, Unknown::refused));
    const auto& unit = container_->front().unit;
    container_custody_ = custody_of(state(), unit);
    const auto refused = [&](Errc code) { return Error{code, unit.epc.value}; };
    if (container_custody_.state == UnitState::destroyed) return refused(Errc::unit_destroyed);
    if (container_custody_.state == UnitState::sold) return refused(Errc::unit_sold);
    if (container_custody_.hold == Hold::diverted) return refused(Errc::unit_held);
    if (container_custody_.state == UnitState::shipped) return refused(Errc::unit_state);
    if (container_custody_.holder != event_.place) return refused(Errc::unit_not_held);
    return {};
  }

  // All that the container holds: what was put into it, and what was packed as printed.
  Status take_everything() {
    const auto& item = container_->front();
    FENRUN_TRY(units_, content_of(state(), item.id, kEventUnitsMax));
    named_ = units_.size();
    const auto batch = find_unit_batch(state(), item.id.batch);
    CHECK(batch.has_value());
    if (!batch->codes || item.unit.now.released) return {};
    const auto& levels = batch->codes->levels;
    const auto level = std::ranges::find(levels, item.id.level, &CodeLevel::level);
    if (level == levels.begin() || level == levels.end()) return {};
    if (std::prev(level)->per_parent > 0) released_ = container_custody_;
    return {};
  }

  Error not_a_reporter() const {
    return {Errc::not_authorized, "neither the place, above it, nor a gateway"};
  }

  Status check_reporter() const {
    const bool is_brand = context_.signer == brand();
    switch (event_.kind) {
      case EventKind::releasing:
        if (is_brand) return {};
        return Error{Errc::not_authorized, "not the units' brand"};
      case EventKind::retail_selling:
        if (is_brand || is_device_at(context_, event_.place)) return {};
        break;
      case EventKind::destroying:
        if (is_brand) return {};
        break;
      default:
        break;
    }
    return may_report_at(context_, event_.place, place_) ? Status{} : not_a_reporter();
  }

  Status check_counterparty() {
    if (!event_.counterparty) return {};
    const auto party = find_party(state(), *event_.counterparty);
    if (!party) return Error{Errc::party_unknown, "counterparty"};
    if (!may_hold_goods(party->role)) return Error{Errc::role_not_allowed, "counterparty"};
    return {};
  }

  Status change_units() {
    Step step{event_.kind,  event_.place,      place_, context_.signer, event_.counterparty,
              std::nullopt, container_custody_};
    if (container_) step.container = container_->front().id;
    for (auto& item : units_) {
      FENRUN_TRY(const auto after, situation_after(state(), step, item.id, item.unit));
      parents_.push_back(item.unit.now.parent);
      change(item, event_.id, after);
    }
    if (!container_) return {};
    auto& container = container_->front();
    UnitSituation after = container.unit.now;
    if (released_) after.released = released_;
    change(container, event_.id, after);
    return {};
  }

  // `printed`: units without Records that are commissioned as well, by batch.
  void count_units(const BrandPolicies& policies,
                   const std::map<UnitBatchId, std::uint64_t>& printed = {}) {
    auto all =
        units_by_batch(event_.kind, event_.kind == EventKind::opening ? *container_ : units_);
    for (const auto& [batch, number] : printed) all[batch].units += number;
    counted_by_store_ = counts_by_store(policies, event_.kind, place_, event_.time);
    CountedStep step{event_.kind, place_.attributes.region, month_of(context_.time()), {}};
    if (counted_by_store_) step.store = event_.place;
    count(state(), step, all);
    if (!all.empty()) counted_ = {all.begin()->first, step.region, step.month};
    const auto is_diverted = [](const auto& of_batch) { return of_batch.second.diverted > 0; };
    if (std::ranges::any_of(all, is_diverted)) status_ = EventStatus::diverted;
  }

  void write(List<EventEarning, kEventEarningsMax> earnings) {
    UnitWriter writer(context_);
    for (std::size_t i = 0; i < units_.size(); ++i) {
      auto& item = units_[i];
      const auto parent = i < parents_.size() ? parents_[i] : item.unit.now.parent;
      writer.write(item, parent);
    }
    // After its units: moving them forgot its way back.
    if (container_) writer.write(container_->front(), container_->front().unit.now.parent);
    writer.finish();
    EventRecord record{event_.kind,         status_,
                       event_.time,         event_.place,
                       event_.counterparty, context_.signer,
                       context_.position,   std::nullopt,
                       std::nullopt,        static_cast<std::uint32_t>(named_),
                       event_.event_hash,   counted_,
                       counted_by_store_,   std::move(earnings)};
    state().put(event_key(event_.id), encode(record));
    if (event_.event_hash) state().put(event_hash_key(*event_.event_hash), encode(event_.id));
  }

  OperationContext& context_;
  RecordEvent event_;
  const Party& place_;
  std::vector<EventUnit> units_;
  std::vector<std::optional<UnitId>> parents_;  // Of units_, before the event.
  std::optional<std::vector<EventUnit>> container_;
  Custody container_custody_;
  std::optional<Custody> released_;
  std::uint64_t named_ = 0;
  CounterId counted_;
  bool counted_by_store_ = false;
  EventStatus status_{};
};

}  // namespace

Status apply(OperationContext& context, const OpenUnitBatch& operation) {
  if (context.party.role != Role::brand) return Errc::role_not_allowed;
  FENRUN_OK(check_gtin(operation.product.value));
  if (find_unit_batch(context.state(), operation.batch)) return Errc::batch_exists;
  const UnitBatch batch{context.signer, operation.product, context.position, {}, std::nullopt};
  context.state().put(unit_batch_key(operation.batch), encode(batch));
  return {};
}

Status apply(OperationContext& context, const RecordEvent& operation) {
  auto& state = context.state();
  FENRUN_OK(check_form_of(operation));
  const std::uint64_t latest = context.time().value() + parameters(state).event_skew_ms;
  if (operation.time.value() > latest) return Errc::event_in_future;
  if (find_event(state, operation.id)) return Errc::event_duplicate;
  const auto place = find_party(state, operation.place);
  if (!place) return Error{Errc::party_unknown, "place"};

  if (operation.standing == EventStanding::erroneous) return declare_erroneous(context, operation);
  if (operation.event_hash && find_event_by_hash(state, *operation.event_hash)) {
    return Error{Errc::event_duplicate, "said in other words"};
  }
  if (operation.kind == EventKind::void_shipping) {
    if (!may_report_at(context, operation.place, *place)) {
      return Error{Errc::not_authorized, "neither the place, above it, nor a gateway"};
    }
    return void_shipping(context, operation);
  }
  return Recording(context, operation, *place).run();
}

}  // namespace fenrun
