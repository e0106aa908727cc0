// Micro-benchmarks, and the fixed work whose instructions scripts/budget counts.
//
//   fenrun_micro [--benchmark_filter=REGEX]   times all work: Google Benchmark's options
//   fenrun_micro --work NAME ROUNDS           does it so often, for whoever counts instructions
//
// The second prints how many operations a round has.
#include <benchmark/benchmark.h>

#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/micro/work.h"

// What scripts/budget counts: it tells callgrind the name, hence C's linkage.  Never inlined.
extern "C" [[gnu::noinline]] void fenrun_counted_rounds(const fenrun::micro::Work& work,
                                                        std::uint64_t rounds) {
  for (std::uint64_t i = 0; i < rounds; ++i) work.round();
}

namespace fenrun::micro {
namespace {

std::vector<NamedWork> all_work() {
  std::vector<NamedWork> all;
  for (const auto part :
       {codec_work, hashing_work, tree_work, proof_work, apply_block_work, replica_step_work}) {
    for (auto& work : part()) all.push_back(std::move(work));
  }
  return all;
}

// A first round is not counted: it binds the functions of libraries and lets the heap grow.
int count(const std::string& name, std::string_view rounds_text) {
  std::uint64_t rounds = 0;
  const auto* end = rounds_text.data() + rounds_text.size();
  if (std::from_chars(rounds_text.data(), end, rounds).ptr != end || rounds == 0) return 2;
  for (const auto& named : all_work()) {
    if (named.name != name) continue;
    const Work work = named.prepare();
    work.round();
    fenrun_counted_rounds(work, rounds);
    std::printf("%zu\n", work.operations);
    return 0;
  }
  std::fprintf(stderr, "no work is named %s\n", name.c_str());
  return 2;
}

void add_benchmark(const NamedWork& named) {
  // Google Benchmark calls this several times; the work is prepared once.
  auto timed = [named, work = std::optional<Work>()](benchmark::State& state) mutable {
    if (!work) work = named.prepare();
    for ([[maybe_unused]] auto _ : state) work->round();
    const auto operations = state.iterations() * static_cast<std::int64_t>(work->operations);
    state.SetItemsProcessed(operations);
    state.counters["per_item"] = benchmark::Counter(
        static_cast<double>(operations), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  };
  benchmark::RegisterBenchmark(named.name.c_str(), timed);
}

int time_all(int argc, char** argv) {
  for (const auto& named : all_work()) add_benchmark(named);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace fenrun::micro

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--work") {
    return fenrun::micro::count(argv[2], argv[3]);
  }
  return fenrun::micro::time_all(argc, argv);
}
