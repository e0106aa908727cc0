#include "node/batch_store.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace fenrun {
namespace {

constexpr net::PeerIndex kSelf(0);

TxBatch batch_of(const test::World& world, std::uint64_t number) {
  TxBatch batch;
  batch.transactions.push_back(
      world.sign("brand", {OpenLane{Lane(1)}}, TransactionMode::independent, number));
  return batch;
}

// A log holds more than a peer may make us hold when its journal is behind it, or lost.
TEST(BatchStore, HoldsWhatTheLogHasWhateverThereIs) {
  const test::World world;
  BatchStore store;
  const TxBatch one = batch_of(world, 0);
  for (std::size_t i = 0; i < kPeerBatchesMax; ++i) {
    Digest digest = test::digest_named("batch " + std::to_string(i));
    ASSERT_TRUE(store.add(digest, one, kSelf));
  }
  const Digest next = test::digest_named("one more");
  EXPECT_EQ(store.add(next, one, kSelf).error().code, Errc::rate_limited);
  EXPECT_FALSE(store.holds(next));
  store.restore(next, one, kSelf);
  EXPECT_TRUE(store.is_pending(next));
  EXPECT_EQ(store.pending().back(), next);

  // And takes others again once some are committed.
  store.on_committed({next, store.pending().front()});
  EXPECT_TRUE(store.add(test::digest_named("another"), one, kSelf));
}

}  // namespace
}  // namespace fenrun
