// A submitter that signs with one key, on one lane, through the node's own mempool.
//
// Transactions are pipelined: each carries the sequence behind the one before, as soon as that one
// is admitted.  Nothing is kept over a restart: the lane's next sequence is read from the state and
// the mempool each time.  Somebody else may use the lane: whose sequence was taken is signed again
// with the next one, which is safe because the taken one can never be journaled; its place in the
// order is then lost to the transactions behind it.  So the intake should have a lane of its own.
//
// What is admitted and then forgotten by the mempool is submitted again, the same bytes.
//
// Invariants: at most one transaction is being admitted; what flies is in the order of sequences.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>

#include "node/intake/submitter.h"
#include "node/service.h"

namespace fenrun {

struct IntakeJob;  // One submission.

// One transaction of a submission.
struct IntakePiece {
  std::shared_ptr<IntakeJob> job;  // Shared by the pieces of one submission.
  std::size_t first = 0;           // Of its outcomes in the job's.
  TransactionMode mode{};
  List<OperationBytes, kTransactionOperationsMax> operations = {};
  std::size_t bytes = 0;
  std::size_t attempts = 0;
  Digest id = {};  // Of the transaction signed last.
};

struct IntakeFlight {
  IntakePiece piece;
  SignedTransaction transaction;
  bool is_admitted = true;  // Not while it is submitted again.
};

class LaneSubmitter final : public Submitter {
 public:
  // REQUIRES: io, node and key outlive the submitter.
  LaneSubmitter(boost::asio::io_context& io, NodeService& node, const SigningKey& key, Lane lane);
  ~LaneSubmitter() override;
  LaneSubmitter(const LaneSubmitter&) = delete;
  LaneSubmitter& operator=(const LaneSubmitter&) = delete;

  void submit(std::vector<OperationBytes> operations, TransactionMode mode, Done done) override;

  // Transactions that are not final.
  std::size_t pending() const { return waiting_.size() + flying_.size() + (admitting_ ? 1 : 0); }

  static constexpr std::size_t kFlyingMax = 512;
  static constexpr std::size_t kFlyingBytesMax = 16 * 1024 * 1024;
  static constexpr std::size_t kWaitingBytesMax = 64 * 1024 * 1024;
  // What the node cannot take now is tried again so often, then given back.
  static constexpr std::chrono::milliseconds kRetry{100};
  static constexpr std::size_t kAttemptsMax = 100;

 private:
  using Job = IntakeJob;
  using Piece = IntakePiece;
  using Flight = IntakeFlight;
  using Number = std::uint64_t;  // In the order in which pieces came.

  void later(void (LaneSubmitter::*what)());
  void pump();
  Result<SignedTransaction> sign(const Piece& piece) const;
  void on_admission(const Result<Digest>& id);
  void retry_later();
  void look();
  void submit_again(Number number, Flight& flight);
  void land(Number number);
  void sign_again(Number number);
  void finish(const Piece& piece, const Result<std::vector<IntakeOutcome>>& outcomes);
  Result<std::vector<IntakeOutcome>> outcomes_at(Position transaction, const Piece& piece) const;

  boost::asio::io_context* io_;
  NodeService* node_;
  const SigningKey* key_;
  Lane lane_;
  Number next_number_ = 0;
  std::map<Number, Piece> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<Number, Flight> flying_;
  std::size_t flying_bytes_ = 0;
  std::optional<std::pair<Number, Flight>> admitting_;
  bool is_retry_due_ = false;  // A timer runs.
  boost::asio::steady_timer timer_;
  std::function<void()> stop_listening_;
  std::shared_ptr<int> alive_;  // Held weakly by callbacks that may come after the end.
};

}  // namespace fenrun
