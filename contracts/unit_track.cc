#include "contracts/unit_track.h"

#include <algorithm>

#include "contracts/codes.h"
#include "core/check.h"
#include "ledger/proof/merkle.h"

namespace fenrun {
namespace {

Error left_out(std::string_view what) { return {Errc::statement_incomplete, std::string(what)}; }
Error not_of_unit(std::string_view what) { return {Errc::claim_mismatch, std::string(what)}; }

Digest opened_chain(const Digest& chain_id, ByteView opening) {
  return hash(Domain::unit_open, {chain_id.view(), opening});
}

Digest longer_chain(const Digest& head, const OperationEntry& operation) {
  const Digest leaf = leaf_hash(encode_entry(operation));
  return hash(Domain::unit_next, {head.view(), leaf.view()});
}

bool covers(const UnitRange& range, const UnitId& id) {
  return range.batch == id.batch && range.level == id.level && id.index >= range.first &&
         id.index - range.first < range.count;
}

bool names_unit(const RecordEvent& event, const UnitId& id, const EpcText& epc) {
  return event.parent == epc || std::ranges::find(event.units, epc) != event.units.end() ||
         std::ranges::any_of(event.ranges, [&](const auto& range) { return covers(range, id); });
}

bool is_nameless(const RecordEvent& event) { return event.units.empty() && event.ranges.empty(); }

// Takes out of a container all that is in it.
bool is_emptying(const RecordEvent& event) {
  return event.kind == EventKind::unpacking && event.standing == EventStanding::asserted &&
         is_nameless(event);
}

bool is_commissioning(const RecordEvent& event) {
  return event.kind == EventKind::commissioning && event.standing == EventStanding::asserted;
}

// Whether something is packed regularly in units of this level.
bool has_regular_content(const UnitTrack& track) {
  if (!track.batch.codes) return false;
  const auto& levels = track.batch.codes->levels;
  const auto own = std::ranges::find(levels, track.id.level, &CodeLevel::level);
  return own != levels.begin() && own != levels.end() && std::prev(own)->per_parent > 0;
}

// The unit's situation as its events change it.
class Replay {
 public:
  Replay(UnitTrack& track, ProvenanceReader& reader, std::optional<EpcText> regular_container)
      : track_(track), reader_(reader), container_epc_(std::move(regular_container)) {}

  // Whether the event is one of the unit's chain.
  bool concerns(Position position, const RecordEvent& event) const {
    if (track_.events.empty()) {
      if (!track_.range && !is_commissioning(event)) return false;
      if (track_.range && position <= track_.commissioning.position) return false;
      return names_unit(event, track_.id, track_.epc);
    }
    const bool empties_container =
        is_emptying(event) && track_.container() && container_epc_ == event.parent;
    return empties_container || names_unit(event, track_.id, track_.epc);
  }

  Status add(TrackedEvent tracked) {
    if (track_.events.empty()) begin_own_history(tracked.position);
    FENRUN_OK(apply(tracked));
    track_.events.push_back(std::move(tracked));
    return {};
  }

 private:
  struct Before {
    std::optional<UnitId> container;
    std::optional<EpcText> container_epc;
    bool is_emptied = false;
  };

  // From here on only its own events move the unit: how it lay in its regular container ends here.
  void begin_own_history(Position position) {
    auto& stays = track_.stays;
    std::erase_if(stays, [&](const Stay& stay) { return stay.from >= position; });
    if (!stays.empty() && stays.back().until && *stays.back().until >= position) {
      stays.back().until.reset();
    }
    if (!track_.container()) container_epc_.reset();
  }

  Status apply(const TrackedEvent& tracked) {
    const auto& event = tracked.event;
    const bool is_correction =
        event.standing == EventStanding::erroneous || event.kind == EventKind::void_shipping;
    if (is_correction) return take_back(tracked);
    if (event.kind == EventKind::observed) return {};
    last_ = event.id;
    if (event.kind == EventKind::commissioning) return {};
    before_ = {track_.container(), container_epc_, track_.is_emptied()};
    const bool is_container = event.parent == track_.epc;
    switch (event.kind) {
      case EventKind::packing:
        if (!event.parent) return not_of_unit("a packing without a container");
        return is_container ? Status{} : enter(tracked.position, *event.parent);
      case EventKind::unpacking:
        if (!is_container) {
          move(tracked.position, std::nullopt, std::nullopt);
        } else if (is_nameless(event) && has_regular_content(track_)) {
          empty(tracked.position, true);
        }
        return {};
      case EventKind::receiving:
      case EventKind::retail_selling:
      case EventKind::returning:
      case EventKind::destroying:
        move(tracked.position, std::nullopt, std::nullopt);
        return {};
      case EventKind::shipping:
      case EventKind::releasing:
      case EventKind::commissioning:
      case EventKind::opening:
      case EventKind::void_shipping:
      case EventKind::observed:
      case EventKind::claiming:
        return {};
    }
    UNREACHABLE();
  }

  // What the original's Record says became of it: reversed, or disputed and left as it is.
  Status take_back(const TrackedEvent& tracked) {
    if (!tracked.record.corrects) return {};
    FENRUN_TRY(const auto original, reader_.find<EventRecord>(event_key(*tracked.record.corrects)));
    if (!original) return left_out("the record of an event that was taken back");
    if (original->reversed_at != tracked.position) return not_of_unit("another took it back");
    if (original->status != EventStatus::reversed) return {};
    if (!before_ || last_ != *tracked.record.corrects) {
      return not_of_unit("what was taken back was not the last event");
    }
    move(tracked.position, before_->container, before_->container_epc);
    empty(tracked.position, before_->is_emptied);
    before_.reset();
    last_ = tracked.event.id;
    return {};
  }

  Status enter(Position position, const EpcText& epc) {
    const auto container = reader_.source().unit_named(epc);
    if (!container) return left_out("the container " + epc.value);
    FENRUN_TRY(const auto record, reader_.find<Unit>(unit_key(*container)));
    if (!record || record->epc != epc) return left_out("the container " + epc.value);
    if (rank_of(container->level) <= rank_of(track_.id.level)) {
      return not_of_unit("no container of the unit");
    }
    move(position, *container, epc);
    return {};
  }

  void move(Position position, std::optional<UnitId> container, std::optional<EpcText> epc) {
    container_epc_ = std::move(epc);
    if (track_.container() == container) return;
    if (track_.container()) track_.stays.back().until = position;
    if (container) track_.stays.push_back({*container, position, std::nullopt});
  }

  void empty(Position position, bool is_empty) {
    if (track_.is_emptied() != is_empty) track_.emptyings.push_back({position, is_empty});
  }

  UnitTrack& track_;
  ProvenanceReader& reader_;
  std::optional<EpcText> container_epc_;
  std::optional<EventId> last_;   // That changed the unit.
  std::optional<Before> before_;  // What it found, if it can be taken back.
};

// How a unit lies in its regular container while neither has a history that says otherwise: from
// when both are commissioned, but not while the container is emptied.
std::vector<Stay> regular_stays(const UnitTrack& unit, const UnitTrack& container) {
  const Position begin = std::max(unit.commissioning.position, container.commissioning.position);
  std::vector<Stay> stays;
  std::optional<Position> from = begin;
  for (const auto& change : container.emptyings) {
    if (from && change.is_empty) {
      if (change.position > begin) stays.push_back({container.id, *from, change.position});
      from.reset();
    } else if (!change.is_empty) {
      from = std::max(change.position, begin);
    }
  }
  if (from) stays.push_back({container.id, *from, std::nullopt});
  return stays;
}

}  // namespace

std::optional<RecordEvent> recorded_event(const OperationEntry& operation) {
  if (operation.outcome != Errc::ok) return std::nullopt;
  const auto decoded = decode_operation(operation.payload);
  const auto* const event = decoded ? std::get_if<RecordEvent>(&*decoded) : nullptr;
  return event ? std::optional(*event) : std::nullopt;
}

bool may_concern(const RecordEvent& event, const UnitId& unit, const EpcText& epc) {
  return is_emptying(event) || names_unit(event, unit, epc);
}

Result<const UnitTrack*> UnitTracker::track(const UnitId& unit) {
  auto it = tracks_.find(unit);
  if (it == tracks_.end()) {
    FENRUN_TRY(auto made, make(unit));
    it = tracks_.emplace(unit, std::move(made)).first;
  }
  return it->second ? &*it->second : nullptr;
}

Result<std::optional<UnitTrack>> UnitTracker::make(const UnitId& unit) {
  UnitTrack track;
  track.id = unit;
  FENRUN_TRY(auto batch, reader_->find<UnitBatch>(unit_batch_key(unit.batch)));
  if (!batch) return Error{Errc::batch_unknown, std::to_string(unit.batch.value())};
  track.batch = *std::move(batch);
  if (track.batch.codes && !is_laid_out(*track.batch.codes)) {
    return not_of_unit("the codes of batch " + std::to_string(unit.batch.value()));
  }
  FENRUN_TRY(track.record, reader_->find<Unit>(unit_key(unit)));
  if (track.record) track.epc = track.record->epc;
  if (track.batch.codes) {
    bool is_commissioned = false;
    FENRUN_OK(begin_printed(track, is_commissioned));
    if (!is_commissioned) return std::optional<UnitTrack>();
  } else if (!track.record) {
    return std::optional<UnitTrack>();
  }
  if (track.record) FENRUN_OK(follow_chain(track));
  return std::optional(std::move(track));
}

Status UnitTracker::begin_printed(UnitTrack& track, bool& is_commissioned) {
  const auto& id = track.id;
  const auto* const level = find_level(*track.batch.codes, id.level);
  if (level == nullptr || id.index >= level->count) {
    return Error{Errc::unit_unknown, "not printed in batch " + std::to_string(id.batch.value())};
  }
  track.epc = printed_epc(*track.batch.codes, id);
  FENRUN_TRY(const auto found, reader_->find_range<CommissionedRange>(commissioned_key, id));
  is_commissioned = found.has_value();
  if (!found) return track.record ? Status(left_out("the commissioning")) : Status{};
  if (!track.record) FENRUN_OK(check_history_bit(id));
  const auto& range = found->range;
  const UnitRange all{id.batch, id.level, found->first, range.count};
  track.range = {found->first, range};

  FENRUN_TRY(const auto record, reader_->find<EventRecord>(event_key(range.event)));
  if (!record) return left_out("the record of the commissioning");
  FENRUN_TRY(track.commissioning, event_at(record->recorded_at));
  FENRUN_TRY(const auto operation, reader_->operation(record->recorded_at));
  const Digest opening = opened_chain(reader_->source().chain_id(), encode(all));
  if (longer_chain(opening, operation) != range.head) return left_out("the commissioning");
  return start_in_regular_container(track);
}

Status UnitTracker::check_history_bit(const UnitId& unit) {
  FENRUN_TRY(const auto bits, reader_->find_or_absent<UnitBits>(history_bits_key(unit)));
  if (bits && bits->is_set(unit.index)) return left_out("the unit's own history");
  return {};
}

Result<TrackedEvent> UnitTracker::event_at(Position position) {
  FENRUN_TRY(const auto operation, reader_->operation(position));
  auto event = recorded_event(operation);
  if (!event) return not_of_unit("an operation that recorded no event");
  FENRUN_TRY(const auto record, reader_->find<EventRecord>(event_key(event->id)));
  if (!record) return left_out("the record of an event");
  if (record->recorded_at != position) return not_of_unit("the record of another event");
  return TrackedEvent{position, *std::move(event), *record};
}

Status UnitTracker::start_in_regular_container(UnitTrack& track) {
  const auto parent = regular_parent(*track.batch.codes, track.id);
  if (!parent) return {};
  FENRUN_TRY(const auto* const container, this->track(*parent));
  if (container != nullptr) track.stays = regular_stays(track, *container);
  return {};
}

Status UnitTracker::follow_chain(UnitTrack& track) {
  auto& source = reader_->source();
  std::optional<EpcText> regular;
  if (!track.stays.empty()) {
    FENRUN_TRY(const auto* const container, this->track(track.stays.front().container));
    regular = container->epc;
  }
  Replay replay(track, *reader_, std::move(regular));
  Digest head = opened_chain(source.chain_id(), encode(track.id));
  FENRUN_TRY(const auto positions, source.candidates(track.id));
  for (const auto position : positions) {
    FENRUN_TRY(const auto operation, source.operation(position));
    const auto event = recorded_event(operation);
    if (!event || !replay.concerns(position, *event)) continue;
    head = longer_chain(head, operation);
    FENRUN_TRY(auto tracked, event_at(position));
    FENRUN_OK(replay.add(std::move(tracked)));
  }
  const auto& record = *track.record;
  if (track.events.empty() || track.events.size() != record.events || head != record.head) {
    return left_out("the chain of " + track.epc.value);
  }
  if (!track.range) track.commissioning = track.events.front();
  const bool is_as_recorded = track.container() == record.now.parent &&
                              track.is_emptied() == record.now.released.has_value();
  if (!is_as_recorded) return not_of_unit("the containers of " + track.epc.value);
  return {};
}

}  // namespace fenrun
