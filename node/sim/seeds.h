// Runs a simulation for each seed of a range, in processes of its own, several at a time: what
// aborts one of them is a finding about its seed and stops nothing else.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/codec.h"
#include "core/result.h"
#include "node/sim/simulation.h"

namespace fenrun::sim {

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;  // Included; REQUIRES: not below first.

  std::uint64_t count() const { return last - first + 1; }
};

inline constexpr std::size_t kViolationBytesMax = 4'096;

// What is told of one seed.
struct SeedOutcome {
  std::uint64_t seed = 0;
  std::uint64_t violations = 0;
  Text<kViolationBytesMax> first_violation;  // Empty if there is none.
  SimulationCounts counts;
  std::uint64_t memory_bytes = 0;  // The most that its process had, its disks included.
  Digest story;

  FENRUN_FIELDS(seed, violations, first_violation, counts, memory_bytes, story)
};

SeedOutcome outcome_of(std::uint64_t seed, const SimulationResult& result);

struct SeedsOptions {
  SeedRange seeds;
  SimulationOptions simulation;  // Its seed is not looked at.
  unsigned jobs = 1;             // Processes at a time; at least 1.
  bool stop_at_violation = false;
  // Told where a seed stands, each simulated hour of its first phase, in the process of that seed.
  std::function<void(const SeedOutcome&)> each_hour;
};

// Calls back for each seed that is done, in any order, in this process.
// Errc::io_error if no process can be started.
Status run_seeds(const SeedsOptions& options,
                 const std::function<void(const SeedOutcome&)>& report);

}  // namespace fenrun::sim
