// Hunts the bug that FENRUN_PLANT names with simulations of whole nodes: one profile after the
// other with each seed, until something that must hold does not.
//
//   fenrun_hunt FIRST LAST [PROFILE]   seeds FIRST..LAST, of all profiles or of one
//
// A simulation that the bug keeps from ending tells nothing: it has its share of processor time.
//
// Prints `found PROFILE SEED AFTER: what`, AFTER being how many simulations it took, and exits 0;
// or `nothing AFTER`, and exits 1.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>

#include "node/sim/seeds.h"

namespace fenrun::sim {
namespace {

// Those that one fault at a time brings about first: their stories are shorter.
constexpr std::array kProfiles{"crashes",      "adversaries", "backups", "epochs",
                               "provocations", "network",     "disks",   "clocks",
                               "mixed",        "claims",      "schemes"};

// Of a process, which runs some seeds one after the other: a hundred times what they take.
constexpr rlim_t kProcessorSecondsMax = 600;
const std::string kEndless = std::string("the process died: ") + ::strsignal(SIGXCPU);

struct Find {
  std::string profile;
  std::uint64_t seed = 0;
  std::string text;
};

std::optional<Find> try_seeds(const std::string& profile, const SeedRange& seeds) {
  SeedsOptions options;
  options.seeds = seeds;
  options.simulation.profile = profile_named(profile);
  options.jobs = std::max(1U, std::thread::hardware_concurrency());
  options.stop_at_violation = true;
  std::optional<Find> find;
  const auto status = run_seeds(options, [&](const SeedOutcome& outcome) {
    if (outcome.violations == 0 || find) return;
    if (outcome.first_violation.value == kEndless) return;
    find = Find{profile, outcome.seed, outcome.first_violation.value};
  });
  if (!status) {
    std::cerr << status.error().to_string() << "\n";
    std::exit(2);
  }
  return find;
}

int hunt(std::uint64_t first, std::uint64_t last, const std::vector<std::string>& profiles) {
  constexpr std::uint64_t kStep = 8;
  std::uint64_t after = 0;
  for (std::uint64_t begin = first; begin <= last; begin += kStep) {
    const SeedRange seeds{begin, std::min(begin + kStep - 1, last)};
    for (const auto& profile : profiles) {
      if (const auto find = try_seeds(profile, seeds)) {
        after += find->seed - seeds.first + 1;
        std::cout << "found " << find->profile << " " << find->seed << " " << after << ": "
                  << find->text << "\n";
        return 0;
      }
      after += seeds.count();
    }
  }
  std::cout << "nothing " << after << "\n";
  return 1;
}

}  // namespace
}  // namespace fenrun::sim

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: fenrun_hunt FIRST LAST [PROFILE]\n";
    return 2;
  }
  const rlimit limit{fenrun::sim::kProcessorSecondsMax, RLIM_INFINITY};
  ::setrlimit(RLIMIT_CPU, &limit);
  std::vector<std::string> profiles(fenrun::sim::kProfiles.begin(), fenrun::sim::kProfiles.end());
  if (argc > 3) profiles = {argv[3]};
  return fenrun::sim::hunt(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                           profiles);
}
