// Learning who validates in epochs whose blocks were not executed here, to judge a snapshot of one
// of them; and telling others.  docs/spec/snapshots.md, §6.
#include <algorithm>

#include "contracts/records.h"
#include "ledger/proof/recovery.h"
#include "ledger/prover.h"
#include "node/node.h"

namespace fenrun {
namespace {

// An answer holds links up to this many bytes, and one in any case.
constexpr std::size_t kEpochLinksBytesMax = 1024 * 1024;

}  // namespace

// Whether the validators of the epoch are known, so that a snapshot of this peer can be judged.  If
// not, what is needed for it is asked for.
bool Node::is_ready_to_judge(net::PeerIndex from, Epoch epoch) {
  if (epoch == own_epoch()) return true;
  const TimeMs time = now().steady;
  if (!learner_) {
    learner_.emplace(
        EpochChain(journal_->tip(), options_.genesis.network.value, validators(journal_->state())),
        time);
    for (const auto& [number, peer] : peers_) {
      if (peer.connected) learner_->ask(number);
    }
    // The blocks between can wait for it.
    blocks_asked_from_ = TimeMs(time.value() + EpochLearner::kOthersWaitMs);
    log(LogLevel::info, "a snapshot of epoch " + std::to_string(epoch.value()) +
                            " is offered: learning who validated since epoch " +
                            std::to_string(own_epoch().value()));
  }
  if (learner_->fork()) return false;
  if (!learner_->has_shown(from, epoch)) learner_->ask(from);
  return learner_->has_shown(from, epoch) && learner_->is_settled(time);
}

void Node::continue_learning() {
  if (learner_ && (!catch_up_ || replica_->ended())) learner_.reset();
  if (!learner_) return;
  for (const auto& request : learner_->next_requests(now().steady)) {
    send(request.peer, net::Channel::consensus, request.question);
  }
  if (!snapshot_ && learner_->has_just_settled(now().steady)) ask_for_snapshot();
}

void Node::take_epoch_links(net::PeerIndex from, const EpochLinks& answer) {
  if (!lost_handovers_.empty()) restore_handovers(from, answer);
  if (failed_ || !learner_ || learner_->fork() || replica_->ended()) return;
  const auto learnt = learner_->take(from, answer);
  if (!learnt) {
    return log_of_peer(from, "the epochs that it shows: " + learnt.error().to_string());
  }
  for (const auto& [epoch, handover] : *learnt) {
    const auto status = journal_->save_learnt_handover(epoch, handover);
    if (!status) return fail(status.error());
  }
  if (!learner_->fork()) return;
  log(LogLevel::error,
      members_.name_of(from) + " shows another end of epoch " +
          std::to_string(learner_->fork()->value()) +
          " than others, signed as well: its keys are in wrong hands. Joining by no snapshot of a "
          "later epoch; ask the other members which ledger is theirs");
  if (snapshot_ && snapshot_->builder().header().epoch != own_epoch()) let_snapshot_go();
}

// What was finalized in the name of the last epoch must have grown out of all that were learnt
// before it.
bool Node::is_of_learnt_chain(const SnapshotBuilder& builder) const {
  const Epoch epoch = builder.header().epoch;
  if (epoch == own_epoch()) return true;
  if (!learner_ || learner_->fork() || !learner_->chain().is_known(epoch)) return false;
  for (Epoch before = learner_->chain().first(); before < epoch; before = before.next()) {
    if (!builder.kept().contains(learner_->chain().ending(before)->id)) return false;
  }
  return true;
}

// Over a recovery leads no link: its block has no finalization.  Whoever comes from before follows
// by blocks.
Result<EpochLink> Node::epoch_link(Epoch epoch) const {
  FENRUN_TRY(auto kept, journal_->store().handover(epoch));
  if (is_recovery(kept.checkpoint.value)) return Error{Errc::not_ready, "a recovery ended it"};
  FENRUN_TRY(auto step, prove_handover(*journal_, epoch));
  return EpochLink{std::move(step), std::move(kept.certificate), std::move(kept.next_validators)};
}

void Node::serve_epoch_links(net::PeerIndex to, const GetEpochLinks& request) {
  EpochLinks answer{request.from, {}};
  std::size_t bytes = 0;
  for (Epoch epoch = request.from; epoch < own_epoch() && answer.links.size() < kEpochLinksMax;
       epoch = epoch.next()) {
    auto link = epoch_link(epoch);
    if (!link && link.error().code == Errc::not_ready) break;
    if (!link) {
      log(LogLevel::error, "cannot show the end of epoch " + std::to_string(epoch.value()) + ": " +
                               link.error().to_string());
      break;
    }
    bytes += encode(*link).size();
    if (!answer.links.empty() && bytes > kEpochLinksBytesMax) break;
    answer.links.push_back(*std::move(link));
  }
  send(to, net::Channel::bulk, answer);
}

}  // namespace fenrun
