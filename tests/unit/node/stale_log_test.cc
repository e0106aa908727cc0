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

// The guard beside the log is as old as the log is: who cannot vouch for its votes cannot say
// either how far its ledger was.
TEST_F(StaleLog, ARestoredBackupSignsNoSmallerCheckpoint) {
  std::uint64_t largest = 0;
  bool fell = false;
  cluster_.set_tamper([&](std::size_t from, std::size_t, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    const auto* signatures = message ? std::get_if<CheckpointSignatures>(&*message) : nullptr;
    if (signatures == nullptr || from != restored_) return bytes;
    fell = fell || signatures->size < largest;
    largest = std::max(largest, signatures->size);
    return bytes;
  });
  commit(other_);
  cluster_.run_ms(1'000);
  cluster_.crash(restored_);
  const Bytes log = cluster_.files(restored_).bytes(kLog);
  const Bytes guard = cluster_.files(restored_).bytes("/guard.0");
  const MemoryStore journal = cluster_.store(restored_);
  cluster_.start(restored_);
  for (int i = 0; i < 5; ++i) commit(other_);
  cluster_.run_ms(1'000);
  ASSERT_GT(largest, journal.size());

  cluster_.crash(restored_);
  cluster_.files(restored_).bytes(kLog) = log;
  cluster_.files(restored_).bytes("/guard.0") = guard;
  cluster_.store(restored_) = journal;
  cluster_.partition({restored_});  // It starts alone, and is linked later.
  cluster_.start(restored_);
  cluster_.run_ms(2'000);
  cluster_.heal();
  cluster_.run_ms(1'000);
  EXPECT_FALSE(cluster_.node(restored_).is_voting());
  commit(other_);
  cluster_.run_ms(3'000);
  EXPECT_FALSE(fell);

  // Nor after another start, when the log says that it is not to be used.  The others go on.
  commit(other_);
  ASSERT_TRUE(cluster_.run_until(
      [&] { return cluster_.node(other_).checkpoint()->height == cluster_.height(other_); }));
}

}  // namespace
}  // namespace fenrun
