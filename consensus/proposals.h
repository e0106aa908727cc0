// The blocks above the finalized one, by view, and what is known of each.  docs/spec/consensus.md
// §4.
//
// One block a view: the leader's first proposal, replaced by the notarized block if that is
// another.  A block is *ready* once it was executed on a ready parent, agreed with its header, and
// is durable with all batches: what a notarize or finalize of ours, or a child, may rest on.
//
// A block that ends its epoch may stand in several views: there its proposals *repeat* it, each
// naming the block itself as its parent.
//
// A validator that lost its journal begins with all blocks of its vote log above the tip, thousands
// perhaps: nothing here that is called at every step looks at all of them.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "consensus/io.h"

namespace fenrun {

struct Proposal {
  enum class Phase : std::uint8_t {
    waiting,    // For its turn, its parent or its justification.
    verifying,  // The driver is executing it.
    valid,
    rejected,  // Its signed header is at fault.
  };

  Propose propose;
  Digest id;
  ValidatorIndex source;      // Whom to ask for its batches.
  bool from_leader = false;   // Came as a proposal on the leader's own link: may be voted for.
  bool logged = false;        // In the vote log.
  bool chain_logged = false;  // And all that it stands on.
  bool durable = false;       // Its body is on the disk.
  bool unavailable = false;   // The driver could not get a batch: wait for the next retry.
  bool early = false;         // Dated ahead of our clock: not to be notarized by us.
  bool crowded = false;       // Not to be executed unless it is wanted.
  bool wanted = false;        // Given out to be executed as such (Verify::wanted).
  bool ends_epoch = false;    // Known once valid: nothing extends it.
  Phase phase = Phase::waiting;

  bool repeats() const { return propose.parent_id == id; }
  bool ready() const { return phase == Phase::valid && durable; }
};

class ProposalStore {
 public:
  static constexpr std::size_t kRecentMax = 16;

  // The block of the view, or null.
  Proposal* find(View view);
  const Proposal* find(View view) const;
  // The block of the view if it has this id, or null.
  const Proposal* find(View view, const Digest& id) const;
  // A block by its id, in the lowest view that has it: an unfinalized one, or one of the last
  // kRecentMax pruned; for peers that ask.
  const Propose* find_by_id(const Digest& id) const;

  // The views that have the block, in order.
  std::vector<View> views_of(const Digest& id) const;
  // The views whose block names that of `parent` as its parent, in order.
  std::vector<View> children_of(View parent) const;
  // The same for the parents of all views up to this one.
  std::vector<View> children_up_to(View parent) const;

  // Puts it in place of what the view had.
  Proposal& put(const Propose& propose, ValidatorIndex source);
  void erase(View view);

  std::map<View, Proposal>& all() { return views_; }
  const std::map<View, Proposal>& all() const { return views_; }

  // Forgets the views up to and including this one, but for the last few.
  void prune(View finalized);

 private:
  std::vector<View> children(View first_parent, View last_parent) const;
  void unlist(View view, const Proposal& proposal);

  std::map<View, Proposal> views_;
  std::set<std::pair<Digest, View>> by_id_;
  std::set<std::pair<View, View>> by_parent_;  // Parent's view and own.
  std::deque<std::pair<Digest, Propose>> recent_;
};

}  // namespace fenrun
