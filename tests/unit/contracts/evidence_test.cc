#include "contracts/evidence.h"

#include <gtest/gtest.h>

#include "consensus/evidence.h"
#include "tests/support/member_changes.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

// A vote as consensus makes it: these tests hold the two descriptions of a vote together.
AccusedVote vote(const World& world, const std::string& validator, const Subject& subject) {
  const auto signature =
      key_named(validator + " consensus")
          .sign(Domain::consensus_vote, fenrun::signed_bytes(world.point().chain_id, subject));
  return {static_cast<AccusedVoteKind>(subject.kind),
          subject.epoch,
          subject.view,
          subject.parent_view,
          subject.block_id,
          signature};
}

Subject notarize(std::uint64_t view, const std::string& block, std::uint64_t parent_view = 1) {
  return {VoteKind::notarize, Epoch(0), View(view), View(parent_view), digest_named(block)};
}

Subject finalize(std::uint64_t view, const std::string& block, Epoch epoch = Epoch(0)) {
  return {VoteKind::finalize, epoch, View(view), View(1), digest_named(block)};
}

RecordEvidence against(const World& world, const std::string& validator, const Subject& a,
                       const Subject& b) {
  return {key_named(validator + " consensus").public_key(), vote(world, validator, a),
          vote(world, validator, b)};
}

// Two votes of this epoch by the key "<keys> consensus".
RecordEvidence of_epoch(const World& world, const std::string& keys, std::uint64_t epoch) {
  return against(world, keys, finalize(7, "a", Epoch(epoch)), finalize(7, "b", Epoch(epoch)));
}

// The validator goes on with the keys "<keys> consensus" and "<keys> checkpoint": an epoch ends.
void replace_keys(World& world, const std::string& validator, const std::string& keys) {
  ASSERT_EQ(world.run(validator, replacement(world, validator, keys)), Errc::ok);
  ASSERT_TRUE(world.tip().ends_epoch());
}

TEST(Evidence, IsRecordedForEverAndCounted) {
  World world;
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 0u);
  const auto evidence = against(world, "brand", notarize(7, "a"), notarize(7, "b"));
  // Whoever saw it may say so.
  ASSERT_EQ(world.run("store", evidence), Errc::ok);
  const auto record = find_evidence(world.state(), evidence_digest(evidence));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->evidence, evidence);
  EXPECT_EQ(record->party, party_named("brand"));
  EXPECT_EQ(record->submitter, party_named("store"));
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 1u);

  EXPECT_EQ(world.run("east", evidence), Errc::evidence_exists);
  const RecordEvidence turned{evidence.accused, evidence.second, evidence.first};
  EXPECT_EQ(world.run("east", turned), Errc::evidence_exists);
  // Whatever else it signed in this epoch: it is one fault.
  EXPECT_EQ(world.run("east", against(world, "brand", Subject::nullify(Epoch(0), View(8)),
                                      finalize(8, "a"))),
            Errc::evidence_exists);
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 1u);
  ASSERT_EQ(world.run("brand", against(world, "east", finalize(9, "a"), finalize(9, "b"))),
            Errc::ok);
  EXPECT_EQ(fault_count(world.state(), party_named("east")), 1u);
  EXPECT_EQ(fault_count(world.state(), party_named("auditor")), 0u);
}

TEST(Evidence, OutlivesThePlaceInTheSet) {
  World world;
  ASSERT_EQ(world.decide(RemoveValidator{{"custodian"}}), Errc::ok);
  EXPECT_EQ(world.run("east", against(world, "custodian", notarize(7, "a"), notarize(7, "b"))),
            Errc::ok);
  EXPECT_EQ(fault_count(world.state(), party_named("custodian")), 1u);
}

TEST(Evidence, CountsOnceAnEpoch) {
  World world;
  ASSERT_EQ(world.run("east", of_epoch(world, "brand", 0)), Errc::ok);
  replace_keys(world, "custodian", "custodian 2");
  EXPECT_EQ(world.run("east", of_epoch(world, "brand", 0)), Errc::evidence_exists);
  EXPECT_EQ(world.run("east", of_epoch(world, "brand", 1)), Errc::ok);
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 2u);
}

TEST(Evidence, IsOfTheEpochsInWhichTheKeyWasInTheSet) {
  World world;
  const auto outcome = [&](const std::string& keys, std::uint64_t epoch) {
    return world.run("east", of_epoch(world, keys, epoch));
  };
  replace_keys(world, "auditor", "auditor 2");
  replace_keys(world, "brand", "brand 2");
  ASSERT_EQ(world.point().epoch, Epoch(2));
  // Whoever has the old key signs what he likes.
  EXPECT_EQ(outcome("brand", 2), Errc::evidence_epoch_wrong);
  EXPECT_EQ(outcome("brand", 3), Errc::evidence_epoch_wrong);
  EXPECT_EQ(outcome("brand", 1'002), Errc::evidence_epoch_wrong);
  EXPECT_EQ(outcome("brand 2", 0), Errc::evidence_epoch_wrong);
  EXPECT_EQ(outcome("brand 2", 1), Errc::evidence_epoch_wrong);
  EXPECT_EQ(outcome("brand 2", 3), Errc::evidence_epoch_wrong);
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 0u);

  EXPECT_EQ(outcome("brand", 0), Errc::ok);
  EXPECT_EQ(outcome("brand", 1), Errc::ok);
  EXPECT_EQ(outcome("brand 2", 2), Errc::ok);
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 3u);
  using Term = std::optional<KeyTerm>;
  const auto term = [&](const std::string& keys) {
    return find_key_owner(world.state(), key_named(keys + " consensus").public_key())->term;
  };
  EXPECT_EQ(term("auditor"), Term(KeyTerm{Epoch(0), Epoch(0)}));
  EXPECT_EQ(term("auditor 2"), Term(KeyTerm{Epoch(1), std::nullopt}));
  EXPECT_EQ(term("brand"), Term(KeyTerm{Epoch(0), Epoch(1)}));
  EXPECT_EQ(term("brand 2"), Term(KeyTerm{Epoch(2), std::nullopt}));
}

TEST(Evidence, IsTakenForAWhileAfterItsEpoch) {
  World world;
  replace_keys(world, "brand", "brand 2");
  const auto end = world.time();
  world.wait(kEvidenceMs - 1'000);
  ASSERT_EQ(world.in(1'000).value() - end.value(), kEvidenceMs);
  EXPECT_EQ(world.run("east", of_epoch(world, "brand", 0)), Errc::ok);
  EXPECT_EQ(world.run("east", of_epoch(world, "auditor", 0)), Errc::evidence_late);
  // An epoch that goes on is never too old.
  world.wait(kEvidenceMs);
  EXPECT_EQ(world.run("east", of_epoch(world, "auditor", 1)), Errc::ok);
}

TEST(Evidence, IsRefused) {
  World world;
  const auto outcome = [&](const RecordEvidence& evidence) { return world.run("east", evidence); };
  const auto good = against(world, "brand", notarize(7, "a"), notarize(7, "b"));
  auto bad = good;
  bad.accused = key_named("brand").public_key();  // Not a consensus key.
  EXPECT_EQ(outcome(bad), Errc::evidence_invalid);
  bad.accused = key_named("stranger consensus").public_key();
  EXPECT_EQ(outcome(bad), Errc::evidence_invalid);
  bad.accused = key_named("east consensus").public_key();
  EXPECT_EQ(outcome(bad), Errc::evidence_invalid);
  // Each part of each vote is signed.
  for (const bool is_first : {true, false}) {
    const auto altered = [&](auto alter) {
      bad = good;
      alter(is_first ? bad.first : bad.second);
      return outcome(bad);
    };
    EXPECT_EQ(altered([](AccusedVote& v) { v.block_id.bytes[0] ^= 1; }), Errc::evidence_invalid);
    EXPECT_EQ(altered([](AccusedVote& v) { v.parent_view = View(2); }), Errc::evidence_invalid);
    EXPECT_EQ(altered([](AccusedVote& v) { v.signature.bytes[9] ^= 1; }), Errc::evidence_invalid);
  }
  bad = good;
  bad.first.epoch = bad.second.epoch = Epoch(1);
  EXPECT_EQ(outcome(bad), Errc::evidence_epoch_wrong);
  bad = good;
  bad.first.kind = bad.second.kind = AccusedVoteKind::finalize;
  EXPECT_EQ(outcome(bad), Errc::evidence_invalid);
  EXPECT_EQ(fault_count(world.state(), party_named("brand")), 0u);
}

// What consensus calls a conflict, and nothing else: over all pairs of a small set of votes.
TEST(Evidence, IsWhatConsensusExcludes) {
  World world;
  std::vector<Subject> subjects{Subject::nullify(Epoch(0), View(7)),
                                Subject::nullify(Epoch(0), View(8))};
  for (const auto* block : {"a", "b"}) {
    for (const std::uint64_t view : {7u, 8u}) {
      subjects.push_back(notarize(view, block));
      subjects.push_back(notarize(view, block, 2));
      subjects.push_back(finalize(view, block));
    }
  }
  subjects.push_back({VoteKind::notarize, Epoch(1), View(7), View(1), digest_named("a")});
  std::size_t excluded = 0;
  for (const auto& a : subjects) {
    for (const auto& b : subjects) {
      const bool expected =
          conflict(Vote{a, ValidatorIndex(0), {}}, Vote{b, ValidatorIndex(0), {}});
      excluded += expected ? 1 : 0;
      EXPECT_EQ(exclude_each_other(vote(world, "brand", a), vote(world, "brand", b)), expected);
    }
  }
  EXPECT_EQ(excluded, 36u);
}

TEST(Evidence, OfVotesThatNoDecoderTakesIsRefused) {
  World world;
  const auto refused = [&](const Subject& a, const Subject& b) {
    return world.run("east", against(world, "brand", a, b)) == Errc::evidence_invalid;
  };
  EXPECT_TRUE(refused(notarize(0, "a", 0), notarize(0, "b", 0)));
  EXPECT_TRUE(refused(notarize(7, "a", 7), notarize(7, "b", 1)));
  EXPECT_TRUE(refused({VoteKind::nullify, Epoch(0), View(7), View(1), Digest()},
                      Subject::nullify(Epoch(0), View(7))));
  EXPECT_TRUE(refused({VoteKind::nullify, Epoch(0), View(7), View(0), digest_named("a")},
                      finalize(7, "a")));
}

}  // namespace
}  // namespace fenrun::test
