// The transactions that clients gave to this node and that are not final yet.
//
// A transaction waits unsealed until it is put into a batch, and sealed until the batch is
// committed; if its turn had not come by then it waits for the earlier sequences of its lane, and
// then unsealed again.  The pool answers what became of it.
//
// Invariants:
//   * Unsealed transactions of one lane stand in the order of their sequences.
//   * Memory and count never exceed the limits; each lane at most kLanePendingMax transactions.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "ledger/block_builder.h"
#include "ledger/state.h"
#include "node/encoded_batch.h"

namespace fenrun {

struct TxPoolLimits {
  std::uint64_t memory_max = 64 * 1024 * 1024;  // Bytes.
  std::uint64_t transactions_max = 100'000;
};

// Of what is sealed together; one transaction may take more.
inline constexpr std::size_t kBatchMemoryMax = 2 * 1024 * 1024;
inline constexpr std::size_t kLanePendingMax = 8'192;
inline constexpr std::size_t kForeignTailsMax = 65'536;
inline constexpr std::size_t kRejectionsRemembered = 10'000;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const;
};

class TxPool {
 public:
  explicit TxPool(TxPoolLimits limits) : limits_(limits) {}

  // Takes a transaction whose form and signature were checked.  `state` is the finalized state,
  // `next_height` the height after it.  Taking one that is held already changes nothing.
  // Errors: those of check_admission(), mempool_full.
  Status add(SignedTransaction transaction, const StateView& state, Height next_height);

  // A transaction of a peer's batch, whose signature was checked: later sequences of its lane are
  // no gap any more.  Passed over if it could not be journaled, or if it leaves a gap that no node
  // has pending.
  void note_foreign(const SignedTransaction& transaction, const StateView& state,
                    Height next_height);

  // Takes unsealed transactions, in order, up to the batch limits.  Null if there are none.
  std::shared_ptr<const EncodedBatch> seal();

  // A block of these transactions, out of these batches, is final.  `state` is the state after it.
  void on_committed(const std::vector<JournaledTransaction>& transactions,
                    const std::vector<Digest>& batches, const StateView& state, Height next_height);

  bool holds(const Digest& id) const { return entries_.contains(id); }
  // Why a transaction was refused after it had been accepted, if it is remembered.
  std::optional<Error> rejection(const Digest& id) const;
  // The sequence that the lane lacks, given the one that the state expects: the first that is not
  // pending.  Behind what peers are known to have pending, unless pending ones were ordered before
  // their turn, which shows that one below them never came.
  Sequence next_sequence(const PartyId& party, Lane lane, Sequence expected) const;

  std::size_t unsealed_count() const { return unsealed_.size(); }
  std::size_t unsealed_bytes() const { return unsealed_bytes_; }
  std::size_t count() const { return entries_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct LaneKey {
    PartyId party;
    Lane lane;
    friend auto operator<=>(const LaneKey&, const LaneKey&) = default;
  };
  struct Entry {
    SignedTransaction transaction;
    std::size_t bytes = 0;  // Of its encoding.
    bool sealed = false;

    // Here, and once more with its encoding in the batch that it is sealed into.
    std::size_t memory() const { return 2 * memory_of(transaction) + bytes; }
  };
  using LanePending = std::map<Sequence, Digest>;  // Never empty.

  static LaneKey lane_of(const TransactionBody& body);
  Status check_sequence(const SignedTransaction& transaction, const StateView& state,
                        Height next_height) const;
  void put_unsealed(const LanePending& lane, Sequence sequence, const Digest& id);
  void forget(const Digest& id);
  void reject(const Digest& id, Error reason);
  void reconsider(const Digest& id, const StateView& state, Height next_height);
  void unseal(const Digest& id);
  void end_waits(const StateView& state, Height next_height);

  TxPoolLimits limits_;
  std::uint64_t bytes_ = 0;
  std::uint64_t memory_ = 0;
  std::size_t unsealed_bytes_ = 0;
  std::unordered_map<Digest, Entry, DigestHash> entries_;
  std::deque<Digest> unsealed_;
  std::map<Digest, std::vector<Digest>> sealed_;           // Own batches: digest -> ids, in order.
  std::map<LaneKey, std::map<Sequence, Digest>> waiting_;  // Ordered before their turn.
  std::map<LaneKey, LanePending> lanes_;
  std::map<LaneKey, Sequence> foreign_tails_;  // A hint: forgotten whole when it grows too large.
  std::set<std::pair<Height, Digest>> by_expiry_;
  std::unordered_map<Digest, Error, DigestHash> rejections_;
  std::deque<Digest> rejection_order_;
};

}  // namespace fenrun
