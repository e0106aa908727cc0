// Random clusters: faults first, with an independent checker of agreement; then the network heals
// and progress is demanded.  FENRUN_SIM_SEEDS=A..B runs other seeds.
#include "tests/sim/cluster.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

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

ClusterOptions random_options(std::uint64_t seed, std::size_t validators) {
  Random random(seed * 1'000'003 + validators);
  ClusterOptions options;
  options.seed = seed;
  options.validators = validators;
  options.timing.idle_interval = SpanMs(random.chance(500) ? 0 : 3'000);
  options.timing.block_interval = SpanMs(random.chance(500) ? 0 : 100);
  std::vector<std::uint16_t> order;
  for (std::uint16_t i = 0; i < validators; ++i) order.push_back(i);
  random.shuffle(order);
  const auto faulty_max = (validators - 1) / 3;
  const auto faulty = random.below(faulty_max + 1);
  for (std::size_t i = 0; i < faulty; ++i) {
    options.byzantine[order[i]] = static_cast<Fault>(1 + random.below(4));
  }
  if (faulty < faulty_max) options.set_back = order[faulty];
  return options;
}

void partition_randomly(Cluster& cluster) {
  auto& random = cluster.random();
  cluster.network().heal();
  if (random.chance(400)) return;
  std::vector<std::vector<std::size_t>> groups(2);
  for (const auto& node : cluster.nodes()) groups[random.below(2)].push_back(node.place);
  cluster.network().partition(groups);
  if (!random.chance(300)) return;
  cluster.network().heal();  // Asymmetric: some links, in one direction.
  for (const auto& from : cluster.nodes()) {
    for (const auto& to : cluster.nodes()) {
      if (random.chance(250)) cluster.network().cut(from.place, to.place);
    }
  }
}

// What is notarized stays unfinalized for long.
void lose_finalizes(Cluster& cluster) {
  cluster.network().filter = [&cluster](std::size_t, std::size_t, Bytes& bytes) {
    const auto message = decode<Message>(ByteView(bytes).subspan(1));
    if (!message) return true;
    const auto* vote = std::get_if<Vote>(&*message);
    const bool finalizes = vote != nullptr && vote->subject.kind == VoteKind::finalize;
    return !finalizes || !cluster.random().chance(800);
  };
}

void break_things(Cluster& cluster, std::uint64_t last_permille = 0) {
  auto& random = cluster.random();
  auto& network = cluster.network();
  network.faults = {10, random.between(20, 200), random.below(200), random.below(100)};
  cluster.faults.crash_per_100000 = random.chance(500) ? 0 : random.below(1'000);
  cluster.faults.unavailable_permille = random.below(100);
  cluster.faults.rewrite_permille = random.below(100);
  cluster.faults.verify_ms_max = random.between(1, 100);
  cluster.faults.last_permille = last_permille;
  cluster.faults.handover_ms_max = random.between(1, 500);
  cluster.faults.rollback_permille = random.chance(500) ? 0 : random.below(800);
  if (last_permille > 0 && random.chance(500)) lose_finalizes(cluster);
  const auto rounds = random.between(4, 12);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    partition_randomly(cluster);
    cluster.set_work(random.chance(700));
    cluster.run(random.between(300, 1'500));
    if (!random.chance(100)) continue;
    for (auto& node : cluster.nodes()) {  // The power goes, everywhere at once.
      if (node.replica) cluster.crash(node, 1 + random.below(500));
    }
  }
}

// Only a quorum of honest validators goes on; in half the runs the faulty ones as well.
std::vector<std::size_t> heal(Cluster& cluster) {
  auto& random = cluster.random();
  cluster.network().heal();
  cluster.network().faults = {5, 20, 0, 0};
  cluster.faults = {};
  std::vector<std::size_t> honest;
  for (const auto& node : cluster.nodes()) {
    if (node.fault == Fault::none) honest.push_back(node.place);
  }
  random.shuffle(honest);
  honest.resize(cluster.newest_epoch().quorum());
  const bool faulty_stay = random.chance(500);
  for (auto& node : cluster.nodes()) {
    const bool lives = std::ranges::find(honest, node.place) != honest.end();
    if (lives) {
      if (!node.replica) cluster.start(node);
    } else if (node.replica && (node.fault == Fault::none || !faulty_stay)) {
      cluster.crash(node, 0);
    } else {
      node.starts_at = 0;
    }
  }
  cluster.set_work(true);
  return honest;
}

// Whoever is to validate next must live: all honest ones do.
std::vector<std::size_t> heal_all(Cluster& cluster) {
  auto& random = cluster.random();
  cluster.network().heal();
  cluster.network().filter = {};
  cluster.network().faults = {5, 20, 0, 0};
  cluster.faults = {};
  cluster.faults.last_permille = random.chance(500) ? 0 : 300;
  const bool faulty_stay = random.chance(500);
  std::vector<std::size_t> honest;
  for (auto& node : cluster.nodes()) {
    if (node.fault == Fault::none) honest.push_back(node.place);
    if (node.fault == Fault::none && !node.replica) cluster.start(node);
    if (node.fault == Fault::none || faulty_stay) continue;
    if (node.replica) cluster.crash(node, 0);
    node.starts_at = 0;
  }
  cluster.set_work(true);
  return honest;
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
