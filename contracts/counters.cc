#include "contracts/counters.h"

#include "core/check.h"

namespace fenrun {
namespace {

void add_to(std::uint64_t& counter, std::int64_t units) {
  const auto before = static_cast<std::int64_t>(counter);
  CHECK(before + units >= 0);
  counter = static_cast<std::uint64_t>(before + units);
}

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

void count(Overlay& state, const CounterId& id, EventKind kind, std::int64_t units) {
  auto all = counters(state, id);
  auto* const counter = counter_of(all, kind);
  if (counter == nullptr || units == 0) return;
  add_to(*counter, units);
  state.put(counters_key(id), encode(all));
}

void count_diverted(Overlay& state, const CounterId& id, std::int64_t units) {
  if (units == 0) return;
  auto all = counters(state, id);
  add_to(all.diverted, units);
  state.put(counters_key(id), encode(all));
}

void count_claim(Overlay& state, const CounterId& id, ClaimSight sight) {
  auto all = counters(state, id);
  ++all.claimed;
  if (sight == ClaimSight::elsewhere || sight == ClaimSight::held) ++all.claimed_elsewhere;
  state.put(counters_key(id), encode(all));
}

}  // namespace fenrun
