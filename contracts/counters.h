// Counters of what goods went through.  docs/spec/contracts.md, "Counters".
//
// At most one Record for each batch, region and month in which something happened.
#pragma once

#include "contracts/context.h"

namespace fenrun {

// Months since January 1970, in UTC+8.
std::uint16_t month_of(TimeMs time);

// Adds `units` to the steps that the event is (negative: takes them back).  An event that counts as
// nothing changes nothing.
void count(Overlay& state, const CounterId& id, EventKind kind, std::int64_t units);
void count_diverted(Overlay& state, const CounterId& id, std::int64_t units);
void count_claim(Overlay& state, const CounterId& id, ClaimSight sight);

}  // namespace fenrun
