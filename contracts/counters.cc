#include "contracts/counters.h"

#include <algorithm>

#include "contracts/parties.h"
#include "core/check.h"

namespace fenrun {
namespace {

// The counter of a step; null for one that counts as nothing.
std::uint64_t* counter_of(UnitCounters& counters, EventKind kind) {
  switch (kind) {
    case EventKind::commissioning:
      return &counters.commissioned;
    case EventKind::shipping:
      return &counters.shipped;
    case EventKind::receiving:
      return &counters.received;
    case EventKind::opening:
      return &counters.opened;
    case EventKind::retail_selling:
      return &counters.sold;
    case EventKind::returning:
      return &counters.returned;
    case EventKind::destroying:
      return &counters.destroyed;
    case EventKind::claiming:
      return &counters.claimed;
    case EventKind::packing:
    case EventKind::unpacking:
    case EventKind::void_shipping:
    case EventKind::releasing:
    case EventKind::observed:
      return nullptr;
  }
  UNREACHABLE();
}

bool is_counted(EventKind kind) {
  UnitCounters none;
  return counter_of(none, kind) != nullptr;
}

// Changes the counters of the batch: those of the region, and those of the store, if it has some.
template <class Change>
void change_counters(Overlay& state, const CountedStep& step, UnitBatchId batch,
                     const Change& change) {
  const auto change_at = [&](const auto& id) {
    auto all = counters(state, id);
    change(all);
    state.put(counters_key(id), encode(all));
  };
  change_at(CounterId{batch, step.region, step.month});
  if (step.store) change_at(StoreCounterId{step.month, *step.store, batch});
}

void subtract_from(std::uint64_t& counter, std::uint64_t units) {
  CHECK(counter >= units);
  counter -= units;
}

}  // namespace

std::uint16_t month_of(TimeMs time) {
  constexpr std::uint64_t kOffsetMs = 8 * 3'600'000;
  constexpr std::uint64_t kDayMs = 86'400'000;
  // Days to a civil date, as H. Hinnant's days_from_civil inverted: years begin in March, so that
  // the leap day is a year's last.  http://howardhinnant.github.io/date_algorithms.html
  const std::uint64_t days = (time.value() + kOffsetMs) / kDayMs + 719'468;
  const std::uint64_t era = days / 146'097;
  const std::uint64_t day = days % 146'097;
  const std::uint64_t year = (day - day / 1'460 + day / 36'524 - day / 146'096) / 365;
  const std::uint64_t day_of_year = day - (365 * year + year / 4 - year / 100);
  const std::uint64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::uint64_t months = (era * 400 + year) * 12 + month_from_march + 2;  // Since year 0.
  constexpr std::uint64_t kMonthsUntil1970 = 1'970 * 12;
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(months - kMonthsUntil1970, 0xffff));
}

UnitsByBatch units_by_batch(EventKind kind, std::span<const EventUnit> units) {
  UnitsByBatch out;
  for (const auto& [id, unit] : units) {
    auto& of_batch = out[id.batch];
    ++of_batch.units;
    // Who returns to itself what it holds as diverted diverts nothing anew.
    const bool is_diverted = unit.now.custody.hold == Hold::diverted;
    if (kind == EventKind::receiving && is_diverted) ++of_batch.diverted;
  }
  return out;
}

bool counts_by_store(const BrandPolicies& policies, EventKind kind, const Party& place,
                     TimeMs time) {
  return is_shop(place.role) && is_counted(kind) &&
         std::ranges::any_of(policies.policies, [&](const PolicyInForce& policy) {
           return policy.counts_by_store && policy.is_effective_at(time);
         });
}

void count(Overlay& state, const CountedStep& step, const UnitsByBatch& units) {
  if (!is_counted(step.kind)) return;
  for (const auto& of_batch : units) {
    change_counters(state, step, of_batch.first, [&](UnitCounters& all) {
      *counter_of(all, step.kind) += of_batch.second.units;
      all.diverted += of_batch.second.diverted;
    });
  }
}

void count_back(Overlay& state, const CountedStep& step, const UnitsByBatch& units) {
  if (!is_counted(step.kind)) return;
  for (const auto& of_batch : units) {
    change_counters(state, step, of_batch.first, [&](UnitCounters& all) {
      subtract_from(*counter_of(all, step.kind), of_batch.second.units);
      subtract_from(all.diverted, of_batch.second.diverted);
    });
  }
}

void count_claim(Overlay& state, const CountedStep& step, UnitBatchId batch, ClaimSight sight) {
  change_counters(state, step, batch, [&](UnitCounters& all) {
    ++all.claimed;
    if (sight == ClaimSight::elsewhere || sight == ClaimSight::held) ++all.claimed_elsewhere;
  });
}

}  // namespace fenrun
