#include "node/diagnosis.h"

#include <algorithm>

namespace fenrun {
namespace {

// Nothing became final for this long although there is work: worth an explanation.
constexpr std::uint64_t kStalledMs = 5'000;

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
    case StallCause::observing:
      return "observing";
  }
  return "none";
}

Diagnosis diagnose(const Situation& situation) {
  if (situation.linked < situation.quorum) {
    return {StallCause::links, count_of(situation.linked, situation.quorum, "validators linked"),
            situation.unlinked, situation.ms_since_commit, "start or reach them"};
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
  if (situation.has_work && situation.ms_since_commit > kStalledMs) {
    return diagnose_stall(situation);
  }
  if (!situation.votes) {
    return {StallCause::observing,
            "",
            {},
            0,
            "nothing, if it is meant to; else run fenrun rejoin to vote with a new key"};
  }
  return {};
}

std::string Diagnosis::text() const {
  switch (cause) {
    case StallCause::none:
      return "";
    case StallCause::observing:
      return "this node observes and does not vote; what to do: " + next;
    default:
      break;
  }
  std::string text = "nothing became final for " + std::to_string(since_ms / 1'000) +
                     " s; missing: " + missing_what;
  if (!missing.empty()) text += "; from " + names_of(missing);
  return text + "; what to do: " + next;
}

}  // namespace fenrun
