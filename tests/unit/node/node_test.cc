// Whole nodes on a virtual network: what a network promises its members.
#include <gtest/gtest.h>

#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

Operation open_campaign(std::uint32_t number) { return OpenCampaign{CampaignId(number), {}}; }

TEST(Node, CommitsASubmittedTransactionOnAllFour) {
  NodeCluster cluster(kFourNames);
  const auto id = cluster.submit(0, cluster.transaction("brand", 0, open_campaign(1)));
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    EXPECT_TRUE(find_campaign(cluster.journal(i).state(), CampaignId(1)));
  }
  EXPECT_TRUE(cluster.agree());
}

TEST(Node, AQuorumCosignsACheckpointOfTheTransaction) {
  NodeCluster cluster(kFourNames);
  const auto id = cluster.submit(1, cluster.transaction("brand", 0, open_campaign(1)));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }));
  const auto position = cluster.node(2).transaction_status(*id).position;
  EXPECT_TRUE(cluster.run_until([&] {
    const auto checkpoint = cluster.node(2).checkpoint();
    return checkpoint && checkpoint->size > position->value();
  }));
}

TEST(Node, ThreeOfFourSuffice) {
  NodeCluster cluster(kFourNames);
  for (std::size_t down = 0; down < cluster.size(); ++down) {
    cluster.crash(down);
    const std::size_t via = (down + 1) % cluster.size();
    const auto id = cluster.submit(
        via,
        cluster.transaction("brand", down, open_campaign(static_cast<std::uint32_t>(down + 1))));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }))
        << "with validator " << down << " down";
    cluster.start(down);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(down, *id); }))
        << "validator " << down << " does not catch up";
  }
  EXPECT_TRUE(cluster.agree());
}

TEST(Node, SealsLargerBatchesWhileItsOwnWaitForTheirBlock) {
  NodeCluster cluster(kFourNames);
  std::size_t batches = 0;
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    if (from == 0 && to == 1 && message && std::holds_alternative<TxBatch>(*message)) ++batches;
    return bytes;
  });
  cluster.crash(2);
  cluster.crash(3);
  for (std::uint32_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(cluster.submit(0, cluster.transaction("brand", i, open_campaign(1 + i))));
    cluster.run_ms(NodeCluster::kTickMs);
  }
  EXPECT_GE(batches, 40U) << "each 25 ms at the latest";
  EXPECT_LE(batches, 80U) << "not each 5 ms";
}

TEST(Node, WithTwoDownNothingCommitsAndNothingIsLost) {
  NodeCluster cluster(kFourNames);
  const auto first = cluster.submit(0, cluster.transaction("brand", 0, open_campaign(1)));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*first); }));
  cluster.crash(2);
  cluster.crash(3);
  const Height height = cluster.height(0);
  const auto second = cluster.submit(0, cluster.transaction("brand", 1, open_campaign(2)));
  ASSERT_TRUE(second);
  cluster.run_ms(30'000);
  // A finalization that was on its way at the crash may still arrive; nothing new is decided.
  EXPECT_LE(cluster.height(0).value(), height.value() + 1);
  EXPECT_FALSE(cluster.is_committed(0, *second));
  const auto diagnosis = cluster.node(0).status().diagnosis;
  EXPECT_EQ(diagnosis.cause, StallCause::links);
  EXPECT_EQ(diagnosis.missing.size(), 2u);
  cluster.start(2);
  cluster.start(3);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*second); }, 20'000));
  EXPECT_TRUE(cluster.is_committed_everywhere(*first));
  EXPECT_TRUE(cluster.agree());
}

TEST(Node, WhatWasSubmittedBeforeTheOthersCameNeedNotWaitForItsNodeToLead) {
  for (std::size_t via = 0; via < kFourNames.size(); ++via) {
    NodeCluster cluster(kFourNames);
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      if (i != via) cluster.crash(i);
    }
    const auto id = cluster.submit(via, cluster.transaction("brand", 0, open_campaign(1)));
    ASSERT_TRUE(id) << id.error().to_string();
    cluster.run_ms(100);
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      if (i != via) cluster.start(i);
    }
    // Well before an idle leader proposes by itself.
    EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }, 2'000))
        << "submitted to validator " << via;
  }
}

// The batch of the second is ordered alone, before its turn, and must be ordered again.
TEST(Node, WhatWasOrderedBeforeItsTurnIsOrderedAgain) {
  for (std::size_t leader = 0; leader < 2; ++leader) {
    NodeCluster cluster(kFourNames);
    cluster.partition({0, 1});
    const auto first = cluster.submit(0, cluster.transaction("brand", 0, open_campaign(1)));
    ASSERT_TRUE(first) << first.error().to_string();
    cluster.run_ms(200);
    const auto second = cluster.submit(1, cluster.transaction("brand", 1, open_campaign(2)));
    ASSERT_TRUE(second) << second.error().to_string();
    cluster.run_ms(200 * (leader + 1));
    cluster.crash(0);
    cluster.heal();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.height(1) > Height(4); }));
    cluster.start(0);
    ASSERT_TRUE(cluster.submit(0, cluster.transaction("brand", 0, open_campaign(1))));
    EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*second); }))
        << "round " << leader;
  }
}

TEST(Node, WhatWasAnsweredCommittedSurvivesTheLossOfPowerEverywhere) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    NodeCluster cluster(kFourNames, seed);
    std::vector<Digest> committed;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::size_t via = (seed + round) % cluster.size();
      const auto sequence = cluster.node(via).next_sequence(test_party("brand"), Lane(0));
      ASSERT_TRUE(sequence);
      const auto id = cluster.submit(
          via, cluster.transaction("brand", sequence->value(),
                                   open_campaign(static_cast<std::uint32_t>(round + 1))));
      ASSERT_TRUE(id) << id.error().to_string();
      cluster.run_ms(1 + (seed * 7 + round * 13) % 60);
      if (cluster.is_committed(via, *id)) committed.push_back(*id);
      for (std::size_t i = 0; i < cluster.size(); ++i) cluster.crash(i);
      for (std::size_t i = 0; i < cluster.size(); ++i) cluster.start(i);
      ASSERT_TRUE(cluster.run_until(
          [&] {
            return std::ranges::all_of(
                committed, [&](const Digest& d) { return cluster.is_committed_everywhere(d); });
          },
          30'000))
          << "seed " << seed << " round " << round;
      // And the network goes on.
      const Height height = cluster.height(0);
      ASSERT_TRUE(cluster.run_until([&] { return cluster.height(0) > height; }, 30'000))
          << "seed " << seed << " round " << round;
    }
    ASSERT_TRUE(cluster.agree()) << "seed " << seed;
  }
}

TEST(Node, CatchesUpAfterALongAbsence) {
  NodeCluster cluster(kFourNames);
  cluster.crash(3);
  std::uint64_t sequence = 0;
  for (std::uint32_t round = 1; round <= 40; ++round) {
    const auto id =
        cluster.submit(0, cluster.transaction("brand", sequence++, open_campaign(round)));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(0, *id); }));
  }
  cluster.start(3);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.height(3) >= cluster.height(0); }, 20'000));
  EXPECT_TRUE(cluster.agree());
}

TEST(Node, CommitsThroughLossAndPartitions) {
  NodeCluster cluster(kFourNames, 7);
  cluster.set_loss_percent(10);
  for (std::uint32_t round = 1; round <= 8; ++round) {
    cluster.partition({round % 4});
    const std::size_t via = (round + 1) % 4;
    const auto sequence = cluster.node(via).next_sequence(test_party("brand"), Lane(0));
    const auto id =
        cluster.submit(via, cluster.transaction("brand", sequence->value(), open_campaign(round)));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(via, *id); }));
    cluster.heal();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }));
  }
  EXPECT_TRUE(cluster.agree());
}

TEST(Node, TheSameTransactionAtTwoNodesIsJournaledOnce) {
  NodeCluster cluster(kFourNames);
  const auto transaction = cluster.transaction("brand", 0, open_campaign(1));
  const auto a = cluster.submit(0, transaction);
  const auto b = cluster.submit(2, transaction);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*a); }));
  cluster.run_ms(1'000);
  EXPECT_EQ(next_sequence(cluster.journal(0).state(), test_party("brand"), Lane(0)), Sequence(1));
  // And once more, long after.
  const auto again = cluster.submit(1, transaction);
  ASSERT_TRUE(again);
  EXPECT_TRUE(cluster.is_committed(1, *again));
}

TEST(Node, RefusesEachBadTransactionWithItsOwnCode) {
  NodeCluster cluster(kFourNames);
  const auto good = cluster.submit(0, cluster.transaction("brand", 0, open_campaign(1)));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*good); }));
  const auto code = [&](const SignedTransaction& transaction) {
    const auto answer = cluster.submit(0, transaction);
    return answer ? Errc::ok : answer.error().code;
  };
  const auto signed_by = [&](const std::string& key_name, TransactionBody body) {
    return sign_transaction(body, {*encode_operation(open_campaign(9))}, test_key(key_name));
  };
  auto transaction = cluster.transaction("brand", 1, open_campaign(2));

  auto wrong_signature = transaction;
  wrong_signature.signature.bytes[0] ^= 1;
  EXPECT_EQ(code(wrong_signature), Errc::signature_invalid);

  EXPECT_EQ(code(cluster.transaction("brand", 0, open_campaign(3))), Errc::sequence_stale);
  EXPECT_EQ(code(cluster.transaction("brand", 5, open_campaign(3))), Errc::sequence_gap);

  auto expired = transaction.body;
  expired.valid_until = Height(0);
  EXPECT_EQ(code(signed_by("brand operator", expired)), Errc::expired);

  auto unknown = transaction.body;
  unknown.signer = PartySigner{test_party("nobody"), test_key("nobody").public_key()};
  EXPECT_EQ(code(signed_by("nobody", unknown)), Errc::signer_unknown);

  auto foreign = transaction.body;
  foreign.chain_id.bytes[0] ^= 1;
  EXPECT_EQ(code(signed_by("brand operator", foreign)), Errc::chain_wrong);

  auto no_lane = transaction.body;
  no_lane.lane = Lane(3);
  EXPECT_EQ(code(signed_by("brand operator", no_lane)), Errc::lane_unknown);

  // Nothing else changed: the right one still is the next.
  EXPECT_EQ(code(transaction), Errc::ok);
}

// Three pieces of signatures, one of which has a wrong one; and what follows in a lane follows in
// the list.
TEST(Node, TakesTransactionsTogetherAsOneAfterAnother) {
  NodeCluster cluster(kFourNames);
  std::vector<SignedTransaction> together;
  for (std::uint32_t i = 0; i < 40; ++i) {
    together.push_back(cluster.transaction("brand", i, open_campaign(1 + i)));
  }
  const auto wrong = cluster.transaction("auditor", 0, open_campaign(77));
  together.insert(together.begin() + 20, wrong);
  together[20].signature.bytes[0] ^= 1;
  auto unknown = together.front().body;
  unknown.signer = PartySigner{test_party("nobody"), test_key("nobody").public_key()};
  together.push_back(
      sign_transaction(unknown, {*encode_operation(open_campaign(9))}, test_key("nobody")));
  const auto submitted = cluster.submit_all(0, together);
  ASSERT_EQ(submitted.size(), together.size());
  for (std::size_t i = 0; i < submitted.size(); ++i) {
    if (i == 20) {
      EXPECT_EQ(submitted[i].error().code, Errc::signature_invalid);
    } else if (i == 41) {
      EXPECT_EQ(submitted[i].error().code, Errc::signer_unknown);
    } else {
      ASSERT_TRUE(submitted[i]) << i << submitted[i].error().to_string();
      EXPECT_EQ(*submitted[i], together[i].id());
    }
  }
  ASSERT_TRUE(
      cluster.run_until([&] { return cluster.is_committed_everywhere(together[40].id()); }));
  // Again: those are committed, and of strangers alone there is an answer too.
  const auto again = cluster.submit_all(0, {together[0], together[40], together[41]});
  EXPECT_TRUE(again[0] && again[1]);
  EXPECT_FALSE(again[2]);
  EXPECT_EQ(cluster.submit_all(0, {together[41]})[0].error().code, Errc::signer_unknown);
}

// Nothing becomes final: what is pending may wait, but not without end.
TEST(Node, RefusesMoreWhileWhatItTookWaitsTooLong) {
  NodeCluster cluster(kFourNames);
  cluster.partition({0});
  const auto large = [&](std::uint64_t sequence) {
    List<OperationBytes, kTransactionOperationsMax> operations;
    for (std::uint32_t i = 0; i < kTransactionOperationsMax; ++i) {
      const auto number = static_cast<std::uint32_t>(1 + sequence * kTransactionOperationsMax + i);
      operations.push_back(*encode_operation(open_campaign(number)));
    }
    auto body = cluster.transaction("brand", sequence, open_campaign(1)).body;
    return sign_transaction(body, operations, test_key("brand operator"));
  };
  std::uint64_t next = 0;
  for (; next < 10; ++next) ASSERT_TRUE(cluster.submit(0, large(next)));
  cluster.run_ms(1'900);
  ASSERT_TRUE(cluster.submit(0, large(next++)));
  cluster.run_ms(200);
  const auto refused = cluster.submit(0, large(next));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::mempool_full);
  EXPECT_TRUE(cluster.submit(0, large(0)));  // What it has taken it has taken.
  cluster.heal();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.node(0).status().mempool_bytes == 0; }));
  EXPECT_TRUE(cluster.submit(0, large(next)));
}

// Else clients that send wrong signatures keep all others of the node waiting, without end.
TEST(Node, RefusesMoreWhileSoManySignaturesWaitToBeChecked) {
  constexpr std::size_t kPiecesMax = 4'096;
  NodeCluster cluster(kFourNames);
  const auto large = [&](std::uint64_t sequence) {
    const auto body = cluster.transaction("brand", sequence, open_campaign(1)).body;
    return sign_transaction(body, std::vector<OperationBytes>(16, OperationBytes{0}),
                            test_key("brand operator"));
  };
  cluster.hold_checks(0, test_party("brand"));
  std::vector<SignedTransaction> many;
  for (std::uint64_t i = 0; i < kPiecesMax; ++i) many.push_back(large(i));
  std::optional<NodeService::Submitted> answer;
  cluster.node(0).submit_all(many, [&](const auto& submitted) { answer = submitted; });
  std::optional<Result<Digest>> refused;
  cluster.node(0).submit(large(kPiecesMax), [&](const auto& result) { refused = result; });
  cluster.run_ms(10);
  EXPECT_FALSE(answer);
  EXPECT_FALSE(refused) << "its turn comes behind them";

  cluster.hold_checks(0, std::nullopt);
  cluster.run_ms(10);
  ASSERT_TRUE(answer && refused);
  EXPECT_TRUE(answer->front());
  EXPECT_EQ(refused->error().code, Errc::mempool_full);
  EXPECT_TRUE(cluster.submit(0, large(kPiecesMax)));
}

TEST(Node, StopsForGoodWhenTheDiskFails) {
  NodeCluster cluster(kFourNames);
  cluster.files(1).fail_sync_in(1);
  const auto id = cluster.submit(0, cluster.transaction("brand", 0, open_campaign(1)));
  ASSERT_TRUE(id);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.node(1).has_failed(); }));
  const Height reached = cluster.height(1);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed(0, *id); }));
  const auto next = cluster.submit(0, cluster.transaction("brand", 1, open_campaign(2)));
  ASSERT_TRUE(next);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.is_committed(0, *next); }));
  EXPECT_EQ(cluster.height(1), reached);
  EXPECT_FALSE(cluster.is_committed(1, *next));
}

// More than a node checks of one peer at a time; else whoever made it would wait for ever.
TEST(Node, TakesALargeBatchOfAPeerOfWhichItChecksNothing) {
  NodeCluster cluster(kFourNames);
  const auto key = test_key("brand operator");
  TxBatch batch;
  for (std::uint64_t i = 0; i < 430; ++i) {
    auto body = cluster.transaction("brand", i, open_campaign(1)).body;
    List<OperationBytes, kTransactionOperationsMax> none;
    none.resize(kTransactionOperationsMax);
    batch.transactions.push_back(sign_transaction(body, none, key));
  }
  ASSERT_LE(encode(batch).size(), kTxBatchBytesMax);
  ASSERT_GT(EncodedBatch(batch).memory(), 16u * 1024 * 1024);
  cluster.node(1).on_message(net::PeerIndex(0), net::Channel::bulk, encode(NodeMessage(batch)));
  EXPECT_TRUE(cluster.run_until(
      [&] { return cluster.is_committed_everywhere(batch.transactions.front().id()); }));
}

}  // namespace
}  // namespace fenrun
