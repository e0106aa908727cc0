// The transactions of this node that are not final yet, lane by lane.
#include "node/tx_pool.h"

#include <gtest/gtest.h>

#include "contracts/records.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

// The genesis state of a network, on which brand's lane 0 expects sequence 0.
class TxPoolTest : public testing::Test {
 protected:
  SignedTransaction transaction(std::uint64_t sequence) const {
    return cluster_.transaction("brand", sequence, OpenCampaign{CampaignId(1), {}});
  }
  Status add(std::uint64_t sequence) {
    return pool_.add(transaction(sequence), cluster_.journal(0).state(), Height(1));
  }
  Sequence next() const { return pool_.next_sequence(test_party("brand"), Lane(0), Sequence(0)); }
  std::vector<std::uint64_t> sealed() {
    std::vector<std::uint64_t> sequences;
    const auto batch = pool_.seal();
    for (const auto& item : batch->batch().transactions) {
      sequences.push_back(item.body.sequence.value());
    }
    return sequences;
  }

  void note_foreign(const SignedTransaction& transaction) {
    pool_.note_foreign(transaction, cluster_.journal(0).state(), Height(1));
  }

  NodeCluster cluster_{{"brand", "auditor", "distributor-east", "distributor-west"}};
  TxPool pool_{TxPoolLimits{}};
};

TEST_F(TxPoolTest, ASequenceBehindThePendingOnesIsNoGap) {
  ASSERT_TRUE(add(0));
  ASSERT_TRUE(add(1));
  EXPECT_EQ(next(), Sequence(2));
  EXPECT_EQ(add(3).error().code, Errc::sequence_gap);
  EXPECT_EQ(sealed(), (std::vector<std::uint64_t>{0, 1}));
}

// Another node took 0 and was lost with it; 1 came here, since a peer was known to have 0.
TEST_F(TxPoolTest, WhatALaneLacksBelowItsPendingOnesMayStillCome) {
  note_foreign(transaction(0));
  ASSERT_TRUE(add(1));
  EXPECT_EQ(next(), Sequence(1)) << "0 is still thought to be on its way";
  ASSERT_TRUE(add(0)) << "but whoever has it may bring it";
  EXPECT_EQ(next(), Sequence(2));
  EXPECT_EQ(sealed(), (std::vector<std::uint64_t>{0, 1})) << "in order, though 1 came first";
}

TEST_F(TxPoolTest, ALaneThatWaitsSaysWhatItLacks) {
  note_foreign(transaction(1));
  ASSERT_TRUE(add(2));
  const auto batch = pool_.seal();
  ASSERT_TRUE(batch);
  // Ordered before its turn: it has no effect, and waits for 0 and 1.
  pool_.on_committed({}, {batch->digest()}, cluster_.journal(0).state(), Height(2));
  EXPECT_EQ(next(), Sequence(0));
  ASSERT_TRUE(add(0));
  ASSERT_TRUE(add(1));
  EXPECT_EQ(next(), Sequence(3));
}

// Else any member could keep a party from using its lanes.
TEST_F(TxPoolTest, NobodyElseSaysWhatALaneHasPending) {
  auto body = transaction(5).body;
  body.signer = PartySigner{test_party("brand"), test_key("a stranger").public_key()};
  note_foreign(sign_transaction(body, {Bytes{0}}, test_key("a stranger")));
  EXPECT_EQ(next(), Sequence(0));
  note_foreign(transaction(std::uint64_t{1} << 63));
  EXPECT_EQ(next(), Sequence(0)) << "no node has so many pending";
  note_foreign(transaction(kLanePendingMax - 1));
  EXPECT_EQ(next(), Sequence(kLanePendingMax));
}

TEST_F(TxPoolTest, OneThatWaitedInVainKeepsNoOtherWaiting) {
  note_foreign(transaction(0));
  ASSERT_TRUE(add(1));
  ASSERT_TRUE(add(2));
  const auto batch = pool_.seal();
  ASSERT_TRUE(batch);
  pool_.on_committed({}, {batch->digest()}, cluster_.journal(0).state(), Height(2));
  // By another node.
  ASSERT_TRUE(cluster_.submit(0, transaction(0)));
  const auto other = cluster_.transaction("brand", 1, OpenCampaign{CampaignId(77), {}});
  ASSERT_TRUE(cluster_.submit(0, other));
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.is_committed(0, other.id()); }));
  pool_.on_committed({}, {}, cluster_.journal(0).state(), cluster_.height(0).next());
  const auto rejection = pool_.rejection(transaction(1).id());
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->code, Errc::sequence_stale);
  EXPECT_EQ(sealed(), std::vector<std::uint64_t>{2});
}

TEST_F(TxPoolTest, ASequenceThatIsPendingIsStale) {
  ASSERT_TRUE(add(0));
  const auto other = cluster_.transaction("brand", 0, OpenCampaign{CampaignId(2), {}});
  EXPECT_EQ(pool_.add(other, cluster_.journal(0).state(), Height(1)).error().code,
            Errc::sequence_stale);
}

// Of many small operations a batch holds twenty times what it sends, and a peer has to check it.
TEST_F(TxPoolTest, SealsNoMoreThanAPeerHasRoomToCheck) {
  constexpr std::uint64_t kCount = 200;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    auto many = transaction(i);
    many.operations.resize(kTransactionOperationsMax, OperationBytes{0});
    ASSERT_TRUE(pool_.add(many, cluster_.journal(0).state(), Height(1)));
  }
  std::size_t sealed = 0;
  while (const auto batch = pool_.seal()) {
    EXPECT_LE(batch->memory(), kBatchMemoryMax);
    sealed += batch->batch().transactions.size();
  }
  EXPECT_EQ(sealed, kCount);
}

TEST_F(TxPoolTest, CountsBothCopiesOfWhatItHolds) {
  TxPool small(TxPoolLimits{.memory_max = 3 * memory_of(transaction(0))});
  EXPECT_TRUE(small.add(transaction(0), cluster_.journal(0).state(), Height(1)));
  EXPECT_EQ(small.add(transaction(1), cluster_.journal(0).state(), Height(1)).error().code,
            Errc::mempool_full);
}

}  // namespace
}  // namespace fenrun
