// What the stages of a transaction's way take in this node: for /metrics and `fenrun bench`.
//
//   verify    signatures of a batch, from being handed over to the answer
//   order     an own batch, from being sealed to its block becoming final
//   execute   a block's transactions
//   hash      a block's Records, entries and Header: encoding, leaves, roots
//   commit    final blocks into journal and index, one synchronous write each time
//   cosign    a checkpoint, from our own signature to those of a quorum
//
// Times are told by whoever drives the node; a simulation has none.  Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "node/service.h"

namespace fenrun {

enum class Stage : std::uint8_t { verify, order, execute, hash, commit, cosign };
inline constexpr std::size_t kStages = 6;
std::string_view name_of(Stage stage);

// A moment, in microseconds: of a clock that never falls, and of this thread's processor time.
struct Moment {
  std::uint64_t wall_us = 0;
  std::uint64_t cpu_us = 0;
};

class StageTimes {
 public:
  // Upper bounds of a histogram's buckets, in microseconds; what takes longer is counted in all.
  static constexpr std::array<std::uint64_t, 17> kBoundsUs{
      100,     200,     500,     1'000,     2'000,     5'000,     10'000,     20'000,    50'000,
      100'000, 200'000, 500'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000, 30'000'000};

  // Something took so long; its processor time is counted too where this thread spent it.
  void add(Stage stage, std::uint64_t wall_us, std::uint64_t cpu_us = 0);
  void add(Stage stage, const Moment& begin, const Moment& end) {
    add(stage, end.wall_us - begin.wall_us, end.cpu_us - begin.cpu_us);
  }

  // stage_seconds: a histogram for each stage; stage_cpu_seconds_total: for those that cost any.
  void add_to(std::vector<Metric>& metrics) const;

 private:
  struct Times {
    std::array<std::uint64_t, kBoundsUs.size()> counts{};  // Each of one bucket.
    std::uint64_t count = 0;
    std::uint64_t wall_us = 0;
    std::uint64_t cpu_us = 0;
  };
  std::array<Times, kStages> stages_{};
};

// What tells the time, and what was measured with it.
struct StageMeter {
  std::function<Moment()> now;
  StageTimes times;

  // Runs `work` as this stage and returns what it returns.
  template <class Work>
  auto measure(Stage stage, Work&& work) {
    const Moment begin = now();
    auto result = std::forward<Work>(work)();
    times.add(stage, begin, now());
    return result;
  }
};

}  // namespace fenrun
