// One key, one log: what whole nodes do when a log is not the newest.
#include <gtest/gtest.h>

#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

const Path kLog = "/votes.0";

class StaleLog : public testing::Test {
 protected:
  void commit(std::size_t via) {
    const std::uint32_t number = next_++;
    const OpenCampaign operation{CampaignId(number + 1), {}};
    const auto id = cluster_.submit(via, cluster_.transaction("brand", number, operation));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster_.run_until([&] { return cluster_.is_committed(via, *id); }))
        << cluster_.node(via).status().diagnosis.text();
  }

  NodeCluster cluster_{kFourNames};
  std::size_t restored_ = cluster_.index_of("auditor");
  std::size_t other_ = cluster_.index_of("brand");
  std::uint32_t next_ = 0;
};

TEST_F(StaleLog, ARestoredBackupIsFoundOutAndObserves) {
  commit(other_);
  cluster_.crash(restored_);
  const Bytes log = cluster_.files(restored_).bytes(kLog);
  const MemoryStore journal = cluster_.store(restored_);
  cluster_.start(restored_);
  commit(other_);
  commit(other_);
  cluster_.crash(restored_);
  cluster_.files(restored_).bytes(kLog) = log;
  cluster_.store(restored_) = journal;
  cluster_.start(restored_);
  ASSERT_TRUE(cluster_.run_until([&] { return !cluster_.node(restored_).is_voting(); }));

  // It follows, and stays an observer through further restarts.
  commit(other_);
  EXPECT_TRUE(
      cluster_.run_until([&] { return cluster_.height(restored_) == cluster_.height(other_); }));
  EXPECT_TRUE(cluster_.agree());
}

TEST_F(StaleLog, TheNewestLogIsNotSuspected) {
  for (int round = 0; round < 5; ++round) {
    commit(other_);
    cluster_.crash(restored_);
    commit(other_);
    cluster_.start(restored_);
    cluster_.run_ms(15'000);  // Longer than the answers are waited for.
    EXPECT_TRUE(cluster_.node(restored_).is_voting());
  }
  cluster_.crash(other_);
  commit(restored_);  // Its vote is needed, and given.
}

}  // namespace
}  // namespace fenrun
