// Keys and whose they are.  docs/spec/contracts.md, "Keys".
//
// Invariant: a key has one owner and one purpose, for ever, and signed that it is to have them.  So
// nobody registers a key that somebody else holds.  (Those of a genesis are taken on trust.)
#pragma once

#include <string_view>

#include "contracts/records.h"
#include "ledger/block_builder.h"

namespace fenrun {

// What a new key signs under Domain::key_possession.  A consensus key signs a
// ValidatorKeysStatement instead, which says more.
struct KeyStatement {
  Digest chain_id;
  PartyId party;
  KeyPurpose purpose{};
  PublicKey key;

  FENRUN_FIELDS(chain_id, party, purpose, key)
};

// That the key is to be the party's.
Signature prove_possession(const SigningKey& key, const Digest& chain_id, const PartyId& party,
                           KeyPurpose purpose);

// Errc::key_invalid, with the field as detail, unless the key signed the statement.
Status check_possession(const KeyStatement& statement, const Signature& possession,
                        std::string_view field);

// Errc::key_invalid, with the field as detail, for what is no point, or is somebody's.
Status check_new_key(const StateView& state, const PublicKey& key, std::string_view field);

void own_key(Overlay& state, const PublicKey& key, const PartyId& party, KeyPurpose purpose);

}  // namespace fenrun
