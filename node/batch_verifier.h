// Checks the form and the signatures of transactions off the critical path.
#pragma once

#include <functional>
#include <memory>

#include "ledger/transaction.h"

namespace fenrun {

// Some transactions of a batch.
struct BatchPiece {
  std::shared_ptr<const TxBatch> batch;
  std::size_t first = 0;
  std::size_t count = 0;
  Digest chain_id;

  // True iff each has the right form for this chain, and every signature is right, those of claims
  // included.
  bool is_right() const;
};

class BatchVerifier {
 public:
  virtual ~BatchVerifier() = default;

  // Calls back once, later, on the thread of the event loop, with what is_right() says.  Pieces may
  // be answered in another order than they were given.
  virtual void check(BatchPiece piece, std::function<void(bool)> done) = 0;

  // So many pieces at a time keep it busy.
  virtual std::size_t parallel() const = 0;

  // Processor time that checks have taken so far, in microseconds; 0 where nobody measures.
  virtual std::uint64_t cpu_us() const { return 0; }
};

}  // namespace fenrun
