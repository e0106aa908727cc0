// Random clusters: faults first, with an independent checker of agreement; then the network heals
// and progress is demanded.  FENRUN_SIM_SEEDS=A..B runs other seeds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/sim/scenario.h"

namespace fenrun::sim {
namespace {

struct Seeds {
  std::uint64_t first;
  std::uint64_t last;
};

Seeds seeds_from_environment(Seeds otherwise) {
  const char* text = std::getenv("FENRUN_SIM_SEEDS");
  if (text == nullptr) return otherwise;
  const std::string range(text);
  const auto dots = range.find("..");
  if (dots == std::string::npos) return {std::stoull(range), std::stoull(range)};
  return {std::stoull(range.substr(0, dots)), std::stoull(range.substr(dots + 2))};
}

struct Size {
  std::size_t validators = 4;
  std::size_t observers = 3;
};

// Epoch follows epoch: members leave, join and replace keys, while things break.
Checker run_epochs(std::uint64_t seed, Size size) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", epochs of " + std::to_string(size.validators));
  auto options = random_options(seed, size.validators);
  options.observers = size.observers;
  Cluster cluster(options);
  break_things(cluster, cluster.random().between(100, 900));
  const auto before = cluster.checker().blocks();
  const auto living = heal_all(cluster);
  const auto deadline = cluster.now() + 120'000;
  while (cluster.now() < deadline && cluster.height_of(living) < before + 5) cluster.run(100);
  EXPECT_GE(cluster.height_of(living), before + 5) << "no progress after healing";
  cluster.checker().finish();
  for (const auto& violation : cluster.checker().violations()) ADD_FAILURE() << violation;
  return cluster.checker();
}

void run_seed(std::uint64_t seed, std::size_t validators) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", validators " + std::to_string(validators));
  Cluster cluster(random_options(seed, validators));
  break_things(cluster);
  const auto before = cluster.checker().blocks();
  const auto living = heal(cluster);
  const auto deadline = cluster.now() + 90'000;
  while (cluster.now() < deadline && cluster.height_of(living) < before + 3) cluster.run(100);
  EXPECT_GE(cluster.height_of(living), before + 3) << "no progress after healing";
  cluster.checker().finish();
  for (const auto& violation : cluster.checker().violations()) ADD_FAILURE() << violation;
}

TEST(RandomCluster, FourValidatorsAgreeUnderFaultsAndRecover) {
  const auto [first, last] = seeds_from_environment({1, 150});
  for (auto seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) run_seed(seed, 4);
}

TEST(RandomCluster, SevenValidatorsAgreeUnderFaultsAndRecover) {
  const auto [first, last] = seeds_from_environment({1, 30});
  for (auto seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) run_seed(seed, 7);
}

TEST(RandomCluster, EpochsFollowOneAnotherUnderFaults) {
  const auto [first, last] = seeds_from_environment({1, 80});
  std::size_t epochs = 0;
  std::size_t repetitions = 0;
  for (auto seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    const auto seen = run_epochs(seed, seed % 4 == 0 ? Size{7, 3} : Size{4, 3});
    epochs += seen.epochs();
    repetitions += seen.repetitions();
  }
  EXPECT_GT(epochs, 3 * (last - first + 1)) << "too few epochs to test anything";
  EXPECT_GT(repetitions, last - first + 1) << "too few last blocks were repeated";
}

TEST(RandomCluster, EqualSeedsGiveEqualRuns) {
  const auto fingerprint = [] {
    Cluster cluster(random_options(42, 4));
    Sha256 hash;
    cluster.observer = [&](const Event& event) {
      if (event.output == nullptr) return;
      if (const auto* sent = std::get_if<Send>(event.output)) hash.update(encode(sent->message));
    };
    break_things(cluster, 200);
    return hash.finish();
  };
  EXPECT_EQ(fingerprint(), fingerprint());
}

TEST(RandomCluster, OneValidatorAloneMakesProgress) {
  ClusterOptions options;
  options.validators = 1;
  Cluster cluster(options);
  cluster.set_work(true);
  cluster.run(1'000);
  const auto height = cluster.height_of({0});
  EXPECT_GE(height, 10);
  cluster.crash(cluster.node(0), 0);
  cluster.start(cluster.node(0));
  cluster.run(1'000);
  EXPECT_GT(cluster.height_of({0}), height);
  EXPECT_TRUE(cluster.checker().violations().empty());
}

}  // namespace
}  // namespace fenrun::sim
