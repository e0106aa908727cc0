// One replica against everything a stranger can send it.  Of four validators it is number 0; the
// leader of view 1 is number 1, of view 4 itself.
#include "consensus/replica.h"

#include <gtest/gtest.h>

#include "tests/unit/consensus/replica_fixture.h"

namespace fenrun {
namespace {

using consensus_testing::finalize;
using consensus_testing::kChain;
using consensus_testing::Members;
using consensus_testing::nullify;
using consensus_testing::ReplicaTest;

TEST_F(ReplicaTest, NotarizesWhatItExecutedAndLogsFirst) {
  ASSERT_EQ(all<Verify>(hear(1, first())).size(), 1);
  EXPECT_TRUE(
      votes(step(Verified{View(1), block_id_of(first().payload), Verdict::valid, 1})).empty())
      << "not durable yet";
  const auto outputs = step(BodyDurable{block_id_of(first().payload)});
  ASSERT_EQ(outputs.size(), 4);
  EXPECT_EQ(std::get<Persist>(outputs[0]).record,
            LogRecord(EpochOpened{Epoch(0), Digest{}, View(0)}));
  EXPECT_TRUE(std::holds_alternative<Propose>(std::get<Persist>(outputs[1]).record));
  const auto vote = std::get<Vote>(std::get<Persist>(outputs[2]).record);
  EXPECT_EQ(vote, members_.vote(first().subject(), 0));
  EXPECT_EQ(std::get<Send>(outputs[3]).message, Message(vote));
}

TEST_F(ReplicaTest, AProposalCountsOnTheLeadersLinkOnly) {
  EXPECT_TRUE(hear(2, first()).empty());
  auto forged = first();
  forged.payload.header.push_back(1);  // The id is computed from these bytes.
  EXPECT_TRUE(hear(1, forged).empty());
  EXPECT_EQ(all<Verify>(hear(1, first())).size(), 1);
}

TEST_F(ReplicaTest, TheLeadersSignatureOnABadJustificationIsIgnoredNotNullified) {
  hear(2, members_.certificate(nullify(1), {1, 2, 3}));
  ASSERT_EQ(replica_->view(), View(2));
  auto bad = proposal(2, 0, Digest{}, 1, 'b');
  auto forged = members_.certificate(nullify(1), {1, 2, 3});
  forged.subject.view = View(3);
  bad.justification.nullifications.push_back(forged);
  EXPECT_TRUE(all<Verify>(hear(2, bad)).empty());
  auto misplaced = proposal(2, 0, sha256(bytes_of("no parent")), 1, 'b');
  EXPECT_TRUE(votes(hear(2, misplaced)).empty());
  auto good = proposal(2, 0, Digest{}, 1, 'b');
  EXPECT_EQ(all<Verify>(hear(2, good)).size(), 1) << "the same header, well justified";
}

TEST_F(ReplicaTest, NoSkipWithoutNullification) {
  const auto notarized = first();
  hear(2, members_.certificate(notarized.subject(), {1, 2, 3}));
  ASSERT_EQ(replica_->view(), View(2));
  const auto skipping = proposal(2, 0, Digest{}, 1, 'b');
  const auto outputs = hear(2, skipping);
  EXPECT_TRUE(all<Verify>(outputs).empty());
  EXPECT_EQ(all<Send>(outputs).size(), 1) << "it asks for the nullification of view 1";
  const auto after = hear(3, members_.certificate(nullify(1), {1, 2, 3}));
  EXPECT_EQ(all<Verify>(after).size(), 1);
}

TEST_F(ReplicaTest, AsksForTheNotarizationOfAParentWhoseViewItSawNullified) {
  const auto parent = first();
  const auto child = proposal(2, 1, block_id_of(parent.payload), 2, 'b');
  hear(2, members_.certificate(nullify(1), {1, 2, 3}));
  const auto asked = [&](const std::vector<Output>& outputs) {
    std::vector<Message> found;
    for (const auto& sent : all<Send>(outputs)) {
      const auto* question = std::get_if<GetCertificates>(&sent.message);
      if (question != nullptr) found.emplace_back(*question);
    }
    return found;
  };
  const std::vector<Message> question{GetCertificates{Epoch(0), View(1), View(2)}};
  // Views 1 and 2 both have a certificate; still the chain to the block of view 2 is not known.
  EXPECT_EQ(asked(hear(3, members_.certificate(child.subject(), {1, 2, 3}))), question);
  wait(10);
  EXPECT_EQ(asked(wait(5'000)), question) << "and again, while it is not answered";
  hear(3, members_.certificate(parent.subject(), {1, 2, 3}));
  EXPECT_TRUE(asked(wait(5'000)).empty());
}

TEST_F(ReplicaTest, AFaultyHeaderNullifiesAndAnAlteredListDoesNot) {
  hear(1, first());
  const auto id = block_id_of(first().payload);
  EXPECT_TRUE(votes(step(Verified{View(1), id, Verdict::mismatch, 1})).empty());
  EXPECT_EQ(all<Verify>(hear(1, first())).size(), 1) << "another copy is tried";
  const auto cast = votes(step(Verified{View(1), id, Verdict::invalid, 1}));
  ASSERT_EQ(cast.size(), 1);
  EXPECT_EQ(cast[0].subject, nullify(1));
}

TEST_F(ReplicaTest, ABlockAheadOfTheClockGetsNoVoteButIsAParent) {
  hear(1, first());
  const auto id = block_id_of(first().payload);
  step(BodyDurable{id});
  const auto cast = votes(step(Verified{View(1), id, Verdict::early, 1}));
  ASSERT_EQ(cast.size(), 1);
  EXPECT_EQ(cast[0].subject, nullify(1));
  // The clocks of a quorum were ahead as well: what they decided stands, and is built upon.
  auto second = proposal(2, 1, id, 2, 'b');
  second.justification.parent = members_.certificate(first().subject(), {1, 2, 3});
  EXPECT_EQ(all<Verify>(hear(2, second)).size(), 1);
  const auto next = votes(execute(second));
  ASSERT_EQ(next.size(), 1);
  EXPECT_EQ(next[0].subject, second.subject());
}

TEST_F(ReplicaTest, ABlockWaitsUntilItsParentIsReadyAndNotarized) {
  const auto id = block_id_of(first().payload);
  auto second = proposal(2, 1, id, 2, 'b');
  second.justification.parent = members_.certificate(first().subject(), {1, 2, 3});
  hear(1, first());
  const auto again = all<Verify>(hear(2, second));
  ASSERT_EQ(again.size(), 1) << "its parent is being executed, and wanted now";
  EXPECT_TRUE(again[0].propose.view == View(1) && again[0].wanted);
  EXPECT_TRUE(all<Verify>(step(Verified{View(1), id, Verdict::valid, 1})).empty())
      << "and not durable";
  const auto next = all<Verify>(step(BodyDurable{id}));
  ASSERT_EQ(next.size(), 1);
  EXPECT_EQ(next[0].propose.view, View(2));
}

// A replica whose log has a chain of notarized blocks up to this view, none of them final.
class ChainTest : public ReplicaTest {
 protected:
  // The subject of the last one.  Each is executed, in order.
  Subject restart_with_chain(std::uint64_t views) {
    std::vector<LogRecord> log{EpochOpened{Epoch(0), Digest{}, View(0)}};
    Digest parent;
    Subject last;
    for (std::uint64_t view = 1; view <= views; ++view) {
      const auto block = proposal(view, view - 1, parent, view, static_cast<std::uint8_t>(view));
      last = block.subject();
      parent = last.block_id;
      log.emplace_back(members_.certificate(last, {1, 2, 3}));
      log.emplace_back(block);
    }
    restart(log);
    auto orders = all<Verify>(wait(10));
    for (std::uint64_t view = 1; view <= views; ++view) {
      EXPECT_EQ(orders.size(), 1) << view;
      const auto& propose = orders[0].propose;
      EXPECT_EQ(propose.view, View(view));
      EXPECT_TRUE(orders[0].wanted);
      step(BodyDurable{orders[0].block_id});
      executed_ = step(Verified{propose.view, orders[0].block_id, Verdict::valid, 1});
      orders = all<Verify>(executed_);
    }
    return last;
  }

  std::vector<Output> hear_finalization_of(Subject subject) {
    subject.kind = VoteKind::finalize;
    return hear(2, members_.certificate(subject, {1, 2, 3}));
  }

  std::vector<Output> executed_;  // What came of executing the last.

  static std::size_t nullifies(const std::vector<Output>& outputs) {
    return static_cast<std::size_t>(std::ranges::count_if(
        votes(outputs), [](const Vote& vote) { return vote.subject.kind == VoteKind::nullify; }));
  }
};

// As where the journal was lost and the vote log was not.
TEST_F(ChainTest, AfterARestartAllBlocksOfTheLogAreTakenUpParentsFirst) {
  constexpr std::uint64_t kViews = 20;
  const auto last = restart_with_chain(kViews);
  const auto commits = all<Commit>(hear_finalization_of(last));
  ASSERT_EQ(commits.size(), 1);
  EXPECT_EQ(commits[0].blocks.size(), kViews);
}

// More than 128 views that nothing makes final.
TEST_F(ChainTest, ACrowdedLeaderTakesItsTimeUntilAllIsFinal) {
  restart_with_chain(127);
  EXPECT_EQ(all<Build>(executed_).size(), 1) << "not yet";
  const auto last = restart_with_chain(131);
  EXPECT_TRUE(all<Build>(executed_).empty());
  EXPECT_TRUE(all<Build>(step(WorkPending{true})).empty());
  EXPECT_TRUE(all<Build>(wait(3'900)).empty());
  EXPECT_EQ(all<Build>(wait(200)).size(), 1);

  restart_with_chain(131);
  EXPECT_TRUE(all<Build>(step(WorkPending{true})).empty());
  EXPECT_EQ(all<Build>(hear_finalization_of(last)).size(), 1);
}

TEST_F(ChainTest, ACrowdedLeaderIsWaitedForAndHasItsTimeOnceAllIsFinal) {
  restart_with_chain(124);
  step(WorkPending{true});
  EXPECT_EQ(nullifies(wait(3'000)), 1) << "not yet";

  const auto last = restart_with_chain(132);
  step(WorkPending{true});
  EXPECT_EQ(nullifies(wait(8'000)), 0);
  EXPECT_EQ(nullifies(hear_finalization_of(last)), 0) << "it has not had its time";
  EXPECT_EQ(nullifies(wait(3'000)), 1);

  restart_with_chain(132);
  step(WorkPending{true});
  EXPECT_EQ(nullifies(wait(11'000)), 1) << "it does not come";
}

// Too much waits here to become final, and perhaps here only.
TEST_F(ReplicaTest, ABlockThatIsCrowdedOutIsExecutedOnceAQuorumWantsIt) {
  const auto orders = all<Verify>(hear(1, first()));
  ASSERT_EQ(orders.size(), 1);
  EXPECT_FALSE(orders[0].wanted);
  const auto id = block_id_of(first().payload);
  const auto refused = step(Verified{View(1), id, Verdict::crowded, 1});
  ASSERT_EQ(votes(refused).size(), 1);
  EXPECT_EQ(votes(refused)[0].subject, nullify(1));
  EXPECT_TRUE(all<Verify>(refused).empty());
  EXPECT_TRUE(all<Verify>(wait(5'000)).empty());

  const auto again = all<Verify>(hear(2, members_.certificate(first().subject(), {1, 2, 3})));
  ASSERT_EQ(again.size(), 1);
  EXPECT_TRUE(again[0].wanted);
  execute(first());
  auto second = proposal(2, 1, id, 2, 'b');
  second.justification.parent = members_.certificate(first().subject(), {1, 2, 3});
  hear(2, second);
  const auto next = votes(execute(second));
  ASSERT_EQ(next.size(), 1);
  EXPECT_EQ(next[0].subject, second.subject());
}

TEST_F(ReplicaTest, ABlockThatWeVotedForIsNotEarlyAfterARestart) {
  hear(1, first());
  execute(first());
  restart(log_);
  wait(10);
  const auto id = block_id_of(first().payload);
  EXPECT_TRUE(votes(step(Verified{View(1), id, Verdict::early, 1})).empty());
  step(BodyDurable{id});
  const auto cast = votes(hear(2, members_.certificate(first().subject(), {1, 2, 3})));
  ASSERT_EQ(cast.size(), 1);
  auto expected = first().subject();
  expected.kind = VoteKind::finalize;
  EXPECT_EQ(cast[0].subject, expected);
}

// The last block of the epoch is committed, the handover not here: who validates next is known
// already, and our votes of later views of the old epoch lie in the log.
TEST(Replica, StartsBehindTheEndOfAnEpochWithVotesOfIt) {
  const Members members(4);
  FinalizedTip tip{Epoch(0), View(1), Height(1), sha256(bytes_of("last")), {}, true};
  tip.certificate = members.certificate(
      {VoteKind::finalize, Epoch(0), View(1), View(0), tip.block_id}, {0, 1, 2});
  const std::vector<LogRecord> log{EpochOpened{Epoch(0), Digest{}, View(0)},
                                   members.vote(nullify(2), 3)};
  const ReplicaConfig config{kChain, Epoch(0), Digest{}, {}, LogCheck::ask};
  Replica replica(config, members.set(), std::nullopt, nullptr, tip, log, TimeMs(0));
  EXPECT_TRUE(replica.ended());
  EXPECT_TRUE(replica.log_snapshot().size() == 1) << "nothing of the old epoch is kept";
}

TEST_F(ReplicaTest, AnEquivocatingLeaderGetsNoVoteAndIsReported) {
  hear(1, first());
  const auto found = all<EvidenceFound>(hear(1, proposal(1, 0, Digest{}, 1, 'z')));
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].evidence.first.signer, ValidatorIndex(1));
  EXPECT_TRUE(votes(execute(first())).empty());
  EXPECT_EQ(votes(wait(8'000)).size(), 1) << "it gives the view up";
}

TEST_F(ReplicaTest, HugeViewsAndOtherEpochsMoveNothing) {
  for (const auto view : {10ULL, 1'000'000ULL, ~0ULL}) {
    hear(2, members_.vote(nullify(view), 2));
    hear(2, PeerStatus{Epoch(0), View(view), Height(view), View(view), Height(0), TimeMs(0)});
  }
  hear(2, members_.certificate(Subject::nullify(Epoch(1), View(1)), {1, 2, 3}));
  auto short_of_quorum = members_.certificate(nullify(5), {1, 2});
  hear(2, short_of_quorum);
  EXPECT_EQ(replica_->view(), View(1));
  hear(2, members_.certificate(nullify(1'000), {1, 2, 3}));
  EXPECT_EQ(replica_->view(), View(1'001)) << "a certificate counts from any view";
}

TEST_F(ReplicaTest, NeverFinalizesAfterNullify) {
  hear(1, first());
  const auto gave_up = votes(wait(8'000));
  ASSERT_EQ(gave_up.size(), 1);
  EXPECT_EQ(gave_up[0].subject.kind, VoteKind::nullify);
  execute(first());
  EXPECT_TRUE(votes(hear(2, members_.certificate(first().subject(), {1, 2, 3}))).empty());
  EXPECT_EQ(replica_->view(), View(2));
}

TEST_F(ReplicaTest, TheLogBringsBackViewVotesAndCertificates) {
  hear(1, first());
  execute(first());
  const auto finalizes = votes(hear(2, members_.certificate(first().subject(), {1, 2, 3})));
  ASSERT_EQ(finalizes.size(), 1);
  const auto snapshot = replica_->log_snapshot();
  for (const auto& records : {log_, snapshot}) {
    restart(records);
    EXPECT_EQ(replica_->view(), View(2)) << "own finalize view + 1";
    wait(1);
    const auto repeated = votes(wait(8'000));
    const auto again = std::ranges::find(repeated, VoteKind::finalize,
                                         [](const Vote& vote) { return vote.subject.kind; });
    ASSERT_NE(again, repeated.end());
    EXPECT_EQ(encode(*again), encode(finalizes[0])) << "I9";
    EXPECT_EQ(replica_->log_snapshot().size(), snapshot.size() + 1) << "and one nullify of view 2";
  }
}

TEST_F(ReplicaTest, AfterARestartItNeitherNotarizesAnotherBlockNorCountsItselfTwice) {
  hear(1, first());
  execute(first());
  restart(log_);
  const auto other = proposal(1, 0, Digest{}, 1, 'z');
  EXPECT_TRUE(votes(hear(1, other)).empty());
  EXPECT_TRUE(votes(execute(other)).empty());
  hear(2, members_.vote(first().subject(), 2));
  EXPECT_EQ(replica_->view(), View(1));
  hear(3, members_.vote(first().subject(), 3));
  EXPECT_EQ(replica_->view(), View(2)) << "its own stored vote is the third";
}

TEST_F(ReplicaTest, AFinalizationFarAheadAsksForTheRangeAndSyncedAdoptsIt) {
  const auto finalization = members_.certificate(finalize(200, 199, "far"), {1, 2, 3});
  const auto outputs = hear(2, finalization);
  EXPECT_EQ(all<CatchUp>(outputs).size(), 1);
  EXPECT_EQ(replica_->view(), View(201));
  step(Synced{{Epoch(0), View(200), Height(150), finalization.subject.block_id, finalization}});
  EXPECT_EQ(replica_->finalized().height, Height(150));
  const auto next = proposal(201, 200, finalization.subject.block_id, 151, 'n');
  auto justified = next;
  justified.justification.parent = finalization;
  EXPECT_EQ(all<Verify>(hear(1, justified)).size(), 1);
}

// The state of a snapshot knows nothing of what was executed above the old tip.
TEST_F(ReplicaTest, WhatStandsAboveATipThatWasTakenOverIsExecutedAgain) {
  hear(1, first());
  execute(first());
  auto second = proposal(2, 1, block_id_of(first().payload), 2, 'b');
  second.justification.parent = members_.certificate(first().subject(), {1, 2, 3});
  ASSERT_EQ(all<Verify>(hear(2, second)).size(), 1);
  execute(second);
  const auto notarization = members_.certificate(second.subject(), {1, 2, 3});
  hear(3, notarization);
  Subject subject = first().subject();
  subject.kind = VoteKind::finalize;
  const auto finalization = members_.certificate(subject, {1, 2, 3});
  const auto outputs = step(Synced{{Epoch(0), View(1), Height(1), subject.block_id, finalization}});
  ASSERT_EQ(all<Verify>(outputs).size(), 1);
  EXPECT_EQ(all<Verify>(outputs)[0].block_id, block_id_of(second.payload));
  EXPECT_TRUE(all<Verify>(outputs)[0].wanted);
  execute(second);
  subject = second.subject();
  subject.kind = VoteKind::finalize;
  EXPECT_EQ(all<Commit>(hear(1, members_.certificate(subject, {1, 2, 3}))).size(), 1);
}

TEST_F(ReplicaTest, AStaleKeyLearnsOfItsVotesFromPeers) {
  hear(3, members_.vote(nullify(6), 3));
  const auto sent = all<Send>(hear(3, GetLastVote{7}));
  ASSERT_EQ(sent.size(), 1);
  EXPECT_EQ(sent[0].message, Message(LastVote{7, members_.vote(nullify(6), 3)}));
}

TEST_F(ReplicaTest, AnObserverFollowsAndNeverVotes) {
  replica_ = std::make_unique<Replica>(ReplicaConfig{kChain, Epoch(0), Digest{}, {}},
                                       members_.set(), std::nullopt, nullptr, genesis(),
                                       std::vector<LogRecord>{}, TimeMs(0));
  EXPECT_TRUE(all<Verify>(hear(1, first())).empty()) << "nobody certified it yet";
  EXPECT_EQ(all<Verify>(hear(2, members_.certificate(first().subject(), {1, 2, 3}))).size(), 1);
  execute(first());
  auto subject = first().subject();
  subject.kind = VoteKind::finalize;
  const auto outputs = hear(2, members_.certificate(subject, {1, 2, 3}));
  ASSERT_EQ(all<Commit>(outputs).size(), 1);
  EXPECT_TRUE(votes(wait(60'000)).empty());
}

// docs/spec/consensus.md, §3.
TEST_F(ReplicaTest, WhoSendsWrongSignaturesIsHeardNoMoreForAWhile) {
  auto forged = members_.vote(nullify(1), 2);
  forged.signature.bytes[0] ^= 1;
  const auto has_nullified = [&](std::uint16_t signer) {
    return std::ranges::count(replica_->status().nullified_by, ValidatorIndex(signer)) > 0;
  };
  for (std::uint64_t i = 0; i < 10 * kWastedVerificationsMax; ++i) hear(1, forged);
  hear(1, members_.vote(nullify(1), 2));
  EXPECT_FALSE(has_nullified(2)) << "as much of it as was wrong is passed over";
  hear(2, members_.vote(nullify(1), 2));
  EXPECT_TRUE(has_nullified(2)) << "others are heard";
  wait(1'500);
  hear(1, members_.vote(nullify(1), 1));
  hear(1, members_.vote(nullify(1), 3));
  EXPECT_EQ(replica_->view(), View(2)) << "and so is it, later";
}

}  // namespace
}  // namespace fenrun
