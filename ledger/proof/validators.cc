#include "ledger/proof/validators.h"

#include "core/check.h"

namespace fenrun {

Digest validators_digest(const ValidatorList& validators) {
  return hash(Domain::validator_set, encode(validators));
}

std::size_t governance_quorum(std::size_t validators) {
  CHECK(validators > 0);
  return validators - (validators - 1) / 3;
}

}  // namespace fenrun
