#include "tests/sim/scenario.h"

#include <algorithm>

namespace fenrun::sim {

namespace {

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

}  // namespace

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

void break_things(Cluster& cluster, std::uint64_t last_permille) {
  auto& random = cluster.random();
  auto& network = cluster.network();
  network.faults = {10, random.between(20, 200), random.below(200), random.below(100)};
  cluster.faults.crash_per_100000 = random.chance(500) ? 0 : random.below(1'000);
  cluster.faults.unavailable_permille = random.below(100);
  cluster.faults.early_permille = random.below(60);
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

}  // namespace fenrun::sim
