// Counts what rules promised and nobody got, as blocks become final: for /metrics.
#pragma once

#include <cstdint>

#include "ledger/block_builder.h"

namespace fenrun {

struct UnpaidEarnings {
  std::uint64_t budget_exhausted = 0;
  std::uint64_t no_payee = 0;
  std::uint64_t owed_back = 0;  // The other way: taken back, and the payee could not repay it.

  // Those of a block that is final.
  void count(const ExecutedBlock& block);
};

}  // namespace fenrun
