// What follows from a genesis about its network: names, trust, addresses of signers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/validator_set.h"
#include "contracts/genesis.h"
#include "core/result.h"
#include "node/members.h"

namespace fenrun {

// `<network>/<first 16 hex of the chain id>`: the name of the ledger in checkpoints.
std::string origin_of(const Genesis& genesis);

// The network's canonical trust file, and its digest as Headers carry it.
std::string trust_policy_of(const Genesis& genesis);
Digest trust_policy_digest_of(const Genesis& genesis);

// The members that the ledger knows; those that validate from the next block on first.
MemberTable members_of(const StateView& state);

// These validators as consensus knows them.  REQUIRES: they are those of a state.
ValidatorSet consensus_set_of(const ValidatorList& validators);

// The index of the validator with this name.
std::optional<ValidatorIndex> validator_named(const Genesis& genesis, const std::string& name);

// The genesis whose BCS the bytes are; errors of decode() and check_genesis().
Result<Genesis> read_genesis(ByteView bytes);

}  // namespace fenrun
