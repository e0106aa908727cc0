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

  void look_at(const ClaimRecord& claim) {
    if (claim.recorded_at < first_) return;
    // Where no store is named nothing earns.
    for (const auto& earning : claim.earnings) {
      if (is_unearned(earning)) take(claim.recorded_at, *claim.claim.store, std::nullopt, earning);
    }
  }

  void look_at(const EventRecord& event) {
    const bool is_new = event.recorded_at >= first_;
    const bool is_taken_back_now = event.reversed_at && *event.reversed_at >= first_;
    for (const auto& earning : event.earnings) {
      if (is_new && is_unearned(earning)) {
        take(event.recorded_at, event.place, std::nullopt, earning);
      } else if (is_taken_back_now && earning.outcome == EarningOutcome::owed_back) {
        take(event.recorded_at, event.place, event.reversed_at, earning);
      }
    }
  }

  std::vector<UnpaidEarning> take_all() {
    std::ranges::stable_sort(found_, {}, [](const UnpaidEarning& one) {
      return one.taken_back_at.value_or(one.operation);
    });
    return std::move(found_);
  }

 private:
  static bool is_unearned(const EventEarning& earning) {
    return earning.outcome == EarningOutcome::budget_exhausted ||
           earning.outcome == EarningOutcome::no_payee;
  }
  void take(Position operation, const PartyId& place, std::optional<Position> taken_back_at,
            const EventEarning& earning) {
    const auto policy = find_policy(block_.state, earning.policy, earning.version);
    CHECK(policy.has_value());
    const auto& terms = std::get<PolicyV1>(policy->terms);
    found_.push_back({block_.header.height, block_.header.time, operation, taken_back_at, place,
                      terms.campaign, terms.asset, earning});
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
