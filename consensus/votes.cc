#include "consensus/votes.h"

#include <algorithm>

#include "consensus/evidence.h"
#include "core/check.h"
#include "core/planted.h"

namespace fenrun {

void VoteTally::set_range(View above, View up_to) {
  const bool excused = planted(PlantedBug::view_falls);
  CHECK((above >= above_ && up_to >= up_to_) || excused);
  above_ = above;
  up_to_ = up_to;
  views_.erase(views_.begin(), views_.upper_bound(above_));
}

VoteTally::Added VoteTally::add(const Vote& vote) {
  const auto& subject = vote.subject;
  if (!in_range(subject.view)) return {};
  Added added;
  auto& kinds = views_[subject.view];
  for (const auto& votes : kinds) {
    const auto it = votes.find(vote.signer);
    if (it != votes.end() && conflict(it->second, vote)) {
      added.evidence = Evidence{it->second, vote};
    }
  }
  auto& votes = kinds[static_cast<std::size_t>(subject.kind)];
  auto place = vote.signer;
  // With the bug, another place for each time that it comes.
  for (int i = 0; planted(PlantedBug::vote_counted_twice) && i < 8 && votes.contains(place); ++i) {
    place = ValidatorIndex(static_cast<std::uint16_t>(place.value() + kValidatorsMax));
  }
  if (!votes.emplace(place, vote).second) return added;
  added.counted = true;
  const auto agreeing = std::ranges::count_if(
      votes, [&](const auto& entry) { return entry.second.subject == subject; });
  if (static_cast<std::size_t>(agreeing) == quorum_) added.certificate = form(votes, subject);
  return added;
}

Certificate VoteTally::form(const BySigner& votes, const Subject& subject) const {
  Certificate certificate{subject, 0, {}};
  for (const auto& [place, vote] : votes) {
    if (vote.subject != subject) continue;
    certificate.signers |= std::uint64_t{1} << vote.signer.value();
    certificate.signatures.push_back(vote.signature);
  }
  CHECK(certificate.signatures.size() == quorum_);
  return certificate;
}

const Vote* VoteTally::find(VoteKind kind, View view, ValidatorIndex signer) const {
  const auto it = views_.find(view);
  if (it == views_.end()) return nullptr;
  const auto& votes = it->second[static_cast<std::size_t>(kind)];
  const auto vote = votes.find(signer);
  return vote == votes.end() ? nullptr : &vote->second;
}

std::vector<ValidatorIndex> VoteTally::voters(VoteKind kind, View view) const {
  std::vector<ValidatorIndex> signers;
  const auto it = views_.find(view);
  if (it == views_.end()) return signers;
  for (const auto& [place, vote] : it->second[static_cast<std::size_t>(kind)]) {
    signers.push_back(vote.signer);
  }
  return signers;
}

}  // namespace fenrun
