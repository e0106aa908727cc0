// What commands need of a member's home: who it is, and the key that speaks for its organisation.
#pragma once

#include "contracts/genesis.h"
#include "node/cli/signing.h"
#include "node/config.h"

namespace fenrun::cli {

struct Member {
  Config config;
  Genesis genesis;
  Digest chain_id;
  SigningKey operator_key;
};

Result<Member> open_member(const Session& session, const Path& home);

}  // namespace fenrun::cli
