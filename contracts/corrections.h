// Events taken back.  docs/spec/contracts.md, "Corrections".
//
// Only what is the latest event of every unit that it concerned can be taken back: then the units
// are as they were before it.  If more has happened to one of them, the event is disputed: what it
// earned is taken back, and nothing else.  Nothing is ever deleted.
#pragma once

#include "contracts/context.h"

namespace fenrun {

// An event with EventStanding::erroneous: of one recorded before, which its hash names.
// Errors: value_invalid, event_unknown, not_authorized, unit_state, those of find_event_units().
Status declare_erroneous(OperationContext& context, const RecordEvent& event);

// A shipping did not happen.  Where it cannot be taken back any more, the event is recorded as a
// dispute.  Errors: unit_not_held, those of find_event_units().
Status void_shipping(OperationContext& context, const RecordEvent& event);

}  // namespace fenrun
