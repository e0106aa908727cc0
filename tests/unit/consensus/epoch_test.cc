// The end of an epoch, and the check of the vote log.  docs/spec/consensus.md §5, §7.
#include <gtest/gtest.h>

#include "tests/unit/consensus/replica_fixture.h"

namespace fenrun {
namespace {

using consensus_testing::finalize;
using consensus_testing::kChain;
using consensus_testing::notarize;
using consensus_testing::nullify;
using consensus_testing::ReplicaTest;

// The block of view 1, `first()`, is the last of the epoch.
class LastBlockTest : public ReplicaTest {
 protected:
  static Digest last() { return sha256_of('a'); }
  static Digest sha256_of(std::uint8_t content) { return leaf_hash(Bytes{content}); }

  Subject about(VoteKind kind, std::uint64_t view, std::uint64_t parent) const {
    return {kind, Epoch(0), View(view), View(parent), last()};
  }
  Certificate certified(VoteKind kind, std::uint64_t view, std::uint64_t parent) const {
    return members_.certificate(about(kind, view, parent), {1, 2, 3});
  }
  Propose repetition(std::uint64_t view, std::uint64_t parent) const {
    auto propose = proposal(view, parent, last(), 1, 'a');
    propose.justification.parent = certified(VoteKind::notarize, parent, 0);
    return propose;
  }
  // The last block is notarized, and the replica is in view 2.
  void notarize_last() {
    hear(1, first());
    execute(first(), true);
    hear(2, certified(VoteKind::notarize, 1, 0));
    ASSERT_EQ(replica_->view(), View(2));
  }
  static std::vector<Subject> subjects(const std::vector<Output>& outputs) {
    std::vector<Subject> found;
    for (const auto& vote : votes(outputs)) found.push_back(vote.subject);
    return found;
  }
  using Subjects = std::vector<Subject>;
};

TEST_F(LastBlockTest, NothingExtendsIt) {
  notarize_last();
  auto extension = proposal(2, 1, last(), 2, 'b');
  extension.justification.parent = certified(VoteKind::notarize, 1, 0);
  const auto outputs = hear(2, extension);
  EXPECT_TRUE(all<Verify>(outputs).empty());
  EXPECT_EQ(subjects(outputs), Subjects{nullify(2)}) << "a fault of the signed header";
}

TEST_F(LastBlockTest, AnotherBlockIsNotRepeated) {
  hear(1, first());
  execute(first(), false);
  hear(2, certified(VoteKind::notarize, 1, 0));
  EXPECT_EQ(subjects(hear(2, repetition(2, 1))), Subjects{nullify(2)});
}

TEST_F(LastBlockTest, ItIsNotarizedAgainAndCommittedOnce) {
  notarize_last();
  const auto outputs = hear(2, repetition(2, 1));
  EXPECT_TRUE(all<Verify>(outputs).empty()) << "it was executed before";
  EXPECT_EQ(subjects(outputs), Subjects{about(VoteKind::notarize, 2, 1)});
  EXPECT_EQ(subjects(hear(3, certified(VoteKind::notarize, 2, 1))),
            Subjects{about(VoteKind::finalize, 2, 1)});
  const auto commits = all<Commit>(hear(3, certified(VoteKind::finalize, 2, 1)));
  ASSERT_EQ(commits.size(), 1);
  ASSERT_EQ(commits[0].blocks.size(), 1);
  EXPECT_EQ(commits[0].blocks[0].view, View(1));
  EXPECT_TRUE(replica_->ended());
  EXPECT_EQ(replica_->finalized().view, View(2));
  EXPECT_EQ(replica_->finalized().height, Height(1));
}

TEST_F(LastBlockTest, ARepetitionOfAnotherHeightDoesNotFit) {
  notarize_last();
  auto wrong = repetition(2, 1);
  wrong.height = Height(2);  // Not signed.
  EXPECT_TRUE(votes(hear(2, wrong)).empty());
  EXPECT_EQ(votes(hear(2, repetition(2, 1))).size(), 1) << "another copy is tried";
}

TEST_F(LastBlockTest, TheListOfARepetitionIsNotBelieved) {
  notarize_last();
  auto altered = repetition(2, 1);
  altered.payload.batches.push_back(sha256(bytes_of("no batch")));
  ASSERT_EQ(votes(hear(2, altered)).size(), 1);
  const auto* logged = std::get_if<Propose>(&log_[log_.size() - 2]);
  ASSERT_NE(logged, nullptr);
  EXPECT_EQ(logged->view, View(2));
  EXPECT_TRUE(logged->payload.batches.empty());
}

TEST_F(LastBlockTest, TheLeaderRepeatsItWhenItsFinalizationIsLate) {
  step(WorkPending{true});
  notarize_last();
  hear(2, members_.certificate(nullify(2), {1, 2, 3}));
  auto outputs = hear(2, members_.certificate(nullify(3), {1, 2, 3}));
  ASSERT_EQ(replica_->leader(), ValidatorIndex(0));
  EXPECT_TRUE(all<Build>(outputs).empty());
  EXPECT_TRUE(all<Build>(wait(199)).empty());
  outputs = wait(1);
  EXPECT_TRUE(all<Build>(outputs).empty());
  const auto sent = all<Send>(outputs);
  const auto* propose = std::get_if<Propose>(&sent.back().message);
  ASSERT_NE(propose, nullptr);
  EXPECT_EQ(propose->subject(), about(VoteKind::notarize, 4, 1));
  EXPECT_EQ(propose->parent_id, last());
  EXPECT_EQ(propose->height, Height(1));
  EXPECT_EQ(propose->justification.nullifications.size(), 2);
}

TEST_F(LastBlockTest, EitherProposalBringsTheBlock) {
  for (const bool repeated : {false, true}) {
    restart({});
    hear(2, certified(VoteKind::notarize, 1, 0));
    EXPECT_EQ(all<Fetch>(hear(2, certified(VoteKind::notarize, 2, 1))).size(), 1);
    const auto answer = BlockAnswer{repeated ? repetition(2, 1) : first()};
    const auto asked = all<Verify>(hear(3, answer));
    ASSERT_EQ(asked.size(), 1) << "once, for the view it was built in";
    EXPECT_EQ(asked[0].propose.view, View(1));
    EXPECT_EQ(asked[0].propose.parent_view, View(0));
    EXPECT_EQ(asked[0].propose.parent_id, Digest{});
    const Subjects both{about(VoteKind::finalize, 1, 0), about(VoteKind::finalize, 2, 1)};
    EXPECT_EQ(subjects(execute(first(), true)), both);
  }
}

TEST_F(LastBlockTest, TheLogBringsBackARepetition) {
  notarize_last();
  const auto vote = votes(hear(2, repetition(2, 1)));
  ASSERT_EQ(vote.size(), 1);
  for (const auto& records : {log_, replica_->log_snapshot()}) {
    restart(records);
    EXPECT_EQ(replica_->view(), View(2));
    EXPECT_EQ(all<Verify>(wait(1)).size(), 1) << "the block of view 1, and not again for view 2";
    execute(first(), true);
    hear(2, members_.vote(about(VoteKind::notarize, 2, 1), 2));
    const auto outputs = hear(3, members_.vote(about(VoteKind::notarize, 2, 1), 3));
    EXPECT_EQ(subjects(outputs), Subjects{about(VoteKind::finalize, 2, 1)});
  }
}

TEST_F(LastBlockTest, AfterTheEndNothingIsCastButQuestionsAreAnswered) {
  notarize_last();
  hear(2, certified(VoteKind::finalize, 1, 0));
  ASSERT_TRUE(replica_->ended());
  const auto tip = replica_->finalized();
  for (const bool restarted : {false, true}) {
    if (restarted) restart(tip, log_);
    EXPECT_TRUE(replica_->ended());
    EXPECT_TRUE(votes(hear(2, repetition(2, 1))).empty());
    EXPECT_TRUE(votes(hear(2, certified(VoteKind::notarize, 2, 1))).empty());
    EXPECT_TRUE(votes(wait(60'000)).empty());
    const auto sent = all<Send>(hear(2, GetCertificates{Epoch(0), View(1), View(9)}));
    ASSERT_EQ(sent.size(), 1);
    EXPECT_EQ(sent[0].message, Message(*tip.certificate));
  }
}

TEST_F(LastBlockTest, CatchingUpEndsTheEpochToo) {
  const auto finalization = certified(VoteKind::finalize, 30, 29);
  hear(2, finalization);
  step(Synced{{Epoch(0), View(30), Height(20), last(), finalization, true}});
  EXPECT_TRUE(replica_->ended());
  EXPECT_TRUE(votes(wait(60'000)).empty());
}

TEST_F(ReplicaTest, WhoeverIsInALaterEpochHasTheFinalizationOfThisOne) {
  const PeerStatus ahead{Epoch(1), View(1), Height(9), View(0), Height(0), TimeMs(0)};
  const auto sent = all<Send>(hear(2, ahead));
  ASSERT_EQ(sent.size(), 2);
  const auto* question = std::get_if<GetCertificates>(&sent[1].message);
  ASSERT_NE(question, nullptr);
  EXPECT_EQ(question->epoch, Epoch(0));
}

TEST_F(ReplicaTest, AnObserversQuestionsAreAnsweredAndItsVotesAreNot) {
  hear(2, members_.certificate(nullify(1), {1, 2, 3}));
  const auto observer = static_cast<std::uint16_t>(kValidatorsMax + 9);
  const auto sent = all<Send>(hear(observer, GetCertificates{Epoch(0), View(1), View(1)}));
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].to, ValidatorIndex(observer));
  Propose propose = proposal(2, 0, Digest{}, 1, 'b');
  EXPECT_TRUE(all<Verify>(hear(observer, propose)).empty());
  EXPECT_TRUE(hear(observer, Echo{TimeMs(0)}).empty());
  EXPECT_EQ(all<Verify>(hear(2, propose)).size(), 1);
}

// ------------------------------------------------------------------------------ the vote log

TEST_F(ReplicaTest, NothingIsCastInForgottenViews) {
  // The journal was set back behind the finalization of view 5, up to which the log was rewritten.
  restart({EpochOpened{Epoch(0), Digest{}, View(5)}});
  hear(2, members_.certificate(nullify(3), {1, 2, 3}));
  EXPECT_TRUE(votes(wait(20'000)).empty()) << "view 4";
  const auto late = notarize(5, 3, "late");
  EXPECT_TRUE(votes(hear(2, members_.certificate(late, {1, 2, 3}))).empty());
  EXPECT_EQ(replica_->view(), View(6));
  const auto cast = votes(wait(20'000));
  ASSERT_FALSE(cast.empty());
  EXPECT_EQ(cast[0].subject, nullify(6));
  EXPECT_EQ(replica_->log_snapshot()[0], LogRecord(EpochOpened{Epoch(0), Digest{}, View(5)}));
}

TEST_F(ReplicaTest, ALogOfALaterEpochForbidsVotesInThisOne) {
  const LogRecord later = EpochOpened{Epoch(1), sha256(bytes_of("last")), View(0)};
  restart({EpochOpened{Epoch(0), Digest{}, View(0)}, later});
  hear(1, first());
  EXPECT_TRUE(votes(execute(first())).empty());
  EXPECT_TRUE(votes(wait(60'000)).empty());
  EXPECT_EQ(replica_->log_snapshot().back(), later) << "and is kept";
}

class LogCheckTest : public ReplicaTest {
 protected:
  LogCheckTest() { restart(genesis(), {}, LogCheck::ask); }

  // The question the replica sends, to be answered.
  std::uint64_t nonce() {
    for (const auto& sent : all<Send>(step(Connected{ValidatorIndex(1)}))) {
      if (const auto* asked = std::get_if<GetLastVote>(&sent.message)) return asked->nonce;
    }
    ADD_FAILURE() << "nothing was asked";
    return 0;
  }
  void verify_first() {
    ASSERT_EQ(all<Verify>(hear(1, first())).size(), 1) << "everything but voting goes on";
    EXPECT_TRUE(votes(execute(first())).empty());
  }
};

TEST_F(LogCheckTest, ItVotesWhenAQuorumCountingItselfKnowsOfNoVoteItLacks) {
  verify_first();
  const auto asked = nonce();
  EXPECT_TRUE(votes(hear(1, LastVote{asked, {}})).empty());
  EXPECT_TRUE(votes(hear(1, LastVote{asked, {}})).empty()) << "one answer a validator";
  EXPECT_TRUE(votes(hear(2, LastVote{asked + 1, {}})).empty()) << "an answer to another question";
  EXPECT_TRUE(votes(hear(kValidatorsMax, LastVote{asked, {}})).empty()) << "an observer's";
  EXPECT_EQ(replica_->log_check(), LogCheck::ask);
  EXPECT_EQ(votes(hear(2, LastVote{asked, {}})).size(), 1);
  EXPECT_EQ(replica_->log_check(), LogCheck::passed);
}

TEST_F(LogCheckTest, AfterTenSecondsItVotesAnyway) {
  EXPECT_TRUE(votes(wait(9'999)).empty());
  EXPECT_EQ(votes(wait(1)).size(), 1);
}

TEST_F(LogCheckTest, AVoteOfItsOwnThatItLacksEndsItsVotes) {
  verify_first();
  const auto stale =
      all<StaleLog>(hear(3, LastVote{nonce(), members_.vote(notarize(7, 6, "lost"), 0)}));
  ASSERT_EQ(stale.size(), 1);
  EXPECT_EQ(stale[0].vote.subject, notarize(7, 6, "lost"));
  EXPECT_TRUE(votes(wait(60'000)).empty());
  hear(2, members_.certificate(first().subject(), {1, 2, 3}));
  auto subject = first().subject();
  subject.kind = VoteKind::finalize;
  const auto outputs = hear(2, members_.certificate(subject, {1, 2, 3}));
  EXPECT_EQ(all<Commit>(outputs).size(), 1) << "it observes";
  EXPECT_EQ(replica_->log_check(), LogCheck::ask);
}

// As a Byzantine validator of a simulation, whose key another node has, too.
TEST_F(LogCheckTest, WhoNeverChecksVotesOn) {
  restart(genesis(), {}, LogCheck::never);
  EXPECT_TRUE(all<StaleLog>(hear(3, members_.vote(notarize(7, 6, "elsewhere"), 0))).empty());
  const auto outputs = hear(1, first());
  EXPECT_TRUE(all<Send>(outputs).empty()) << "it asks nobody";
  EXPECT_EQ(votes(execute(first())).size(), 1);
  EXPECT_EQ(replica_->log_check(), LogCheck::never) << "nor does the replica of the next epoch";
}

TEST_F(LogCheckTest, AVoteOfALaterEpochIsLackingToo) {
  Subject subject = nullify(1);
  subject.epoch = Epoch(1);
  EXPECT_EQ(all<StaleLog>(hear(3, LastVote{nonce(), members_.vote(subject, 0)})).size(), 1);
}

// A copy of the log from the middle of epoch 2, and a journal that is still in epoch 0.
class LogAheadTest : public LogCheckTest {
 protected:
  static Subject nullified(std::uint64_t epoch, std::uint64_t view) {
    Subject subject = nullify(view);
    subject.epoch = Epoch(epoch);
    return subject;
  }
  bool lacks(const Subject& subject) {
    const std::vector<LogRecord> records{EpochOpened{Epoch(2), Digest{}, View(4)},
                                         members_.vote(nullified(2, 6), 0)};
    restart(genesis(), records, LogCheck::ask);
    return !all<StaleLog>(hear(1, LastVote{nonce(), members_.vote(subject, 0)})).empty();
  }
};

TEST_F(LogAheadTest, AVoteOfItsOwnEpochMayBeLacking) {
  EXPECT_TRUE(lacks(nullified(2, 7)));
  EXPECT_TRUE(lacks(nullified(2, 5)));
  EXPECT_TRUE(lacks(nullified(3, 1)));
  EXPECT_FALSE(lacks(nullified(2, 6)));
  EXPECT_FALSE(lacks(nullified(2, 4))) << "it may have forgotten it";
  EXPECT_FALSE(lacks(nullified(1, 9))) << "it may have dropped it";
}

TEST_F(LogAheadTest, PeersAreAskedAgainInItsEpoch) {
  EXPECT_FALSE(lacks(nullified(2, 6)));
  hear(2, LastVote{now_, {}});
  EXPECT_EQ(replica_->log_check(), LogCheck::ask);
}

TEST_F(LogCheckTest, WhoAnswersLateIsHeardOnce) {
  const auto lost = members_.vote(notarize(7, 6, "lost"), 0);
  std::uint64_t asked = 0;
  const auto pass = [&] {
    restart(genesis(), {}, LogCheck::ask);
    asked = nonce();
    hear(1, LastVote{asked, {}});
    hear(2, LastVote{asked, {}});
    ASSERT_EQ(replica_->log_check(), LogCheck::passed);
  };
  pass();
  EXPECT_TRUE(all<StaleLog>(hear(1, LastVote{asked, lost})).empty()) << "it has answered";
  EXPECT_TRUE(all<StaleLog>(hear(kValidatorsMax, LastVote{asked, lost})).empty());
  EXPECT_TRUE(all<StaleLog>(hear(3, LastVote{asked + 1, lost})).empty());
  ASSERT_EQ(all<StaleLog>(hear(3, LastVote{asked, lost})).size(), 1);
  EXPECT_TRUE(votes(wait(60'000)).empty());
  EXPECT_EQ(replica_->log_check(), LogCheck::ask);

  pass();
  auto forged = lost;
  forged.signature.bytes[0] ^= 1;
  EXPECT_TRUE(all<StaleLog>(hear(3, LastVote{asked, forged})).empty());
  EXPECT_TRUE(all<StaleLog>(hear(3, LastVote{asked, lost})).empty()) << "once";
  EXPECT_FALSE(votes(wait(60'000)).empty());
}

TEST_F(LogCheckTest, NobodyElseCanEndItsVotes) {
  auto forged = members_.vote(nullify(9), 3);
  forged.signer = ValidatorIndex(0);
  const auto asked = nonce();
  EXPECT_TRUE(all<StaleLog>(hear(3, LastVote{asked, forged})).empty());
  EXPECT_TRUE(all<StaleLog>(hear(2, LastVote{asked, members_.vote(nullify(9), 2)})).empty());
  EXPECT_EQ(replica_->log_check(), LogCheck::passed) << "both have answered";
}

TEST_F(LogCheckTest, VotesOfTheLogAndThoseItMayForgetAreNotLacking) {
  const auto logged = members_.vote(nullify(8), 0);
  const std::vector<LogRecord> records{EpochOpened{Epoch(0), Digest{}, View(5)}, logged};
  restart(genesis(), records, LogCheck::ask);
  EXPECT_TRUE(all<StaleLog>(hear(1, LastVote{nonce(), logged})).empty());
  const auto forgotten = members_.vote(notarize(5, 4, "old"), 0);
  EXPECT_TRUE(all<StaleLog>(hear(2, LastVote{nonce(), forgotten})).empty());
  EXPECT_EQ(replica_->log_check(), LogCheck::passed);
}

// It may have given up a later view than that of the epoch's last block before it had that.
TEST_F(LogCheckTest, AVoteOfAnEpochThatIsOverIsNotLacking) {
  auto subject = notarize(3, 2, "last");
  subject.kind = VoteKind::finalize;
  const FinalizedTip last{
      Epoch(0), View(3), Height(3), subject.block_id, members_.certificate(subject, {1, 2, 3}),
      true};
  const auto own = members_.vote(nullify(4), 0);
  restart(last, {EpochOpened{Epoch(0), Digest{}, View(0)}, own}, LogCheck::ask);
  EXPECT_TRUE(all<StaleLog>(hear(1, members_.certificate(nullify(4), {0, 1, 2}))).empty());
  EXPECT_TRUE(all<StaleLog>(hear(1, own)).empty());
}

// The newest votes may have reached nobody; that older ones are missing shows that they may be,
// too.
TEST_F(LogCheckTest, AVoteOfAFinalViewIsLackingUnlessTheLogForgotIt) {
  auto subject = notarize(3, 2, "final");
  subject.kind = VoteKind::finalize;
  const auto without_us = members_.certificate(subject, {1, 2, 3});
  const FinalizedTip tip{Epoch(0), View(3), Height(3), subject.block_id, without_us, false};
  const auto own = members_.vote(subject, 0);
  const auto lacks = [&](const FinalizedTip& at, const std::vector<LogRecord>& records) {
    restart(at, records, LogCheck::ask);
    return !all<StaleLog>(hear(1, LastVote{nonce(), own})).empty();
  };
  const auto opened = [](std::uint64_t forgotten) {
    return EpochOpened{Epoch(0), Digest{}, View(forgotten)};
  };
  EXPECT_TRUE(lacks(tip, {opened(0), members_.vote(nullify(1), 0)}));
  EXPECT_TRUE(lacks(tip, {opened(2)}));
  EXPECT_FALSE(lacks(tip, {opened(3)}));
  EXPECT_FALSE(lacks(tip, {opened(0), own}));

  // The journal itself may have it.
  auto with_us = tip;
  with_us.certificate = members_.certificate(subject, {0, 1, 2});
  restart(with_us, {opened(0)}, LogCheck::ask);
  EXPECT_EQ(all<StaleLog>(wait(10)).size(), 1u);
  restart(with_us, {opened(0), own}, LogCheck::ask);
  EXPECT_TRUE(all<StaleLog>(wait(10)).empty());
}

TEST_F(ReplicaTest, AVoteItLacksInACertificateOrInEvidenceEndsItsVotesAtAnyTime) {
  const auto certificate = members_.certificate(notarize(1, 0, "other"), {0, 2, 3});
  EXPECT_EQ(all<StaleLog>(hear(2, certificate)).size(), 1);
  EXPECT_TRUE(votes(wait(60'000)).empty());
  restart({});
  const Evidence evidence{members_.vote(notarize(3, 0, "x"), 0),
                          members_.vote(notarize(3, 0, "y"), 0)};
  EXPECT_EQ(all<StaleLog>(hear(2, evidence)).size(), 1);
}

TEST_F(ReplicaTest, LateVotesAreRememberedForTheirSigner) {
  const auto certificate = members_.certificate(nullify(1), {0, 1, 2});
  restart({members_.vote(nullify(1), 0)});
  hear(2, certificate);
  hear(3, members_.vote(nullify(1), 3));  // Not counted any more.
  const auto sent = all<Send>(hear(3, GetLastVote{7}));
  ASSERT_EQ(sent.size(), 1);
  EXPECT_EQ(sent[0].message, Message(LastVote{7, members_.vote(nullify(1), 3)}));
}

}  // namespace
}  // namespace fenrun
