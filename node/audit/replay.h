// Executes a journal's blocks again, one after the other, and compares each entry with what was
// recorded.
//
// Equal entries make equal roots, so that a Header that is found equal says that journal root and
// active root are what recomputation gives.  What execution cannot give is checked otherwise: the
// certificates against the validators whom the state names, the leader of the view, the order of
// views.  The digest of the batches alone is taken from the Header as it is: batches are not
// journaled, and only the order of their transactions matters.
//
// In memory it holds the bits and tree of the active Records, about 0.16 bytes an entry, and the
// ScratchState.  Not thread-safe.
#pragma once

#include <memory>

#include "consensus/validator_set.h"
#include "contracts/genesis.h"
#include "contracts/system_work.h"
#include "node/audit/checkpoints.h"
#include "node/audit/recorded_block.h"
#include "node/audit/scratch_state.h"
#include "node/unpaid_earnings.h"

namespace fenrun::audit {

// What a certificate must be checked against: anybody may, at leisure.
struct CertificateTask {
  Height height;
  Header header;
  Digest block_id;
  Bytes certificate;
  std::shared_ptr<const ValidatorSet> validators;  // Of the epoch; its blocks' tasks share it.
};

// Errc::replay_mismatch if it is no finalization of this block, Errc::quorum_short,
// Errc::signature_invalid.
Status check_certificate(const CertificateTask& task);

class Replay {
 public:
  // REQUIRES: check_genesis() holds; state and checkpoints outlive the replay.
  Replay(Genesis genesis, ScratchState& state, Checkpoints& checkpoints);

  const Digest& chain_id() const { return chain_id_; }

  // The next block.  What it differs in, if it does; then, and after an error, the replay is over.
  // REQUIRES: it was examined and has no fault.  Errc::chain_wrong for another network's first
  // block; errors of ScratchState::absorb() and Checkpoints::begin_epoch().
  Result<std::optional<Divergence>> take(const RecordedBlock& block);

  // For the block taken last, unless a later one's certificate or a recovery finalized it.
  std::optional<CertificateTask> certificate_task(const RecordedBlock& block) const;

  bool is_empty() const { return !validators_; }
  // REQUIRES: not empty.
  const Header& tip() const { return tip_; }
  const Digest& tip_id() const { return tip_id_; }
  Digest root() const { return frontier_.root(); }
  // Whether the tip has a certificate of its own: else nobody finalized it.
  bool is_tip_certified() const { return is_tip_certified_; }
  std::uint64_t recoveries() const { return recoveries_; }
  // Of the block taken last.
  const std::vector<UnpaidEarning>& unpaid() const { return unpaid_; }

 private:
  BlockPoint point() const;
  std::optional<Error> header_error(const RecordedBlock& block) const;
  ExecutedBlock execute(const RecordedBlock& block) const;
  Result<ExecutedBlock> recover(const NetworkRecovered& recovered) const;
  Status advance(ExecutedBlock& executed);
  Status begin_epoch();

  Genesis genesis_;
  Digest chain_id_;
  ScratchState* state_;
  Checkpoints* checkpoints_;
  ActiveBits active_;
  Frontier frontier_;
  Header tip_;
  Digest tip_id_;
  Digest epoch_first_block_;
  std::shared_ptr<const ValidatorSet> validators_;  // Who decides the next block.
  std::shared_ptr<const ValidatorSet> validators_of_tip_;
  bool is_tip_certified_ = false;
  bool is_tip_of_recovery_ = false;
  std::uint64_t recoveries_ = 0;
  std::vector<UnpaidEarning> unpaid_;
};

}  // namespace fenrun::audit
