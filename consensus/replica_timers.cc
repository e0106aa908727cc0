// Giving up, repeating, asking: what keeps the protocol moving.
#include <algorithm>

#include "consensus/replica.h"
#include "core/check.h"
#include "core/planted.h"

namespace fenrun {

namespace {

// Of our finalize votes that wait for their quorum the newest are repeated: finalizing the highest
// finalizes all below.
constexpr std::size_t kFinalizesRepeatedMax = 64;

// With a notarized view that far above the tip's, something is amiss.
constexpr std::uint64_t kUnfinalizedViewsMax = 128;

}  // namespace

// Nothing to order, and nothing that waits for its finalization.
bool Replica::idle() const {
  return !work_pending_ && certificates_.highest_notarized() <= finalized_.view;
}

// Blocks pile up that nothing makes final.  Each further one is a chance for those who are away to
// join in, and need not come soon.
bool Replica::crowded() const {
  return certificates_.highest_notarized().value() >
             finalized_.view.value() + kUnfinalizedViewsMax &&
         certificates_.highest_finalization() == nullptr;
}

// Rule 7.
void Replica::check_timers() {
  if (!may_cast() || !safety_.may_nullify(view_, view_)) return;
  if (safety_.cast(VoteKind::notarize, view_)) {
    if (pacemaker_.advance_late()) give_up(view_);
    return;
  }
  const bool leader_gave_up = votes_.find(VoteKind::nullify, view_, leader()) != nullptr;
  // Without a parent nobody idles.
  const auto hurry = crowded() ? Pace::crowded : Pace::busy;
  const bool leader_stuck =
      leading() && !parent_to_build_on() && pacemaker_.preparation_late(hurry);
  if (leader_gave_up || leader_stuck || pacemaker_.leader_late(pace())) give_up(view_);
}

// Rule 9.
void Replica::repeat_ourselves() {
  ask_for_gaps(std::nullopt);

  if (log_state_ == LogState::stale || planted(PlantedBug::votes_not_repeated)) return;
  auto finalizes = safety_.finalizes();
  if (!safety_.cast_any(view_) && finalizes.empty()) return;
  if (entry_) send(std::nullopt, *entry_);
  const auto* own = proposals_.find(view_);
  if (const auto* vote = safety_.find(VoteKind::notarize, view_)) {
    const bool proposed = leading() && own != nullptr && own->id == vote->subject.block_id;
    send(std::nullopt, proposed ? Message(own->propose) : Message(*vote));
  }
  if (const auto* vote = safety_.find(VoteKind::nullify, view_)) send(std::nullopt, *vote);
  const auto skipped = finalizes.size() - std::min(finalizes.size(), kFinalizesRepeatedMax);
  for (std::size_t i = skipped; i < finalizes.size(); ++i) send(std::nullopt, finalizes[i]);
}

// Rule 2.  A view that we saw nullified may be the parent's of a block notarized above it.  What a
// proposal of this view lacks for its justification is missing too.
void Replica::ask_for_gaps(std::optional<ValidatorIndex> first) {
  const auto above = certificates_wanted_above();
  auto gap = certificates_.first_gap(above, view_);
  const auto parent = certificates_.first_parent_missing(above);
  if (parent && (!gap || *parent < *gap)) gap = parent;
  const auto* proposal = proposals_.find(view_);
  if (!gap && proposal != nullptr && proposal->phase == Proposal::Phase::waiting &&
      proposal->propose.parent_view >= finalized_.view) {
    View view = proposal->propose.parent_view.next();
    while (view < view_ && certificates_.has(VoteKind::nullify, view)) view = view.next();
    if (view < view_) gap = view;
  }
  if (!gap || planted(PlantedBug::gaps_not_asked_for)) return;
  const auto peer = first && first != self_ ? first : next_peer();
  if (!peer) return;
  const View last(std::min(view_.value() - 1, gap->value() + kCertificatesPerAnswer - 1));
  send(*peer, GetCertificates{config_.epoch, *gap, last});
}

std::optional<ValidatorIndex> Replica::next_peer() {
  for (std::size_t i = 0; i < validators_.size(); ++i) {
    const ValidatorIndex peer(static_cast<std::uint16_t>(rotation_++ % validators_.size()));
    if (peer != self_) return peer;
  }
  return std::nullopt;
}

PeerStatus Replica::own_status() const {
  return {config_.epoch,   view_,          finalized_.height,
          finalized_.view, earliest_kept_, pacemaker_.now()};
}

}  // namespace fenrun
