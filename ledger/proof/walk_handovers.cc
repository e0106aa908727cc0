#include <algorithm>

#include "ledger/proof/recovery.h"
#include "ledger/proof/verify.h"

namespace fenrun {
namespace {

Error invalid(std::size_t index, const std::string& why) {
  return {Errc::handover_invalid, "handover " + std::to_string(index) + ": " + why};
}

// A handover whose parts fit each other, whoever signed it.
struct Step {
  HandoverEnd end;
  Digest trust_policy;  // Of the epoch that ends.
  Digest validators;
  TrustPolicy next;
  Digest next_validators;
  std::optional<NetworkRecovery> recovery;
};

Result<TrustPolicy> read_next_policy(const ProofHandover& handover, const TrustPolicy& policy) {
  FENRUN_TRY(auto next, TrustPolicy::parse(handover.next_policy.value));
  if (next.canonical() != handover.next_policy.value) {
    return Error{Errc::proof_not_canonical, "text of the next policy"};
  }
  if (next.origin() != policy.origin()) return Error{Errc::origin_unknown, next.origin()};
  return next;
}

// By the checkpoint of an epoch's last block.
Result<Step> read_change(const ProofHandover& handover, const TrustPolicy& policy) {
  FENRUN_TRY(const auto note, parse_note(handover.checkpoint.value));
  if (note.body.origin != policy.origin()) return Error{Errc::origin_unknown, note.body.origin};
  FENRUN_TRY(const auto header, prove_header(handover.header, note.body));
  if (!header.ends_epoch()) return Error{Errc::header_mismatch, "not the last block of an epoch"};
  FENRUN_TRY(auto next, read_next_policy(handover, policy));
  if (next.digest() != header.next_trust_policy) {
    return Error{Errc::validators_mismatch, "the next policy is not the one that the header names"};
  }
  return Step{
      {header, header.epoch, false}, header.trust_policy, header.validators, std::move(next),
      header.next_validators,        std::nullopt};
}

std::vector<CheckpointSigner> signers_of(const ValidatorList& validators) {
  std::vector<CheckpointSigner> signers;
  for (const auto& validator : validators) {
    signers.push_back({validator.name.value, validator.checkpoint_key});
  }
  return signers;
}

// By the statements of all operators about the newest final block.
Result<Step> read_recovery(const ProofHandover& handover, const TrustPolicy& policy) {
  FENRUN_TRY(auto recovery, parse_recovery(handover.checkpoint.value));
  const auto& tip = recovery.tip;
  FENRUN_TRY(const auto header,
             prove_header(handover.header, {policy.origin(), tip.size, tip.root}));
  if (header.chain_id != recovery.chain_id || header.height != tip.height ||
      header.epoch_of_child() != tip.epoch || block_id(header) != tip.block_id ||
      header.next_validators != validators_digest(recovery.validators)) {
    return Error{Errc::header_mismatch, "not the block that the operators name"};
  }
  FENRUN_OK(check_recovery(recovery));
  FENRUN_TRY(auto next, read_next_policy(handover, policy));
  const auto after = validators_after(recovery);
  if (next.digest() !=
      trust_policy_digest(policy.origin(), signers_of(after), governance_quorum(after.size()))) {
    return Error{Errc::validators_mismatch, "the next policy is not what the operators state"};
  }
  return Step{{header, tip.epoch, true}, header.next_trust_policy, header.next_validators,
              std::move(next),           validators_digest(after), std::move(recovery)};
}

Result<Step> read_step(const ProofHandover& handover, const TrustPolicy& policy) {
  return is_recovery(handover.checkpoint.value) ? read_recovery(handover, policy)
                                                : read_change(handover, policy);
}

bool follows(const Step& before, const Step& step) {
  const auto& last = before.end.header;
  const auto& header = step.end.header;
  // A recovery may begin with the very block that ended the epoch before.
  const bool is_above = header.height > last.height && header.position > last.position;
  const bool is_same = step.end.by_recovery && header == last;
  return step.end.epoch == before.end.epoch.next() && header.chain_id == last.chain_id &&
         (is_above || is_same) && step.trust_policy == before.next.digest() &&
         step.validators == before.next_validators;
}

// Who signed the step is who could: the validators of its epoch; or their operators, whom a
// checkpoint of that epoch names, or the handover by which the epoch began.
Status check_signers(const Step& step, const ProofHandover& handover, const TrustPolicy& signers,
                     bool knows_validators) {
  if (!step.recovery) {
    FENRUN_TRY(const auto signatures, verify_checkpoint(handover.checkpoint.value, signers));
    return {};
  }
  const auto& anchor = step.recovery->anchor;
  if (!anchor) {
    if (knows_validators) return {};
    return Error{Errc::quorum_short, "no checkpoint names the operators"};
  }
  FENRUN_TRY(const auto checkpoint, verify_checkpoint(anchor->checkpoint.value, signers));
  FENRUN_TRY(const auto header, prove_header(anchor->header, checkpoint.body));
  if (header.epoch != step.end.epoch || header.validators != step.validators ||
      header.trust_policy != step.trust_policy || header.height > step.end.header.height) {
    return Error{Errc::validators_mismatch, "the checkpoint names other operators"};
  }
  return {};
}

SetChange change_between(const TrustPolicy& before, const TrustPolicy& after,
                         const HandoverEnd& end) {
  SetChange change{end.epoch, end.header.height, end.header.time, {}, {}, {}, end.by_recovery};
  const auto old_signers = before.validators();
  const auto new_signers = after.validators();
  for (const auto& signer : new_signers) {
    const auto old = std::ranges::find(old_signers, signer.name, &CheckpointSigner::name);
    if (old == old_signers.end()) {
      change.added.push_back(signer.name);
    } else if (old->key != signer.key) {
      change.rekeyed.push_back(signer.name);
    }
  }
  for (const auto& signer : old_signers) {
    if (std::ranges::find(new_signers, signer.name, &CheckpointSigner::name) == new_signers.end()) {
      change.removed.push_back(signer.name);
    }
  }
  for (auto* names : {&change.added, &change.removed, &change.rekeyed}) std::ranges::sort(*names);
  return change;
}

}  // namespace

Result<HandoverWalk> walk_handovers(const std::vector<ProofHandover>& handovers,
                                    const TrustPolicy& policy) {
  HandoverWalk walk{policy, {}, std::nullopt};
  // What the validators alone must have signed; the client's own witnesses see no handovers.
  std::string validators = policy.canonical();
  std::optional<Step> before;
  for (std::size_t i = 0; i < handovers.size(); ++i) {
    auto step = read_step(handovers[i], policy);
    if (!step) return invalid(i, step.error().to_string());
    if (before && !follows(*before, *step)) return invalid(i, "it does not follow the one before");
    before = *step;
    walk.last = step->end;
    FENRUN_TRY(const auto signers, TrustPolicy::parse(validators));
    if (walk.changes.empty() && signers.digest() != step->trust_policy) continue;
    const auto signed_by = check_signers(*step, handovers[i], signers, !walk.changes.empty());
    if (!signed_by) return invalid(i, signed_by.error().to_string());
    walk.changes.push_back(change_between(walk.policy, step->next, step->end));
    FENRUN_TRY(walk.policy, walk.policy.with_validators_of(step->next));
    validators = handovers[i].next_policy.value;
  }
  return walk;
}

}  // namespace fenrun
