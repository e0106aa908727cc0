#include "consensus/safety.h"

#include <algorithm>

#include "core/check.h"
#include "core/planted.h"

namespace fenrun {

const Vote* SafetyRecord::find(VoteKind kind, View view) const {
  const auto it = votes_.find(view);
  if (it == votes_.end()) return nullptr;
  const auto& vote = it->second[static_cast<std::size_t>(kind)];
  return vote ? &*vote : nullptr;
}

bool SafetyRecord::may_notarize(View view, View current) const {
  if (view != current || view <= forgotten_ || cast(VoteKind::finalize, view)) return false;
  return (!cast(VoteKind::notarize, view) || planted(PlantedBug::notarize_twice)) &&
         (!cast(VoteKind::nullify, view) || planted(PlantedBug::notarize_after_nullify));
}

bool SafetyRecord::may_nullify(View view, View current) const {
  return view == current && view > forgotten_ && !cast(VoteKind::nullify, view) &&
         !cast(VoteKind::finalize, view);
}

bool SafetyRecord::may_finalize(View view) const {
  if (view <= forgotten_ || cast(VoteKind::finalize, view)) return false;
  return !cast(VoteKind::nullify, view) || planted(PlantedBug::finalize_after_nullify);
}

void SafetyRecord::record(const Vote& vote) {
  const auto& subject = vote.subject;
  if (subject.view <= forgotten_) return;
  Votes& votes = votes_[subject.view];
  auto& own = votes[static_cast<std::size_t>(subject.kind)];
  if (own) {
    const bool excused = planted(PlantedBug::notarize_twice);
    CHECK(*own == vote || excused);
    return;
  }
  own = vote;
  const bool excused = planted(PlantedBug::finalize_after_nullify);
  CHECK(!(cast(VoteKind::nullify, subject.view) && cast(VoteKind::finalize, subject.view)) ||
        excused);
}

View SafetyRecord::lowest_view() const {
  View lowest;
  for (const auto& [view, votes] : votes_) {
    lowest = std::max(lowest, cast(VoteKind::finalize, view) ? view.next() : view);
  }
  return lowest;
}

std::vector<Vote> SafetyRecord::all() const {
  std::vector<Vote> found;
  for (const auto& [view, votes] : votes_) {
    for (const auto& vote : votes) {
      if (vote) found.push_back(*vote);
    }
  }
  return found;
}

std::vector<Vote> SafetyRecord::finalizes() const {
  std::vector<Vote> found;
  for (const auto& [view, votes] : votes_) {
    if (const auto* vote = find(VoteKind::finalize, view)) found.push_back(*vote);
  }
  return found;
}

void SafetyRecord::forget(View up_to) {
  forgotten_ = std::max(forgotten_, up_to);
  votes_.erase(votes_.begin(), votes_.upper_bound(forgotten_));
}

}  // namespace fenrun
