// `fenrun bench`: nodes of this program on loopback under load, and what came of it.
//
// docs/performance.md says what is measured and how.
#pragma once

#include "node/bench/market.h"

namespace fenrun::bench {

enum class Workload { signed_, batched, payouts, mixed, claims, attested, reads };
std::string_view name_of(Workload workload);
std::optional<Workload> workload_named(std::string_view name);

struct BenchOptions {
  Workload workload{};
  Path home;  // Made, and removed at the end unless `keep`.
  std::size_t nodes = 4;
  unsigned base_port = 27'700;
  double seconds = 20;  // Of saturation, and of half load.
  std::size_t accounts = 10'000;
  unsigned delay_ms = 0;  // Between any two nodes, each way; clients are not delayed.
  // Operations a second that are held, after saturation, instead of the ladder; 0: the ladder.
  double held_operations_per_s = 0;
  bool overloads = false;  // Also offers three times what saturates, for as long.
  bool keep = false;
  // Journals of these sizes first; none: only as it comes.  Not where codes are claimed.
  std::vector<std::uint64_t> entries;
};

constexpr bool is_of_codes(Workload workload) {
  return workload == Workload::claims || workload == Workload::attested;
}

// The report: at least `committed_per_s` (operations), `ratio_to_limit`, `latency_ms`,
// `cpu_s_per_1000_ops`, `disk_bytes_per_op`, `memory_bytes`.  Errors of the parts.
Result<Json> run_bench(const BenchOptions& options, const Progress& progress);

}  // namespace fenrun::bench
