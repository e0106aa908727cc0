// Whole nodes through changes of the validator set.
#include <gtest/gtest.h>

#include "contracts/key_owners.h"
#include "tests/support/three_epochs.h"

namespace fenrun {
namespace {

const std::vector<std::string> kNames{"brand", "distributor-east", "distributor-west", "auditor",
                                      "distributor-south"};

ReplaceValidatorKeys replacement(NodeCluster& cluster, std::size_t i) {
  const auto& old = *std::ranges::find(cluster.genesis().validators, NameText{cluster.name_of(i)},
                                       &Validator::name);
  ReplaceValidatorKeys operation{
      old.name,
      cluster.consensus_key(i).public_key(),
      cluster.checkpoint_key(i).public_key(),
      old.transport_key,
      {},
      prove_possession(cluster.checkpoint_key(i), chain_id(cluster.genesis()), old.party,
                       KeyPurpose::checkpoint),
      std::nullopt};
  const ValidatorKeysStatement statement{chain_id(cluster.genesis()), old.name,
                                         operation.consensus_key, operation.checkpoint_key,
                                         Height(0)};
  operation.possession = cluster.consensus_key(i).sign(Domain::validator_keys, encode(statement));
  return operation;
}

TEST(Epochs, ARemovedValidatorGoesOnAsAnObserver) {
  NodeCluster cluster(kNames);
  Organisations parties(cluster);
  const auto south = cluster.index_of("distributor-south");
  const auto via = cluster.index_of("brand");
  parties.remove_south(via);
  EXPECT_FALSE(cluster.node(south).is_voting());
  EXPECT_TRUE(cluster.node(via).is_voting());
  parties.open_campaign(via);
  parties.open_campaign(south);  // An observer passes transactions on.
  ASSERT_TRUE(cluster.run_until([&] { return cluster.height(south) == cluster.height(via); }));
  EXPECT_EQ(cluster.node(via).status().validators.size(), 4u);
  EXPECT_TRUE(cluster.agree());
  expect_proofs_from_genesis(cluster, via, 1);
  expect_proofs_from_genesis(cluster, south, 1);

  // Three of the four that remain suffice; before, it took four of five.
  cluster.crash(cluster.index_of("auditor"));
  parties.open_campaign(via);
}

TEST(Epochs, ALostLogIsReplacedByANewKey) {
  NodeCluster cluster(kNames);
  Organisations parties(cluster);
  const auto west = cluster.index_of("distributor-west");
  const auto via = cluster.index_of("brand");
  parties.open_campaign(via);
  cluster.crash(west);
  cluster.renew_keys(west);
  cluster.start(west);
  EXPECT_FALSE(cluster.node(west).is_voting());
  EXPECT_EQ(parties.run("distributor-west", replacement(cluster, west), west), Errc::ok);
  ASSERT_TRUE(cluster.run_until([&] { return in_epoch(cluster, 1); }));
  EXPECT_TRUE(cluster.node(west).is_voting());
  // Its vote is needed again: two others are down... of five, f is one.
  cluster.crash(cluster.index_of("auditor"));
  parties.open_campaign(via);
  EXPECT_TRUE(cluster.agree());
}

TEST(Epochs, WhoWasAwayForTwoEpochsComesBackThroughBoth) {
  NodeCluster cluster(kNames);
  Organisations parties(cluster);
  const auto west = cluster.index_of("distributor-west");
  const auto via = cluster.index_of("brand");
  cluster.crash(west);
  parties.open_campaign(via);
  parties.change(RemoveValidator{{"distributor-south"}},
                 {"distributor-east", "auditor", "distributor-south"}, via);
  ASSERT_TRUE(cluster.run_until([&] { return in_epoch(cluster, 1); }));
  parties.open_campaign(via);
  const auto east = cluster.index_of("distributor-east");
  cluster.crash(east);
  cluster.renew_keys(east);
  cluster.start(west);
  ASSERT_TRUE(cluster.run_until([&] { return in_epoch(cluster, 1); }));
  cluster.start(east);
  EXPECT_EQ(parties.run("distributor-east", replacement(cluster, east), via), Errc::ok);
  ASSERT_TRUE(cluster.run_until([&] { return in_epoch(cluster, 2); }));
  parties.open_campaign(via);
  EXPECT_TRUE(cluster.node(east).is_voting());
  EXPECT_TRUE(cluster.agree());
  expect_proofs_from_genesis(cluster, west, 2);
}

// A damaged file among many: nothing of the present epoch hangs on it.
TEST(Epochs, AHandoverThatWasLostIsFetchedAgain) {
  NodeCluster cluster(kNames);
  Organisations parties(cluster);
  const auto west = cluster.index_of("distributor-west");
  const auto via = cluster.index_of("brand");
  parties.remove_south(via);
  parties.open_campaign(via);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.height(west) == cluster.height(via); }));
  const auto kept = *cluster.store(west).handover(Epoch(0));

  cluster.crash(west);
  cluster.store(west).lose_handover(Epoch(0));
  cluster.start(west);
  EXPECT_TRUE(cluster.node(west).is_voting());
  ASSERT_TRUE(
      cluster.run_until([&] { return cluster.store(west).handover(Epoch(0)).has_value(); }, 5'000));
  const auto back = *cluster.store(west).handover(Epoch(0));
  EXPECT_EQ(back.next_policy, kept.next_policy);
  EXPECT_EQ(back.certificate, kept.certificate);
  EXPECT_EQ(back.next_validators, kept.next_validators);
  // Its vote is needed, and so is its cosignature.
  cluster.crash(cluster.index_of("auditor"));
  parties.open_campaign(via);
  expect_proofs_from_genesis(cluster, west, 1);
}

// Of several epochs, after a snapshot that left out how they ended: the links have it.
TEST(Epochs, HandoversFromBeforeASnapshotAreFetchedAgain) {
  ThreeEpochs f;
  f.pass();
  f.cluster.start(f.west);
  ASSERT_TRUE(f.cluster.run_until([&] { return f.is_caught_up(f.west); }));
  ASSERT_TRUE(f.joined(f.west));
  f.cluster.crash(f.west);
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    f.cluster.store(f.west).lose_handover(Epoch(epoch));
  }
  f.cluster.start(f.west);
  EXPECT_TRUE(f.cluster.node(f.west).is_voting());
  ASSERT_TRUE(f.cluster.run_until(
      [&] {
        return f.cluster.store(f.west).handover(Epoch(0)) &&
               f.cluster.store(f.west).handover(Epoch(1)) &&
               f.cluster.store(f.west).handover(Epoch(2));
      },
      20'000));
  f.parties.open_campaign(f.brand);
  expect_proofs_from_genesis(f.cluster, f.west, 3);
}

TEST(Epochs, AHandoverOfNobodysIsNotKept) {
  NodeCluster cluster(kNames);
  Organisations parties(cluster);
  const auto west = cluster.index_of("distributor-west");
  const auto via = cluster.index_of("brand");
  parties.remove_south(via);
  cluster.crash(west);
  cluster.store(west).lose_handover(Epoch(0));
  int lies = 0;
  cluster.set_tamper([&](std::size_t, std::size_t to, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    auto* handover = message ? std::get_if<Handover>(&*message) : nullptr;
    if (handover == nullptr || to != west || lies > 20) return bytes;
    ++lies;
    auto note = *parse_note(handover->checkpoint.value);
    note.signatures.resize(2);
    handover->checkpoint.value = print(note);
    return net::Payload(std::make_shared<const Bytes>(encode(*message)));
  });
  cluster.start(west);
  EXPECT_FALSE(cluster.run_until(
      [&] { return lies <= 20 && cluster.store(west).handover(Epoch(0)).has_value(); }, 4'000));
  EXPECT_TRUE(
      cluster.run_until([&] { return cluster.store(west).handover(Epoch(0)).has_value(); }));
  EXPECT_GT(lies, 2);
}

TEST(Epochs, AllMayLosePowerWhereverTheEpochEnds) {
  for (std::uint64_t after_ms = 0; after_ms <= 160; after_ms += 5) {
    NodeCluster cluster(kNames, 100 + after_ms);
    Organisations parties(cluster);
    const auto via = cluster.index_of("brand");
    const ProposeChange proposal{RemoveValidator{{"distributor-south"}}, Height(50'000)};
    ASSERT_EQ(parties.run("brand", proposal, via), Errc::ok);
    const ApproveChange approval{proposal_digest(proposal)};
    for (const auto* name : {"distributor-east", "distributor-west"}) {
      ASSERT_EQ(parties.run(name, approval, via), Errc::ok);
    }
    const auto last = cluster.submit(via, cluster.transaction("auditor", 0, approval));
    ASSERT_TRUE(last);
    cluster.run_ms(after_ms);
    for (std::size_t i = 0; i < cluster.size(); ++i) cluster.crash(i);
    for (std::size_t i = 0; i < cluster.size(); ++i) cluster.start(i);
    cluster.run_ms(3'000);
    if (!cluster.is_committed(via, *last)) {  // It was lost with the mempool.
      ASSERT_TRUE(cluster.submit(via, cluster.transaction("auditor", 0, approval)));
    }
    ASSERT_TRUE(cluster.run_until([&] { return in_epoch(cluster, 1); })) << after_ms;
    parties.open_campaign(via);
    EXPECT_TRUE(cluster.agree());
  }
}

// How an epoch ended is read from files: not as often as somebody likes to ask.
TEST(Epochs, WhoAsksForTheirEndAgainAndAgainGetsFewAnswers) {
  NodeCluster cluster(kNames);
  Organisations parties(cluster);
  const auto via = cluster.index_of("brand");
  const auto south = cluster.index_of("distributor-south");
  parties.remove_south(via);
  std::size_t handovers = 0;
  std::size_t certificates = 0;
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    if (from != via || to != south || !message) return bytes;
    if (std::holds_alternative<Handover>(*message)) ++handovers;
    const auto* said = std::get_if<Message>(&*message);
    const auto* certificate = said ? std::get_if<Certificate>(said) : nullptr;
    if (certificate && certificate->subject.epoch == Epoch(0)) ++certificates;
    return bytes;
  });
  for (int ms = 0; ms < 400; ++ms) {
    for (int i = 0; i < 5; ++i) {
      cluster.inject(south, via, GetHandover{Epoch(0)});
      cluster.inject(south, via, Message(GetCertificates{Epoch(0), View(1), View(2)}));
    }
    cluster.run_ms(1);
  }
  EXPECT_GT(handovers, 0u);
  EXPECT_GT(certificates, 0u);
  EXPECT_LE(handovers + certificates, 110u) << "each fourth millisecond";
}

}  // namespace
}  // namespace fenrun
