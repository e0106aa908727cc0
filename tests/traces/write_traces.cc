// Runs random clusters and writes down what their honest nodes do: one file a seed.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/sim/scenario.h"
#include "tests/sim/trace.h"

namespace fenrun::sim {
namespace {

// The first line: who may break which rule.
void describe(const ClusterOptions& options, std::ostream& out) {
  out << R"({"do":"cluster","byzantine":[)";
  const char* separator = "";
  for (const auto& [identity, fault] : options.byzantine) {
    out << separator << identity;
    separator = ",";
  }
  out << R"(],"set_back":)"
      << (options.set_back ? std::to_string(*options.set_back) : std::string("null")) << "}\n";
}

void write_trace(std::uint64_t seed, std::ostream& out) {
  auto options = random_options(seed, seed % 5 == 0 ? 7 : 4);
  const bool epochs = seed % 2 == 0;
  if (epochs) options.observers = 3;
  Cluster cluster(options);
  describe(options, out);
  const Trace trace(cluster, out);
  break_things(cluster, epochs ? cluster.random().between(100, 900) : 0);
  if (epochs) {
    heal_all(cluster);
  } else {
    heal(cluster);
  }
  cluster.run(3'000);
}

}  // namespace
}  // namespace fenrun::sim

int main(int count, char** words) {
  if (count != 4) {
    std::fputs("usage: fenrun_traces FOLDER FIRST_SEED LAST_SEED\n", stderr);
    return 2;
  }
  const auto last = std::strtoull(words[3], nullptr, 10);
  for (auto seed = std::strtoull(words[2], nullptr, 10); seed <= last; ++seed) {
    std::ofstream out(std::string(words[1]) + "/" + std::to_string(seed) + ".jsonl");
    fenrun::sim::write_trace(seed, out);
    if (!out.flush()) return 1;
  }
  return 0;
}
