#include "node/claims/claims_intake.h"

#include "contracts/claims.h"
#include "contracts/codes.h"
#include "core/check.h"
#include "node/claims/code_status.h"
#include "node/intake/intake.h"

namespace fenrun {
namespace {

// The Record of the code's use, if this claim is it; code_used if another one is.  No Record: none.
// Of a subject that was erased nobody is told that a claim was theirs.
Result<std::optional<ClaimRecord>> recorded(const StateView& state, const Digest& chain_id,
                                            UnitBatchId batch, std::uint32_t index,
                                            const Digest& id) {
  auto record = find_claim(state, batch, index);
  if (!record) return std::optional<ClaimRecord>();
  if (claim_id(chain_id, record->claim) != id || find_erasure(state, record->claim.claimant)) {
    return Errc::code_used;
  }
  return record;
}

}  // namespace

ClaimsIntake::ClaimsIntake(boost::asio::io_context& io, NodeService& node, Submitter* submitter,
                           ClaimsIntakeOptions options)
    : node_(&node),
      submitter_(submitter),
      options_(std::move(options)),
      chain_id_(node.journal().tip().chain_id),
      timer_(io) {}

// What the state says, then what costs more: the signature.
Status ClaimsIntake::check(const SignedClaim& signed_claim) const {
  const auto& state = node_->journal().state();
  const auto& claim = signed_claim.claim;
  const auto batch = find_unit_batch(state, claim.batch);
  if (!batch || !batch->codes) return Error{Errc::batch_unknown, "batch: none of printed codes"};
  if (batch->codes->path != ClaimPath::bearer) return Errc::claim_path_wrong;
  FENRUN_OK(check_code(state, claim.batch, claim.index));
  if (claim.time.value() > now().value() + parameters(state).event_skew_ms) {
    return Error{Errc::event_in_future, "time"};
  }
  FENRUN_OK(claimed_store(state, claim));
  const ClaimCode operation{claim, signed_claim.key, signed_claim.signature, {}};
  if (!verify_claim(chain_id_, operation)) {
    return Error{Errc::signature_invalid, "signature: not by this key, over this claim"};
  }
  return {};
}

Result<List<Digest, kCodePathMax>> ClaimsIntake::path_of(const SignedClaim& signed_claim) const {
  const auto& claim = signed_claim.claim;
  const UnitId unit{claim.batch, UnitLevel::item, claim.index};
  return options_.paths(claim.batch, claim.index, leaf_hash(code_leaf(unit, signed_claim.key)));
}

void ClaimsIntake::submit(const SignedClaim& signed_claim, Done done) {
  const auto& claim = signed_claim.claim;
  const Digest id = claim_id(chain_id_, claim);
  // Also whoever asks again after the claim was recorded hears so.
  const auto before = recorded(node_->journal().state(), chain_id_, claim.batch, claim.index, id);
  if (!before) return done(before.error());
  if (*before) return done(**before);
  if (const auto checked = check(signed_claim); !checked) return done(checked.error());
  if (const auto it = claims_.find(id); it != claims_.end()) {
    return join(it->second, signed_claim.key, std::move(done));
  }
  if (!submitter_) return done(Error{Errc::not_ready, kNoIntakeKey});
  if (claims_.size() >= options_.claims_max) {
    return done(Error{Errc::mempool_full, "too many claims wait to be final: try again"});
  }
  auto path = path_of(signed_claim);
  if (!path) return done(path.error());
  Waiting waiting{{claim, signed_claim.key, signed_claim.signature, *std::move(path)}, {}};
  waiting.done.push_back(std::move(done));
  claims_.emplace(id, std::move(waiting));
  queue_.push_back(id);
  if (queue_.size() >= options_.transaction_claims) return flush();
  if (gathering_) return;
  gathering_ = true;
  timer_.expires_after(options_.gather);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
    if (alive.expired()) return;
    gathering_ = false;
    flush();
  });
}

// Somebody sends what is on its way already.
void ClaimsIntake::join(Waiting& waiting, const PublicKey& key, Done done) const {
  if (key != waiting.operation.key) return done(Error{Errc::code_unknown, "key: not the code's"});
  if (waiting.done.size() >= options_.askers_max) {
    return done(Error{Errc::mempool_full, "enough wait for this claim: ask what became of it"});
  }
  waiting.done.push_back(std::move(done));
}

// A full transaction goes when another may be under way; what is left waits for the timer, or for
// a transaction to become final.
void ClaimsIntake::flush() {
  while (!queue_.empty() && in_flight_ < options_.transactions_max) {
    std::vector<OperationBytes> operations;
    std::vector<Digest> ids;
    while (!queue_.empty() && ids.size() < options_.transaction_claims) {
      ids.push_back(queue_.front());
      queue_.pop_front();
      auto bytes = encode_operation(Operation(claims_.at(ids.back()).operation));
      CHECK(bytes.has_value());  // A claim has less than 1 KiB.
      operations.push_back(*std::move(bytes));
    }
    ++in_flight_;
    submitter_->submit(std::move(operations), TransactionMode::independent,
                       [this, alive = std::weak_ptr(alive_),
                        ids = std::move(ids)](const Result<std::vector<IntakeOutcome>>& outcomes) {
                         if (!alive.expired()) finish(ids, outcomes);
                       });
  }
}

Result<ClaimRecord> ClaimsIntake::result_of(const Digest& id, const IntakeOutcome& outcome) const {
  const auto& claim = claims_.at(id).operation.claim;
  FENRUN_TRY(auto record,
             recorded(node_->journal().state(), chain_id_, claim.batch, claim.index, id));
  // Whoever submitted it: this node, or another one to which it was sent as well.
  if (record) return *std::move(record);
  if (outcome.outcome != Errc::ok) return outcome.outcome;
  return Error{Errc::not_ready, "recorded, and not to be read here yet: ask again"};
}

void ClaimsIntake::finish(const std::vector<Digest>& ids,
                          const Result<std::vector<IntakeOutcome>>& outcomes) {
  --in_flight_;
  const std::weak_ptr<const int> alive = alive_;
  if (outcomes) CHECK(outcomes->size() == ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto result =
        outcomes ? result_of(ids[i], (*outcomes)[i]) : Result<ClaimRecord>(outcomes.error());
    // Whoever is told may send the next claim.
    const auto waiting = claims_.extract(ids[i]);
    for (const auto& done : waiting.mapped().done) done(result);
    if (alive.expired()) return;
  }
  flush();
}

Result<ClaimRecord> ClaimsIntake::find(UnitBatchId batch, std::uint32_t index,
                                       const Digest& id) const {
  FENRUN_TRY(auto record, recorded(node_->journal().state(), chain_id_, batch, index, id));
  if (record) return *std::move(record);
  if (claims_.contains(id)) return Error{Errc::not_ready, "the claim is on its way"};
  return Error{Errc::not_found, "no such claim is known here: send it again"};
}

}  // namespace fenrun
