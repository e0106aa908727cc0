// One unit's own way through the journal, replayed from its operations: its events, the containers
// that it was in, and whether it was emptied.  docs/spec/proofs.md, §6.
//
// The replay is checked against the unit's Record: the number of its events, the head of its chain,
// and the container in which it is now.  What is left out does not go unnoticed.
#pragma once

#include <map>

#include "contracts/provenance_source.h"
#include "contracts/units.h"

namespace fenrun {

// An event with what became of it.
struct TrackedEvent {
  Position position;
  RecordEvent event;
  EventRecord record;
};

// In a container: from the event that put the unit there to the one that took it out.
struct Stay {
  UnitId container;
  Position from;
  std::optional<Position> until;  // none: it is still there.
};

// From when on what was packed regularly in the unit is out of it, or in it again.
struct Emptying {
  Position position;
  bool is_empty = false;
};

struct UnitTrack {
  UnitId id;
  EpcText epc;
  UnitBatch batch;
  std::optional<RangeAt> range;  // Of a printed unit: with which it was commissioned.
  std::optional<Unit> record;    // Its own; none of a printed one to which nothing happened alone.
  TrackedEvent commissioning;
  std::vector<TrackedEvent> events;  // Of its own chain, in order.
  std::vector<Stay> stays;           // In order; not overlapping.
  std::vector<Emptying> emptyings;   // In order, each another state than the one before.

  bool is_emptied() const { return !emptyings.empty() && emptyings.back().is_empty; }
  std::optional<UnitId> container() const {
    if (stays.empty() || stays.back().until) return std::nullopt;
    return stays.back().container;
  }
};

// The event that an Operation recorded; none for one that was refused, and for other operations.
std::optional<RecordEvent> recorded_event(const OperationEntry& operation);

// Whether the event names the unit, or may concern it without naming it, as one may that empties
// its container.
bool may_concern(const RecordEvent& event, const UnitId& unit, const EpcText& epc);

// Tracks units, each once.
class UnitTracker {
 public:
  explicit UnitTracker(ProvenanceReader& reader) : reader_(&reader) {}

  // Null for a unit that is not commissioned.  The pointer stays valid.
  // Errc::statement_incomplete when what is shown is not all, claim_mismatch when it is not the
  // unit's, batch_unknown, entry_malformed; the errors of the source.
  Result<const UnitTrack*> track(const UnitId& unit);

 private:
  Result<std::optional<UnitTrack>> make(const UnitId& unit);
  Status begin_printed(UnitTrack& track, bool& is_commissioned);
  Status check_history_bit(const UnitId& unit);
  Result<TrackedEvent> event_at(Position position);
  Status start_in_regular_container(UnitTrack& track);
  Status follow_chain(UnitTrack& track);

  ProvenanceReader* reader_;
  std::map<UnitId, std::optional<UnitTrack>> tracks_;
};

}  // namespace fenrun
