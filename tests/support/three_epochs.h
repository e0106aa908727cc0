// A network whose validators change three times while one of them is away.
#pragma once

#include "tests/support/organisations.h"

namespace fenrun {

inline const std::vector<std::string> kSevenNames{
    "brand",          "distributor-east", "distributor-west",  "auditor",
    "distributor-so", "distributor-no",   "distributor-middle"};
inline constexpr SnapshotSettings kSnapshotsOften{.interval = 10, .behind = 15};

// Seven validators, of whom west lost its journal and stays away while three are removed, one an
// epoch.
struct ThreeEpochs {
  explicit ThreeEpochs(std::uint64_t seed = 1)
      : cluster(kSevenNames, seed, kSnapshotsOften), parties(cluster) {
    cluster.crash(west);
    cluster.store(west) = MemoryStore();
  }

  std::size_t at(const std::string& name) const { return cluster.index_of(name); }
  void until_height(std::uint64_t height) {
    while (cluster.height(brand).value() < height && !testing::Test::HasFailure()) {
      parties.open_campaign(brand);
    }
  }
  void remove(const std::string& name, const std::vector<std::string>& approvers,
              std::uint64_t epoch) {
    parties.change(RemoveValidator{{name}}, approvers, brand);
    ASSERT_TRUE(
        cluster.run_until([&] { return cluster.node(brand).status().epoch.value() == epoch; }));
  }
  void pass() {
    remove("distributor-so", {"distributor-east", "auditor", "distributor-so", "distributor-no"},
           1);
    parties.open_campaign(brand);
    remove("distributor-no",
           {"distributor-east", "auditor", "distributor-no", "distributor-middle"}, 2);
    remove("distributor-middle", {"distributor-east", "auditor", "distributor-middle"}, 3);
    until_height(cluster.height(brand).value() + 25);
  }
  bool is_caught_up(std::size_t i) {
    return cluster.height(i) >= cluster.height(brand) && !cluster.node(i).status().catching_up &&
           cluster.node(i).status().epoch == cluster.node(brand).status().epoch;
  }
  bool joined(std::size_t i) { return cluster.store(i).base().has_value(); }

  NodeCluster cluster;
  Organisations parties;
  std::size_t brand = at("brand");
  std::size_t west = at("distributor-west");
};

}  // namespace fenrun
