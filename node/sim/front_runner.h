// A validator's organisation that would have codes used for consumers of its own: it sees claims on
// their way, in the batches of others, and submits claims for the same codes ahead of them.
//
// It does not know the codes' secrets.  So it repeats a claim as it is, writes its own consumer
// into it, or signs such a claim with a key of its own; each in a batch by itself, signed as a
// transaction of its lane 1.
#pragma once

#include <string>
#include <vector>

#include "ledger/journal.h"
#include "ledger/transaction.h"
#include "node/sim/random.h"

namespace fenrun::sim {

class FrontRunner {
 public:
  static constexpr Lane kLane{1};  // Lane 0 is its organisation's, which goes about its business.

  FrontRunner(const Digest& chain_id, std::uint64_t seed) : chain_id_(chain_id), random_(seed) {}

  // What it pushes when it sees this batch; nothing unless there are claims in it.
  std::vector<TxBatch> overtake(const TxBatch& seen, const std::string& organisation,
                                const Journal& journal);

 private:
  Digest chain_id_;
  Random random_;
};

}  // namespace fenrun::sim
