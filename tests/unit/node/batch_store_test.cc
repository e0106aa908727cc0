#include "node/batch_store.h"

#include <gtest/gtest.h>

#include "node/messages.h"
#include "tests/support/world.h"

namespace fenrun {
namespace {

constexpr net::PeerIndex kSelf(0);

std::shared_ptr<const EncodedBatch> batch_of(const test::World& world, std::uint64_t number) {
  auto transaction = world.sign("brand", {OpenLane{Lane(1)}}, TransactionMode::independent, number);
  return std::make_shared<const EncodedBatch>(TxBatch{std::vector{std::move(transaction)}});
}

std::vector<Digest> hold_three(const test::World& world, BatchStore& store) {
  std::vector<Digest> all;
  for (std::uint64_t i = 0; i < 3; ++i) {
    all.push_back(batch_of(world, i)->digest());
    EXPECT_TRUE(store.add(batch_of(world, i), kSelf));
  }
  return all;
}

TEST(EncodedBatch, IsWhatItEncodes) {
  const auto batch = batch_of(test::World(), 7);
  EXPECT_TRUE(std::ranges::equal(batch->bytes(), encode(batch->batch())));
  EXPECT_EQ(batch->digest(), batch->batch().digest());
  EXPECT_EQ(*batch->message(), encode(NodeMessage(batch->batch())));
  EXPECT_EQ(batch->operations(), 1u);
}

// A block's limits may be smaller than a batch: it would stay for ever, and all behind it.
TEST(BatchStore, ABatchThatNoBlockHasRoomForGoesAlone) {
  const test::World world;
  BatchStore store;
  const auto all = hold_three(world, store);
  const std::size_t size = batch_of(world, 0)->bytes().size();
  BatchStore::Selection room{.bytes = 2 * size, .operations = 2, .unacknowledged_bytes = 1'000'000};
  EXPECT_EQ(store.select(room, {}), (std::vector{all[0], all[1]}));
  room.bytes = size - 1;
  EXPECT_EQ(store.select(room, {}), std::vector{all[0]});
  room = {.bytes = 2 * size, .operations = 0, .unacknowledged_bytes = 1'000'000};
  EXPECT_EQ(store.select(room, {all[0]}), std::vector{all[1]});
}

// Whoever brings more than blocks take keeps its own batches waiting.
TEST(BatchStore, OriginsTakeTurns) {
  const test::World world;
  BatchStore store;
  std::vector<Digest> floods;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    floods.push_back(batch_of(world, i)->digest());
    ASSERT_TRUE(store.add(batch_of(world, i), net::PeerIndex(1)));
  }
  std::vector<Digest> others;
  for (std::uint64_t i = 2; i < 4; ++i) {
    const auto batch = batch_of(world, 1'000 + i);
    others.push_back(batch->digest());
    ASSERT_TRUE(store.add(batch, net::PeerIndex(static_cast<std::uint16_t>(i))));
  }
  const std::size_t size = batch_of(world, 0)->bytes().size();
  BatchStore::Selection room{
      .bytes = 4 * size + size / 2, .operations = 1'000, .unacknowledged_bytes = 1'000'000};
  EXPECT_EQ(store.select(room, {}), (std::vector{floods[0], others[0], others[1], floods[1]}));
  EXPECT_EQ(store.select(room, {floods[0], others[0]}),
            (std::vector{floods[1], others[1], floods[2], floods[3]}));
}

// Who lies about what it holds does not make the others' word worth nothing.
TEST(BatchStore, EachValidatorsAcknowledgementsAreBoundedForThemselves) {
  const test::World world;
  BatchStore store;
  const auto all = hold_three(world, store);
  for (const auto& digest : all) {
    store.acknowledge(digest, ValidatorIndex(0));
    store.acknowledge(digest, ValidatorIndex(1));
  }
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    store.acknowledge(sha256(encode(i)), ValidatorIndex(2));
  }
  const BatchStore::Selection held{.bytes = 1'000'000, .operations = 100, .quorum = 2};
  EXPECT_EQ(store.select(held, {}), all);
}

// Else a peer could make us hold twenty times what it sends.
TEST(BatchStore, CountsTheMemoryThatSmallOperationsTake) {
  BatchStore store;
  SignedTransaction transaction;
  transaction.operations.resize(kTransactionOperationsMax, OperationBytes{0});
  std::size_t memory = 0;
  Status status;
  for (; status; transaction.body.sequence = transaction.body.sequence.next()) {
    const auto batch = std::make_shared<const EncodedBatch>(TxBatch{std::vector{transaction}});
    EXPECT_GT(batch->memory(), 10 * batch->bytes().size());
    status = store.add(batch, kSelf);
    if (status) memory += batch->memory();
  }
  EXPECT_EQ(status.error().code, Errc::rate_limited);
  EXPECT_LE(memory, kPeerBatchBytesMax);
  EXPECT_EQ(store.pending_memory(), memory);
  EXPECT_LT(store.pending_count(), kPeerBatchesMax);
  store.on_committed(store.pending(store.pending_count()));
  EXPECT_EQ(store.pending_memory(), 0u);
}

// A leader may name it again, and who votes for that block must be able to show it.
TEST(BatchStore, WhatABlockThatIsNotFinalNamesIsKeptHoweverOldItIs) {
  std::set<Digest> needed;
  BatchStore store([&](const Digest& digest) { return needed.contains(digest); });
  SignedTransaction transaction;
  transaction.operations.resize(kTransactionOperationsMax, OperationBytes{0});
  std::vector<Digest> all;
  std::size_t memory = 0;
  const auto commit_another = [&] {
    const auto batch = std::make_shared<const EncodedBatch>(TxBatch{std::vector{transaction}});
    transaction.body.sequence = transaction.body.sequence.next();
    all.push_back(batch->digest());
    memory += batch->memory();
    store.restore(batch, kSelf);
    store.on_committed({batch->digest()});
  };
  for (int i = 0; i < 3; ++i) commit_another();
  needed = {all[1]};
  while (memory < 2 * kCommittedBatchBytesMax) commit_another();
  EXPECT_FALSE(store.holds(all[0]));
  EXPECT_TRUE(store.holds(all[1]));
  EXPECT_FALSE(store.holds(all[2]));
  EXPECT_TRUE(store.holds(all.back()));
  needed.clear();
  commit_another();
  EXPECT_FALSE(store.holds(all[1]));
}

// A log holds more than a peer may make us hold when its journal is behind it, or lost.
TEST(BatchStore, HoldsWhatTheLogHasWhateverThereIs) {
  const test::World world;
  BatchStore store;
  for (std::size_t i = 0; i < kPeerBatchesMax; ++i) {
    ASSERT_TRUE(store.add(batch_of(world, i), kSelf));
  }
  const auto next = batch_of(world, kPeerBatchesMax);
  EXPECT_EQ(store.add(next, kSelf).error().code, Errc::rate_limited);
  EXPECT_FALSE(store.holds(next->digest()));
  store.restore(next, kSelf);
  EXPECT_TRUE(store.is_pending(next->digest()));
  EXPECT_EQ(store.pending(store.pending_count()).back(), next->digest());

  // And takes others again once some are committed.
  store.on_committed({next->digest(), store.pending(1).front()});
  EXPECT_TRUE(store.add(batch_of(world, kPeerBatchesMax + 1), kSelf));
}

// Else one that peers dropped, and that is larger than what may be proposed unacknowledged, would
// stay for ever.
TEST(BatchStore, OneIsProposedHoweverFewHoldIt) {
  const test::World world;
  BatchStore store;
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(store.add(batch_of(world, i), kSelf));
  const BatchStore::Selection room{.bytes = 1'000'000, .operations = 1'000, .quorum = 3};
  EXPECT_EQ(store.select(room, {}), std::vector{batch_of(world, 0)->digest()});
  // Those of which a quorum knows come besides.
  for (std::uint16_t i = 0; i < 3; ++i) {
    store.acknowledge(batch_of(world, 2)->digest(), ValidatorIndex(i));
  }
  EXPECT_EQ(store.select(room, {}),
            (std::vector{batch_of(world, 0)->digest(), batch_of(world, 2)->digest()}));
}

}  // namespace
}  // namespace fenrun
