// Blocks, and the votes for them.
#include <algorithm>

#include "consensus/replica.h"
#include "core/check.h"
#include "core/planted.h"

namespace fenrun {

namespace {

constexpr std::size_t kFetchesMax = 16;  // Blocks asked for at a time.

}  // namespace

// Something that consider() goes by changed at the view: its block, whether that is ready, its
// certificates, or that it is the present one.  Concerns its block and those that stand on it.
void Replica::touch(View view) {
  touched_.insert(view);
  if (planted(PlantedBug::child_not_woken)) return;
  for (const auto child : proposals_.children_of(view)) touched_.insert(child);
}

void Replica::touch_all() {
  for (const auto& [view, proposal] : proposals_.all()) touched_.insert(view);
}

Proposal& Replica::hold(const Propose& propose, ValidatorIndex source) {
  auto& proposal = proposals_.put(propose, source);
  missing_.erase(propose.view);
  touch(propose.view);
  return proposal;
}

void Replica::let_go(View view) {
  proposals_.erase(view);
  if (certificates_.notarized(view) != nullptr) missing_.insert(view);
}

bool Replica::consider_touched() {
  bool progress = false;
  // Voting changes views and certificates, and may prune: go by view, not by iterator.
  for (View view;;) {
    const auto next = touched_.upper_bound(view);
    if (next == touched_.end()) return progress;
    view = *next;
    touched_.erase(next);
    auto* proposal = proposals_.find(view);
    if (proposal != nullptr) progress = consider(view, *proposal) || progress;
  }
}

// Takes the block one step further: verify it, notarize it, finalize it.  True if something
// changed.
bool Replica::consider(View view, Proposal& proposal) {
  const auto* certificate = certificates_.notarized(view);
  if (certificate != nullptr && certificate->subject.block_id != proposal.id) {
    let_go(view);  // The quorum chose another: want_blocks() gets it.
    return true;
  }
  if (drop_if_impossible(view, proposal)) return true;
  // It may wait for batches that only a wanted block gets.
  if (proposal.phase == Proposal::Phase::verifying && certificate != nullptr && !proposal.wanted) {
    give_out(proposal, true);
    return true;
  }
  if (proposal.phase == Proposal::Phase::waiting) {
    const auto* own = safety_.find(VoteKind::notarize, view);
    const bool wanted =
        certificate != nullptr || (own != nullptr && own->subject.block_id == proposal.id);
    const bool votable = proposal.from_leader && !proposal.crowded && justified(proposal) &&
                         self_ && safety_.may_notarize(view, view_) && !tainted_.contains(view) &&
                         log_state_ != LogState::stale;
    if (proposal.unavailable || !parent_ready(proposal)) return false;
    if (!wanted && !votable) return false;
    return start_verifying(view, proposal, wanted);
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
    fits = propose.parent_id == finalized_.block_id &&
           (proposal.repeats() || propose.height == finalized_.height.next());
  } else if (const auto* certificate = certificates_.notarized(propose.parent_view)) {
    fits = propose.parent_id == certificate->subject.block_id;
    const auto* parent = parent_of(proposal);
    if (parent != nullptr && parent->ready()) {
      const auto height = parent->propose.height;
      fits = fits && propose.height == (proposal.repeats() ? height : height.next());
    }
  }
  if (fits) return false;
  let_go(view);
  return true;
}

// The notarized block on which it stands; null for the tip and for what is not here.
const Proposal* Replica::parent_of(const Proposal& proposal) const {
  const auto view = proposal.propose.parent_view;
  const auto* certificate = certificates_.notarized(view);
  return certificate == nullptr ? nullptr : proposals_.find(view, certificate->subject.block_id);
}

bool Replica::parent_ready(const Proposal& proposal) const {
  if (proposal.propose.parent_view == finalized_.view) return true;  // By drop_if_impossible.
  const auto* parent = parent_of(proposal);
  return parent != nullptr && parent->ready();
}

// I6: the parent is notarized, and every view between is nullified.
bool Replica::justified(const Proposal& proposal) const {
  const auto& propose = proposal.propose;
  const bool parent_certified = propose.parent_view == finalized_.view ||
                                certificates_.notarized(propose.parent_view) != nullptr;
  return parent_certified && (certificates_.all_nullified(propose.parent_view, propose.view) ||
                              planted(PlantedBug::skip_without_nullification));
}

// §7: a block that ends the epoch is repeated, and it alone; there is nothing more to execute.  The
// parent's id is certified and the leader signed the rest, so that the fault is its own.
// REQUIRES: the parent is ready.  True if the block is decided at once.
bool Replica::start_verifying(View view, Proposal& proposal, bool wanted) {
  const auto* parent = parent_of(proposal);
  const bool parent_is_last = parent != nullptr && parent->ends_epoch;
  const bool extends_last = parent_is_last && !proposal.repeats();
  if (proposal.repeats() != parent_is_last &&
      !(extends_last && planted(PlantedBug::block_after_last))) {
    reject(view, proposal);
    return true;
  }
  if (proposal.repeats()) {
    proposal.propose.payload = parent->propose.payload;  // Its list of batches was not signed.
    proposal.phase = Proposal::Phase::valid;
    proposal.durable = true;
    proposal.ends_epoch = true;
    touch(view);
    return true;
  }
  give_out(proposal, wanted);
  return false;
}

void Replica::give_out(Proposal& proposal, bool wanted) {
  proposal.phase = Proposal::Phase::verifying;
  proposal.wanted = wanted;
  emit(Verify{proposal.id, proposal.propose, proposal.source, wanted});
}

void Replica::reject(View view, Proposal& proposal) {
  proposal.phase = Proposal::Phase::rejected;
  if (!certificates_.has_any(view)) give_up(view);
}

// The clock decides over our notarize vote and over nothing else: whether a quorum's block is valid
// must not depend on when, or after which restart, it is looked at.
void Replica::refuse_early(View view, Proposal& proposal) {
  if (safety_.cast(VoteKind::notarize, view)) return;
  proposal.early = true;
  if (!certificates_.has_any(view)) give_up(view);
}

// It waits for a quorum to want it; nobody is to wait for us.
void Replica::refuse_crowded(View view, Proposal& proposal) {
  proposal.phase = Proposal::Phase::waiting;
  proposal.crowded = true;
  if (!certificates_.has_any(view)) give_up(view);
}

bool Replica::vote_on(View view, Proposal& proposal) {
  if (!may_cast()) return false;
  const auto* notarization = certificates_.find(VoteKind::notarize, view);
  if (notarization != nullptr && safety_.may_finalize(view)) {
    Subject subject = notarization->subject;
    subject.kind = VoteKind::finalize;
    log_chain(view);
    cast(subject);
    return true;
  }
  if (!proposal.from_leader || proposal.early || tainted_.contains(view) ||
      !safety_.may_notarize(view, view_)) {
    return false;
  }
  if (!parent_ready(proposal) || !justified(proposal)) return false;
  if (planted(PlantedBug::notarize_twice) && safety_.cast(VoteKind::notarize, view)) {
    return false;  // The same again would be no second vote.
  }
  // The leader took its time; the votes need theirs.
  if (pace() != Pace::busy) pacemaker_.restart_timers();
  cast(proposal.propose.subject());
  return true;
}

// Puts the block wherever it is notarized and missing: one that ends its epoch is in several views,
// and either of its proposals brings it.  Certificates vouch for id, view and parent's view, the
// parent's for its id.
void Replica::place(const Propose& copy, std::optional<ValidatorIndex> source) {
  const auto id = block_id_of(copy.payload);
  for (const auto view : certificates_.views_of(id)) {
    if (view <= finalized_.view || proposals_.find(view, id) != nullptr) continue;
    const auto parent_view = certificates_.notarized(view)->subject.parent_view;
    const auto* parent = certificates_.notarized(parent_view);
    Propose propose{config_.epoch, view, parent_view, {}, copy.height, copy.payload, {}, {}};
    if (parent != nullptr) {
      propose.parent_id = parent->subject.block_id;
    } else if (parent_view == finalized_.view) {
      propose.parent_id = finalized_.block_id;
    } else if (copy.view == view && copy.parent_view == parent_view) {
      propose.parent_id = copy.parent_id;
    } else {
      continue;
    }
    hold(propose, source.value_or(next_holder(view).value_or(leader_of(view))));
  }
}

// Asks for each notarized block that is not here, a few at a time; repeat_ourselves() asks again.
void Replica::want_blocks() {
  auto next = missing_.upper_bound(certificates_wanted_above());
  for (std::size_t asked = 0; next != missing_.end() && asked < kFetchesMax; ++next, ++asked) {
    if (!wanted_.contains(*next)) fetch(*next);
  }
}

// Far behind, the driver fetches what lies below the newest finalization; its blocks and
// certificates are of no use to us.
View Replica::certificates_wanted_above() const {
  const auto* newest = certificates_.highest_finalization();
  if (newest == nullptr) return finalized_.view;
  const auto view = newest->subject.view;
  return view.value() > finalized_.view.value() + kViewLookahead ? view : finalized_.view;
}

void Replica::retry_blocks() {
  for (auto& [view, proposal] : proposals_.all()) {
    if (std::exchange(proposal.unavailable, false)) touch(view);
  }
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
  for (std::size_t i = 0; i < validators_.size(); ++i) {
    const ValidatorIndex index(static_cast<std::uint16_t>(i));
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
        return Parent{view, proposal->id, proposal->propose.height, proposal->ends_epoch};
      }
    }
    if (!certificates_.has(VoteKind::nullify, view) &&
        !planted(PlantedBug::skip_without_nullification)) {
      return std::nullopt;
    }
  }
  if (view != finalized_.view) return std::nullopt;
  return Parent{finalized_.view, finalized_.block_id, finalized_.height};
}

// Rule 3, and when an idle leader proposes.
void Replica::lead() {
  if (!leading() || !may_cast() || build_asked_ == view_) return;
  if (!safety_.may_notarize(view_, view_)) return;
  const auto parent = parent_to_build_on();
  if (!parent || !pacemaker_.may_propose()) return;
  // A block that ends the epoch is repeated only if its finalization does not come by itself.
  const bool at_once = !parent->ends_epoch && (work_pending_ || pacemaker_.should_beat(Pace::idle));
  const bool flushes = parent->view > finalized_.view && pacemaker_.should_flush();
  if (crowded() ? !pacemaker_.should_beat(Pace::crowded) : !at_once && !flushes) return;
  build_asked_ = view_;
  build_parent_ = *parent;
  const bool extends_last = parent->ends_epoch && planted(PlantedBug::block_after_last);
  if (parent->ends_epoch && !extends_last) {
    const auto* last = proposals_.find(parent->view, parent->id);
    return propose(*parent, Payload(last->propose.payload), true);
  }
  const auto skipped = view_.value() - 1 - parent->view.value();
  emit(Build{view_, parent->view, parent->id, parent->height,
             static_cast<std::uint32_t>(std::min<std::uint64_t>(skipped, kBudgetHalvingsMax)),
             skipped > kBudgetHalvingsMax || extends_last});
}

// The payload is of a new block on the parent, or that of a parent which ends the epoch.
void Replica::propose(const Parent& parent, const Payload& payload, bool ends_epoch) {
  CHECK(leading());
  const bool repeats = block_id_of(payload) == parent.id;
  const auto height = repeats ? parent.height : parent.height.next();
  Propose message{config_.epoch, view_, parent.view, parent.id, height, payload, {}, {}};
  const auto* certificate = parent.view == finalized_.view
                                ? (finalized_.certificate ? &*finalized_.certificate : nullptr)
                                : certificates_.notarized(parent.view);
  if (certificate != nullptr) message.justification.parent = *certificate;
  const auto skipped = view_.value() - 1 - parent.view.value();
  const auto carried = std::min<std::uint64_t>(skipped, kJustificationNullificationsMax);
  for (auto view = view_.value() - carried; view < view_.value(); ++view) {
    const auto* nullification = certificates_.find(VoteKind::nullify, View(view));
    if (nullification == nullptr && planted(PlantedBug::skip_without_nullification)) continue;
    CHECK(nullification != nullptr);  // I6
    message.justification.nullifications.push_back(*nullification);
  }
  const auto subject = message.subject();
  message.signature = key_->sign(Domain::consensus_vote, signed_bytes(config_.chain_id, subject));
  auto& proposal = hold(message, *self_);
  proposal.phase = Proposal::Phase::valid;
  proposal.durable = true;
  proposal.ends_epoch = ends_epoch;
  if (pace() != Pace::busy) pacemaker_.restart_timers();
  cast(subject);
}

void Replica::give_up(View view) {
  if (may_cast() && safety_.may_nullify(view, view_)) cast(Subject::nullify(config_.epoch, view));
}

// The only place where a vote is made.  Everything it rests on is logged ahead of it, and it is
// logged ahead of its Send (I8).
void Replica::cast(const Subject& subject) {
  const auto view = subject.view;
  CHECK(may_cast());
  if (!std::exchange(epoch_logged_, true)) {
    emit(Persist{EpochOpened{config_.epoch, config_.epoch_first_block, safety_.forgotten()}});
  }
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
      CHECK(safety_.may_finalize(view));  // I2
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
  if (planted(PlantedBug::certificate_not_logged)) return;
  emit(Persist{*certificate});
}

// What admitted us to the view.  A finalization that is committed is in the journal instead.
void Replica::log_entry() {
  if (entry_) log_certificate(entry_->subject.kind, entry_->subject.view);
}

// The blocks from the tip to the view's, each with its certificate and the nullifications it skips;
// down to the first from which this was done before, which may have got its certificate since.  A
// nullification that such a one skips may be held since: its notarizers have logged that (§5).
void Replica::log_chain(View view) {
  while (view > finalized_.view) {
    auto* proposal = proposals_.find(view);
    CHECK(proposal != nullptr && proposal->ready());
    log_certificate(VoteKind::notarize, view);
    if (!certificates_.has(VoteKind::notarize, view)) log_certificate(VoteKind::finalize, view);
    if (std::exchange(proposal->chain_logged, true)) return;
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
