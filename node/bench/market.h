// What the loads need on the ledger: a campaign with a policy and a budget, stores that have earned
// by it, or printed codes and a gateway; and the transactions that the brand, or the gateway, then
// signs on its lanes.
//
// Everything is a number's: the same lane, sequence and index give the same operation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "contracts/operations.h"
#include "contracts/records.h"
#include "node/bench/cluster.h"
#include "node/bench/printed_batch.h"

namespace fenrun::bench {

// How a measurement tells what it is doing.
using Progress = std::function<void(const std::string&)>;

enum class Content {
  payout,    // One payout.
  payouts,   // 1,000 payouts: a new Record each, among those of all payouts.
  budgets,   // 1,000 lines that each move money between two accounts which exist.
  mixed,     // Units commissioned and sold, each sale an earning; and as many payouts.
  claims,    // 250 claims, each of a code by its key.
  attested,  // 1,000 claims by the codes' gateway.
};
constexpr bool is_of_codes(Content content) {
  return content == Content::claims || content == Content::attested;
}

class Market {
 public:
  static constexpr std::size_t kLanes = kPartyLanesMax;
  static constexpr std::size_t kBatchOperations = kTransactionOperationsMax;
  static constexpr std::size_t kMixedUnits = 20;
  static constexpr std::size_t kClaims = 250;

  struct Setting {
    Content content{};
    std::size_t accounts = 0;  // Stores, which have earned but for codes; or budgets of assets.
    std::uint32_t codes = 0;   // Printed, where codes are claimed.
  };
  // Sets it up through the nodes' API.  Errors of the API.
  static Result<Market> open(const Cluster& cluster, const Setting& setting,
                             const Progress& progress);

  const PartyId& account(std::size_t i) const { return stores_[i % stores_.size()]; }
  static std::size_t operations_of(Content content);

  // What the watched node holds of a lane; and what its answer to `lane_target()` says of it.
  static Result<LaneState> lane_state(const Cluster& cluster, const PartyId& party, Lane lane);
  static Result<LaneState> lane_state_in(const Json& record);
  static std::string lane_target(const PartyId& party, Lane lane);
  // Who signs the load.
  const PartyId& sender() const { return gateway_ ? gateway_->party : brand_; }

  // BCS of a SignedTransaction.  Thread-safe.
  Bytes transaction(Content content, Lane lane, Sequence sequence, Height valid_until) const;
  // The payout with this place in a transaction.
  static PayoutId payout_id(Lane lane, Sequence sequence, std::size_t index);

 private:
  struct Gateway {
    PartyId party;
    SigningKey key;
  };

  Market(const Cluster& cluster, SigningKey key) : cluster_(&cluster), key_(std::move(key)) {}

  RegisteredKey registered(const SigningKey& key, const PartyId& party) const;
  const SigningKey& sender_key() const { return gateway_ ? gateway_->key : key_; }
  Status open_lanes();
  Status print_codes(const Setting& setting, const Progress& progress);
  Status promise();
  Status register_stores(std::size_t accounts, const Progress& progress);
  Status let_stores_earn(const Progress& progress);
  Status open_budgets(const Progress& progress);
  Status submit(const PartyId& party, const SigningKey& key,
                const std::vector<Operation>& operations);
  Bytes sign(const PartyId& party, const SigningKey& key, Lane lane, Sequence sequence,
             Height valid_until, const std::vector<Operation>& operations) const;
  Operation payout(Lane lane, Sequence sequence, std::size_t index) const;
  Operation budget(std::uint64_t asset) const;
  std::vector<Operation> mixed(Lane lane, Sequence sequence) const;
  std::vector<Operation> claims(Content content, Lane lane, Sequence sequence) const;

  const Cluster* cluster_;
  SigningKey key_;  // The brand's.
  PartyId brand_;
  Digest chain_id_;
  TimeMs since_;  // Of policy and events.
  std::size_t accounts_ = 0;
  std::vector<PartyId> stores_;
  std::optional<Gateway> gateway_;       // Where codes are claimed.
  std::optional<PrintedBatch> printed_;  // Likewise.
  std::map<PartyId, Sequence> next_;     // On lane 0, while it is set up.
};

}  // namespace fenrun::bench
