// Recoveries as a running node meets them: it comes late, and others tell it.
// docs/spec/recovery.md; docs/spec/network.md, §11.
#include "contracts/records.h"
#include "node/node.h"
#include "node/recovery.h"

namespace fenrun {

// One checkpoint an epoch is kept for ever, so that a recovery can name who the operators were to
// those who know nothing but keys for checkpoints.
void Node::keep_anchor() {
  const auto& newest = checkpointer_.cosigned();
  const Epoch epoch = replica_->finalized().epoch;
  if (failed_ || !newest || anchored_ == epoch) return;
  const auto header = journal_->header(newest->height);
  // The last block of the epoch before may be signed by those who came after.
  if (!header || header->epoch != epoch) return;
  if (!journal_->store().anchor(epoch)) {
    if (const auto saved = journal_->save_anchor(epoch, newest->note); !saved) {
      return fail(saved.error());
    }
  }
  anchored_ = epoch;
}

// A peer is in the epoch that began with a recovery.  Up to the block that the operators name this
// node catches up as ever; upon it, it does what they state.
void Node::take_recovery(net::PeerIndex from, const Handover& answer) {
  const Header& tip = journal_->tip();
  const auto recovery = parse_recovery(answer.checkpoint.value);
  if (!recovery) {
    return log_of_peer(from, "sent no recovery: " + recovery.error().to_string());
  }
  const Epoch ends = recovery->tip.epoch;
  if (answer.epoch != ends || ends != replica_->finalized().epoch) return;
  if (tip.height < recovery->tip.height) return;  // It is told again.
  // Its block is here already, and the handover was lost since.
  const bool is_here =
      tip.ends_epoch() && tip.epoch == ends && tip.parent == recovery->tip.block_id;
  if (is_here && journal_->holds_tips_handover()) return;
  const auto status = is_here
                          ? restore_recovery(*journal_, options_.genesis.network.value, *recovery)
                          : commit_recovery(*recovery);
  if (!status) {
    if (status.error().code == Errc::io_error) return fail(status.error());
    return log_of_peer(from, "the recovery that it sent: " + status.error().to_string(),
                       LogLevel::error);
  }
  if (is_here) return continue_to_next_epoch();
  log(LogLevel::warn, "the operators recovered the network from height " +
                          std::to_string(recovery->tip.height.value()) +
                          ": new keys for all validators");
  after_commit();
  continue_to_next_epoch();
}

Status Node::commit_recovery(const NetworkRecovery& recovery) {
  tip_time_before_ = journal_->tip().time;
  FENRUN_OK(append_recovery(*journal_, options_.genesis.network.value, recovery));
  pool_.on_committed({}, {}, journal_->state(), journal_->tip().height.next());
  committed_at_ = now().steady;
  return {};
}

}  // namespace fenrun
