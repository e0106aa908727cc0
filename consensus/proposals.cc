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
  for (const auto& [view, proposal] : views_) {
    if (proposal.id == id) return &proposal.propose;
  }
  for (const auto& [recent, propose] : recent_) {
    if (recent == id) return &propose;
  }
  return nullptr;
}

Proposal& ProposalStore::put(const Propose& propose, ValidatorIndex source) {
  Proposal& proposal = views_[propose.view];
  proposal = Proposal{};
  proposal.propose = propose;
  proposal.id = block_id_of(propose.payload);
  proposal.source = source;
  return proposal;
}

void ProposalStore::set_durable(const Digest& id) {
  for (auto& [view, proposal] : views_) {
    if (proposal.id == id) proposal.durable = true;
  }
}

void ProposalStore::prune(View finalized) {
  const auto end = views_.upper_bound(finalized);
  for (auto it = views_.begin(); it != end; ++it) {
    recent_.emplace_back(it->second.id, std::move(it->second.propose));
    if (recent_.size() > kRecentMax) recent_.pop_front();
  }
  views_.erase(views_.begin(), end);
}

}  // namespace fenrun
