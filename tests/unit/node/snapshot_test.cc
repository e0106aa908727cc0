// Joining by a snapshot, and catching up over any distance, in whole nodes on a virtual network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/snapshot_source.h"
#include "node/config.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

constexpr SnapshotSettings kOften{.interval = 10, .behind = 15};
constexpr SnapshotSettings kKeepsAll{.interval = 10, .behind = 1'000'000'000};

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
  // In one transaction.
  void commit_at_once(std::size_t via, std::uint32_t operations) {
    const auto key = test_key("brand operator");
    const auto body = cluster->transaction("brand", sequence, campaign_of(1)).body;
    List<OperationBytes, kTransactionOperationsMax> payloads;
    for (std::uint32_t i = 0; i < operations; ++i) {
      payloads.push_back(*encode_operation(campaign_of(1'000 * (1 + sequence) + i)));
    }
    const auto id = cluster->submit(via, sign_transaction(body, payloads, key));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster->run_until([&] { return cluster->is_committed(via, *id); }));
    ++sequence;
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

net::Payload payload_of(const NodeMessage& message) {
  return std::make_shared<const Bytes>(encode(message));
}

// Node 3 finds these peers as if they had begun with a snapshot: the blocks before are not there.
NodeCluster::Tamper keeping_from(NodeCluster& cluster, Height earliest,
                                 const std::set<std::size_t>& peers) {
  return [&cluster, earliest, peers](std::size_t from, std::size_t to, net::Payload bytes) {
    if (to != 3 || !peers.contains(from)) return bytes;
    auto message = decode<NodeMessage>(*bytes);
    CHECK(message.has_value());
    auto* consensus = std::get_if<Message>(&*message);
    auto* status = consensus != nullptr ? std::get_if<PeerStatus>(consensus) : nullptr;
    if (status != nullptr) status->earliest_height = earliest;
    auto* range = std::get_if<RangeAnswer>(&*message);
    if (range != nullptr && cluster.height(3).next() < earliest) *range = {};
    return payload_of(*message);
  };
}

// Node 3 was away from height 25 to 60.
void leave_node_behind(NodeCluster& cluster, Workload& workload) {
  workload.until_height(0, 25);
  cluster.crash(3);
  ASSERT_TRUE(cluster.store(3).header_position(Height(20)));
  workload.until_height(0, 60);
}

void expect_whole_history(NodeCluster& cluster) {
  EXPECT_FALSE(cluster.store(3).base());
  const auto early = cluster.store(3).header_position(Height(5));
  ASSERT_TRUE(early);
  EXPECT_TRUE(cluster.store(3).entry(*early));
  EXPECT_TRUE(cluster.agree());
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
  NodeCluster cluster(kFourNames, 1, kKeepsAll);
  Workload workload(cluster);
  restart_empty(cluster, 3);
  workload.until_height(0, kRangeBlocksMax + 60);
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  expect_whole_history(cluster);
}

// For a second it is linked with the one only that began with a snapshot.
TEST(NodeSnapshot, WhoIsToKeepTheHistoryWaitsForThoseWhoHaveIt) {
  NodeCluster cluster(kFourNames, 6, kKeepsAll);
  Workload workload(cluster);
  leave_node_behind(cluster, workload);
  cluster.set_tamper(keeping_from(cluster, Height(50), {2}));
  cluster.partition({2, 3});
  cluster.start(3);
  cluster.run_ms(1'000);
  EXPECT_TRUE(cluster.node(3).status().catching_up);
  cluster.heal();
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  expect_whole_history(cluster);
}

TEST(NodeSnapshot, WhoSaysThatItIsFarAboveTakesNobodysHistory) {
  NodeCluster cluster(kFourNames, 7, kKeepsAll);
  Workload workload(cluster);
  restart_empty(cluster, 3);
  workload.until_height(0, 600);
  int lies = 0;
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    auto* consensus = message ? std::get_if<Message>(&*message) : nullptr;
    auto* status = consensus != nullptr ? std::get_if<PeerStatus>(consensus) : nullptr;
    if (from != 0 || to != 3 || status == nullptr) return bytes;
    ++lies;
    status->finalized_height = Height(~std::uint64_t{0});
    return payload_of(*message);
  });
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }))
      << "one liar is one too few";
  EXPECT_GT(lies, 0);
  expect_whole_history(cluster);
}

// Nobody had the blocks when the snapshot was begun; before its last part comes, all have them.
TEST(NodeSnapshot, WhenBlocksAreServedAgainTheSnapshotIsLetGo) {
  NodeCluster cluster(kFourNames, 8, kKeepsAll);
  Workload workload(cluster);
  leave_node_behind(cluster, workload);
  bool blocks_are_there = false;
  const auto without_blocks = keeping_from(cluster, Height(50), {0, 1, 2});
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    if (message && std::holds_alternative<SnapshotPartAnswer>(*message)) {
      return payload_of(BatchAck{});
    }
    return blocks_are_there ? bytes : without_blocks(from, to, bytes);
  });
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.node(3).status().joining.has_value(); }));
  blocks_are_there = true;
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }, 15'000));
  expect_whole_history(cluster);
}

TEST(NodeSnapshot, WhoRefusesSnapshotsWaitsForBlocks) {
  NodeCluster cluster(kFourNames, 9, {.interval = 10, .behind = kJoinNever});
  Workload workload(cluster);
  leave_node_behind(cluster, workload);
  cluster.set_tamper(keeping_from(cluster, Height(50), {0, 1, 2}));
  cluster.start(3);
  cluster.run_ms(130'000);
  EXPECT_LT(cluster.height(3), Height(50));
  EXPECT_FALSE(cluster.node(3).status().joining);
  cluster.set_tamper(nullptr);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  expect_whole_history(cluster);
}

TEST(NodeSnapshot, TheConfigurationCanRefuseSnapshots) {
  const std::string node = "name = \"brand\"\n[peer]\nport = 7000\n[api]\nport = 7001\n";
  const auto read = [&](const std::string& lines) {
    return parse_config(node + "[snapshot]\n" + lines, "/home");
  };
  EXPECT_EQ(read("")->snapshot_behind, 5'000U);
  EXPECT_EQ(read("join = true\nbehind = 77\n")->snapshot_behind, 77U);
  const auto config = read("join = false\nbehind = 77\n");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->snapshot_behind, kJoinNever);
  const auto again = parse_config(print_config(*config), "/home");
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->snapshot_behind, kJoinNever);
  const auto wrong = read("join = 1\n");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::config_invalid);
  EXPECT_THAT(wrong.error().detail, testing::HasSubstr("`snapshot.join` must be true or false"));
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
  leave_node_behind(cluster, workload);
  cluster.set_tamper(keeping_from(cluster, Height(50), {0, 1, 2}));
  cluster.start(3);
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_TRUE(cluster.store(3).base());
  EXPECT_TRUE(cluster.agree());
}

TEST(NodeSnapshot, AMemberThatIsAwayMayHaveTheBlocksAndIsWaitedFor) {
  NodeCluster cluster(kFourNames, 10, {.interval = 10, .behind = 5'000});
  Workload workload(cluster);
  leave_node_behind(cluster, workload);
  cluster.crash(2);
  cluster.set_tamper(keeping_from(cluster, Height(50), {0, 1}));
  cluster.start(3);
  cluster.run_ms(110'000);
  EXPECT_FALSE(cluster.store(3).base());
  ASSERT_TRUE(cluster.run_until([&] { return is_caught_up(cluster, 3); }));
  EXPECT_TRUE(cluster.store(3).base());
  EXPECT_TRUE(cluster.agree());
}

// A snapshot at a height of which nobody else keeps one.
struct LoneSnapshot {
  SnapshotManifest manifest;
  Height height;
  std::vector<SnapshotPart> parts;  // Of one piece each.
};

LoneSnapshot snapshot_of_tip(const Journal& journal) {
  const Header& tip = journal.tip();
  const auto* bits = journal.active_at(tip.height);
  LoneSnapshot lone{*make_manifest(journal.store(), *bits, tip.height), tip.height, {}};
  CHECK(section_count(tip.position) == 1);
  for (std::size_t piece = 0; piece < section_pieces(tip.position, 0); ++piece) {
    lone.parts.push_back(
        *make_part(journal.store(), *bits, tip.height, {0, static_cast<std::uint8_t>(piece)}));
    lone.parts.back().content.resize(1);
  }
  return lone;
}

// Peer 0 offers node 3 nothing but a snapshot of its own, and gives a piece of it each 8 s.
struct Staller {
  explicit Staller(NodeCluster& owner) : cluster(&owner) {
    Workload workload(owner);
    restart_empty(owner, 3);
    for (int i = 0; i < 16; ++i) workload.commit_at_once(0, 500);
    lone = snapshot_of_tip(owner.journal(0));
    workload.until_height(0, lone.height.value() + 25);
  }

  // What it says to node 3 instead.
  net::Payload alter(const net::Payload& bytes) {
    auto message = decode<NodeMessage>(*bytes);
    CHECK(message.has_value());
    if (auto* offer = std::get_if<SnapshotOffer>(&*message)) offer->manifest = lone.manifest;
    if (const auto* answer = std::get_if<SnapshotPartAnswer>(&*message);
        answer != nullptr && answer->request.height == lone.height && !answer->part) {
      asked = answer->request;
      return payload_of(BatchAck{});
    }
    return payload_of(*message);
  }

  // Its offers begin before anybody asks.
  void offer_unasked() {
    for (int i = 0; i < 200; ++i) {
      cluster->inject(0, 3, SnapshotOffer{lone.manifest});
      cluster->run_ms(1);
    }
  }

  bool stall_until_caught_up(std::uint64_t span_max) {
    constexpr std::uint64_t kPieceMs = 8'000;
    const auto is_done = [&] { return is_caught_up(*cluster, 3); };
    for (std::uint64_t waited = 0; waited < span_max; waited += kPieceMs) {
      if (cluster->run_until(is_done, kPieceMs)) return true;
      const auto request = std::exchange(asked, std::nullopt);
      if (!request) continue;
      cluster->inject(0, 3, SnapshotPartAnswer{*request, lone.parts[request->first_piece]});
    }
    return is_done();
  }

  NodeCluster* cluster;
  LoneSnapshot lone;
  std::optional<GetSnapshotPart> asked;
};

TEST(NodeSnapshot, ALoneOfferThatNobodyAskedForStallsNobody) {
  NodeCluster cluster(kFourNames, 11, kOften);
  Staller staller(cluster);
  ASSERT_GE(staller.lone.parts.size(), 16U);
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    return from == 0 && to == 3 ? staller.alter(bytes) : bytes;
  });
  cluster.start(3);
  staller.offer_unasked();
  EXPECT_TRUE(staller.stall_until_caught_up(120'000));
  ASSERT_TRUE(cluster.store(3).base());
  EXPECT_GT(*cluster.store(3).base(), staller.lone.height);  // That of most peers.
  EXPECT_TRUE(cluster.agree());
}

TEST(NodeSnapshot, WhereOnePeerAloneOffersBlocksOfTheOthersLeadOn) {
  NodeCluster cluster(kFourNames, 12, kOften);
  Staller staller(cluster);
  ASSERT_GE(staller.lone.parts.size(), 16U);
  bool was_begun = false;
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    if (to != 3) return bytes;
    if (cluster.node(3).status().joining) was_begun = true;
    if (from == 0) return staller.alter(bytes);
    auto message = decode<NodeMessage>(*bytes);
    CHECK(message.has_value());
    if (auto* offer = std::get_if<SnapshotOffer>(&*message)) offer->manifest.reset();
    return payload_of(*message);
  });
  cluster.start(3);
  EXPECT_TRUE(staller.stall_until_caught_up(120'000));
  EXPECT_TRUE(was_begun);
  EXPECT_FALSE(cluster.store(3).base());
  EXPECT_TRUE(cluster.agree());
}

}  // namespace
}  // namespace fenrun
