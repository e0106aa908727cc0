// What rules promised and nobody got, and what was earned and could not be taken back: counted for
// /metrics, and the newest remembered for whoever asks.  Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "contracts/records.h"
#include "ledger/block_builder.h"

namespace fenrun {

inline constexpr std::size_t kUnpaidRemembered = 1'000;

// As it was at that block: the event may be taken back later, and units that nobody was paid for
// may earn by a later event.
struct UnpaidEarning {
  Height height;       // Of the block in which it came to this.
  TimeMs time;         // Of that block.
  Position operation;  // Of the event or the claim that earned it, or would have.
  std::optional<Position> taken_back_at;  // owed_back: of the Operation that took the event back.
  PartyId place;
  CampaignId campaign;
  AssetId asset;
  EventEarning earning;

  FENRUN_FIELDS(height, time, operation, taken_back_at, place, campaign, asset, earning)
  friend bool operator==(const UnpaidEarning&, const UnpaidEarning&) = default;
};

// Those of a block, in the order of its Operations.
std::vector<UnpaidEarning> unpaid_earnings_of(const ExecutedBlock& block);

// Of final blocks.
class UnpaidEarnings {
 public:
  void add(const std::vector<UnpaidEarning>& earnings);

  std::uint64_t budget_exhausted() const { return budget_exhausted_; }
  std::uint64_t no_payee() const { return no_payee_; }
  std::uint64_t owed_back() const { return owed_back_; }
  std::uint64_t count() const { return budget_exhausted_ + no_payee_ + owed_back_; }

  // The newest, at most kUnpaidRemembered, oldest first: those with the numbers count() - size()
  // to count() - 1.
  const std::deque<UnpaidEarning>& newest() const { return newest_; }

 private:
  std::uint64_t budget_exhausted_ = 0;
  std::uint64_t no_payee_ = 0;
  std::uint64_t owed_back_ = 0;
  std::deque<UnpaidEarning> newest_;
};

}  // namespace fenrun
