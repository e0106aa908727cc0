#include <algorithm>

#include "ledger/proof/verify.h"

namespace fenrun {
namespace {

Error invalid(std::size_t index, const std::string& why) {
  return {Errc::handover_invalid, "handover " + std::to_string(index) + ": " + why};
}

// A handover whose parts fit each other, whoever signed it.
struct Step {
  Header header;
  TrustPolicy next;
};

Result<Step> read_step(const ProofHandover& handover, const TrustPolicy& policy) {
  FENRUN_TRY(const auto note, parse_note(handover.checkpoint.value));
  if (note.body.origin != policy.origin()) return Error{Errc::origin_unknown, note.body.origin};
  FENRUN_TRY(const auto header, prove_header(handover.header, note.body));
  if (!header.ends_epoch()) return Error{Errc::header_mismatch, "not the last block of an epoch"};
  FENRUN_TRY(auto next, TrustPolicy::parse(handover.next_policy.value));
  if (next.canonical() != handover.next_policy.value) {
    return Error{Errc::proof_not_canonical, "text of the next policy"};
  }
  if (next.origin() != policy.origin()) return Error{Errc::origin_unknown, next.origin()};
  if (next.digest() != header.next_trust_policy) {
    return Error{Errc::validators_mismatch, "the next policy is not the one that the header names"};
  }
  return Step{header, std::move(next)};
}

bool follows(const Header& before, const Header& header) {
  return header.epoch == before.epoch.next() && header.chain_id == before.chain_id &&
         header.height > before.height && header.position > before.position &&
         header.trust_policy == before.next_trust_policy &&
         header.validators == before.next_validators;
}

SetChange change_between(const TrustPolicy& before, const TrustPolicy& after,
                         const Header& header) {
  SetChange change{header.epoch, header.height, header.time, {}, {}, {}};
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
  for (std::size_t i = 0; i < handovers.size(); ++i) {
    const auto step = read_step(handovers[i], policy);
    if (!step) return invalid(i, step.error().to_string());
    if (walk.last && !follows(*walk.last, step->header)) {
      return invalid(i, "it does not follow the one before");
    }
    walk.last = step->header;
    FENRUN_TRY(const auto signers, TrustPolicy::parse(validators));
    if (walk.changes.empty() && signers.digest() != step->header.trust_policy) continue;
    const auto signatures = verify_checkpoint(handovers[i].checkpoint.value, signers);
    if (!signatures) return invalid(i, signatures.error().to_string());
    walk.changes.push_back(change_between(walk.policy, step->next, step->header));
    FENRUN_TRY(walk.policy, walk.policy.with_validators_of(step->next));
    validators = handovers[i].next_policy.value;
  }
  return walk;
}

}  // namespace fenrun
