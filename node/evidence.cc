#include "node/evidence.h"

namespace fenrun {
namespace {

AccusedVote accused_vote(const Vote& vote) {
  return {static_cast<AccusedVoteKind>(vote.subject.kind),
          vote.subject.epoch,
          vote.subject.view,
          vote.subject.parent_view,
          vote.subject.block_id,
          vote.signature};
}

}  // namespace

RecordEvidence operation_of(const Evidence& evidence, const PublicKey& accused) {
  return {accused, accused_vote(evidence.first), accused_vote(evidence.second)};
}

}  // namespace fenrun
