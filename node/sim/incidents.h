// What befell a simulated network, in numbers: by them a test can tell that a profile does what it
// is named for.
#pragma once

#include <cstdint>

#include "core/codec.h"

namespace fenrun::sim {

struct Incidents {
  std::uint64_t cuts = 0;               // Links were cut, in one direction or both.
  std::uint64_t stalls = 0;             // Links that held back what they carried for seconds.
  std::uint64_t kills = 0;              // Processes that were killed, wherever,
  std::uint64_t power_losses = 0;       // and machines that lost their power,
  std::uint64_t cut_short = 0;          // of them half-way through sending.
  std::uint64_t ends_at_votes = 0;      // Of both, at an operation on the vote log,
  std::uint64_t ends_at_guard = 0;      // the guard,
  std::uint64_t ends_at_journal = 0;    // the journal,
  std::uint64_t ends_at_index = 0;      // its index,
  std::uint64_t ends_at_handovers = 0;  // a handover or an anchor,
  std::uint64_t ends_elsewhere = 0;     // or something else: a dump, a snapshot, the folder.
  std::uint64_t ends_at_start = 0;      // Of all these, before the node was up.
  std::uint64_t disks_hurt = 0;         // They were full, or to fail a sync.
  std::uint64_t journals_lost = 0;
  std::uint64_t votes_damaged = 0;
  std::uint64_t votes_restored = 0;  // From an older copy.
  std::uint64_t clocks_set = 0;
  std::uint64_t pauses = 0;           // Of processes that stood still for a while.
  std::uint64_t changes_made = 0;     // Of the set of validators or their keys,
  std::uint64_t changes_refused = 0;  // or they came too late.
  std::uint64_t convictions = 0;      // Keys of which evidence was found.
  std::uint64_t snapshots = 0;        // Journals that began anew with one.
  std::uint64_t ranges_forged = 0;    // Blocks that a forger gave to who was catching up.
  std::uint64_t schemes = 0;          // Plans that were carried out.

  FENRUN_FIELDS(cuts, stalls, kills, power_losses, cut_short, ends_at_votes, ends_at_guard,
                ends_at_journal, ends_at_index, ends_at_handovers, ends_elsewhere, ends_at_start,
                disks_hurt, journals_lost, votes_damaged, votes_restored, clocks_set, pauses,
                changes_made, changes_refused, convictions, snapshots, ranges_forged, schemes)

  void add(const Incidents& more) {
    fields(
        [&](auto&... own) { more.fields([&](const auto&... theirs) { ((own += theirs), ...); }); });
  }
};

}  // namespace fenrun::sim
