#include "node/network.h"

#include "ledger/proof/trust_policy.h"

namespace fenrun {
namespace {

std::vector<CheckpointSigner> signers_of(const Genesis& genesis) {
  std::vector<CheckpointSigner> signers;
  for (const auto& validator : genesis.validators) {
    signers.push_back({validator.name.value, validator.checkpoint_key});
  }
  return signers;
}

std::size_t quorum_of(const Genesis& genesis) {
  return governance_quorum(genesis.validators.size());
}

}  // namespace

std::string origin_of(const Genesis& genesis) {
  return log_origin(genesis.network.value, chain_id(genesis));
}

std::string trust_policy_of(const Genesis& genesis) {
  return canonical_trust_policy(origin_of(genesis), signers_of(genesis), quorum_of(genesis));
}

Digest trust_policy_digest_of(const Genesis& genesis) {
  return trust_policy_digest(origin_of(genesis), signers_of(genesis), quorum_of(genesis));
}

MemberTable members_of(const Genesis& genesis) {
  std::vector<MemberContact> validators;
  for (const auto& validator : genesis.validators) {
    const net::PeerIndex number(static_cast<std::uint16_t>(validators.size()));
    validators.push_back({validator.name.value, number, validator.transport_key});
  }
  return {std::move(validators), {}};
}

std::optional<ValidatorIndex> validator_named(const Genesis& genesis, const std::string& name) {
  for (std::size_t i = 0; i < genesis.validators.size(); ++i) {
    if (genesis.validators[i].name.value == name) {
      return ValidatorIndex(static_cast<std::uint16_t>(i));
    }
  }
  return std::nullopt;
}

Result<Genesis> read_genesis(ByteView bytes) {
  FENRUN_TRY(auto genesis, decode<Genesis>(bytes));
  FENRUN_OK(check_genesis(genesis));
  return genesis;
}

}  // namespace fenrun
