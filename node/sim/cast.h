// Who takes part in a simulated network: organisations with keys that follow from their names.
#pragma once

#include <string>
#include <vector>

#include "contracts/genesis.h"
#include "core/crypto/sign.h"

namespace fenrun::sim {

// The key of this name in every simulation.
SigningKey named_key(const std::string& name);
PartyId named_party(const std::string& name);

// Keys of a validator's generation, for consensus and checkpoints: 0 with genesis, and a further
// one each time it replaces them.
std::string consensus_key_name(const std::string& validator, unsigned generation);
std::string checkpoint_key_name(const std::string& validator, unsigned generation);

// A brand, an auditor and distributors, `validators` in all, each with a validator; in the order of
// their consensus keys, as genesis has it.  REQUIRES: 1 <= validators <= 64.
Genesis cast_genesis(std::size_t validators, TimeMs time, const Parameters& parameters);

}  // namespace fenrun::sim
