#include "node/network.h"

#include "contracts/members.h"
#include "ledger/proof/note.h"

namespace fenrun {

std::string origin_of(const Genesis& genesis) {
  return log_origin(genesis.network.value, chain_id(genesis));
}

std::string trust_policy_of(const Genesis& genesis) {
  return trust_policy_text(genesis.network.value, chain_id(genesis), genesis.validators);
}

Digest trust_policy_digest_of(const Genesis& genesis) {
  return hash(Domain::trust_policy, bytes_of(trust_policy_of(genesis)));
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
