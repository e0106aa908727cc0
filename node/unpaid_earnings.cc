#include "node/unpaid_earnings.h"

#include <algorithm>

#include "contracts/keys.h"
#include "contracts/records.h"

namespace fenrun {
namespace {

template <class Record>
Record decoded(const CurrentRecord& current) {
  auto record = decode<Record>(*current.value);
  CHECK(record.has_value());
  return *std::move(record);
}

}  // namespace

void UnpaidEarnings::count(const ExecutedBlock& block) {
  const auto is_new = [first = block.first_position()](Position at) { return at >= first; };
  const auto count_earned = [this](const EventEarning& earning) {
    if (earning.outcome == EarningOutcome::budget_exhausted) ++budget_exhausted;
    if (earning.outcome == EarningOutcome::no_payee) ++no_payee;
  };
  for (const auto& [key, current] : block.state.delta()) {
    if (!current.value) continue;
    if (key[0] == static_cast<std::uint8_t>(ContractFamily::claim)) {
      const auto claim = decoded<ClaimRecord>(current);
      if (is_new(claim.recorded_at)) std::ranges::for_each(claim.earnings, count_earned);
    } else if (key[0] == static_cast<std::uint8_t>(ContractFamily::event)) {
      const auto event = decoded<EventRecord>(current);
      if (is_new(event.recorded_at)) std::ranges::for_each(event.earnings, count_earned);
      if (!event.reversed_at || !is_new(*event.reversed_at)) continue;
      for (const auto& earning : event.earnings) {
        if (earning.outcome == EarningOutcome::owed_back) ++owed_back;
      }
    }
  }
}

}  // namespace fenrun
