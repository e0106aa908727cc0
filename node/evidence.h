// Misbehaviour that consensus proved, as a transaction's operation says it.
#pragma once

#include "consensus/messages.h"
#include "contracts/operations.h"

namespace fenrun {

// `accused` is the consensus key of the signer of both votes.
RecordEvidence operation_of(const Evidence& evidence, const PublicKey& accused);

}  // namespace fenrun
