// Evidence against validators, kept for ever.  docs/spec/contracts.md, "Evidence".
//
// Contracts know nothing of consensus but what a vote's bytes are: two signatures of one key under
// words that exclude each other convict whoever holds it, whoever shows them.
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const RecordEvidence& operation);

// The bytes that the accused signed under Domain::consensus_vote.
Bytes signed_bytes(const Digest& chain_id, const AccusedVote& vote);

// True iff no honest validator signs both.
bool exclude_each_other(const AccusedVote& a, const AccusedVote& b);

// Of the accused key and the two votes without their signatures, whatever their order: a validator
// can sign one thing in many ways, and is guilty of it once.
Digest evidence_digest(const RecordEvidence& evidence);

}  // namespace fenrun
