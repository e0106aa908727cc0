#include "consensus/proposals.h"

namespace fenrun {

Proposal* ProposalStore::find(View view) {
  const auto it = views_.find(view);
  return it == views_.end() ? nullptr : &it->second;
}

const Proposal* ProposalStore::find(View view) const {
  const auto it = views_.find(view);
  return it == views_.end() ? nullptr : &it->second;
}

const Proposal* ProposalStore::find(View view, const Digest& id) const {
  const auto* proposal = find(view);
  return proposal != nullptr && proposal->id == id ? proposal : nullptr;
}

const Propose* ProposalStore::find_by_id(const Digest& id) const {
  const auto it = by_id_.lower_bound({id, View(0)});
  if (it != by_id_.end() && it->first == id) return &find(it->second)->propose;
  for (const auto& [recent, propose] : recent_) {
    if (recent == id) return &propose;
  }
  return nullptr;
}

std::vector<View> ProposalStore::views_of(const Digest& id) const {
  std::vector<View> found;
  for (auto it = by_id_.lower_bound({id, View(0)}); it != by_id_.end() && it->first == id; ++it) {
    found.push_back(it->second);
  }
  return found;
}

std::vector<View> ProposalStore::children(View first_parent, View last_parent) const {
  std::vector<View> found;
  for (auto it = by_parent_.lower_bound({first_parent, View(0)});
       it != by_parent_.end() && it->first <= last_parent; ++it) {
    found.push_back(it->second);
  }
  return found;
}

std::vector<View> ProposalStore::children_up_to(View parent) const {
  return children(View(0), parent);
}

std::vector<View> ProposalStore::children_of(View parent) const { return children(parent, parent); }

Proposal& ProposalStore::put(const Propose& propose, ValidatorIndex source) {
  erase(propose.view);
  Proposal& proposal = views_[propose.view];
  proposal.propose = propose;
  proposal.id = block_id_of(propose.payload);
  proposal.source = source;
  by_id_.emplace(proposal.id, propose.view);
  by_parent_.emplace(propose.parent_view, propose.view);
  return proposal;
}

void ProposalStore::erase(View view) {
  const auto it = views_.find(view);
  if (it == views_.end()) return;
  unlist(view, it->second);
  views_.erase(it);
}

void ProposalStore::unlist(View view, const Proposal& proposal) {
  by_id_.erase({proposal.id, view});
  by_parent_.erase({proposal.propose.parent_view, view});
}

void ProposalStore::prune(View finalized) {
  const auto end = views_.upper_bound(finalized);
  for (auto it = views_.begin(); it != end; ++it) {
    unlist(it->first, it->second);
    recent_.emplace_back(it->second.id, std::move(it->second.propose));
    if (recent_.size() > kRecentMax) recent_.pop_front();
  }
  views_.erase(views_.begin(), end);
}

}  // namespace fenrun
