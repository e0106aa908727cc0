// Joining by a snapshot, and catching up over any distance, in whole nodes on a virtual network.
#include <gtest/gtest.h>

#include "ledger/snapshot_source.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

constexpr SnapshotSettings kOften{.interval = 10, .behind = 15};

Operation campaign_of(std::uint32_t number) { return OpenCampaign{CampaignId(number), {}}; }

// Transactions of the brand, one after the other, each committed at the node before the next.
struct Workload {
  explicit Workload(NodeCluster& owner) : cluster(&owner) {}

  void commit(std::size_t via, int count) {
    for (int i = 0; i < count; ++i) {
      const auto id =
          cluster->submit(via, cluster->transaction("brand", sequence, campaign_of(1 + sequence)));
      ASSERT_TRUE(id) << id.error().to_string();
      ASSERT_TRUE(cluster->run_until([&] { return cluster->is_committed(via, *id); }));
      ++sequence;
    }
  }
  void until_height(std::size_t via, std::uint64_t height) {
    while (cluster->height(via).value() < height && !testing::Test::HasFatalFailure()) {
      commit(via, 1);
    }
  }

  NodeCluster* cluster;
  std::uint32_t sequence = 0;
};

bool is_caught_up(NodeCluster& cluster, std::size_t i) {
  return cluster.height(i) >= cluster.height(0) && !cluster.node(i).status().catching_up;
}

// Its data are gone but for the vote log and the guard, as when the journal's disk is replaced.
void restart_empty(NodeCluster& cluster, std::size_t i) {
  cluster.crash(i);
  cluster.store(i) = MemoryStore();
}

TEST(NodeSnapshot, AnEmptyNodeJoinsWhileTheOthersCommitAndVotesAgain) {
  NodeCluster cluster(kFourNames, 1, kOften);
  Workload workload(cluster);
  restart_empty(cluster, 3);
  workload.until_height(0, 60);
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.store(3).base().has_value(); }));
  workload.commit(0, 20);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_GE(cluster.store(3).base()->value(), 50U);
  EXPECT_EQ(cluster.node(3).status().base, cluster.store(3).base());
  EXPECT_FALSE(cluster.node(3).status().joining);
  // Without it there is no quorum any more.
  cluster.crash(1);
  workload.commit(0, 5);
  workload.commit(3, 5);
  EXPECT_TRUE(cluster.agree());
  EXPECT_EQ(find_campaign(cluster.journal(3).state(), CampaignId(1)),
            find_campaign(cluster.journal(0).state(), CampaignId(1)));
  // What it serves and what it does not have.
  const auto early = cluster.store(0).header_position(Height(5));
  EXPECT_EQ(cluster.store(3).entry(*early).error().code, Errc::not_found);
  // After a restart it goes on from there.
  cluster.crash(3);
  cluster.start(3);
  workload.commit(0, 3);
  EXPECT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_TRUE(cluster.agree());
}

TEST(NodeSnapshot, WhoIsToKeepTheHistoryFetchesItFromGenesisOn) {
  NodeCluster cluster(kFourNames, 1, {.interval = 10, .behind = 1'000'000'000});
  Workload workload(cluster);
  restart_empty(cluster, 3);
  workload.until_height(0, kRangeBlocksMax + 60);
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_FALSE(cluster.store(3).base());
  const auto early = cluster.store(3).header_position(Height(5));
  ASSERT_TRUE(early);
  EXPECT_TRUE(cluster.store(3).entry(*early));
  EXPECT_TRUE(cluster.agree());
}

TEST(NodeSnapshot, CheckpointsAreSignedAboveTheSnapshotOnly) {
  NodeCluster cluster(kFourNames, 1, kOften);
  Workload workload(cluster);
  restart_empty(cluster, 3);
  workload.until_height(0, 40);
  std::uint64_t smallest = ~std::uint64_t{0};
  cluster.set_tamper([&](std::size_t from, std::size_t, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    const auto* signatures = message ? std::get_if<CheckpointSignatures>(&*message) : nullptr;
    if (from == 3 && signatures != nullptr && cluster.store(3).base()) {
      smallest = std::min(smallest, signatures->size);
    }
    return bytes;
  });
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.store(3).base().has_value(); }));
  cluster.run_ms(2'000);
  workload.commit(0, 5);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  cluster.run_ms(2'000);
  const auto base = cluster.store(3).header_position(*cluster.store(3).base());
  EXPECT_GT(smallest, base->value() + 1);
  EXPECT_LT(smallest, ~std::uint64_t{0});
}

TEST(NodeSnapshot, ANodeFarBehindGivesUpItsOldJournal) {
  NodeCluster cluster(kFourNames, 2, kOften);
  Workload workload(cluster);
  workload.until_height(0, 20);
  cluster.crash(3);
  const Height left = cluster.store(3).header_position(Height(15)) ? Height(15) : Height(0);
  ASSERT_EQ(left, Height(15));
  workload.until_height(0, 20 + kRangeBlocksMax + 60);
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  ASSERT_TRUE(cluster.store(3).base());
  EXPECT_FALSE(cluster.store(3).header_position(Height(15)));
  EXPECT_TRUE(cluster.agree());
}

// Killed at random moments of the way.
TEST(NodeSnapshot, KilledMidwayItGoesOn) {
  int joined = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    NodeCluster cluster(kFourNames, seed, kOften);
    Workload workload(cluster);
    restart_empty(cluster, 3);
    workload.until_height(0, 40);
    for (int life = 0; life < 6; ++life) {
      cluster.start(3);
      cluster.run_ms(5 + seed * 7 % 23);
      cluster.crash(3);
    }
    cluster.start(3);
    workload.commit(0, 2);
    ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); })) << "seed " << seed;
    // One life may have been long enough to fetch the few blocks instead.
    if (cluster.store(3).base()) ++joined;
    EXPECT_TRUE(cluster.agree()) << "seed " << seed;
  }
  EXPECT_GT(joined, 10);
}

// One peer alters every part, another gives none, a third offers nonsense: what is left suffices.
TEST(NodeSnapshot, PeersThatServeBadPartsAreLeft) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    std::vector<std::string> names = kFourNames;
    names.insert(names.end(), {"distributor-north", "distributor-south", "distributor-middle"});
    NodeCluster cluster(names, seed, kOften);
    Workload workload(cluster);
    restart_empty(cluster, 6);
    workload.until_height(0, 40);
    int altered = 0;
    cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
      if (to != 6) return bytes;
      auto message = decode<NodeMessage>(*bytes);
      CHECK(message.has_value());
      if (auto* answer = std::get_if<SnapshotPartAnswer>(&*message); answer && answer->part) {
        if (from == 1) {
          ++altered;
          answer->part->content[0].leaves[answer->part->content[0].leaves.size() / 2].bytes[3] ^= 1;
        }
        if (from == 2) answer->part.reset();
      }
      if (auto* offer = std::get_if<SnapshotOffer>(&*message); offer && offer->manifest) {
        if (from == 3) offer->manifest->certificate[60] ^= 1;
        // The honest come late, so that the bad are tried.
        if (from != 1 && from != 2 && altered == 0 && seed % 2 == 0) offer->manifest.reset();
      }
      return std::make_shared<const Bytes>(encode(*message));
    });
    cluster.start(6);
    ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 6); })) << "seed " << seed;
    EXPECT_TRUE(cluster.store(6).base()) << "seed " << seed;
    if (seed % 2 == 0) {
      EXPECT_GT(altered, 0) << "seed " << seed;
    }
    EXPECT_TRUE(cluster.agree()) << "seed " << seed;
  }
}

TEST(NodeSnapshot, WhenNobodyGivesPartsBlocksAreFetched) {
  NodeCluster cluster(kFourNames, 3, kOften);
  Workload workload(cluster);
  restart_empty(cluster, 3);
  workload.until_height(0, 40);
  cluster.set_tamper([&](std::size_t, std::size_t, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    auto* answer = message ? std::get_if<SnapshotPartAnswer>(&*message) : nullptr;
    if (answer == nullptr) return bytes;
    answer->request.section = 77;  // An answer to nothing.
    return net::Payload(std::make_shared<const Bytes>(encode(*message)));
  });
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }, 120'000));
  EXPECT_FALSE(cluster.store(3).base());
  EXPECT_TRUE(cluster.agree());
}

// The last part comes when blocks have led beyond the snapshot already.
TEST(NodeSnapshot, WhatBlocksHaveOvertakenIsLetGo) {
  NodeCluster cluster(kFourNames, 5, {.interval = 10, .behind = 3});
  Workload workload(cluster);
  workload.until_height(0, 12);
  cluster.crash(3);
  workload.until_height(0, 35);
  net::Payload part;
  net::Payload range;
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    if (to != 3 || from != 0 || !message) return bytes;
    if (std::holds_alternative<SnapshotPartAnswer>(*message)) part = bytes;
    if (std::holds_alternative<RangeAnswer>(*message)) range = bytes;
    if (bytes != part && bytes != range) return bytes;
    return net::Payload(std::make_shared<const Bytes>(encode(NodeMessage(BatchAck{}))));
  });
  cluster.partition({1, 2});
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return part != nullptr; }));
  const auto joining = cluster.node(3).status().joining;
  ASSERT_TRUE(joining && joining->pieces == 1);
  const Height first = cluster.height(3).next();
  cluster.inject(3, 0, Message(GetRange{first, Height(first.value() + kRangeBlocksMax - 1)}));
  ASSERT_TRUE(cluster.run_until([&] { return range != nullptr; }));
  cluster.set_tamper(nullptr);
  const auto receive = [&](const net::Payload& bytes) {
    cluster.node(3).on_message(net::PeerIndex(0), net::Channel::bulk, *bytes);
  };
  receive(range);
  const Height reached = cluster.height(3);
  ASSERT_GE(reached, joining->height);
  receive(part);
  EXPECT_EQ(cluster.height(3), reached);
  EXPECT_FALSE(cluster.node(3).status().joining);
  EXPECT_FALSE(cluster.store(3).base());
  cluster.heal();
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_TRUE(cluster.agree());
}

// Peers that began with a snapshot do not have the blocks before: another snapshot is the only way.
TEST(NodeSnapshot, WhoseBlocksNobodyServesJoinsHoweverLittleItIsBehind) {
  NodeCluster cluster(kFourNames, 4, {.interval = 10, .behind = 5'000});
  Workload workload(cluster);
  workload.until_height(0, 25);
  cluster.crash(3);
  ASSERT_TRUE(cluster.store(3).header_position(Height(20)));
  workload.until_height(0, 60);
  cluster.set_tamper([&](std::size_t, std::size_t to, net::Payload bytes) {
    if (to != 3) return bytes;
    auto message = decode<NodeMessage>(*bytes);
    CHECK(message.has_value());
    auto* consensus = std::get_if<Message>(&*message);
    auto* status = consensus != nullptr ? std::get_if<PeerStatus>(consensus) : nullptr;
    if (status != nullptr) status->earliest_height = Height(50);
    auto* range = std::get_if<RangeAnswer>(&*message);
    const bool is_below = range != nullptr && cluster.height(3) < Height(49);
    if (is_below) *range = {};
    return net::Payload(std::make_shared<const Bytes>(encode(*message)));
  });
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_TRUE(cluster.store(3).base());
  EXPECT_TRUE(cluster.agree());
}

}  // namespace
}  // namespace fenrun
