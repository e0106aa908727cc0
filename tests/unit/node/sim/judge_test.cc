// What the judge objects to that no planted bug brings about.
#include "node/sim/judge.h"

#include <gtest/gtest.h>

#include "node/sim/simulation.h"

namespace fenrun::sim {
namespace {

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() : simulation_(calm()) { simulation_.run_ms(2'000); }

  static SimulationOptions calm() {
    SimulationOptions options;
    options.profile = profile_named("calm");
    return options;
  }
  Machine& brand() { return simulation_.machine("brand"); }
  Vote vote(const Subject& subject) {
    const auto bytes = signed_bytes(chain_id(simulation_.genesis()), subject);
    return {subject, ValidatorIndex(0),
            brand().consensus_key().sign(Domain::consensus_vote, bytes)};
  }
  static Outgoing outgoing(const Vote& vote) {
    const NodeMessage message = Message(vote);
    return {std::nullopt, net::Channel::consensus, std::make_shared<const Bytes>(encode(message))};
  }
  // Behind what its log holds.
  void log(const std::vector<Vote>& votes) {
    auto opened = VoteLog::open(brand().disk(), brand().vote_log_path(),
                                brand().consensus_key().public_key());
    ASSERT_TRUE(opened);
    for (const auto& item : votes) opened->log.append(kConsensusLogRecord, encode(LogRecord(item)));
    ASSERT_TRUE(opened->log.sync());
  }
  // What was objected to since.
  std::vector<std::string> objections() const { return simulation_.result().violations; }

  Simulation simulation_;
};

TEST_F(JudgeTest, HasNothingAgainstACalmNetwork) { EXPECT_TRUE(objections().empty()); }

TEST_F(JudgeTest, ANodeDoesNotStopWithoutAFaultOfItsDisk) {
  simulation_.judge().stopped(brand(), "no reason");
  EXPECT_EQ(objections().size(), 1u);
}

TEST_F(JudgeTest, AFullDiskIsAReasonToStop) {
  brand().disk().set_space(0);
  simulation_.run_ms(5'000);
  EXPECT_GT(brand().life(), 1u) << "it stopped, and was started again";
  EXPECT_TRUE(objections().empty()) << objections().front();
}

TEST_F(JudgeTest, ACommittedTransactionStaysWhereItIs) {
  const auto& journal = brand().journal();
  for (std::uint64_t i = 0; i < journal.tip().position.value(); ++i) {
    const auto entry = decode_entry(*journal.store().entry(Position(i)));
    const auto* transaction = std::get_if<TransactionEntry>(&*entry);
    if (transaction == nullptr) continue;
    const Digest id = transaction->body.id();
    simulation_.judge().answered(brand(), id, {TransactionState::committed, {}, Position(i)});
    EXPECT_TRUE(objections().empty());
    simulation_.judge().answered(brand(), id, {TransactionState::committed, {}, Position(i + 1)});
    EXPECT_EQ(objections().size(), 1u);
    simulation_.judge().answered(brand(), id, {TransactionState::expired, {}, {}});
    simulation_.judge().finish({&brand()});
    EXPECT_EQ(objections().size(), 2u) << "it was said to have expired";
    return;
  }
  FAIL() << "nothing was committed";
}

TEST_F(JudgeTest, WhatAClientWasToldToBeCommittedIsInABlock) {
  const auto nobody = sha256(bytes_of("nobody sent it"));
  simulation_.judge().answered(brand(), nobody, {TransactionState::committed, {}, Position(7)});
  EXPECT_TRUE(objections().empty());
  simulation_.judge().finish({});  // As where every node began with a snapshot.
  ASSERT_EQ(objections().size(), 1u);
  EXPECT_NE(objections()[0].find("no block has it"), std::string::npos);
}

TEST_F(JudgeTest, TheHeightNeverFalls) {
  simulation_.stop(brand(), Stop::kill);
  ASSERT_TRUE(brand().disk().remove_folder("/data/journal"));
  ASSERT_TRUE(brand().disk().remove_folder("/data/index"));
  simulation_.start(brand());
  EXPECT_FALSE(objections().empty());
}

// Whoever died half-way through sending repeats its votes in any order: they count in that of the
// log.
TEST_F(JudgeTest, VotesAreJudgedInTheOrderOfTheLog) {
  simulation_.stop(brand(), Stop::kill);
  for (const bool notarized_first : {true, false}) {
    const View view(notarized_first ? 1'000'000 : 2'000'000);
    const auto notarize = vote({VoteKind::notarize, Epoch(0), view, View(1), sha256({})});
    const auto nullify = vote(Subject::nullify(Epoch(0), view));
    log(notarized_first ? std::vector{notarize, nullify} : std::vector{nullify, notarize});
    simulation_.judge().sent(brand(), {outgoing(nullify)});
    simulation_.judge().sent(brand(), {outgoing(notarize)});
    EXPECT_EQ(objections().size(), notarized_first ? 0u : 1u);
  }
}

// Only an epoch's last block is certified in another view than that of its header.
TEST_F(JudgeTest, ABlockIsCertifiedInTheViewOfItsHeader) {
  const auto header = *brand().journal().header(brand().journal().tip().height);
  ASSERT_FALSE(header.ends_epoch());
  Subject subject{VoteKind::notarize, Epoch(0), View(1'000'000), header.view, block_id(header)};
  const auto elsewhere = vote(subject);
  simulation_.stop(brand(), Stop::kill);
  log({elsewhere});
  simulation_.judge().sent(brand(), {outgoing(elsewhere)});
  ASSERT_FALSE(objections().empty());
  EXPECT_NE(objections()[0].find("voted for a block whose header"), std::string::npos);

  const auto count = objections().size();
  for (const bool is_in_place : {true, false}) {
    subject = {VoteKind::finalize, Epoch(0), header.view, header.parent_view, block_id(header)};
    if (!is_in_place) subject.parent_view = View(header.view.value() - 1);
    if (!is_in_place) subject.view = header.view.next();
    const auto signature = vote(subject).signature;
    const NodeMessage message = Message(Certificate{subject, 7, {signature, signature, signature}});
    simulation_.judge().sent(brand(), {{std::nullopt, net::Channel::consensus,
                                        std::make_shared<const Bytes>(encode(message))}});
    const auto now = objections();
    const auto is_told = std::any_of(now.begin() + static_cast<std::ptrdiff_t>(count), now.end(),
                                     [](const std::string& text) {
                                       return text.find("another view is certified") != text.npos;
                                     });
    EXPECT_EQ(is_told, !is_in_place);
  }
}

TEST_F(JudgeTest, AllJudgeAProposalAlike) {
  auto& judge = simulation_.judge();
  auto& auditor = simulation_.machine("auditor");
  Propose propose{Epoch(0), View(1'000'000), View(7), sha256({}), Height(9), {{1}, {}}, {}, {}};
  judge.judged(brand(), propose, Verdict::valid);
  judge.judged(auditor, propose, Verdict::early);
  judge.judged(auditor, propose, Verdict::mismatch);
  judge.judged(auditor, propose, Verdict::crowded);
  EXPECT_TRUE(objections().empty()) << objections().front();
  judge.judged(auditor, propose, Verdict::invalid);
  EXPECT_EQ(objections().size(), 1u);
  propose.view = propose.view.next();
  judge.judged(auditor, propose, Verdict::invalid);
  EXPECT_EQ(objections().size(), 1u) << "it is another question";
  judge.judged(brand(), propose, Verdict::valid);
  EXPECT_EQ(objections().size(), 2u);
}

// One that voted with a backup is judged again as soon as it votes with a key of its own.
TEST_F(JudgeTest, AnExcuseEndsWithTheKey) {
  const View view(1'000'000);
  const auto twice = [&] {
    const auto first = vote({VoteKind::notarize, Epoch(0), view, View(1), sha256({})});
    const auto second = vote({VoteKind::notarize, Epoch(0), view, View(2), sha256({})});
    log({first, second});
    simulation_.judge().sent(brand(), {outgoing(first), outgoing(second)});
  };
  simulation_.stop(brand(), Stop::kill);
  auto& judge = simulation_.judge();
  const auto old_key = brand().consensus_key().public_key();
  judge.excuse(brand().number().value(), old_key);
  twice();
  judge.found(brand(), {old_key, {}, {}});
  EXPECT_TRUE(objections().empty()) << objections().front();

  brand().take_keys(1);
  judge.owns(brand().consensus_key().public_key(), brand().number().value());
  judge.trust(brand().number().value());
  twice();
  EXPECT_EQ(objections().size(), 1u);
  judge.found(brand(), {old_key, {}, {}});
  EXPECT_EQ(objections().size(), 1u) << "the old key stays doubtful";
  judge.found(brand(), {brand().consensus_key().public_key(), {}, {}});
  EXPECT_EQ(objections().size(), 2u);
}

}  // namespace
}  // namespace fenrun::sim
