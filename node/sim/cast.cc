#include "node/sim/cast.h"

#include <algorithm>

#include "core/check.h"

namespace fenrun::sim {

SigningKey named_key(const std::string& name) {
  const Digest digest = sha256(bytes_of("simulated key " + name));
  Seed seed;
  std::ranges::copy(digest.bytes, seed.mutable_view().begin());
  return SigningKey::from_seed(seed);
}

PartyId named_party(const std::string& name) {
  const Digest digest = sha256(bytes_of("simulated party " + name));
  PartyId party;
  std::copy_n(digest.bytes.begin(), PartyId::kSize, party.bytes.begin());
  return party;
}

std::string consensus_key_name(const std::string& validator, unsigned generation) {
  return validator + " consensus " + std::to_string(generation);
}

std::string checkpoint_key_name(const std::string& validator, unsigned generation) {
  return validator + " checkpoint " + std::to_string(generation);
}

Genesis cast_genesis(std::size_t validators, TimeMs time, const Parameters& parameters) {
  Genesis genesis;
  genesis.network.value = "simulated";
  genesis.time = time;
  genesis.parameters = parameters;
  for (std::size_t i = 0; i < validators; ++i) {
    const std::string name = i == 0   ? "brand"
                             : i == 1 ? "auditor"
                                      : "distributor-" + std::to_string(i - 1);
    GenesisParty party;
    party.party = named_party(name);
    party.role = i == 0 ? Role::brand : i == 1 ? Role::auditor : Role::distributor;
    if (party.role == Role::distributor) party.parent = named_party("brand");
    party.key = named_key(name + " operator").public_key();
    genesis.parties.push_back(party);
    genesis.validators.push_back({{name},
                                  party.party,
                                  party.key,
                                  named_key(consensus_key_name(name, 0)).public_key(),
                                  named_key(checkpoint_key_name(name, 0)).public_key(),
                                  named_key(name + " transport").public_key()});
  }
  std::ranges::sort(genesis.parties, {}, &GenesisParty::party);
  std::ranges::sort(genesis.validators, {}, &Validator::consensus_key);
  CHECK(check_genesis(genesis).has_value());
  return genesis;
}

}  // namespace fenrun::sim
