// Units come into being.  docs/spec/contracts.md, "Events", commissioning.
#pragma once

#include <map>

#include "contracts/event_units.h"

namespace fenrun {

struct Commissioned {
  std::vector<EventUnit> units;  // Under identifiers of their own: to be written with the event.
  std::map<UnitBatchId, std::uint64_t> printed;  // How many, written already as ranges.
};

// Errors: value_invalid, batch_unknown, not_authorized, unit_exists, code_void, limit_exceeded.
Result<Commissioned> commission(OperationContext& context, const RecordEvent& event);

}  // namespace fenrun
