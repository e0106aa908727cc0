#include "node/diagnosis.h"

#include <algorithm>
#include <iterator>

namespace fenrun {
namespace {

// Nothing became final for this long although there is work: worth an explanation.
constexpr std::uint64_t kStalledMs = 5'000;
// The block that comes where there is no work is so late, timeouts of leaders included.
constexpr std::uint64_t kIdleBlockLateMs = 15'000;
// A validator that is started again is not absent.
constexpr std::uint64_t kAbsentMs = 5'000;

constexpr const char* kReachThem = "start them, or reach them at the addresses under [[peers]]";

bool is_stalled(const Situation& situation) {
  if (situation.has_work) return situation.ms_since_commit > kStalledMs;
  // A leader that is away is waited for as long again, and whoever comes then for half of it.
  const std::uint64_t intervals = 3 + 2 * situation.unlinked.size();
  return situation.ms_since_commit > intervals * situation.idle_interval_ms / 2 + kIdleBlockLateMs;
}

std::vector<AbsentValidator> absent_from(const Situation& situation) {
  std::vector<AbsentValidator> absent;
  std::ranges::copy_if(
      situation.unlinked, std::back_inserter(absent),
      [](const AbsentValidator& validator) { return validator.silent_ms > kAbsentMs; });
  return absent;
}

std::string count_of(std::size_t have, std::size_t need, const std::string& what) {
  return std::to_string(have) + " of " + std::to_string(need) + " " + what;
}

std::string votes_held(const Situation& situation, const std::vector<AbsentValidator>& absent) {
  return count_of(situation.validators - std::min(situation.validators, absent.size()),
                  situation.quorum, "votes");
}

std::string names_of(const std::vector<AbsentValidator>& absent) {
  std::string names;
  for (const auto& validator : absent) {
    names += (names.empty() ? "" : ", ") + validator.name + " (" +
             (validator.linked ? "linked" : "not linked") + ", silent for " +
             std::to_string(validator.silent_ms / 1'000) + " s)";
  }
  return names;
}

// Voters that are linked and say nothing do not fail for lack of a link: with more than f of them
// there is no quorum, and time does not help.
constexpr std::uint64_t kVotesLostMs = 20'000;

void suspect_lost_votes(const Situation& situation, Diagnosis& found) {
  const auto mute =
      static_cast<std::size_t>(std::ranges::count(found.missing, true, &AbsentValidator::linked));
  if (situation.ms_since_commit < kVotesLostMs || mute <= situation.validators - situation.quorum) {
    return;
  }
  found.next +=
      "; if more of them than the network can bear have lost their vote logs (\"voting\": false in "
      "their status) no quorum can come about: all operators run fenrun recover";
}

Diagnosis diagnose_stall(const Situation& situation) {
  Diagnosis found{StallCause::votes, "", {}, situation.ms_since_commit, ""};
  const std::string view = std::to_string(situation.view.value());
  if (situation.notarized_view > View(0)) {
    found.cause = StallCause::finalization;
    found.missing_what = "finalization of view " +
                         std::to_string(situation.notarized_view.value()) + ": " +
                         votes_held(situation, situation.without_finalize);
    found.missing = situation.without_finalize;
    found.next = "look at their logs and disks: they have not said that they hold the block";
  } else if (!situation.proposal_held && situation.without_vote.size() == situation.validators) {
    found.cause = StallCause::proposal;
    found.missing_what = "proposal of view " + view + " by " + situation.leader;
    found.missing = {situation.leader_seen};
    found.next =
        "wait: the view is given up at the leader's timeout; if it goes on, look at its log";
  } else {
    found.missing_what =
        "certificate of view " + view + ": " + votes_held(situation, situation.without_vote);
    found.missing = situation.without_vote;
    found.next = "look at their logs, and at the clock of " + situation.leader;
  }
  suspect_lost_votes(situation, found);
  return found;
}

}  // namespace

std::string_view name_of(StallCause cause) {
  switch (cause) {
    case StallCause::none:
      return "none";
    case StallCause::absence:
      return "absence";
    case StallCause::links:
      return "links";
    case StallCause::catching_up:
      return "catching_up";
    case StallCause::handover:
      return "handover";
    case StallCause::proposal:
      return "proposal";
    case StallCause::votes:
      return "votes";
    case StallCause::finalization:
      return "finalization";
    case StallCause::disk:
      return "disk";
    case StallCause::observing:
      return "observing";
  }
  return "none";
}

Diagnosis diagnose(const Situation& situation) {
  if (situation.linked < situation.quorum) {
    return {StallCause::links, count_of(situation.linked, situation.quorum, "validators linked"),
            situation.unlinked, situation.ms_since_commit, kReachThem};
  }
  if (situation.catching_up) {
    return {StallCause::catching_up,
            "blocks that the others have",
            {},
            situation.ms_since_commit,
            "wait: they are being fetched"};
  }
  if (situation.awaits_handover && situation.ms_since_commit > kStalledMs) {
    return {StallCause::handover, "cosignatures of the epoch's last block",
            situation.without_cosignature, situation.ms_since_commit,
            "start them: validators that leave must sign the last block of their epoch"};
  }
  if (is_stalled(situation)) return diagnose_stall(situation);
  if (situation.disk_free_bytes && *situation.disk_free_bytes < kDiskShortBytes) {
    return {StallCause::disk,
            std::to_string(*situation.disk_free_bytes / 1'048'576) + " MiB",
            {},
            0,
            "free the disk of data/ or extend it: a node whose disk is full stops"};
  }
  if (!situation.votes) {
    return {StallCause::observing,
            "",
            {},
            0,
            "nothing, if it is meant to; else run fenrun rejoin to vote with a new key"};
  }
  const auto absent = absent_from(situation);
  if (absent.empty()) return {};
  const auto spare = situation.linked - situation.quorum;
  return {StallCause::absence,
          spare == 0 ? "no other may fail" : std::to_string(spare) + " more may fail", absent, 0,
          kReachThem};
}

std::string Diagnosis::text() const {
  switch (cause) {
    case StallCause::none:
      return "";
    case StallCause::observing:
      return "this node observes and does not vote; what to do: " + next;
    case StallCause::disk:
      return "the disk of this node takes " + missing_what + " more; what to do: " + next;
    case StallCause::absence:
      return "blocks become final without " + names_of(missing) + "; " + missing_what +
             "; what to do: " + next;
    default:
      break;
  }
  std::string text;
  if (since_ms >= kStalledMs) {
    text = "nothing became final for " + std::to_string(since_ms / 1'000) + " s; ";
  }
  text += "missing: " + missing_what;
  if (!missing.empty()) text += "; from " + names_of(missing);
  return text + "; what to do: " + next;
}

}  // namespace fenrun
