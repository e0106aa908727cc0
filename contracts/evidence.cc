#include "contracts/evidence.h"

#include <string>
#include <tuple>

#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

// What consensus would never have decoded was never a vote.
bool is_well_formed(const AccusedVote& vote) {
  if (vote.view == View(0) || vote.parent_view >= vote.view) return false;
  return vote.kind != AccusedVoteKind::nullify ||
         (vote.parent_view == View(0) && vote.block_id == Digest());
}

Error invalid_evidence(std::string_view why) { return {Errc::evidence_invalid, std::string(why)}; }

// A vote of another epoch than those in which the key was in the set never counted.
Status check_epoch(const OperationContext& context, const std::optional<KeyTerm>& term,
                   Epoch epoch) {
  const auto number = std::to_string(epoch.value());
  if (epoch > context.block.context().epoch) {
    return Error{Errc::evidence_epoch_wrong, "epoch " + number + " has not begun"};
  }
  if (!term || epoch < term->first || (term->last && epoch > *term->last)) {
    return Error{Errc::evidence_epoch_wrong,
                 "the accused key was not in the set in epoch " + number};
  }
  const auto end = find_value<EpochEnd>(context.state(), epoch_end_key(epoch));
  if (end && context.time().value() - end->time.value() > kEvidenceMs) {
    return Error{Errc::evidence_late,
                 "epoch " + number + " ended at " + std::to_string(end->time.value()) + " ms"};
  }
  return {};
}

}  // namespace

Bytes signed_bytes(const Digest& chain_id, const AccusedVote& vote) {
  Bytes bytes = encode(vote.kind);
  append(bytes, chain_id.view());
  append(bytes, encode(vote.epoch));
  append(bytes, encode(vote.view));
  append(bytes, encode(vote.parent_view));
  append(bytes, vote.block_id.view());
  return bytes;
}

bool exclude_each_other(const AccusedVote& a, const AccusedVote& b) {
  if (a.epoch != b.epoch || a.view != b.view) return false;
  if (a.kind == b.kind) {
    return std::tie(a.parent_view, a.block_id) != std::tie(b.parent_view, b.block_id);
  }
  // A notarize and a nullify of one view are what the rules allow, and so are a notarize and the
  // finalize that follows it.
  return a.kind != AccusedVoteKind::notarize && b.kind != AccusedVoteKind::notarize;
}

Digest evidence_digest(const RecordEvidence& evidence) {
  return hash(Domain::evidence, {evidence.accused.view(), encode(evidence.first.epoch)});
}

Status apply(OperationContext& context, const RecordEvidence& operation) {
  auto& state = context.state();
  const auto owner = find_key_owner(state, operation.accused);
  if (!owner || owner->purpose != KeyPurpose::consensus) {
    return invalid_evidence("accused: no validator's consensus key");
  }
  for (const auto* vote : {&operation.first, &operation.second}) {
    if (!is_well_formed(*vote)) return invalid_evidence("no vote of consensus");
  }
  if (!exclude_each_other(operation.first, operation.second)) {
    return invalid_evidence("the votes do not exclude each other");
  }
  FENRUN_OK(check_epoch(context, owner->term, operation.first.epoch));
  const Digest digest = evidence_digest(operation);
  if (find_evidence(state, digest)) return Errc::evidence_exists;
  for (const auto* vote : {&operation.first, &operation.second}) {
    if (!verify(operation.accused, Domain::consensus_vote,
                signed_bytes(context.block.chain_id(), *vote), vote->signature)) {
      return invalid_evidence("a signature is wrong");
    }
  }
  state.put(evidence_key(digest),
            encode(EvidenceRecord{operation, owner->party, context.signer, context.position}));
  const auto key = fault_count_key(owner->party);
  const FaultCount count{fault_count(state, owner->party) + 1};
  if (count.count == 1) {
    insert_linked(state, fault_count_scope(), key, count);
  } else {
    update_linked(state, key, count);
  }
  return {};
}

}  // namespace fenrun
