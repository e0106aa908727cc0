// From an event to the operations that record it.  docs/spec/epcis.md, §6.
//
// Every event that is in order is recorded.  Some bear on the state of goods, some are activities
// (node/epcis/activity.h); all others are observed: noted for the units that they name, and nothing
// else.  A step that bears on goods is
// never taken for an observation because something about it is wrong: that is refused, so that what
// a document says does not look recorded when it is not.
#pragma once

#include <optional>
#include <vector>

#include "contracts/operations.h"
#include "node/epcis/event.h"
#include "node/epcis/places.h"
#include "node/epcis/pointer.h"

namespace fenrun::epcis {

struct RecordWith {
  const Places* places = nullptr;    // Without them every place is taken for one of no party.
  std::optional<UnitBatchId> batch;  // Of what is commissioned, which is refused without.
};

// The identifiers of one part take at most so many bytes, each with one for its length.
inline constexpr std::size_t kPartUnitsBytesMax = 32'000;

// At least one: a RecordActivity, a WithdrawActivity, or the parts of one RecordEvent.  Without
// document, index and hash, which are not the event's to say.
// Errc::value_invalid, not_supported_yet, limit_exceeded; each with a JSON pointer from `place`,
// where the event stands.
Result<std::vector<Operation>> to_operations(const Event& event, const Pointer& place,
                                             const RecordWith& with);

// The event that the head tells of these units: in parts where one operation does not hold them
// all, numbered from 0 in the order of the units.
std::vector<Operation> in_parts(const RecordEvent& head, const std::vector<EpcText>& units);

}  // namespace fenrun::epcis
