// Checks the signatures of transactions off the critical path.
#pragma once

#include <functional>
#include <memory>

#include "ledger/transaction.h"

namespace fenrun {

class BatchVerifier {
 public:
  virtual ~BatchVerifier() = default;

  // Calls back once, later, on the thread of the event loop: true iff every signature of the batch
  // is right, those of claims included.  Batches may be answered in another order than they were
  // given.
  virtual void check(std::shared_ptr<const TxBatch> batch, std::function<void(bool)> done) = 0;

  // Processor time that checks have taken so far, in microseconds; 0 where nobody measures.
  virtual std::uint64_t cpu_us() const { return 0; }
};

}  // namespace fenrun
