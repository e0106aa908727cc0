#include "node/intake/lane_submitter.h"

#include <boost/asio/post.hpp>

#include "contracts/records.h"
#include "core/check.h"
#include "node/transaction_room.h"

namespace fenrun {
namespace {

// How far ahead a transaction stays valid.
constexpr std::uint64_t kValidityHeights = 2'000;
// Whose sequence was taken is signed again at once, so often.
constexpr std::size_t kAttemptsAtOnce = 3;

// The transaction can never be journaled, and another one with the same operations can.
bool calls_for_another_signature(Errc code) {
  return code == Errc::sequence_stale || code == Errc::sequence_gap || code == Errc::expired ||
         code == Errc::valid_until_too_far;
}

// Time may change it.
bool will_pass(Errc code) {
  return code == Errc::mempool_full || code == Errc::not_ready || code == Errc::dropped;
}

}  // namespace

struct IntakeJob {
  std::vector<IntakeOutcome> outcomes;
  std::size_t open = 0;  // Pieces that are not final.
  bool is_any_journaled = false;
  std::optional<Error> error;  // Of the first piece that failed.
  Submitter::Done done;
};

LaneSubmitter::LaneSubmitter(boost::asio::io_context& io, NodeService& node, const SigningKey& key,
                             Lane lane)
    : io_(&io), node_(&node), key_(&key), lane_(lane), timer_(io), alive_(std::make_shared<int>()) {
  stop_listening_ = node.on_commit([this](Height) {
    if (!flying_.empty()) later(&LaneSubmitter::look);
  });
}

LaneSubmitter::~LaneSubmitter() { stop_listening_(); }

void LaneSubmitter::later(void (LaneSubmitter::*what)()) {
  boost::asio::post(*io_, [this, what, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) (this->*what)();
  });
}

void LaneSubmitter::submit(std::vector<OperationBytes> operations, TransactionMode mode,
                           Done done) {
  auto job = std::make_shared<Job>();
  std::vector<Piece> pieces;
  std::size_t bytes = 0;
  TransactionRoom room;
  for (auto& operation : operations) {
    if (pieces.empty() || !room.takes(1, operation.size())) {
      pieces.push_back({.job = job, .first = job->outcomes.size(), .mode = mode});
      room = {};
    }
    room.take(operation.size());
    bytes += operation.size();
    pieces.back().bytes += operation.size();
    pieces.back().operations.push_back(std::move(operation));
    job->outcomes.emplace_back();
  }
  std::optional<Error> refusal;
  if (pieces.empty()) refusal = Error{Errc::value_invalid, "no operation to submit"};
  if (mode == TransactionMode::atomic && pieces.size() > 1) {
    refusal = Error{Errc::transaction_too_large, "more than one transaction holds"};
  }
  if (waiting_bytes_ + bytes > kWaitingBytesMax) {
    refusal = Error{Errc::mempool_full, "too much waits to be submitted here"};
  }
  if (refusal) {
    return boost::asio::post(
        *io_, [done = std::move(done), error = *std::move(refusal)] { done(error); });
  }
  job->open = pieces.size();
  job->done = std::move(done);
  waiting_bytes_ += bytes;
  for (auto& piece : pieces) waiting_.emplace(next_number_++, std::move(piece));
  later(&LaneSubmitter::pump);
}

void LaneSubmitter::pump() {
  if (admitting_ || is_retry_due_ || waiting_.empty() || flying_.size() >= kFlyingMax ||
      flying_bytes_ >= kFlyingBytesMax) {
    return;
  }
  auto next = waiting_.extract(waiting_.begin());
  auto& piece = next.mapped();
  waiting_bytes_ -= piece.bytes;
  auto transaction = sign(piece);
  if (!transaction) {
    finish(piece, transaction.error());
    return later(&LaneSubmitter::pump);
  }
  piece.id = transaction->id();
  admitting_.emplace(next.key(), Flight{std::move(piece), *transaction});
  node_->submit(*std::move(transaction),
                [this, alive = std::weak_ptr(alive_)](const Result<Digest>& id) {
                  if (alive.expired()) return;
                  // Later: some nodes answer from within the call.
                  boost::asio::post(*io_, [this, alive, id] {
                    if (!alive.expired()) on_admission(id);
                  });
                });
}

Result<SignedTransaction> LaneSubmitter::sign(const Piece& piece) const {
  const auto& journal = node_->journal();
  const auto owner = find_key_owner(journal.state(), key_->public_key());
  if (!owner) {
    return Error{Errc::signer_unknown, "the ledger does not know the key of `intake.key_file`"};
  }
  TransactionBody body;
  body.chain_id = journal.tip().chain_id;
  body.signer = PartySigner{owner->party, key_->public_key()};
  body.lane = lane_;
  body.mode = piece.mode;
  body.valid_until = Height(journal.tip().height.value() + kValidityHeights);
  FENRUN_TRY(body.sequence, node_->next_sequence(owner->party, lane_));
  return sign_transaction(std::move(body), piece.operations, *key_);
}

void LaneSubmitter::on_admission(const Result<Digest>& id) {
  CHECK(admitting_.has_value());
  auto [number, flight] = *std::exchange(admitting_, std::nullopt);
  if (id) {
    flying_bytes_ += flight.piece.bytes;
    flying_.emplace(number, std::move(flight));
    return look();  // It may be journaled already.
  }
  auto& piece = flight.piece;
  const Errc code = id.error().code;
  const bool is_taken = calls_for_another_signature(code);
  if ((!is_taken && !will_pass(code)) || ++piece.attempts > kAttemptsMax) {
    finish(piece, id.error());
    return later(&LaneSubmitter::pump);
  }
  const bool at_once = is_taken && piece.attempts <= kAttemptsAtOnce;
  waiting_bytes_ += piece.bytes;
  waiting_.emplace(number, std::move(piece));
  if (at_once) return later(&LaneSubmitter::pump);
  retry_later();
}

void LaneSubmitter::retry_later() {
  if (is_retry_due_) return;
  is_retry_due_ = true;
  timer_.expires_after(kRetry);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    is_retry_due_ = false;
    pump();
  });
}

// What became of those that fly, up to the first that waits for its turn.
void LaneSubmitter::look() {
  for (auto it = flying_.begin(); it != flying_.end();) {
    const Number number = it->first;
    Flight& flight = it->second;
    ++it;  // What is final leaves.
    if (!flight.is_admitted) continue;
    const auto status = node_->transaction_status(flight.piece.id);
    if (status.state == TransactionState::pending) break;
    switch (status.state) {
      case TransactionState::pending:
        break;
      case TransactionState::committed:
        land(number);
        break;
      case TransactionState::unknown:
        submit_again(number, flight);
        break;
      case TransactionState::rejected:
      case TransactionState::expired:
        const Error reason = status.reason.value_or(Error{Errc::expired, {}});
        if (calls_for_another_signature(reason.code) && ++flight.piece.attempts <= kAttemptsMax) {
          sign_again(number);
        } else {
          auto gone = flying_.extract(number);
          flying_bytes_ -= gone.mapped().piece.bytes;
          finish(gone.mapped().piece, reason);
        }
        break;
    }
  }
  pump();
}

void LaneSubmitter::submit_again(Number number, Flight& flight) {
  flight.is_admitted = false;
  const auto on_answer = [this, number](const Result<Digest>& id) {
    const auto it = flying_.find(number);
    if (it == flying_.end()) return;
    it->second.is_admitted = true;
    // A gap closes when what is before it is submitted again.
    const bool is_lost = !id && id.error().code != Errc::sequence_gap &&
                         calls_for_another_signature(id.error().code);
    if (is_lost) sign_again(number);
    pump();
  };
  node_->submit(flight.transaction,
                [this, on_answer, alive = std::weak_ptr(alive_)](const Result<Digest>& id) {
                  if (alive.expired()) return;
                  boost::asio::post(*io_, [on_answer, alive, id] {
                    if (!alive.expired()) on_answer(id);
                  });
                });
}

void LaneSubmitter::sign_again(Number number) {
  auto gone = flying_.extract(number);
  auto& piece = gone.mapped().piece;
  flying_bytes_ -= piece.bytes;
  waiting_bytes_ += piece.bytes;
  waiting_.emplace(number, std::move(piece));
}

void LaneSubmitter::land(Number number) {
  auto gone = flying_.extract(number);
  const auto& piece = gone.mapped().piece;
  flying_bytes_ -= piece.bytes;
  const auto status = node_->transaction_status(piece.id);
  CHECK(status.position.has_value());
  finish(piece, outcomes_at(*status.position, piece));
}

void LaneSubmitter::finish(const Piece& piece, const Result<std::vector<IntakeOutcome>>& outcomes) {
  Job& job = *piece.job;
  for (std::size_t i = 0; i < piece.operations.size(); ++i) {
    job.outcomes[piece.first + i] =
        outcomes ? (*outcomes)[i] : IntakeOutcome{piece.id, std::nullopt, outcomes.error().code};
  }
  if (outcomes) {
    job.is_any_journaled = true;
  } else if (!job.error) {
    job.error = outcomes.error();
  }
  if (--job.open > 0) return;
  const Done done = std::move(job.done);
  if (job.is_any_journaled) return done(std::move(job.outcomes));
  done(*job.error);
}

Result<std::vector<IntakeOutcome>> LaneSubmitter::outcomes_at(Position transaction,
                                                              const Piece& piece) const {
  std::vector<IntakeOutcome> out;
  for (Position at = transaction.next(); out.size() < piece.operations.size(); at = at.next()) {
    FENRUN_TRY(const auto bytes, node_->journal().store().entry(at));
    FENRUN_TRY(const auto entry, decode_entry(bytes));
    if (std::holds_alternative<Posting>(entry)) continue;
    const auto* operation = std::get_if<OperationEntry>(&entry);
    if (!operation) return Error{Errc::corruption, "a transaction lacks operations"};
    out.push_back({piece.id, at, operation->outcome});
  }
  return out;
}

}  // namespace fenrun
