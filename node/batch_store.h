// The batches of transactions that this node holds: its own and those that peers pushed, until they
// are committed, and for a while afterwards for peers that are behind.
//
// Invariants: a batch held as valid has right forms and signatures; what one peer can make us hold
// is bounded in memory and count. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "net/transport.h"
#include "node/encoded_batch.h"
#include "node/tx_pool.h"

namespace fenrun {

// Bytes of memory.
inline constexpr std::size_t kPeerBatchBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kPeerBatchesMax = 8'192;
// Of batches of final blocks, besides those that a block names again which is not final.
inline constexpr std::size_t kCommittedBatchBytesMax = 128 * 1024 * 1024;

// Whose share is what a quorum wants held, whoever sent it.
inline constexpr net::PeerIndex kNobody(0xffff);

class BatchStore {
 public:
  // `needed` tells of a batch of a final block whether it must be kept all the same: a block that
  // is not final may name it again, and whoever voted for that block must be able to show it.
  explicit BatchStore(std::function<bool(const Digest&)> needed =
                          [](const Digest&) { return false; })
      : needed_(std::move(needed)) {}

  // Holds a valid batch, which came from `origin`, as pending: also one that was committed before,
  // when not all of it could be journaled.  Errc::rate_limited if the origin's share is full.
  Status add(std::shared_ptr<const EncodedBatch> batch, net::PeerIndex origin);
  // The same whatever else the origin's share has: of one that the vote log holds, since the log
  // bounds how many there are and votes may rest on each, of own ones, which the pool bounds, and
  // of those that a wanted block names (kNobody).
  void restore(std::shared_ptr<const EncodedBatch> batch, net::PeerIndex origin);

  // The batch, pending or committed lately; null if it is not held.
  std::shared_ptr<const EncodedBatch> find(const Digest& digest) const;
  bool holds(const Digest& digest) const { return batches_.contains(digest); }
  bool is_pending(const Digest& digest) const {
    const auto it = batches_.find(digest);
    return it != batches_.end() && !it->second.committed;
  }

  // Who sent it.  REQUIRES: it is held.
  net::PeerIndex origin_of(const Digest& digest) const { return batches_.at(digest).origin; }

  // A validator of this epoch says that it holds the batch, which need not be here.
  void acknowledge(const Digest& digest, ValidatorIndex by);
  bool is_acknowledged(const Digest& digest, ValidatorIndex by) const;

  // The validators are others from now on: nobody is known to hold anything.
  void forget_acknowledgements() { acknowledged_.clear(); }

  // Pending batches for a block: those that `quorum` validators hold, and others as far as
  // `unacknowledged_bytes` reaches but at least one, up to `bytes` and `operations` in all, but at
  // least one; never one of `exclude`.  Of each origin oldest first, the origins in turn, so that
  // none has to wait for what others have; whoever has the oldest of all begins.
  struct Selection {
    std::size_t bytes = 0;
    std::size_t operations = 0;
    std::size_t quorum = 0;
    std::size_t unacknowledged_bytes = 0;
  };
  std::vector<Digest> select(const Selection& selection, const std::vector<Digest>& exclude) const;

  // The oldest pending batches, so many at most.
  std::vector<Digest> pending(std::size_t count) const;
  std::size_t pending_count() const { return order_.size(); }
  // Pending batches of `origin`, oldest first, up to `bytes` in all.
  std::vector<Digest> pending_of(net::PeerIndex origin, std::size_t bytes) const;

  // The batches of a final block: not pending any more.
  void on_committed(const std::vector<Digest>& digests);

  // Whether any is pending, and how much memory they take.
  bool has_pending() const { return !order_.empty(); }
  std::uint64_t pending_memory() const { return pending_memory_; }

 private:
  struct Held {
    std::shared_ptr<const EncodedBatch> batch;
    net::PeerIndex origin;
    bool committed = false;
    std::list<Digest>::iterator place;  // In order_, while not committed.
  };
  struct Usage {
    std::size_t memory = 0;
    std::size_t count = 0;
  };

  std::size_t holders_of(const Digest& digest) const;
  void release(Held& held);
  void forget_oldest();

  std::function<bool(const Digest&)> needed_;
  std::unordered_map<Digest, Held, DigestHash> batches_;
  std::map<ValidatorIndex, std::unordered_set<Digest, DigestHash>> acknowledged_;
  std::list<Digest> order_;
  std::deque<Digest> committed_order_;
  std::size_t committed_memory_ = 0;
  std::uint64_t pending_memory_ = 0;
  std::map<net::PeerIndex, Usage> usage_of_origin_;
};

}  // namespace fenrun
