// The journal of one node: the finalized chain in a store, the unfinalized blocks upon it, and the
// active bits of the tip and of the headers that proofs may still be asked for.
//
// Invariants:
//   * The store's tip header binds the store's entries and the active bits: checked at open().
//   * Every unfinalized block descends from the tip.
//   * The finalized height never falls; one block a height.
// Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "ledger/block_builder.h"
#include "ledger/snapshot_builder.h"
#include "ledger/store.h"

namespace fenrun {

// What the active bits at headers below the tip may take: where no checkpoint is cosigned for long,
// as while a node catches up, the oldest are given up.  One view rests on all that follow it, so
// that their number bounds its depth, too.
struct ActiveHistoryLimits {
  std::size_t blocks = 1'024;
  std::uint64_t bytes = 256 * 1024 * 1024;
};

class Journal {
 public:
  // Rebuilds what is kept in memory from the store and proves that the tip header's roots equal the
  // recomputed ones.  An empty store awaits commit_genesis().  `snapshot_interval`: every so many
  // heights the active bits are kept for a snapshot (snapshots()); 0: never.  REQUIRES: the store
  // outlives the journal.  Errc::corruption if anything does not fit; the errors of the store.
  static Result<std::unique_ptr<Journal>> open(LedgerStore& store,
                                               std::uint64_t snapshot_interval = 0,
                                               const ActiveHistoryLimits& history = {});

  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes block 0.  REQUIRES: the store is empty.
  Status commit_genesis(ExecutedBlock block);

  bool is_empty() const { return store_->size() == 0; }
  // REQUIRES for all below: not empty.
  const Header& tip() const { return tip_; }
  const Digest& tip_id() const { return tip_id_; }
  const LedgerStore& store() const { return *store_; }
  // The root over every entry, the tip header included: that of the tip's checkpoint.
  Digest root() const { return frontier_.root(); }
  // The finalized state.
  const StateView& state() const { return *store_; }

  // The point to build upon: of the tip or of an unfinalized block; none for another id.
  std::optional<BlockPoint> point(const Digest& id) const;

  // Keeps an executed block until it is committed or its branch loses.  Adding one that is held
  // already changes nothing.  REQUIRES: it was built on point(header.parent) of this journal.
  const ExecutedBlock& add(std::unique_ptr<ExecutedBlock> block);
  const ExecutedBlock* find(const Digest& id) const;
  std::size_t unfinalized_count() const { return unfinalized_.size(); }
  // Bytes of the entries of all of them.
  std::uint64_t unfinalized_bytes() const;

  // Makes the last of these blocks the tip, durably, and forgets the branches that lost.  After a
  // crash all of them are committed or none. REQUIRES: each is held; the first is a child of the
  // tip, each other one of that before it; the certificate finalizes the last.
  Status commit(std::span<const Digest> ids, ByteView certificate);

  // Keeps the handover of an epoch, durably; its signatures may come in any order.  REQUIRES: they
  // were checked, and are of validators of the epoch only, and so was the certificate; or a
  // recovery was, which has none.  Errc::value_invalid unless it is of a block of this journal that
  // ended the epoch, or upon which a recovery ends it, Errc::checkpoint_malformed.
  Status save_handover(Epoch epoch, const EpochHandover& handover);
  // The same for an epoch that is not over here, learnt on the way to a snapshot.
  // REQUIRES: everything in it was checked; signatures are sorted.
  Status save_learnt_handover(Epoch epoch, const EpochHandover& handover);
  // The handover of the epoch that the tip ended, if it is held and of that very block.
  bool holds_tips_handover() const;
  // Keeps a checkpoint of the epoch, durably; its signatures may come in any order.  REQUIRES: it
  // is cosigned.  Errc::checkpoint_malformed.
  Status save_anchor(Epoch epoch, std::string_view note);

  // The header of a finalized block; Errc::not_found above the tip.
  Result<Header> header(Height height) const;

  // Complete node of the journal's tree.
  Digest node(unsigned level, std::uint64_t index) const { return store_->node(level, index); }

  // The active bits at a finalized header: of the tip, or of a height not yet released; null for
  // another.
  const ActiveView* active_at(Height height) const;
  // Proofs are asked for headers at `height` and above only.  What is held is not released.
  void release_below(Height height);
  // Heights below the tip whose active bits are held.
  std::size_t history_count() const { return undo_.size(); }
  // Keeps the active bits of the height and above for as long as the answer lives, but not when a
  // snapshot is installed, nor beyond ActiveHistoryLimits.  Shared by the journal, which only
  // looks, and copies of a prover.
  using Hold = std::shared_ptr<const Height>;
  Hold hold(Height height) const;

  // Where snapshots can be made of: the bits at some finalized Headers that have certificates of
  // their own, oldest first.  The last two are kept, so that who fetches one need not begin anew
  // when the next comes; after a restart the one that was dumped last.
  struct SnapshotPoint {
    Height height;
    ActiveBits bits;
  };
  const std::deque<SnapshotPoint>& snapshots() const { return snapshots_; }

  // Taking in a snapshot above the tip; see SnapshotBuilder::begin().
  Result<SnapshotBuilder> begin_snapshot(SnapshotManifest manifest, const Digest& block_id);
  // Puts it in place of what the store holds, and begins anew from there: every unfinalized block
  // is forgotten.  REQUIRES: the builder is complete, and its height still above the tip.  Errors
  // of SnapshotBuilder::install(), after which all is as before, and of open().
  Status install(SnapshotBuilder& snapshot);

 private:
  Journal(LedgerStore& store, std::uint64_t snapshot_interval, const ActiveHistoryLimits& history)
      : store_(&store), snapshot_interval_(snapshot_interval), history_(history) {}

  Status load();
  Status reload();
  Status load_active_bits();
  Result<Header> header_at(Position position) const;
  Status replay_bits(Height height);
  Status save_recovery(Epoch epoch, const EpochHandover& handover);
  void advance(const ExecutedBlock& block);
  void release_oldest();
  void forget_losers();
  Status maybe_dump(Height before);
  void keep_snapshot_point();

  struct Undo {
    Height height;
    std::unique_ptr<ActiveLayer> view;
  };

  LedgerStore* store_;
  std::uint64_t snapshot_interval_;
  ActiveHistoryLimits history_;
  Header tip_;
  Digest tip_id_;
  Frontier frontier_;
  ActiveBits active_;
  std::uint64_t dumped_size_ = 0;
  mutable std::vector<std::weak_ptr<const Height>> holds_;
  std::deque<Undo> undo_;  // Oldest first; each view rests on the next one, the last on active_.
  std::uint64_t undo_bytes_ = 0;
  std::map<Digest, std::unique_ptr<ExecutedBlock>> unfinalized_;
  std::deque<SnapshotPoint> snapshots_;
};

}  // namespace fenrun
