// How a network begins: who validates, who takes part, and with which parameters.
// docs/spec/genesis.md.
#pragma once

#include "contracts/records.h"
#include "ledger/block_builder.h"

namespace fenrun {

inline constexpr std::uint16_t kGenesisVersion = 1;

struct GenesisParty {
  PartyId party;
  Role role{};
  std::optional<PartyId> parent;  // A party of this list, anywhere in it.
  PartyAttributes attributes;
  PublicKey key;  // For transactions.
  Digest name_commitment;

  FENRUN_FIELDS(party, role, parent, attributes, key, name_commitment)
  friend bool operator==(const GenesisParty&, const GenesisParty&) = default;
};

struct Genesis {
  std::uint16_t version = kGenesisVersion;
  NameText network;
  TimeMs time;
  Parameters parameters;
  ValidatorList validators;                        // Sorted by consensus key.
  List<GenesisParty, kGenesisPartiesMax> parties;  // Sorted by party.

  FENRUN_FIELDS(version, network, time, parameters, validators, parties)
  friend bool operator==(const Genesis&, const Genesis&) = default;
};

// Values that suit a network whose validators are some 50 ms apart.
Parameters default_parameters();

// Every rule of docs/spec/genesis.md.  Errors name the field, as in "validators[2].party".
Status check_genesis(const Genesis& genesis);

// hash(genesis, BCS).
Digest chain_id(const Genesis& genesis);

// Block 0.  Its views rest on empty ones that live for ever.
// REQUIRES: check_genesis() holds.
ExecutedBlock execute_genesis(const Genesis& genesis, const Digest& trust_policy);

}  // namespace fenrun
