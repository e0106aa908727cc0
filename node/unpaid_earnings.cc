#include "node/unpaid_earnings.h"

#include <algorithm>

#include "contracts/keys.h"
#include "core/check.h"

namespace fenrun {
namespace {

template <class Record>
Record decoded(const CurrentRecord& current) {
  auto record = decode<Record>(*current.value);
  CHECK(record.has_value());
  return *std::move(record);
}

// Gathers what came to be in one block.
class Gatherer {
 public:
  explicit Gatherer(const ExecutedBlock& block) : block_(block), first_(block.first_position()) {}

  void look_at(const ClaimRecord& claim) { take_unearned(claim.recorded_at, claim.earnings); }

  void look_at(const EventRecord& event) {
    take_unearned(event.recorded_at, event.earnings);
    if (!event.reversed_at || *event.reversed_at < first_) return;
    for (const auto& earning : event.earnings) {
      if (earning.outcome != EarningOutcome::owed_back) continue;
      take(event.recorded_at, event.reversed_at, earning);
    }
  }

  std::vector<UnpaidEarning> take_all() {
    std::ranges::stable_sort(found_, {}, [](const UnpaidEarning& one) {
      return one.taken_back_at.value_or(one.operation);
    });
    return std::move(found_);
  }

 private:
  template <class Earnings>
  void take_unearned(Position recorded_at, const Earnings& earnings) {
    if (recorded_at < first_) return;
    for (const auto& earning : earnings) {
      if (earning.outcome == EarningOutcome::budget_exhausted ||
          earning.outcome == EarningOutcome::no_payee) {
        take(recorded_at, std::nullopt, earning);
      }
    }
  }
  void take(Position operation, std::optional<Position> taken_back_at,
            const EventEarning& earning) {
    found_.push_back({block_.header.height, block_.header.time, operation, taken_back_at, earning});
  }

  const ExecutedBlock& block_;
  Position first_;
  std::vector<UnpaidEarning> found_;
};

}  // namespace

std::vector<UnpaidEarning> unpaid_earnings_of(const ExecutedBlock& block) {
  Gatherer gatherer(block);
  for (const auto& [key, current] : block.state.delta()) {
    if (!current.value) continue;
    if (key[0] == static_cast<std::uint8_t>(ContractFamily::claim)) {
      gatherer.look_at(decoded<ClaimRecord>(current));
    } else if (key[0] == static_cast<std::uint8_t>(ContractFamily::event)) {
      gatherer.look_at(decoded<EventRecord>(current));
    }
  }
  return gatherer.take_all();
}

void UnpaidEarnings::add(const std::vector<UnpaidEarning>& earnings) {
  for (const auto& one : earnings) {
    switch (one.earning.outcome) {
      case EarningOutcome::budget_exhausted:
        ++budget_exhausted_;
        break;
      case EarningOutcome::no_payee:
        ++no_payee_;
        break;
      case EarningOutcome::owed_back:
        ++owed_back_;
        break;
      case EarningOutcome::earned:
      case EarningOutcome::reversed:
        UNREACHABLE();
    }
    newest_.push_back(one);
    if (newest_.size() > kUnpaidRemembered) newest_.pop_front();
  }
}

}  // namespace fenrun
