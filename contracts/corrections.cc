#include "contracts/corrections.h"

#include <algorithm>

#include "contracts/counters.h"
#include "contracts/earnings.h"
#include "contracts/event_units.h"
#include "core/check.h"

namespace fenrun {
namespace {

// Of children that might have left their container, at most so many are looked at.
constexpr std::size_t kChildrenLookedAtMax = 1'000;

bool is_one_event(EventKind recorded, EventKind declared) {
  const bool is_opening = recorded == EventKind::opening && declared == EventKind::unpacking;
  return recorded == declared || is_opening;
}

// An event on its way back.
class Correction {
 public:
  Correction(OperationContext& context, const RecordEvent& event)
      : context_(context), event_(event) {}

  // What the correction is about.
  Status find(const EventId& original) {
    const auto record = find_event(state(), original);
    if (!record) return Errc::event_unknown;
    original_ = original;
    record_ = *record;
    if (record_->corrects || record_->reversed_at) {
      return Error{Errc::unit_state, "the event is taken back or disputed already"};
    }
    return {};
  }

  // All units that the event names, and the container first, if there is one.
  Status load() {
    if (event_.parent) {
      RecordEvent container;
      container.units = {*event_.parent};
      FENRUN_TRY(units_, find_event_units(state(), container, Unknown::refused));
    }
    FENRUN_TRY(auto named, find_event_units(state(), event_, Unknown::refused));
    named_ = named.size();
    std::ranges::move(named, std::back_inserter(units_));
    return {};
  }

  // Whoever takes an event back names all of its units; but not what an emptied container held,
  // which the event did not name either.
  Status check_names_all() const {
    const bool is_emptying = event_.parent && named_ == 0;
    if (named_ == record_->units || is_emptying) return {};
    return Error{Errc::value_invalid, "units: the event had " + std::to_string(record_->units)};
  }

  const EventRecord& record() const { return *record_; }
  const std::vector<EventUnit>& units() const { return units_; }

  Status take_back() {
    FENRUN_OK(fenrun::take_back(context_, record_->recorded_at, record_->earnings));
    const bool can_be_restored = is_latest_everywhere();
    record_->status = can_be_restored ? EventStatus::reversed : EventStatus::disputed;
    record_->reversed_at = context_.position;
    if (can_be_restored) take_back_count();
    UnitWriter writer(context_);
    // The container last: see UnitWriter.
    for (auto unit = units_.rbegin(); unit != units_.rend(); ++unit) {
      const auto parent = unit->unit.now.parent;
      if (can_be_restored) restore(*unit, event_.id);
      writer.write(*unit, parent);
    }
    writer.finish();
    state().put(event_key(original_), encode(*record_));
    return {};
  }

  // The correction itself, as an event.  `corrects`: none if it is not known what.
  void record(EventStatus status, std::optional<EventId> corrects) {
    EventRecord own;
    own.kind = event_.kind;
    own.status = status;
    own.time = event_.time;
    own.place = event_.place;
    own.counterparty = event_.counterparty;
    own.signer = context_.signer;
    own.recorded_at = context_.position;
    own.corrects = corrects;
    own.units = static_cast<std::uint32_t>(named_);
    own.event_hash = event_.event_hash;
    state().put(event_key(event_.id), encode(own));
  }

  // Adds the correction to the units' chains, and nothing else.
  void note() {
    UnitWriter writer(context_);
    for (auto unit = units_.rbegin(); unit != units_.rend(); ++unit) {
      writer.write(*unit, unit->unit.now.parent);
    }
    writer.finish();
  }

 private:
  Overlay& state() { return context_.state(); }
  const StateView& state() const { return context_.state(); }

  bool is_latest_everywhere() const {
    return named_ == record_->units && !units_.empty() &&
           std::ranges::all_of(units_, [&](const EventUnit& item) {
             return item.unit.last == original_ && item.unit.before &&
                    is_way_back_open(item.unit) && is_content_untouched(item);
           });
  }

  bool is_later(const EventId& event) const {
    const auto found = find_event(state(), event);
    return found && found->recorded_at > record_->recorded_at;
  }

  // A container to which a unit would go back must be where it was when the unit left it, and so
  // must those around it.
  bool is_way_back_open(const Unit& unit) const {
    auto container = unit.before->parent;
    if (container == unit.now.parent) return true;
    while (container) {
      const auto found = find_unit(state(), *container);
      CHECK(found.has_value());
      if (is_later(found->last)) return false;
      container = found->now.parent;
    }
    return true;
  }

  // Where a container was emptied, whether nothing happened since to what was packed in it
  // regularly.
  bool is_content_untouched(const EventUnit& item) const {
    if (item.unit.now.released == item.unit.before->released) return true;
    const auto batch = find_unit_batch(state(), item.id.batch);
    CHECK(batch && batch->codes);
    const auto& levels = batch->codes->levels;
    const auto own = std::ranges::find(levels, item.id.level, &CodeLevel::level);
    CHECK(own != levels.end() && own != levels.begin());
    const auto& children = *std::prev(own);
    const auto first = std::uint64_t{item.id.index} * children.per_parent;
    const auto end = std::min<std::uint64_t>(first + children.per_parent, children.count);
    if (end <= first) return true;
    const auto key_of = [&](std::uint64_t index) {
      return unit_key({item.id.batch, children.level, static_cast<std::uint32_t>(index)});
    };
    const auto last = key_of(end - 1);
    std::size_t looked_at = 0;
    auto key = state().at_or_after(key_of(first));
    while (key && key->size() == last.size() && !BytewiseLess{}(last, *key)) {
      if (++looked_at > kChildrenLookedAtMax) return false;
      const auto value = state().value(*key);
      const auto child = decode<Unit>(*value);
      CHECK(child.has_value());
      if (is_later(child->last)) return false;
      key->push_back(0);
      key = state().at_or_after(*key);
    }
    return true;
  }

  // Exactly what the event counted, and there: its Record says where.
  void take_back_count() {
    const auto& counted = record_->counted;
    CountedStep step{record_->kind, counted.region, counted.month, {}};
    if (record_->counted_by_store) step.store = record_->place;
    count_back(state(), step, units_by_batch(record_->kind, counted_units()));
  }

  // What counts: the container where one is opened, else the units.
  std::span<const EventUnit> counted_units() const {
    const std::span<const EventUnit> all(units_);
    if (!event_.parent) return all;
    return record_->kind == EventKind::opening ? all.first(1) : all.subspan(1);
  }

  OperationContext& context_;
  const RecordEvent& event_;
  EventId original_;
  std::optional<EventRecord> record_;
  std::vector<EventUnit> units_;
  std::size_t named_ = 0;
};

}  // namespace

Status declare_erroneous(OperationContext& context, const RecordEvent& event) {
  if (!event.event_hash) return Error{Errc::value_invalid, "event_hash: names what was in error"};
  const auto original = find_event_by_hash(context.state(), *event.event_hash);
  if (!original) return Errc::event_unknown;
  Correction correction(context, event);
  const EventId part{original->document, original->index, event.id.part};
  FENRUN_OK(correction.find(part));
  const auto& record = correction.record();
  if (!is_one_event(record.kind, event.kind)) {
    return Error{Errc::value_invalid, "kind: the event was of another"};
  }
  FENRUN_OK(correction.load());
  const bool is_brand =
      !correction.units().empty() && correction.units().front().unit.brand == context.signer;
  if (record.signer != context.signer && !is_brand) {
    return Error{Errc::not_authorized, "neither who recorded the event nor the brand"};
  }
  FENRUN_OK(correction.check_names_all());
  FENRUN_OK(correction.take_back());
  correction.record(EventStatus::recorded, part);
  return {};
}

Status void_shipping(OperationContext& context, const RecordEvent& event) {
  Correction correction(context, event);
  FENRUN_OK(correction.load());
  if (correction.units().empty()) return Error{Errc::value_invalid, "units: at least one"};
  const EventId last = correction.units().front().unit.last;
  const auto shipping = find_event(context.state(), last);
  const bool is_latest = shipping && shipping->kind == EventKind::shipping &&
                         !shipping->reversed_at && !shipping->corrects;
  if (!is_latest) {
    correction.note();
    correction.record(EventStatus::disputed, std::nullopt);
    return {};
  }
  if (shipping->place != event.place) {
    return Error{Errc::unit_not_held, "shipped by another party"};
  }
  FENRUN_OK(correction.find(last));
  FENRUN_OK(correction.check_names_all());
  FENRUN_OK(correction.take_back());
  correction.record(EventStatus::recorded, last);
  return {};
}

}  // namespace fenrun
