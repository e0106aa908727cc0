// Counters of what goods went through.  docs/spec/contracts.md, "Counters".
//
// At most one Record for each batch, region and month in which something happened; and one for each
// month, store and batch of what happened at stores while a policy asked for it.
#pragma once

#include <map>
#include <span>

#include "contracts/event_units.h"

namespace fenrun {

// Months since January 1970, in UTC+8.
std::uint16_t month_of(TimeMs time);

// Where something is counted, and as which step.
struct CountedStep {
  EventKind kind{};
  RegionCode region;
  std::uint16_t month = 0;
  std::optional<PartyId> store;  // Counted by store as well.
};

// What an event adds to the counters of one batch.
struct CountedUnits {
  std::uint64_t units = 0;
  std::uint64_t diverted = 0;  // Of these: held as diverted because of it.
};
using UnitsByBatch = std::map<UnitBatchId, CountedUnits>;

// Of units as the event left them, while they know what it found: see Unit::before.
UnitsByBatch units_by_batch(EventKind kind, std::span<const EventUnit> units);

// Whether something of this kind, at such a place and time, counts by store: it counts at all, the
// place is a store or organizer, and one of the policies, those of the units' brand, asks for it.
bool counts_by_store(const BrandPolicies& policies, EventKind kind, const Party& place,
                     TimeMs time);

// What counts as no step changes nothing.
void count(Overlay& state, const CountedStep& step, const UnitsByBatch& units);
// REQUIRES: it was counted so.
void count_back(Overlay& state, const CountedStep& step, const UnitsByBatch& units);
void count_claim(Overlay& state, const CountedStep& step, UnitBatchId batch, ClaimSight sight);

}  // namespace fenrun
