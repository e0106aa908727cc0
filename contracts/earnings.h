// What an event earns under the policies in force.  docs/spec/contracts.md, "Earnings".
#pragma once

#include <vector>

#include "contracts/event_units.h"

namespace fenrun {

// What a posting's inputs digest binds: hash(inputs, BCS of this).
struct EarningInputs {
  Digest policy;  // policy_digest() of the policy.
  std::uint16_t rule = 0;
  EventKind kind{};
  TimeMs time;
  EventId event;
  PartyId place;
  PartyId payee;
  Amount amount;                       // Of all funders together.
  List<UnitId, kEventUnitsMax> units;  // That were counted, in the order of the event.

  FENRUN_FIELDS(policy, rule, kind, time, event, place, payee, amount, units)
};

// What rules are matched against.
struct EarningEvent {
  const RecordEvent& operation;
  const Party& place;
  std::vector<EventUnit>& units;  // Marked where they were paid for.
  // Whether the place is the store of a claim that has the goods or sold them.
  bool is_at_holder = false;
};

// Matches the event against every rule of `policies`, those of the units' brand, and posts what is
// earned.  Rules are tried in the order of policy, version and index; each is earned in full or not
// at all.  Units that are held as diverted earn nothing.
Result<List<EventEarning, kEventEarningsMax>> earn(OperationContext& context, EarningEvent event,
                                                   const BrandPolicies& policies);

// Takes back what an event earned: a Posting for each of its own, in the other direction.  Where
// the payee's balance does not cover an earning any more, it stays and is marked owed_back.
// `recorded_at`: of the event's Operation.
Status take_back(OperationContext& context, Position recorded_at,
                 List<EventEarning, kEventEarningsMax>& earnings);

}  // namespace fenrun
