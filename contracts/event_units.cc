#include "contracts/event_units.h"

#include <algorithm>
#include <set>

#include "contracts/epc.h"
#include "core/check.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

Error error_of_epc(Errc code, const EpcText& epc) { return {code, epc.value}; }

// Collects an event's units one by one.
class Collector {
 public:
  Collector(const StateView& state, Unknown unknown) : state_(state), unknown_(unknown) {}

  Status add(const EpcText& text) {
    FENRUN_TRY([[maybe_unused]] const auto epc, parse_epc(text.value));
    const auto id = find_unit_id(state_, text.value);
    if (!id) {
      if (unknown_ == Unknown::passed_over) return {};
      return error_of_epc(Errc::unit_unknown, text);
    }
    return add(*id, text);
  }

  Status add(const UnitRange& range) {
    if (range.count == 0) return Error{Errc::value_invalid, "ranges: empty"};
    for (std::uint32_t i = 0; i < range.count; ++i) {
      const UnitId id{range.batch, range.level, range.first + i};
      FENRUN_OK(add(id, EpcText{"batch " + std::to_string(range.batch.value())}));
    }
    return {};
  }

  std::vector<EventUnit> take() { return std::move(units_); }

 private:
  Status add(const UnitId& id, const EpcText& text) {
    auto unit = find_unit(state_, id);
    if (!unit) {
      if (unknown_ == Unknown::passed_over) return {};
      const bool is_printed = find_unit_batch(state_, id.batch).has_value();
      return error_of_epc(is_printed ? Errc::code_inactive : Errc::unit_unknown, text);
    }
    if (!seen_.insert(id).second) {
      return Error{Errc::value_invalid, "units: named twice: " + unit->epc.value};
    }
    if (!units_.empty() && unit->brand != units_.front().unit.brand) {
      return Error{Errc::value_invalid, "units: of more than one brand"};
    }
    units_.push_back({id, *std::move(unit)});
    return {};
  }

  const StateView& state_;
  Unknown unknown_;
  std::vector<EventUnit> units_;
  std::set<UnitId> seen_;
};

// How many units the event names.
std::uint64_t named_by(const RecordEvent& event) {
  std::uint64_t count = event.units.size();
  for (const auto& range : event.ranges) count += range.count;
  return count;
}

}  // namespace

Result<std::vector<EventUnit>> find_event_units(const StateView& state, const RecordEvent& event,
                                                Unknown unknown) {
  if (named_by(event) > kEventUnitsMax) {
    return Error{Errc::limit_exceeded, "units: more than " + std::to_string(kEventUnitsMax)};
  }
  Collector collector(state, unknown);
  for (const auto& text : event.units) FENRUN_OK(collector.add(text));
  for (const auto& range : event.ranges) {
    if (std::uint64_t{range.first} + range.count > 0xffff'ffff) {
      return Error{Errc::value_invalid, "ranges: beyond the last index"};
    }
    FENRUN_OK(collector.add(range));
  }
  return collector.take();
}

Result<std::vector<EventUnit>> content_of(const StateView& state, const UnitId& container,
                                          std::size_t max) {
  const auto prefix = content_prefix(container);
  std::vector<EventUnit> out;
  for (auto key = state.at_or_after(prefix);
       key && key->size() > prefix.size() &&
       std::ranges::equal(prefix, ByteView(*key).first(prefix.size()));) {
    if (out.size() == max) {
      return Error{Errc::limit_exceeded, "the container holds more: name what you take out"};
    }
    const auto id = unit_in_key(ByteView(*key).subspan(prefix.size()));
    CHECK(id.has_value());
    auto unit = find_unit_record(state, *id);
    CHECK(unit && unit->now.parent == container);
    out.push_back({*id, *std::move(unit)});
    key->push_back(0);  // The key directly behind.
    key = state.at_or_after(*key);
  }
  return out;
}

void change(EventUnit& unit, const EventId& event, const UnitSituation& after) {
  unit.unit.before = unit.unit.now;
  unit.unit.earned_before = static_cast<std::uint8_t>(unit.unit.earned.size());
  unit.unit.now = after;
  unit.unit.last = event;
}

void restore(EventUnit& unit, const EventId& correction) {
  CHECK(unit.unit.before.has_value());
  unit.unit.now = *unit.unit.before;
  unit.unit.before.reset();
  unit.unit.earned.resize(unit.unit.earned_before);
  unit.unit.last = correction;
}

UnitWriter::UnitWriter(OperationContext& context)
    : context_(context), leaf_(leaf_hash(encode_entry(context.entry))) {}

Digest UnitWriter::first_head(ByteView opening) const {
  const Digest head = hash(Domain::unit_open, {context_.block.chain_id().view(), opening});
  return hash(Domain::unit_next, {head.view(), leaf_.view()});
}

void UnitWriter::write(EventUnit& item, const std::optional<UnitId>& parent_before) {
  auto& [id, unit] = item;
  auto& state = context_.state();
  const bool is_first = unit.events == 0;
  unit.head =
      is_first ? first_head(encode(id)) : hash(Domain::unit_next, {unit.head.view(), leaf_.view()});
  ++unit.events;
  state.put(unit_key(id), encode(unit));
  if (is_first) mark_history(id);
  if (unit.now.parent == parent_before) {
    // A printed unit without a Record was in its container by being printed so.
    if (is_first && unit.now.parent) state.put(content_key(*unit.now.parent, id), encode(true));
    return;
  }
  if (parent_before) {
    const auto key = content_key(*parent_before, id);
    if (state.value(key)) state.remove(key);
    forget_way_back(parent_before);
  }
  if (unit.now.parent) {
    state.put(content_key(*unit.now.parent, id), encode(true));
    forget_way_back(unit.now.parent);
  }
}

// Shows that a printed unit has a history of its own from now on.
void UnitWriter::mark_history(const UnitId& unit) {
  if (!is_printed(unit.batch)) return;
  const auto key = history_bits_key(unit);
  auto it = history_.find(key);
  if (it == history_.end()) {
    const auto found = find_linked<UnitBits>(context_.state(), key);
    it = history_.emplace(key, found.value_or(UnitBits{})).first;
  }
  it->second.set(unit.index);
}

bool UnitWriter::is_printed(UnitBatchId id) {
  const auto known = printed_.find(id);
  if (known != printed_.end()) return known->second;
  const auto batch = find_unit_batch(context_.state(), id);
  CHECK(batch.has_value());
  return printed_[id] = batch->codes.has_value();
}

void UnitWriter::finish() {
  auto& state = context_.state();
  for (const auto& [key, bits] : history_) {
    if (state.value(key)) {
      update_linked(state, key, bits);
      continue;
    }
    constexpr std::size_t kScopeBytes = 1 + sizeof(UnitBatchId::rep);
    const auto scope = ByteView(key).first(kScopeBytes);
    insert_linked(state, RecordKey(Bytes(scope.begin(), scope.end())), key, bits);
  }
  history_.clear();
}

// What a container holds shares its custody.  Once something went in or out, no earlier event of
// the container, or of those around it, can be taken back: it would move what is not there any
// more.  The container that the event names is written after its units, with its own way back.
void UnitWriter::forget_way_back(std::optional<UnitId> container) {
  if (container == forgotten_) return;
  forgotten_ = container;
  auto& state = context_.state();
  while (container) {
    auto unit = find_unit(state, *container);
    CHECK(unit.has_value());
    const auto next = unit->now.parent;
    if (unit->before) {
      unit->before.reset();
      state.put(unit_key(*container), encode(*unit));
    }
    container = next;
  }
}

}  // namespace fenrun
