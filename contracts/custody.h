// What a step does to one unit: the rules of custody and of containers.  docs/spec/contracts.md,
// "Events".
//
// At all times containers form a forest: a unit has at most one parent, of a higher rank.  Goods
// change hands by being shipped to somebody and received; whoever else receives them has them, held
// as diverted until they go back up the channel or the brand lets go of them.
#pragma once

#include "contracts/context.h"
#include "contracts/units.h"

namespace fenrun {

// A step as it concerns each of the event's units.
struct Step {
  EventKind kind{};
  PartyId place_id;
  Party place;
  PartyId signer;
  std::optional<PartyId> consignee;  // shipping.
  std::optional<UnitId> container;   // packing, unpacking, opening.
  Custody container_custody;         // Then: in whose hands it is.
};

// The unit's situation after the step.  REQUIRES: the kind is none of commissioning, void_shipping,
// observed and claiming.
// Errors: unit_destroyed, unit_sold, unit_held, unit_packed, unit_not_packed, unit_not_held,
// unit_not_received, unit_state, not_authorized, value_invalid.
Result<UnitSituation> situation_after(const StateView& state, const Step& step, const UnitId& id,
                                      const Unit& unit);

}  // namespace fenrun
