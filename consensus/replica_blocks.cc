// Blocks, and the votes for them.
#include <algorithm>

#include "consensus/replica.h"
#include "core/check.h"

namespace fenrun {

namespace {

constexpr std::size_t kFetchesMax = 16;  // Blocks asked for at a time.

}  // namespace

bool Replica::consider_blocks() {
  bool progress = false;
  // Voting changes views and certificates, and may prune: go by view, not by iterator.
  for (View view = finalized_.view;;) {
    const auto next = proposals_.all().upper_bound(view);
    if (next == proposals_.all().end()) return progress;
    view = next->first;
    progress = consider(view, next->second) || progress;
  }
}

// Takes the block one step further: verify it, notarize it, finalize it.  True if something
// changed.
bool Replica::consider(View view, Proposal& proposal) {
  const auto* certificate = certificates_.notarized(view);
  if (certificate != nullptr && certificate->subject.block_id != proposal.id) {
    proposals_.erase(view);  // The quorum chose another: want_blocks() gets it.
    return true;
  }
  if (drop_if_impossible(view, proposal)) return true;
  if (proposal.phase == Proposal::Phase::waiting) {
    const auto* own = safety_.find(VoteKind::notarize, view);
    const bool voted_for = own != nullptr && own->subject.block_id == proposal.id;
    const bool votable = proposal.from_leader && justified(proposal) && self_ &&
                         safety_.may_notarize(view, view_) && !tainted_.contains(view);
    if (proposal.unavailable || !parent_ready(proposal)) return false;
    if (certificate == nullptr && !voted_for && !votable) return false;
    start_verifying(proposal);
    return false;
  }
  return proposal.ready() && vote_on(view, proposal);
}

// What the message says beside the signed header does not fit what is certified: it was altered, or
// can never be voted for.  Ignored, as if it had not come.
bool Replica::drop_if_impossible(View view, const Proposal& proposal) {
  if (proposal.phase != Proposal::Phase::waiting) return false;
  const auto& propose = proposal.propose;
  bool fits = true;
  if (propose.parent_view < finalized_.view) {
    fits = false;
  } else if (propose.parent_view == finalized_.view) {
    fits = propose.parent_id == finalized_.block_id && propose.height == finalized_.height.next();
  } else if (const auto* certificate = certificates_.notarized(propose.parent_view)) {
    const auto* parent = proposals_.find(propose.parent_view, certificate->subject.block_id);
    fits =
        propose.parent_id == certificate->subject.block_id &&
        (parent == nullptr || !parent->ready() || propose.height == parent->propose.height.next());
  }
  if (fits) return false;
  proposals_.erase(view);
  return true;
}

bool Replica::parent_ready(const Proposal& proposal) const {
  const auto& propose = proposal.propose;
  if (propose.parent_view == finalized_.view) return true;  // By drop_if_impossible.
  const auto* certificate = certificates_.notarized(propose.parent_view);
  if (certificate == nullptr) return false;
  const auto* parent = proposals_.find(propose.parent_view, certificate->subject.block_id);
  return parent != nullptr && parent->ready();
}

// I6: the parent is notarized, and every view between is nullified.
bool Replica::justified(const Proposal& proposal) const {
  const auto& propose = proposal.propose;
  const bool parent_certified = propose.parent_view == finalized_.view ||
                                certificates_.notarized(propose.parent_view) != nullptr;
  return parent_certified && certificates_.all_nullified(propose.parent_view, propose.view);
}

void Replica::start_verifying(Proposal& proposal) {
  proposal.phase = Proposal::Phase::verifying;
  emit(Verify{proposal.id, proposal.propose, proposal.source});
}

bool Replica::vote_on(View view, Proposal& proposal) {
  if (!self_) return false;
  const auto* notarization = certificates_.find(VoteKind::notarize, view);
  if (notarization != nullptr && safety_.may_finalize(view, finalized_.view) && chain_to(view)) {
    Subject subject = notarization->subject;
    subject.kind = VoteKind::finalize;
    log_chain(view);
    cast(subject);
    return true;
  }
  if (!proposal.from_leader || tainted_.contains(view) || !safety_.may_notarize(view, view_)) {
    return false;
  }
  if (!parent_ready(proposal) || !justified(proposal)) return false;
  if (idle()) pacemaker_.restart_timers();  // The leader idled first; the votes need their time.
  cast(proposal.propose.subject());
  return true;
}

// Asks for each notarized block that is not here, a few at a time; repeat_ourselves() asks again.
void Replica::want_blocks() {
  const auto finalizations = certificates_.finalizations();
  View view = finalized_.view;
  if (!finalizations.empty()) {
    const auto target = finalizations.front()->subject.view;
    if (target.value() > view.value() + kViewLookahead) view = target;
  }
  std::size_t missing = 0;
  for (view = view.next(); view < view_ && missing < kFetchesMax; view = view.next()) {
    if (certificates_.notarized(view) == nullptr || proposals_.find(view) != nullptr) continue;
    ++missing;
    if (!wanted_.contains(view)) fetch(view);
  }
}

void Replica::retry_blocks() {
  for (auto& [view, proposal] : proposals_.all()) proposal.unavailable = false;
  for (const auto view : wanted_) {
    if (proposals_.find(view) == nullptr) fetch(view);
  }
}

void Replica::fetch(View view) {
  const auto* certificate = certificates_.notarized(view);
  if (certificate == nullptr) return;
  wanted_.insert(view);
  if (const auto holder = next_holder(view)) {
    emit(Fetch{certificate->subject.block_id, *holder});
  }
}

// Those who signed for having the block durably, in turn.
std::optional<ValidatorIndex> Replica::next_holder(View view) {
  const auto* certificate = certificates_.notarized(view);
  if (certificate == nullptr) return std::nullopt;
  std::vector<ValidatorIndex> holders;
  for (std::uint16_t i = 0; i < validators_.size(); ++i) {
    const ValidatorIndex index(i);
    if (index != self_ && certificate->signed_by(index)) holders.push_back(index);
  }
  if (holders.empty()) return std::nullopt;
  return holders[rotation_++ % holders.size()];
}

// Rule 3, the walk down.
std::optional<Replica::Parent> Replica::parent_to_build_on() const {
  View view(view_.value() - 1);
  for (; view > finalized_.view; view = View(view.value() - 1)) {
    if (const auto* certificate = certificates_.notarized(view)) {
      const auto* proposal = proposals_.find(view, certificate->subject.block_id);
      if (proposal != nullptr && proposal->ready()) {
        return Parent{view, proposal->id, proposal->propose.height};
      }
    }
    if (!certificates_.has(VoteKind::nullify, view)) return std::nullopt;
  }
  if (view != finalized_.view) return std::nullopt;
  return Parent{finalized_.view, finalized_.block_id, finalized_.height};
}

// Rule 3, and when an idle leader proposes.
void Replica::lead() {
  if (!leading() || build_asked_ == view_ || !safety_.may_notarize(view_, view_)) return;
  const auto parent = parent_to_build_on();
  if (!parent || !pacemaker_.may_propose()) return;
  const bool unfinalized = parent->view > finalized_.view;
  if (!work_pending_ && !(unfinalized && pacemaker_.should_flush()) && !pacemaker_.should_beat()) {
    return;
  }
  build_asked_ = view_;
  build_parent_ = *parent;
  const auto skipped = view_.value() - 1 - parent->view.value();
  emit(Build{view_, parent->view, parent->id, parent->height,
             static_cast<std::uint32_t>(std::min<std::uint64_t>(skipped, kBudgetHalvingsMax)),
             skipped > kBudgetHalvingsMax});
}

void Replica::propose(const Parent& parent, const Payload& payload) {
  CHECK(leading());
  Propose message{config_.epoch,        view_,   parent.view, parent.id,
                  parent.height.next(), payload, {},          {}};
  const auto* certificate = parent.view == finalized_.view
                                ? (finalized_.certificate ? &*finalized_.certificate : nullptr)
                                : certificates_.notarized(parent.view);
  if (certificate != nullptr) message.justification.parent = *certificate;
  const auto skipped = view_.value() - 1 - parent.view.value();
  const auto carried = std::min<std::uint64_t>(skipped, kJustificationNullificationsMax);
  for (auto view = view_.value() - carried; view < view_.value(); ++view) {
    const auto* nullification = certificates_.find(VoteKind::nullify, View(view));
    CHECK(nullification != nullptr);  // I6
    message.justification.nullifications.push_back(*nullification);
  }
  const auto subject = message.subject();
  message.signature = key_->sign(Domain::consensus_vote, signed_bytes(config_.chain_id, subject));
  auto& proposal = proposals_.put(message, *self_);
  proposal.phase = Proposal::Phase::valid;
  proposal.durable = true;
  if (idle()) pacemaker_.restart_timers();
  cast(subject);
}

void Replica::give_up(View view) {
  if (self_ && safety_.may_nullify(view, view_)) cast(Subject::nullify(config_.epoch, view));
}

// The only place where a vote is made.  Everything it rests on is logged ahead of it, and it is
// logged ahead of its Send (I8).
void Replica::cast(const Subject& subject) {
  const auto view = subject.view;
  switch (subject.kind) {
    case VoteKind::notarize:
      CHECK(safety_.may_notarize(view, view_));  // I1, I3
      CHECK(justified(*proposals_.find(view)));  // I6
      log_entry();
      log_chain(view);
      break;
    case VoteKind::nullify:
      CHECK(safety_.may_nullify(view, view_));  // I2
      log_entry();
      break;
    case VoteKind::finalize:
      CHECK(safety_.may_finalize(view, finalized_.view));  // I2
      CHECK(certificates_.logged(VoteKind::notarize, view));
      break;
  }
  Vote vote{subject, *self_, {}};
  const auto* proposal = proposals_.find(view);
  const bool proposing = subject.kind == VoteKind::notarize && leading();
  vote.signature =
      proposing ? proposal->propose.signature
                : key_->sign(Domain::consensus_vote, signed_bytes(config_.chain_id, subject));
  safety_.record(vote);
  signatures_.remember(vote);
  emit(Persist{vote});
  send(std::nullopt, proposing ? Message(proposal->propose) : Message(vote));
  count(vote, std::nullopt);
}

void Replica::log_certificate(VoteKind kind, View view) {
  const auto* certificate = certificates_.find(kind, view);
  if (certificate == nullptr || certificates_.logged(kind, view)) return;
  certificates_.set_logged(kind, view);
  emit(Persist{*certificate});
}

// What admitted us to the view.  A finalization that is committed is in the journal instead.
void Replica::log_entry() {
  if (entry_) log_certificate(entry_->subject.kind, entry_->subject.view);
}

// The blocks from the tip to the view's, each with its certificate and the nullifications it skips.
void Replica::log_chain(View view) {
  while (view > finalized_.view) {
    auto* proposal = proposals_.find(view);
    CHECK(proposal != nullptr && proposal->ready());
    log_certificate(VoteKind::notarize, view);
    if (!certificates_.has(VoteKind::notarize, view)) log_certificate(VoteKind::finalize, view);
    const auto parent_view = proposal->propose.parent_view;
    for (View skipped = parent_view.next(); skipped < view; skipped = skipped.next()) {
      log_certificate(VoteKind::nullify, skipped);
    }
    if (!proposal->logged) {
      proposal->logged = true;
      const bool own = self_ && *self_ == leader_of(view) && proposal->source == *self_;
      if (!own) proposal->propose.justification = {};
      emit(Persist{proposal->propose});
    }
    view = parent_view;
  }
}

}  // namespace fenrun
