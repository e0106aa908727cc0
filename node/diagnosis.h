// Why nothing becomes final: what is missing, since when, and what to do.  For `status --why`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace fenrun {

enum class StallCause : std::uint8_t {
  none,          // Blocks become final, or there is nothing to order.
  links,         // Fewer validators are linked than a quorum.
  catching_up,   // This node is behind.
  handover,      // The epoch is over; its last block's checkpoint lacks cosignatures.
  proposal,      // The leader proposed nothing.
  votes,         // Too few votes to accept the leader's block, or to give the view up.
  finalization,  // A block was accepted, and too few said that they hold it.
  observing,     // All is well, but this node does not vote.
};

std::string_view name_of(StallCause cause);

struct AbsentValidator {
  std::string name;
  bool linked = false;
  std::uint64_t silent_ms = 0;  // Since it was last heard of; since the start, if never.
};

// What the node sees.
struct Situation {
  std::size_t validators = 0;
  std::size_t quorum = 0;
  std::size_t linked = 0;  // Validators, this node included if it is one.
  bool votes = false;      // This node does.
  bool catching_up = false;
  bool has_work = false;  // Transactions wait, or a block that is not final.
  std::uint64_t ms_since_commit = 0;
  View view;
  std::string leader;
  bool proposal_held = false;
  View notarized_view;  // Of the newest accepted block that is not final; 0 if there is none.
  bool awaits_handover = false;
  // Who is missing for each of the causes.
  std::vector<AbsentValidator> unlinked;
  std::vector<AbsentValidator> without_vote;      // In this view.
  std::vector<AbsentValidator> without_finalize;  // In notarized_view.
  std::vector<AbsentValidator> without_cosignature;
  AbsentValidator leader_seen;
};

struct Diagnosis {
  StallCause cause = StallCause::none;
  std::string missing_what;  // Such as "finalization of view 17: 2 of 3 votes".
  std::vector<AbsentValidator> missing;
  std::uint64_t since_ms = 0;
  std::string next;  // What to do.

  // All of it in a sentence; empty when all is well.
  std::string text() const;
};

Diagnosis diagnose(const Situation& situation);

}  // namespace fenrun
