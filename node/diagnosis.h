// Why nothing becomes final, or who is absent all the same: what is missing, since when, and what
// to do.  For `status --why`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace fenrun {

enum class StallCause : std::uint8_t {
  none,          // Blocks become final, and all validators are there.
  absence,       // Blocks become final without some of the validators.
  links,         // Fewer validators are linked than a quorum.
  catching_up,   // This node is behind.
  handover,      // The epoch is over; its last block's checkpoint lacks cosignatures.
  proposal,      // The leader proposed nothing.
  votes,         // Too few votes to accept the leader's block, or to give the view up.
  finalization,  // A block was accepted, and too few said that they hold it.
  disk,          // Blocks become final, and this node's disk is almost full.
  observing,     // All is well, but this node does not vote.
};

std::string_view name_of(StallCause cause);

// A disk that takes no more than this is almost full.
inline constexpr std::uint64_t kDiskShortBytes = 1024 * 1024 * 1024;

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
  bool has_work = false;               // Transactions wait, or a block that is not final.
  std::uint64_t idle_interval_ms = 0;  // A block comes as often where there is no work; later, for
                                       // each leader that is away.
  std::uint64_t ms_since_commit = 0;
  std::optional<std::uint64_t> disk_free_bytes;
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
  std::string missing_what;  // Such as "finalization of view 17: 2 of 3 votes"; of an absence what
                             // it leaves.
  std::vector<AbsentValidator> missing;
  std::uint64_t since_ms = 0;
  std::string next;  // What to do.

  // All of it in a sentence; empty when all is well.
  std::string text() const;
};

Diagnosis diagnose(const Situation& situation);

}  // namespace fenrun
