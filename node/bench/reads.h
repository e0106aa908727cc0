// Questions to the nodes: proof files, statements, Records.
#pragma once

#include <vector>

#include "node/bench/market.h"

namespace fenrun::bench {

enum class Read {
  proof,      // The proof file of a payout's Record.
  statement,  // The statements of a store.
  record,     // The Record of a payout.
};

struct ReadOutcome {
  double per_s = 0;  // All nodes together.
  std::uint64_t answered = 0;
  std::size_t answer_bytes = 0;  // Of one.
  std::vector<double> latencies_ms;
};

// Asks every node over several connections, each the next question when the last is answered.
// `sequences`: how many transactions of one payout each of the brand's lanes from 1 on has.
// Errc::unreachable; value_invalid for any answer but 200.
Result<ReadOutcome> read_for(const Cluster& cluster, const Market& market, Read what,
                             double seconds, const std::vector<std::uint64_t>& sequences);

// The median time, in milliseconds, in which the watched node makes and sends a proof file: of the
// sender's Record or that of one of its lanes, one asked after the other.  Errc::timeout if none
// can be proven; else as above.
Result<double> proof_ms(const Cluster& cluster, const Market& market);

}  // namespace fenrun::bench
