// What the driver reports.
#include "consensus/replica.h"
#include "core/check.h"

namespace fenrun {

void Replica::on(const Tick& input) {
  pacemaker_.tick(input.now);
  if (pacemaker_.take_status()) {
    answers_.clear();
    wasted_.clear();
    send(std::nullopt, own_status());
    ask_for_last_vote(std::nullopt);
  }
  conclude_log_check();
  if (ended()) return;
  if (pacemaker_.take_block_retry()) retry_blocks();
  if (pacemaker_.take_retry()) repeat_ourselves();
}

void Replica::on(const Received& input) {
  if (input.from == self_) return;
  std::visit([&](const auto& message) { receive(input.from, message); }, input.message);
}

void Replica::on(const Connected& input) {
  send(input.peer, own_status());
  ask_for_last_vote(input.peer);
}

// The leader's turn ends well: rule 3.
void Replica::on(const Built& input) {
  pacemaker_.observe_build(SpanMs(input.cost_ms));
  const bool expected = input.view == view_ && build_asked_ == view_;
  if (!expected || !may_cast() || !safety_.may_notarize(view_, view_)) return;
  if (build_parent_.view >= finalized_.view) {
    propose(build_parent_, input.payload, input.ends_epoch);
  }
}

void Replica::on(const Verified& input) {
  auto* proposal = proposals_.find(input.view);
  if (proposal == nullptr || proposal->id != input.block_id ||
      proposal->phase != Proposal::Phase::verifying) {
    return;
  }
  switch (input.verdict) {
    case Verdict::valid:
    case Verdict::early:
      pacemaker_.observe_verify(SpanMs(input.cost_ms));
      proposal->phase = Proposal::Phase::valid;
      proposal->ends_epoch = input.ends_epoch;
      if (input.verdict == Verdict::early) refuse_early(input.view, *proposal);
      touch(input.view);
      return;
    case Verdict::crowded:
      refuse_crowded(input.view, *proposal);
      touch(input.view);
      return;
    case Verdict::invalid:
      reject(input.view, *proposal);
      return;
    case Verdict::mismatch:
      let_go(input.view);  // Another copy may be as the leader made it.
      fetch(input.view);
      return;
    case Verdict::unavailable:
      proposal->phase = Proposal::Phase::waiting;
      proposal->unavailable = true;
      proposal->source = next_holder(input.view).value_or(proposal->source);
      return;
  }
}

void Replica::on(const BodyDurable& input) {
  for (const auto view : proposals_.views_of(input.block_id)) {
    proposals_.find(view)->durable = true;
    touch(view);
  }
}

// A state that was taken over knows nothing of what was executed above the old tip: all that stands
// above the new one is given out again.
void Replica::on(const Synced& input) {
  if (ended() || input.tip.view <= finalized_.view) return;
  adopt_tip(input.tip);
  for (auto& [view, proposal] : proposals_.all()) {
    if (proposal.phase == Proposal::Phase::rejected) continue;
    proposal.phase = Proposal::Phase::waiting;
    touch(view);
  }
  if (finalized_.view >= view_) enter(*finalized_.certificate);
  if (!ended()) ask_for_gaps(std::nullopt);
}

void Replica::on(const WorkPending& input) {
  const bool woke = idle() && input.pending;
  work_pending_ = input.pending;
  if (woke && !safety_.cast_any(view_)) pacemaker_.restart_timers();
}

void Replica::on(const EarliestKept& input) { earliest_kept_ = input.height; }

}  // namespace fenrun
