// Evidence against validators, kept for ever.  docs/spec/contracts.md, "Evidence".
//
// Contracts know nothing of consensus but what a vote's bytes are: two signatures of one key under
// words that exclude each other convict whoever holds it, whoever shows them.  But only of an epoch
// in which the key was in the set, once, and within kEvidenceMs of the epoch's end: a key that was
// given up may be in anybody's hands.  docs/adr/0027-evidence-has-its-epoch-and-its-time.md.
#pragma once

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const RecordEvidence& operation);

// The bytes that the accused signed under Domain::consensus_vote.
Bytes signed_bytes(const Digest& chain_id, const AccusedVote& vote);

// True iff no honest validator signs both.
bool exclude_each_other(const AccusedVote& a, const AccusedVote& b);

// Of the accused key and the votes' epoch: what else it signed in that epoch proves nothing new.
Digest evidence_digest(const RecordEvidence& evidence);

}  // namespace fenrun
