// Bugs to plant: each breaks one rule of the specification, so that a test or a simulation can be
// shown to find it.  docs/planted.md.
//
// Only where CMake was given FENRUN_PLANTED=ON.  Everywhere else planted() is false when compiled
// and plant() does not exist, so that nothing of this is in what ships; scripts/planted --product
// looks.
//
// A bug stands where its rule stands, and with it goes only the CHECK that would end the process
// because of it.  At most one is planted in a process: what the variable FENRUN_PLANT of the
// environment names when the process first asks, or the last that plant() was given.
//
// Not thread-safe while plant() runs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fenrun {

enum class PlantedBug : std::uint8_t {
  none,
  // Votes.
  notarize_twice,
  notarize_after_nullify,
  finalize_after_nullify,
  skip_without_nullification,
  view_falls,
  quorum_too_small,
  vote_counted_twice,
  short_certificate_accepted,
  vote_signature_unchecked,
  epoch_ignored,
  forged_justification_nullifies,
  block_after_last,
  // What keeps the protocol moving.
  certificate_not_relayed,
  gaps_not_asked_for,
  votes_not_repeated,
  child_not_woken,
  // Durability.
  send_before_sync,
  certificate_not_logged,
  batches_not_logged,
  resume_from_last_record,
  own_votes_not_recounted,
  torn_tail_generous,
  log_compacted_early,
  stale_log_unnoticed,
  commit_not_synced,
  unfinished_commit_kept,
  guard_not_synced,
  handover_not_synced,
  // What is agreed on.
  header_not_compared,
  executed_block_believed,
  verdict_depends_on_tip,
  range_not_executed,
  transaction_replayed,
  earning_paid_twice,
  claim_signature_unchecked,
  code_used_twice,
  active_bit_kept,
  stale_record_cached,
};

struct PlantedRule {
  PlantedBug bug;
  std::string_view name;  // That of the enumerator.
  std::string_view rule;  // What it breaks, and where the rule is written.
};

// All but `none`, in their order.
inline constexpr std::array kPlantedRules{
    PlantedRule{PlantedBug::notarize_twice, "notarize_twice",
                "consensus §8 I1: a validator notarizes once in a view"},
    PlantedRule{PlantedBug::notarize_after_nullify, "notarize_after_nullify",
                "consensus §8 I3: never notarize after nullify"},
    PlantedRule{PlantedBug::finalize_after_nullify, "finalize_after_nullify",
                "consensus §8 I2: never both nullify and finalize in a view"},
    PlantedRule{PlantedBug::skip_without_nullification, "skip_without_nullification",
                "consensus §4 rules 3 and 4, I6: every view between block and parent is nullified"},
    PlantedRule{PlantedBug::view_falls, "view_falls",
                "consensus §4 rule 1: a certificate of a view left behind moves nothing"},
    PlantedRule{PlantedBug::quorum_too_small, "quorum_too_small",
                "consensus §1: the quorum is n - f; with the bug n - f - 1"},
    PlantedRule{PlantedBug::vote_counted_twice, "vote_counted_twice",
                "consensus §4 rule 10: one vote counts a signer, kind and view"},
    PlantedRule{PlantedBug::short_certificate_accepted, "short_certificate_accepted",
                "consensus §3: a certificate has exactly q signers"},
    PlantedRule{PlantedBug::vote_signature_unchecked, "vote_signature_unchecked",
                "consensus §3: a vote, alone or in a certificate, bears its signer's signature"},
    PlantedRule{PlantedBug::epoch_ignored, "epoch_ignored",
                "consensus §7: votes and certificates of another epoch are ignored"},
    PlantedRule{PlantedBug::forged_justification_nullifies, "forged_justification_nullifies",
                "consensus §4 rule 4: what the leader did not sign is ignored, not blamed on it"},
    PlantedRule{PlantedBug::block_after_last, "block_after_last",
                "consensus §7: no block of the epoch extends its last one, which is repeated"},
    PlantedRule{PlantedBug::certificate_not_relayed, "certificate_not_relayed",
                "consensus §4 rule 1: a certificate is relayed when it is first held"},
    PlantedRule{PlantedBug::gaps_not_asked_for, "gaps_not_asked_for",
                "consensus §4 rule 2: missing certificates are asked for"},
    PlantedRule{PlantedBug::votes_not_repeated, "votes_not_repeated",
                "consensus §4 rule 9: who is stuck sends its votes again"},
    PlantedRule{PlantedBug::child_not_woken, "child_not_woken",
                "consensus §4 rule 4: a block goes on when its parent is ready and notarized"},
    PlantedRule{PlantedBug::send_before_sync, "send_before_sync",
                "consensus §5, I8: nothing is sent before what it promises is durable"},
    PlantedRule{PlantedBug::certificate_not_logged, "certificate_not_logged",
                "consensus §5: a vote is logged with the certificates it rests on"},
    PlantedRule{PlantedBug::batches_not_logged, "batches_not_logged",
                "consensus §4: a block that is voted for is durable with all its batches"},
    PlantedRule{PlantedBug::resume_from_last_record, "resume_from_last_record",
                "consensus §5: the view after a restart is the greatest, not the last record's"},
    PlantedRule{PlantedBug::own_votes_not_recounted, "own_votes_not_recounted",
                "consensus §4 rule 9: after a restart our stored votes count again"},
    PlantedRule{PlantedBug::torn_tail_generous, "torn_tail_generous",
                "storage §1: only a last record without its end is torn, else the log is damaged"},
    PlantedRule{PlantedBug::log_compacted_early, "log_compacted_early",
                "consensus §5: records are kept until a finalization above them is committed"},
    PlantedRule{PlantedBug::stale_log_unnoticed, "stale_log_unnoticed",
                "consensus §5: a log that lacks a vote of its key proves itself stale"},
    PlantedRule{PlantedBug::commit_not_synced, "commit_not_synced",
                "storage §3: a commit is durable before anybody is told of it"},
    PlantedRule{PlantedBug::unfinished_commit_kept, "unfinished_commit_kept",
                "storage §3: a commit without its last record never was"},
    PlantedRule{PlantedBug::guard_not_synced, "guard_not_synced",
                "checkpoints §6: the guard is durable before a signature leaves"},
    PlantedRule{PlantedBug::handover_not_synced, "handover_not_synced",
                "network §11: the handover is durable before the next epoch begins"},
    PlantedRule{PlantedBug::header_not_compared, "header_not_compared",
                "consensus §4 rule 4: a block is executed and must agree with its header"},
    PlantedRule{PlantedBug::executed_block_believed, "executed_block_believed",
                "ledger §6: a header names the view and the parent in which it is proposed"},
    PlantedRule{PlantedBug::verdict_depends_on_tip, "verdict_depends_on_tip",
                "ledger §6: whether a block is right does not depend on what is final here"},
    PlantedRule{PlantedBug::range_not_executed, "range_not_executed",
                "network §10: blocks that were fetched must execute to their headers"},
    PlantedRule{PlantedBug::transaction_replayed, "transaction_replayed",
                "transactions §2: a sequence of a lane is used once"},
    PlantedRule{PlantedBug::earning_paid_twice, "earning_paid_twice",
                "contracts, Invariants: no payout exceeds what is left of its payee's earnings"},
    PlantedRule{PlantedBug::claim_signature_unchecked, "claim_signature_unchecked",
                "codes, Claims: a claim by a code's key is signed by that key, or never journaled"},
    PlantedRule{PlantedBug::code_used_twice, "code_used_twice",
                "codes, Claims: a code is used once"},
    PlantedRule{PlantedBug::active_bit_kept, "active_bit_kept",
                "ledger §5: the bit of a Record is set only while it is its key's newest"},
    PlantedRule{PlantedBug::stale_record_cached, "stale_record_cached",
                "ledger §5: a key's value is that of its newest Record"},
};

constexpr std::string_view name_of(PlantedBug bug) {
  for (const auto& rule : kPlantedRules) {
    if (rule.bug == bug) return rule.name;
  }
  return "none";
}

// The bug of this name; `none` has one too.
constexpr std::optional<PlantedBug> planted_bug_named(std::string_view name) {
  if (name == name_of(PlantedBug::none)) return PlantedBug::none;
  for (const auto& rule : kPlantedRules) {
    if (rule.name == name) return rule.bug;
  }
  return std::nullopt;
}

#ifdef FENRUN_PLANTED

inline constexpr bool kCanPlant = true;

bool planted(PlantedBug bug);
void plant(PlantedBug bug);

#else

inline constexpr bool kCanPlant = false;

constexpr bool planted(PlantedBug) { return false; }

#endif

}  // namespace fenrun
