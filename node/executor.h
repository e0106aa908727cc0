// Builds and checks blocks: the batches of a proposal, executed on its parent.
//
// What consensus calls Build and Verify.  Blocks found right are kept in the journal until they are
// final or their branch loses.
// Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "consensus/io.h"
#include "ledger/journal.h"
#include "node/batch_store.h"
#include "node/stages.h"

namespace fenrun {

// How far a block's time may lie ahead of the clock of a validator that notarizes it.  The smallest
// step above the parent's time is never too far: where a quorum's clocks were wrong, and the chain
// is ahead of them now, it goes on.
inline constexpr std::uint64_t kBlockTimeAheadMsMax = 500;
// Of batches that a leader proposes without a quorum having acknowledged them.
inline constexpr std::size_t kUnacknowledgedBytesMax = 256 * 1024;
// Of entries that are executed and not final, branches that may lose included: above this a leader
// builds empty blocks, and above twice as much only empty ones are executed, or such as a quorum
// notarized.
inline constexpr std::uint64_t kUnfinalizedBytesMax = 64 * 1024 * 1024;

class Executor {
 public:
  // REQUIRES: all outlive the executor.
  Executor(Journal& journal, BatchStore& batches, StageMeter& meter,
           std::uint64_t unfinalized_bytes_max = kUnfinalizedBytesMax)
      : journal_(&journal),
        batches_(&batches),
        meter_(&meter),
        unfinalized_bytes_max_(unfinalized_bytes_max) {}

  // Executes a new block on the parent and keeps it.  REQUIRES: the parent is held.
  Payload build(const Build& request, ValidatorIndex proposer, std::size_t quorum, TimeMs clock);

  // What is known of a proposal before its batches are here: that its header is none, or not one
  // of this place in the chain, or that those of its batches which are here are too many (invalid),
  // that it was altered on its way (mismatch), or is not to be executed (crowded); none if it must
  // be verified.  `leader` is who may propose in the view.  `wanted`: it is to be executed whatever
  // waits.  REQUIRES: the parent is held.
  std::optional<Verdict> prejudge(const Propose& propose, ValidatorIndex leader, bool wanted) const;

  // The batches of the proposal that are not held.
  std::vector<Digest> missing_batches(const Propose& propose) const;

  // Executes the proposal and compares.  A block found valid is kept, be it early or not.  The
  // verdict is a function of the proposal and its parent, and of the clock between valid and early:
  // it must not depend on what else is held here, or on how much of the chain is final.
  // REQUIRES: nothing is missing; the parent is held; `leader` is who may propose in the view.
  Verdict verify(const Propose& propose, ValidatorIndex leader, TimeMs clock);

  // Executes a finalized block again from its transactions; null unless the result has its id.  The
  // block is kept.  REQUIRES: the parent is held.
  const ExecutedBlock* replay(const Header& header, const Digest& id,
                              const std::vector<const SignedTransaction*>& transactions);

  // Whether an executed block that is not final names the batch.
  bool names(const Digest& batch) const;
  // The batches of an executed block, in order; none for one that was only replayed.
  std::vector<Digest> batches_of(const Digest& block_id) const;
  // Forgets what belongs to blocks that the journal no longer keeps as unfinalized.
  void prune();

 private:
  std::variant<Header, Verdict> judge_header(const Propose& propose, const BlockPoint& parent,
                                             ValidatorIndex leader) const;
  bool has_room_for(const BatchList& batches, const BlockPoint& parent) const;
  std::vector<Digest> batches_since_tip(Digest block_id) const;
  std::unique_ptr<ExecutedBlock> execute(const BlockPoint& parent, const BlockContext& context,
                                         const BatchList& batches) const;
  std::unique_ptr<ExecutedBlock> execute(
      const BlockPoint& parent, const BlockContext& context,
      const std::vector<const SignedTransaction*>& transactions) const;
  const ExecutedBlock& keep(std::unique_ptr<ExecutedBlock> block, const BatchList& batches);

  Journal* journal_;
  BatchStore* batches_;
  StageMeter* meter_;
  std::uint64_t unfinalized_bytes_max_;
  std::map<Digest, std::vector<Digest>> batches_of_;
};

}  // namespace fenrun
