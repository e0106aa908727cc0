// What an event earns under the policies in force.  docs/spec/contracts.md, "Earnings".
#pragma once

#include <vector>

#include "contracts/context.h"

namespace fenrun {

struct EventUnit {
  UnitId id;
  Unit unit;
};

// What a posting's inputs digest binds: hash(inputs, BCS of this).
struct EarningInputs {
  Digest policy;  // policy_digest() of the policy.
  std::uint16_t rule = 0;
  EventKind kind{};
  TimeMs time;
  Digest document;
  std::uint32_t event_index = 0;
  PartyId place;
  PartyId payee;
  Amount amount;                       // Of all funders together.
  List<UnitId, kEventUnitsMax> units;  // That were counted, in the order of the event.

  FENRUN_FIELDS(policy, rule, kind, time, document, event_index, place, payee, amount, units)
};

// Matches the event against every rule of `brand`'s policies, posts what is earned, and marks the
// units that were paid for.  Rules are tried in the order of policy, version and index; each is
// earned in full or not at all.
Result<List<EventEarning, kEventEarningsMax>> earn(OperationContext& context,
                                                   const RecordEvent& event, const Party& place,
                                                   const PartyId& brand,
                                                   std::vector<EventUnit>& units);

}  // namespace fenrun
