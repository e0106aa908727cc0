#include "node/epoch_chain.h"

#include <algorithm>

#include "consensus/signatures.h"
#include "contracts/members.h"
#include "core/check.h"
#include "ledger/proof/verify.h"

namespace fenrun {
namespace {

Error invalid(Epoch epoch, const std::string& why) {
  return {Errc::handover_invalid, "epoch " + std::to_string(epoch.value()) + ": " + why};
}

Result<ValidatorSet> set_of(const ValidatorList& validators) {
  std::vector<PublicKey> keys;
  for (const auto& validator : validators) keys.push_back(validator.consensus_key);
  return ValidatorSet::from_keys(std::move(keys));
}

// Whether the list's names and checkpoint keys are exactly the policy's.
bool are_signers_of(const TrustPolicy& policy, const ValidatorList& validators) {
  std::vector<CheckpointSigner> signers;
  for (const auto& validator : validators) {
    signers.push_back({validator.name.value, validator.checkpoint_key});
  }
  auto expected = policy.validators();
  std::ranges::sort(signers, {}, &CheckpointSigner::name);
  std::ranges::sort(expected, {}, &CheckpointSigner::name);
  return signers == expected && policy.validators_quorum() == governance_quorum(validators.size());
}

}  // namespace

EpochChain::EpochChain(const Header& tip, std::string network, ValidatorList validators)
    : chain_id_(tip.chain_id),
      network_(std::move(network)),
      first_(tip.epoch_of_child()),
      begin_height_(tip.height),
      begin_position_(tip.position) {
  CHECK(validators_digest(validators) == tip.next_validators);
  epochs_.push_back({std::move(validators), std::nullopt});
}

ValidatorSet EpochChain::consensus_set(Epoch epoch) const {
  auto set = set_of(at(epoch).validators);
  CHECK(set.has_value());  // It was checked when the epoch was added.
  return *std::move(set);
}

std::string EpochChain::policy_text(Epoch epoch) const {
  return trust_policy_text(network_, chain_id_, at(epoch).validators);
}

// Nothing that the link holds is believed before the signatures of the epoch's validators are
// found to cover it.
Result<EpochChain::Step> EpochChain::check(Epoch epoch, const EpochLink& link) const {
  FENRUN_TRY(const auto policy, TrustPolicy::parse(policy_text(epoch)));
  FENRUN_TRY(const auto walk, walk_handovers({link.handover}, policy));
  if (walk.changes.size() != 1) return invalid(epoch, "its validators did not sign this");
  if (walk.last->by_recovery) return invalid(epoch, "a recovery ended it");
  const Header& header = walk.last->header;
  const Digest id = leaf_hash(link.handover.header.entry);
  if (header.epoch != epoch || header.chain_id != chain_id_) {
    return invalid(epoch, "the last block of another epoch");
  }
  FENRUN_OK(check_beginning(header));

  const auto certificate = decode<Certificate>(link.certificate);
  if (!certificate || certificate->subject.kind != VoteKind::finalize ||
      certificate->subject.epoch != epoch || certificate->subject.block_id != id) {
    return invalid(epoch, "no finalization of its last block");
  }
  SignatureChecker checker(chain_id_, consensus_set(epoch));
  if (const auto status = checker.check(*certificate); !status) {
    return invalid(epoch, status.error().to_string());
  }

  if (hash(Domain::validator_set, link.next_validators) != header.next_validators) {
    return invalid(epoch, "the next validators are not those that the header names");
  }
  auto next = decode<ValidatorList>(link.next_validators);
  if (!next || !set_of(*next) || !are_signers_of(walk.policy, *next)) {
    return invalid(epoch, "the next validators are no set");
  }
  return Step{{id, header.height, header.position}, *std::move(next), link.handover.next_policy};
}

Result<EpochHandover> EpochChain::add(const EpochLink& link) {
  CHECK(!is_full());
  FENRUN_TRY(auto step, check(last(), link));
  epochs_.back().ending = step.ending;
  epochs_.push_back({std::move(step.next), std::nullopt});
  return EpochHandover{link.handover.checkpoint, step.next_policy, link.certificate,
                       link.next_validators};
}

Result<bool> EpochChain::contradicts(Epoch epoch, const EpochLink& link) const {
  if (leaf_hash(link.handover.header.entry) == ending(epoch)->id) return false;
  FENRUN_OK(check(epoch, link));
  return true;
}

// It names the validators of its epoch, and lies behind the end of the epoch before.
Status EpochChain::check_beginning(const Header& header) const {
  const Epoch epoch = header.epoch;
  if (!is_known(epoch)) return invalid(epoch, "its validators are not known");
  if (header.validators != validators_digest(at(epoch).validators) ||
      header.trust_policy != hash(Domain::trust_policy, bytes_of(policy_text(epoch)))) {
    return invalid(epoch, "a header of other validators");
  }
  Ending before{{}, begin_height_, begin_position_};
  if (epoch > first_) before = *ending(Epoch(epoch.value() - 1));
  if (header.height <= before.height || header.position <= before.position) {
    return invalid(epoch, "a header of before it began");
  }
  return {};
}

Status EpochChain::check_place(const Header& header, const Digest& id) const {
  FENRUN_OK(check_beginning(header));
  const auto& end = ending(header.epoch);
  if (!end || id == end->id) return {};
  if (header.height >= end->height || header.position >= end->position) {
    return invalid(header.epoch, "a header of after it ended");
  }
  return {};
}

}  // namespace fenrun
