// Joining by a snapshot of a later epoch than one's own.
#include <gtest/gtest.h>

#include "tests/support/epoch_links.h"
#include "tests/support/three_epochs.h"

namespace fenrun {
namespace {

TEST(EpochSnapshot, WhoKnowsGenesisOnlyJoinsThreeEpochsLaterAndVotes) {
  ThreeEpochs network;
  auto& cluster = network.cluster;
  network.pass();
  cluster.start(network.west);
  ASSERT_TRUE(cluster.run_until([&] { return network.is_caught_up(network.west); }));
  ASSERT_TRUE(network.joined(network.west));
  EXPECT_EQ(cluster.journal(network.west).header(*cluster.store(network.west).base())->epoch,
            Epoch(3));
  EXPECT_TRUE(cluster.node(network.west).is_voting());
  // Three of four are needed: without west there is no quorum.
  cluster.crash(network.at("auditor"));
  network.parties.open_campaign(network.brand);
  network.parties.open_campaign(network.west);
  EXPECT_TRUE(cluster.agree());
  expect_proofs_from_genesis(cluster, network.west, 3);
  // And so after a restart.
  cluster.crash(network.west);
  cluster.start(network.west);
  network.parties.open_campaign(network.brand);
  EXPECT_TRUE(cluster.run_until([&] { return network.is_caught_up(network.west); }));
  EXPECT_TRUE(cluster.agree());
}

// Whoever learnt the epochs itself shows them to the next.
TEST(EpochSnapshot, WhoJoinedSoLetsOthersJoin) {
  ThreeEpochs network;
  auto& cluster = network.cluster;
  network.pass();
  const auto observer = network.at("distributor-so");
  cluster.crash(observer);
  cluster.store(observer) = MemoryStore();
  cluster.start(network.west);
  ASSERT_TRUE(cluster.run_until([&] { return network.joined(network.west); }));
  network.until_height(cluster.height(network.brand).value() + 15);
  ASSERT_TRUE(cluster.run_until([&] { return network.is_caught_up(network.west); }));
  cluster.partition({network.west, observer});
  cluster.start(observer);
  ASSERT_TRUE(cluster.run_until([&] { return network.joined(observer); }));
  EXPECT_EQ(cluster.node(observer).status().epoch, Epoch(3));
  cluster.heal();
  ASSERT_TRUE(cluster.run_until([&] { return network.is_caught_up(observer); }));
  EXPECT_TRUE(cluster.agree());
  expect_proofs_from_genesis(cluster, observer, 3);
}

TEST(EpochSnapshot, KilledMidwayItGoesOn) {
  int joined = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    ThreeEpochs network(seed);
    auto& cluster = network.cluster;
    network.pass();
    for (int life = 0; life < 6; ++life) {
      cluster.start(network.west);
      cluster.run_ms(5 + seed * 7 % 23);
      cluster.crash(network.west);
    }
    cluster.start(network.west);
    ASSERT_TRUE(cluster.run_until([&] { return network.is_caught_up(network.west); })) << seed;
    if (network.joined(network.west)) ++joined;
    cluster.crash(network.at("auditor"));
    network.parties.open_campaign(network.brand);
    EXPECT_TRUE(cluster.agree()) << seed;
  }
  EXPECT_GT(joined, 3);
}

// The log is of the epoch to come: what it voted there still binds it, and it is not taken for
// stale.
TEST(EpochSnapshot, AVoteLogAheadOfALostJournalIsNotForgotten) {
  ThreeEpochs network;
  auto& cluster = network.cluster;
  network.pass();
  const auto east = network.at("distributor-east");
  cluster.start(network.west);
  ASSERT_TRUE(cluster.run_until([&] { return network.is_caught_up(network.west); }));
  network.parties.open_campaign(network.brand);
  cluster.crash(east);
  cluster.store(east) = MemoryStore();
  cluster.start(east);
  ASSERT_TRUE(cluster.run_until([&] { return network.is_caught_up(east); }));
  EXPECT_TRUE(network.joined(east));
  EXPECT_TRUE(cluster.node(east).is_voting());
  cluster.crash(network.at("auditor"));
  network.parties.open_campaign(network.brand);
  EXPECT_TRUE(cluster.agree());
  for (std::size_t i = 0; i < cluster.size(); ++i) EXPECT_TRUE(cluster.evidence(i).empty());
}

// Changes the links that some peers give to west, and counts the parts that west asks for before
// blocks led it out of epoch 0.
int give_links(ThreeEpochs& network, const std::set<std::size_t>& by,
               const std::function<void(EpochLinks&)>& change) {
  int asked_in_epoch_0 = 0;
  network.cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    CHECK(message.has_value());
    const bool is_question = std::holds_alternative<GetSnapshotPart>(*message);
    if (from == network.west && is_question &&
        network.cluster.journal(from).tip().epoch_of_child() == Epoch(0)) {
      ++asked_in_epoch_0;
    }
    auto* links = std::get_if<EpochLinks>(&*message);
    if (to != network.west || !by.contains(from) || links == nullptr || links->links.empty() ||
        links->from != Epoch(0)) {
      return bytes;
    }
    change(*links);
    return net::Payload(std::make_shared<const Bytes>(encode(*message)));
  });
  network.cluster.start(network.west);
  EXPECT_TRUE(
      network.cluster.run_until([&] { return network.is_caught_up(network.west); }, 120'000));
  network.cluster.set_tamper({});
  EXPECT_TRUE(network.cluster.agree());
  return asked_in_epoch_0;
}

// A quorum that left could sign another history.  One honest peer is enough that it is noticed.
TEST(EpochSnapshot, TwoSignedEndingsOfOneEpochAreBelievedToNobody) {
  ThreeEpochs network;
  network.pass();
  const int asked = give_links(network, {network.brand}, [&](EpochLinks& links) {
    Header header = header_of(links.links[0]);
    header.time = header.time.next();
    links.links[0] =
        resign(network.cluster, links.links[0], header, {{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4, 5, 6}});
    links.links.resize(1);
  });
  EXPECT_EQ(asked, 0);  // Blocks led it on.
  expect_proofs_from_genesis(network.cluster, network.west, 3);
}

TEST(EpochSnapshot, LinksThatNoQuorumSignedAreTheirGiversFault) {
  ThreeEpochs network;
  network.pass();
  int given = 0;
  const int asked =
      give_links(network, {network.brand, network.at("auditor")}, [&](EpochLinks& links) {
        ++given;
        Header header = header_of(links.links[0]);
        header.time = header.time.next();
        links.links[0] =
            resign(network.cluster, links.links[0], header, {{0, 1, 2, 3}, {0, 1, 2, 3, 4}});
      });
  EXPECT_GT(given, 0);
  EXPECT_GT(asked, 0);
  EXPECT_TRUE(network.joined(network.west));
}

}  // namespace
}  // namespace fenrun
