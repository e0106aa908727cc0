// What is believed of epochs that were not executed, and of whom.
#include "node/epoch_chain.h"

#include <gtest/gtest.h>

#include "node/epoch_learner.h"
#include "tests/support/epoch_links.h"
#include "tests/support/three_epochs.h"

namespace fenrun {
namespace {

const std::vector<std::size_t> kQuorum{0, 1, 2, 3, 4};
const std::vector<std::size_t> kShort{0, 1, 2, 3};
const LinkSigners kAll{kQuorum, kQuorum};

// One network for all tests: what its links say does not change.
struct Story {
  Story() {
    network.pass();
    links = links_of(network.cluster, network.brand, network.at("auditor"));
    CHECK(links.size() == 3);
  }
  static Story& get() {
    static Story story;
    return story;
  }

  EpochChain chain() const {
    const auto& genesis = network.cluster.genesis();
    return {*network.cluster.journal(network.brand).header(Height(0)), genesis.network.value,
            genesis.validators};
  }
  EpochLink resigned(std::size_t i, const Header& header, const LinkSigners& signers) const {
    return resign(network.cluster, links[i], header, signers);
  }
  // The first link, with its Header changed and signed anew by a quorum.
  template <class Change>
  EpochLink changed(Change change) const {
    Header header = header_of(links[0]);
    change(header);
    return resigned(0, header, kAll);
  }

  ThreeEpochs network;
  std::vector<EpochLink> links;
};

Errc refusal(const EpochLink& link) {
  auto chain = Story::get().chain();
  const auto added = chain.add(link);
  EXPECT_EQ(chain.last(), Epoch(added ? 1 : 0));
  return added ? Errc::ok : added.error().code;
}

TEST(EpochChain, LeadsToTheValidatorsOfToday) {
  auto& story = Story::get();
  auto chain = story.chain();
  for (const auto& link : story.links) {
    const auto kept = chain.add(link);
    ASSERT_TRUE(kept) << kept.error().to_string();
    EXPECT_EQ(kept->checkpoint.value, link.handover.checkpoint.value);
  }
  EXPECT_EQ(chain.last(), Epoch(3));
  const auto& journal = story.network.cluster.journal(story.network.brand);
  std::vector<PublicKey> keys;
  for (const auto& validator : validators(journal.state())) keys.push_back(validator.consensus_key);
  EXPECT_EQ(chain.consensus_set(Epoch(3)).keys(), keys);
  EXPECT_EQ(chain.ending(Epoch(2))->id, leaf_hash(story.links[2].handover.header.entry));
  EXPECT_FALSE(chain.ending(Epoch(3)));
}

TEST(EpochChain, SignedAnewByAQuorumOfBothKindsItWouldBeBelieved) {
  EXPECT_EQ(refusal(Story::get().changed([](Header& h) { h.time = h.time.next(); })), Errc::ok);
}

TEST(EpochChain, EitherQuorumAloneDoesNotDo) {
  auto& story = Story::get();
  Header header = header_of(story.links[0]);
  header.time = header.time.next();
  EXPECT_EQ(refusal(story.resigned(0, header, {kShort, kQuorum})), Errc::handover_invalid);
  EXPECT_EQ(refusal(story.resigned(0, header, {kQuorum, kShort})), Errc::handover_invalid);
  auto link = story.resigned(0, header, kAll);
  link.certificate = story.links[0].certificate;
  EXPECT_EQ(refusal(link), Errc::handover_invalid);
  link = story.resigned(0, header, kAll);
  link.handover.checkpoint = story.links[0].handover.checkpoint;
  EXPECT_EQ(refusal(link), Errc::handover_invalid);
}

TEST(EpochChain, ALinkStandsInItsPlaceOnly) {
  auto& story = Story::get();
  EXPECT_EQ(refusal(story.links[1]), Errc::handover_invalid);
  EXPECT_EQ(refusal(story.changed([](Header& h) { h.epoch = Epoch(1); })), Errc::handover_invalid);
  EXPECT_EQ(refusal(story.changed([](Header& h) { h.height = Height(0); })),
            Errc::handover_invalid);
  EXPECT_EQ(refusal(story.changed([](Header& h) { h.validators.bytes[0] ^= 1; })),
            Errc::handover_invalid);
  EXPECT_EQ(refusal(story.changed([](Header& h) { h.trust_policy.bytes[0] ^= 1; })),
            Errc::handover_invalid);
  EXPECT_EQ(refusal(story.changed([](Header& h) { h.chain_id.bytes[31] ^= 1; })),
            Errc::handover_invalid);
  EXPECT_EQ(refusal(story.changed([](Header& h) {
              h.next_validators = h.validators;
              h.next_trust_policy = h.trust_policy;
            })),
            Errc::handover_invalid);
  auto again = story.chain();
  ASSERT_TRUE(again.add(story.links[0]));
  EXPECT_EQ(again.add(story.links[0]).error().code, Errc::handover_invalid);
}

TEST(EpochChain, TheNextValidatorsAreThoseThatTheHeaderNames) {
  auto& story = Story::get();
  auto link = story.links[0];
  link.next_validators = story.links[1].next_validators;
  EXPECT_EQ(refusal(link), Errc::handover_invalid);
  link = story.links[0];
  link.handover.next_policy = story.links[1].handover.next_policy;
  EXPECT_EQ(refusal(link), Errc::handover_invalid);
}

// Even where a quorum signs them.
TEST(EpochChain, NextValidatorsThatAreNoSetAreRefused) {
  auto& story = Story::get();
  const auto named = [&](const Bytes& list) {
    Header header = header_of(story.links[0]);
    header.next_validators = hash(Domain::validator_set, list);
    auto link = story.resigned(0, header, kAll);
    link.next_validators = list;
    return refusal(link);
  };
  auto list = *decode<ValidatorList>(story.links[0].next_validators);
  EXPECT_EQ(named(encode(list)), Errc::ok);
  EXPECT_EQ(named(encode(ValidatorList())), Errc::handover_invalid);
  EXPECT_EQ(named(Bytes(100, 7)), Errc::handover_invalid);
  auto doubled = list;
  doubled[1].consensus_key = doubled[0].consensus_key;
  EXPECT_EQ(named(encode(doubled)), Errc::handover_invalid);
  // Those who decide must be those who sign checkpoints.
  auto others = list;
  others[0].checkpoint_key = test_key("somebody").public_key();
  EXPECT_EQ(named(encode(others)), Errc::handover_invalid);
  others = list;
  others[0].name.value = "somebody";
  EXPECT_EQ(named(encode(others)), Errc::handover_invalid);
  others = list;
  others.pop_back();
  EXPECT_EQ(named(encode(others)), Errc::handover_invalid);
}

TEST(EpochChain, AnotherSignedEndingIsAContradiction) {
  auto& story = Story::get();
  auto chain = story.chain();
  for (const auto& link : story.links) ASSERT_TRUE(chain.add(link));
  EXPECT_FALSE(*chain.contradicts(Epoch(0), story.links[0]));
  // Higher up, lower down, or in another way.
  EXPECT_TRUE(*chain.contradicts(
      Epoch(0), story.changed([](Header& h) { h.height = Height(h.height.value() + 9); })));
  EXPECT_TRUE(*chain.contradicts(
      Epoch(0), story.changed([](Header& h) { h.height = Height(h.height.value() - 1); })));
  auto nonsense = story.links[0];
  nonsense.handover.header.entry[40] ^= 1;
  EXPECT_EQ(chain.contradicts(Epoch(0), nonsense).error().code, Errc::handover_invalid);
}

TEST(EpochChain, AHeaderHasItsPlace) {
  auto& story = Story::get();
  auto chain = story.chain();
  for (const auto& link : story.links) ASSERT_TRUE(chain.add(link));
  const auto place = [&](const Header& header) {
    const auto status = chain.check_place(header, block_id(header));
    return status ? Errc::ok : status.error().code;
  };
  const auto& journal = story.network.cluster.journal(story.network.brand);
  for (Height height(1); height <= journal.tip().height; height = height.next()) {
    EXPECT_EQ(place(*journal.header(height)), Errc::ok) << height.value();
  }
  // A departed quorum goes on with its epoch.
  Header late = header_of(story.links[0]);
  late.next_validators = late.validators;
  late.next_trust_policy = late.trust_policy;
  EXPECT_EQ(place(late), Errc::handover_invalid);
  late.height = late.height.next();
  late.position = late.position.next();
  EXPECT_EQ(place(late), Errc::handover_invalid);
  Header early = *journal.header(journal.tip().height);
  early.height = Height(3);
  EXPECT_EQ(place(early), Errc::handover_invalid);
  Header others = journal.tip();
  others.validators.bytes[5] ^= 1;
  EXPECT_EQ(place(others), Errc::handover_invalid);
  others = journal.tip();
  others.epoch = Epoch(9);
  EXPECT_EQ(place(others), Errc::handover_invalid);
}

// ---- Asking ------------------------------------------------------------------------------------

constexpr net::PeerIndex kA(1);
constexpr net::PeerIndex kB(2);

EpochLinks answer(const Story& story, std::uint64_t from, std::size_t count) {
  EpochLinks out{Epoch(from), {}};
  for (std::size_t i = 0; i < count; ++i) out.links.push_back(story.links[from + i]);
  return out;
}

struct Learning {
  explicit Learning(std::vector<net::PeerIndex> peers) {
    for (const auto peer : peers) learner.ask(peer);
  }
  // Asks as far as time allows; the epochs that a peer is asked from.
  std::map<net::PeerIndex, std::uint64_t> asked(std::uint64_t at) {
    std::map<net::PeerIndex, std::uint64_t> out;
    for (const auto& request : learner.next_requests(TimeMs(at))) {
      out[request.peer] = request.question.from.value();
    }
    return out;
  }
  void tell(net::PeerIndex peer, std::uint64_t from, std::size_t count) {
    EXPECT_TRUE(learner.take(peer, answer(Story::get(), from, count)));
  }

  EpochLearner learner{Story::get().chain(), TimeMs(0)};
};

using Asked = std::map<net::PeerIndex, std::uint64_t>;

TEST(EpochLearner, AsksEachFromTheBeginningToItsEnd) {
  Learning learning({kA, kB});
  EXPECT_EQ(learning.asked(0), (Asked{{kA, 0}, {kB, 0}}));
  EXPECT_EQ(learning.asked(1), Asked());  // One question at a time.
  learning.tell(kA, 0, 2);
  EXPECT_EQ(learning.learner.chain().last(), Epoch(2));
  EXPECT_EQ(learning.asked(2), (Asked{{kA, 2}}));
  learning.tell(kB, 0, 3);
  learning.tell(kA, 2, 1);
  EXPECT_EQ(learning.asked(3), (Asked{{kA, 3}, {kB, 3}}));
  EXPECT_FALSE(learning.learner.is_settled(TimeMs(3)));
  learning.tell(kA, 3, 0);
  EXPECT_FALSE(learning.learner.is_settled(TimeMs(3)));
  EXPECT_TRUE(learning.learner.is_settled(TimeMs(EpochLearner::kOthersWaitMs)));
  learning.tell(kB, 3, 0);
  EXPECT_TRUE(learning.learner.has_just_settled(TimeMs(3)));
  EXPECT_FALSE(learning.learner.has_just_settled(TimeMs(4)));
  EXPECT_TRUE(learning.learner.has_shown(kA, Epoch(3)));
  EXPECT_FALSE(learning.learner.has_shown(kA, Epoch(4)));
  EXPECT_EQ(learning.asked(5), Asked());
}

TEST(EpochLearner, WhatComesUnaskedIsPassedOver) {
  Learning learning({kA});
  learning.tell(kA, 0, 3);  // Before it was asked.
  EXPECT_EQ(learning.learner.chain().last(), Epoch(0));
  learning.asked(0);
  learning.tell(kB, 0, 3);
  learning.tell(kA, 1, 2);
  EXPECT_EQ(learning.learner.chain().last(), Epoch(0));
  learning.tell(kA, 0, 1);
  learning.tell(kA, 0, 1);
  EXPECT_EQ(learning.learner.chain().last(), Epoch(1));
}

TEST(EpochLearner, WhoIsSilentIsGivenUp) {
  Learning learning({kA, kB});
  for (std::uint64_t i = 0; i < EpochLearner::kTimeoutsMax; ++i) {
    EXPECT_EQ(learning.asked(i * EpochLearner::kAskAgainMs).count(kA), 1u) << i;
    learning.tell(kB, i, i < 3 ? 1 : 0);
  }
  const std::uint64_t late = EpochLearner::kTimeoutsMax * EpochLearner::kAskAgainMs;
  EXPECT_EQ(learning.asked(late).count(kA), 0u);
  learning.tell(kB, 3, 0);
  EXPECT_TRUE(learning.learner.is_settled(TimeMs(late)));
  EXPECT_FALSE(learning.learner.has_shown(kA, Epoch(0)));
  learning.learner.remove(kA);
  learning.learner.ask(kA);  // Linked anew.
  EXPECT_EQ(learning.asked(late + 1).count(kA), 0u);
}

TEST(EpochLearner, WhoseLinkDoesNotHoldIsGivenUpAndWhatCameBeforeIsKept) {
  Learning learning({kA, kB});
  learning.asked(0);
  auto bad = answer(Story::get(), 0, 3);
  bad.links[1].certificate[60] ^= 1;
  const auto learnt = learning.learner.take(kA, bad);
  ASSERT_TRUE(learnt);
  EXPECT_EQ(learnt->size(), 1u);
  EXPECT_FALSE(learning.learner.has_shown(kA, Epoch(1)));
  learning.tell(kB, 0, 3);
  EXPECT_EQ(learning.learner.chain().last(), Epoch(3));
  EXPECT_FALSE(learning.learner.fork());
}

TEST(EpochLearner, OneHonestPeerIsEnoughThatAForkIsSeen) {
  auto& story = Story::get();
  Learning learning({kA, kB});
  learning.asked(0);
  EpochLinks forged{Epoch(0), {}};
  forged.links.push_back(story.changed([](Header& h) { h.time = h.time.next(); }));
  ASSERT_TRUE(learning.learner.take(kA, forged));
  EXPECT_FALSE(learning.learner.fork());
  learning.tell(kB, 0, 3);
  EXPECT_EQ(learning.learner.fork(), Epoch(0));
  EXPECT_EQ(learning.learner.chain().last(), Epoch(1));
}

}  // namespace
}  // namespace fenrun
