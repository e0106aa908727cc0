// The node signs in its organisation's name: what came in as documents or claims becomes
// transactions of the operator's key.  docs/spec/api.md, "Intake".
//
// One implementation signs and submits (node/intake/lane_submitter.h), others stand in for it in
// tests.  Not thread-safe: every call and every callback on the thread of the event loop.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/result.h"
#include "ledger/transaction.h"

namespace fenrun {

// What became of one operation, finally.
struct IntakeOutcome {
  Digest transaction;
  std::optional<Position> position;  // Of its Operation; none if it was not journaled.
  Errc outcome = Errc::ok;
};

class Submitter {
 public:
  virtual ~Submitter() = default;

  // One outcome an operation, in their order, once all of them are final.
  using Done = std::function<void(Result<std::vector<IntakeOutcome>>)>;

  // Signs the operations, in as few transactions as hold them, and submits these.  Transactions of
  // earlier calls are ordered before those of later ones.  Calls back once, never from within this
  // call; not at all if the submitter goes first.
  // Errors, with none of the operations journaled: transaction_too_large for an atomic submission
  // that one transaction does not hold, value_invalid for no operation at all, signer_unknown,
  // lane_unknown, mempool_full when too much waits, not_ready.
  // A transaction that was refused after others of the call were journaled is told as the outcome
  // of its operations, without a position.
  virtual void submit(std::vector<OperationBytes> operations, TransactionMode mode, Done done) = 0;
};

}  // namespace fenrun
