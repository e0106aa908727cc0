// The units of an event: found by what the event names, changed, and written with their chains.
// docs/spec/contracts.md, "Events"; docs/spec/records.md, "The chain of a unit".
#pragma once

#include <map>
#include <vector>

#include "contracts/context.h"
#include "contracts/units.h"

namespace fenrun {

struct EventUnit {
  UnitId id;
  Unit unit;
};

// Identifiers first, then ranges, in the order of the event; none twice, all of one brand.
// `unknown`: whether units that nobody knows are passed over, as in an event that is only recorded.
enum class Unknown { refused, passed_over };
// Errors: value_invalid, limit_exceeded, unit_unknown, code_inactive for a printed unit that is not
// commissioned.
Result<std::vector<EventUnit>> find_event_units(const StateView& state, const RecordEvent& event,
                                                Unknown unknown);

// What an explicit packing put into the container and is still there: at most `max`, or
// limit_exceeded.
Result<std::vector<EventUnit>> content_of(const StateView& state, const UnitId& container,
                                          std::size_t max);

// The event makes the unit's situation `after`.  Only in memory: see write_unit().
void change(EventUnit& unit, const EventId& event, const UnitSituation& after);
// The unit is again as it was before its last event.  REQUIRES: unit.before.
void restore(EventUnit& unit, const EventId& correction);

// Writes units that an event concerns.  finish() comes last.
class UnitWriter {
 public:
  explicit UnitWriter(OperationContext& context);

  // Adds the event to the unit's chain, writes the unit, and moves it from the container that it
  // was in to the one that it is in.  `parent_before`: that it was in before the event.
  void write(EventUnit& unit, const std::optional<UnitId>& parent_before);

  // Writes which printed units have a history of their own since.
  void finish();

  // The head of a chain that consists of this event alone, opened with `opening`.
  Digest first_head(ByteView opening) const;

 private:
  void forget_way_back(std::optional<UnitId> container);
  void mark_history(const UnitId& unit);
  bool is_printed(UnitBatchId batch);

  OperationContext& context_;
  Digest leaf_;                      // Of the event's Operation.
  std::optional<UnitId> forgotten_;  // The container whose way back was forgotten last.
  std::map<RecordKey, UnitBits, BytewiseLess> history_;  // Chunks as they will be.
  std::map<UnitBatchId, bool> printed_;                  // Whether a batch is of printed codes.
};

}  // namespace fenrun
