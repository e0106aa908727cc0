#include "node/network.h"

#include "contracts/members.h"
#include "core/check.h"
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

MemberTable members_of(const StateView& state) {
  auto observers = members(state);
  std::vector<MemberContact> contacts;
  const auto move_over = [&](const NumberedMember& item) {
    contacts.push_back(
        {item.member.name.value, net::PeerIndex(item.number.value()), item.member.transport_key});
  };
  for (const auto& validator : validators(state)) {
    const auto it = std::ranges::find_if(
        observers, [&](const auto& item) { return item.member.name == validator.name; });
    CHECK(it != observers.end());  // Every validator is a member.
    move_over(*it);
    observers.erase(it);
  }
  auto validating = std::exchange(contacts, {});
  for (const auto& item : observers) move_over(item);
  return {std::move(validating), std::move(contacts)};
}

ValidatorSet consensus_set_of(const ValidatorList& validators) {
  std::vector<PublicKey> keys;
  for (const auto& validator : validators) keys.push_back(validator.consensus_key);
  auto set = ValidatorSet::from_keys(std::move(keys));
  CHECK(set.has_value());  // The contracts keep no other.
  return *std::move(set);
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
