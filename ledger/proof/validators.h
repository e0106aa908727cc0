// Who validates in an epoch, as Headers commit to it.  docs/spec/records.md; docs/spec/ledger.md.
#pragma once

#include <cstddef>

#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/limits.h"
#include "core/types.h"

namespace fenrun {

inline constexpr std::size_t kValidatorNameBytesMax = 63;

struct Validator {
  Text<kValidatorNameBytesMax> name;
  PartyId party;
  PublicKey operator_key;  // Of the party; it signed what registered the keys below.
  PublicKey consensus_key;
  PublicKey checkpoint_key;
  PublicKey transport_key;

  FENRUN_FIELDS(name, party, operator_key, consensus_key, checkpoint_key, transport_key)
  friend bool operator==(const Validator&, const Validator&) = default;
};

// Sorted by consensus key.
using ValidatorList = List<Validator, kValidatorsMax>;

// hash(validator_set, BCS of the list).
Digest validators_digest(const ValidatorList& validators);

// n - f with f = floor((n - 1) / 3).
std::size_t governance_quorum(std::size_t validators);

}  // namespace fenrun
