// The parts of which a replica is made: quorums, votes, certificates, evidence, safety, timers.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "consensus/certificate.h"
#include "consensus/evidence.h"
#include "consensus/pacemaker.h"
#include "consensus/proposals.h"
#include "consensus/safety.h"
#include "consensus/signatures.h"
#include "consensus/votes.h"
#include "tests/unit/consensus/support.h"

namespace fenrun {
namespace {

using consensus_testing::finalize;
using consensus_testing::kChain;
using consensus_testing::Members;
using consensus_testing::notarize;
using consensus_testing::nullify;

TEST(ValidatorSet, QuorumsAreThoseOfTheSpecification) {
  for (const auto& [n, f, q] :
       {std::array<std::size_t, 3>{1, 0, 1}, {4, 1, 3}, {7, 2, 5}, {16, 5, 11}, {64, 21, 43}}) {
    const Members members(n);
    EXPECT_EQ(members.set().faulty_max(), f);
    EXPECT_EQ(members.set().quorum(), q);
    EXPECT_GE(2 * q, n + f + 1) << "two quorums share an honest validator";
  }
}

TEST(ValidatorSet, RefusesWhatIsNoSet) {
  const Members members(2);
  const auto& key = members.set().keys()[0];
  EXPECT_EQ(ValidatorSet::from_keys({}).error().code, Errc::limit_exceeded);
  EXPECT_EQ(ValidatorSet::from_keys({key, key}).error().code, Errc::duplicate);
  EXPECT_EQ(ValidatorSet::from_keys({PublicKey{}}).error().code, Errc::key_invalid);
  EXPECT_EQ(ValidatorSet::from_keys(std::vector<PublicKey>(65, key)).error().code,
            Errc::limit_exceeded);
}

TEST(ValidatorSet, TheSeedShiftsTheLeaders) {
  const Members members(4);
  Digest seed;
  EXPECT_EQ(members.set().leader(seed, View(6)), ValidatorIndex(2));
  seed.bytes[0] = 1;
  seed.bytes[8] = 255;  // Not among the first eight.
  EXPECT_EQ(members.set().leader(seed, View(6)), ValidatorIndex(3));
  seed.bytes.fill(255);  // 2^64 - 1: the sum wraps.
  EXPECT_EQ(members.set().leader(seed, View(6)), ValidatorIndex(1));
}

TEST(Votes, AQuorumMakesACertificateThatVerifies) {
  const Members members(4);
  VoteTally tally(3);
  tally.set_range(View(0), View(8));
  const auto subject = notarize(1, 0, "a");
  EXPECT_FALSE(tally.add(members.vote(subject, 3)).certificate);
  EXPECT_FALSE(tally.add(members.vote(subject, 3)).counted) << "once a signer";
  EXPECT_FALSE(tally.add(members.vote(subject, 0)).certificate);
  const auto added = tally.add(members.vote(subject, 2));
  ASSERT_TRUE(added.certificate);
  EXPECT_EQ(*added.certificate, members.certificate(subject, {0, 2, 3}));
  EXPECT_TRUE(SignatureChecker(kChain, members.set()).check(*added.certificate));
  EXPECT_FALSE(tally.add(members.vote(subject, 1)).certificate) << "made once";
}

TEST(Votes, AreTalliedByParentViewToo) {
  const Members members(4);
  VoteTally tally(3);
  tally.set_range(View(0), View(8));
  tally.add(members.vote(notarize(3, 1, "a"), 0));
  tally.add(members.vote(notarize(3, 2, "a"), 1));
  EXPECT_FALSE(tally.add(members.vote(notarize(3, 1, "a"), 2)).certificate);
}

TEST(Votes, OutsideTheRangeCountForNothing) {
  const Members members(4);
  VoteTally tally(3);
  tally.set_range(View(2), View(10));
  EXPECT_FALSE(tally.add(members.vote(nullify(2), 0)).counted);
  EXPECT_FALSE(tally.add(members.vote(nullify(11), 0)).counted);
  EXPECT_TRUE(tally.add(members.vote(nullify(10), 0)).counted);
  tally.set_range(View(10), View(18));
  EXPECT_EQ(tally.find(VoteKind::nullify, View(10), ValidatorIndex(0)), nullptr);
}

TEST(Votes, ContradictionsAreEvidenceAndNotarizeWithNullifyIsNot) {
  const Members members(4);
  VoteTally tally(3);
  tally.set_range(View(0), View(8));
  tally.add(members.vote(notarize(1, 0, "a"), 0));
  EXPECT_FALSE(tally.add(members.vote(nullify(1), 0)).evidence);
  EXPECT_TRUE(tally.add(members.vote(notarize(1, 0, "b"), 0)).evidence);
  EXPECT_TRUE(tally.add(members.vote(finalize(1, 0, "a"), 0)).evidence) << "nullify with finalize";
  EXPECT_TRUE(tally.add(members.vote(finalize(1, 0, "b"), 0)).evidence);
}

TEST(Evidence, TwoConflictingCertificatesConvictTheirCommonSigners) {
  const Members members(4);
  const auto found = conflicts(members.certificate(notarize(1, 0, "a"), {0, 1, 2}),
                               members.certificate(notarize(1, 0, "b"), {1, 2, 3}));
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].first.signer, ValidatorIndex(1));
  EXPECT_EQ(found[1].second, members.vote(notarize(1, 0, "b"), 2));
  EXPECT_TRUE(conflicts(members.certificate(notarize(1, 0, "a"), {0, 1, 2}),
                        members.certificate(nullify(1), {0, 1, 2}))
                  .empty());
}

TEST(Signatures, ACertificateNeedsExactlyAQuorumOfMembers) {
  const Members members(4);
  SignatureChecker checker(kChain, members.set());
  const auto subject = nullify(7);
  EXPECT_EQ(checker.check(members.certificate(subject, {0, 1})).error().code, Errc::quorum_short);
  EXPECT_EQ(checker.check(members.certificate(subject, {0, 1, 2, 3})).error().code,
            Errc::quorum_short);
  auto outsider = members.certificate(subject, {0, 1, 2});
  outsider.signers = 0b1'0011;
  EXPECT_EQ(checker.check(outsider).error().code, Errc::quorum_short);
  auto swapped = members.certificate(subject, {0, 1, 2});
  std::swap(swapped.signatures[0], swapped.signatures[1]);
  EXPECT_EQ(checker.check(swapped).error().code, Errc::signature_invalid);
  SignatureChecker elsewhere(sha256(bytes_of("another chain")), members.set());
  EXPECT_FALSE(elsewhere.check(members.certificate(subject, {0, 1, 2})));
}

TEST(Signatures, WhatWasCheckedIsNotCheckedAgain) {
  const Members members(4);
  SignatureChecker checker(kChain, members.set());
  const auto certificate = members.certificate(nullify(1), {0, 1, 2});
  EXPECT_TRUE(checker.check(members.vote(nullify(1), 0)));
  EXPECT_TRUE(checker.check(certificate));
  EXPECT_TRUE(checker.check(certificate));
  EXPECT_EQ(checker.verifications(), 3);
  auto forged = members.vote(nullify(1), 0);
  forged.signer = ValidatorIndex(1);
  EXPECT_FALSE(checker.check(forged));
  forged.signer = ValidatorIndex(9);
  EXPECT_FALSE(checker.check(forged));
}

TEST(Certificates, GapsAndSkips) {
  const Members members(4);
  CertificateStore store;
  store.insert(members.certificate(notarize(1, 0, "a"), {0, 1, 2}));
  store.insert(members.certificate(nullify(2), {0, 1, 2}));
  store.insert(members.certificate(nullify(4), {0, 1, 2}));
  EXPECT_EQ(store.first_gap(View(0), View(5)), View(3));
  EXPECT_EQ(store.first_gap(View(0), View(3)), std::nullopt);
  EXPECT_TRUE(store.all_nullified(View(1), View(3)));
  EXPECT_FALSE(store.all_nullified(View(1), View(5)));
  EXPECT_FALSE(store.all_nullified(View(0), View(3))) << "view 1 is notarized, not nullified";
  EXPECT_EQ(store.first_parent_missing(View(0)), std::nullopt);
  store.insert(members.certificate(notarize(5, 4, "b"), {0, 1, 2}));
  EXPECT_EQ(store.first_parent_missing(View(0)), View(4)) << "nullified here, notarized elsewhere";
  EXPECT_EQ(store.first_parent_missing(View(4)), std::nullopt);
  EXPECT_EQ(store.highest_notarized(), View(5));
  store.prune(View(2));
  EXPECT_FALSE(store.has_any(View(2)));
  EXPECT_TRUE(store.has(VoteKind::nullify, View(4)));
}

TEST(Safety, TheVotingRule) {
  const Members members(4);
  SafetyRecord safety;
  EXPECT_FALSE(safety.may_notarize(View(2), View(3))) << "only in the present view";
  EXPECT_FALSE(safety.may_nullify(View(2), View(3)));
  safety.record(members.vote(notarize(3, 0, "a"), 0));
  EXPECT_FALSE(safety.may_notarize(View(3), View(3))) << "I1";
  EXPECT_TRUE(safety.may_nullify(View(3), View(3)));
  safety.record(members.vote(nullify(3), 0));
  EXPECT_FALSE(safety.may_finalize(View(3))) << "I2";
  safety.record(members.vote(nullify(4), 0));
  EXPECT_FALSE(safety.may_notarize(View(4), View(4))) << "I3";
  safety.record(members.vote(finalize(2, 0, "b"), 0));
  EXPECT_FALSE(safety.may_nullify(View(2), View(2))) << "I2";
}

TEST(Safety, TheRecoveredViewIsNotThatOfTheLastRecord) {
  const Members members(4);
  SafetyRecord safety;
  EXPECT_EQ(safety.lowest_view(), View(0));
  safety.record(members.vote(nullify(5), 0));
  safety.record(members.vote(finalize(3, 0, "a"), 0));  // From a higher view, hence later.
  EXPECT_EQ(safety.lowest_view(), View(5));
  safety.record(members.vote(finalize(6, 3, "b"), 0));
  EXPECT_EQ(safety.lowest_view(), View(7));
  safety.forget(View(5));
  EXPECT_EQ(safety.all().size(), 1);
  EXPECT_FALSE(safety.may_finalize(View(5))) << "nothing is cast in a forgotten view";
  EXPECT_FALSE(safety.may_notarize(View(4), View(4)));
  EXPECT_FALSE(safety.may_nullify(View(4), View(4)));
  safety.record(members.vote(nullify(4), 0));
  EXPECT_EQ(safety.all().size(), 1) << "nor kept";
}

TEST(SafetyDeathTest, ABrokenRuleEndsTheProcess) {
  const Members members(4);
  SafetyRecord safety;
  safety.record(members.vote(notarize(1, 0, "a"), 0));
  safety.record(members.vote(notarize(1, 0, "a"), 0));  // The same again is no harm.
  EXPECT_DEATH(safety.record(members.vote(notarize(1, 0, "b"), 0)), "");
  safety.record(members.vote(nullify(1), 0));
  EXPECT_DEATH(safety.record(members.vote(finalize(1, 0, "a"), 0)), "");
}

TEST(Pacemaker, TimersBackOffAreCappedAndReset) {
  const Members members(4);
  Pacemaker pacemaker({.delta_initial = SpanMs(100)}, members.set(), ValidatorIndex(0), TimeMs(0));
  EXPECT_EQ(pacemaker.leader_timeout(), SpanMs(200));
  EXPECT_EQ(pacemaker.advance_timeout(), SpanMs(300));
  pacemaker.enter_view(true);
  EXPECT_EQ(pacemaker.leader_timeout(), SpanMs(301));
  for (int i = 0; i < 200; ++i) pacemaker.enter_view(true);
  EXPECT_EQ(pacemaker.advance_timeout(), SpanMs(8'000));
  pacemaker.reset_backoff();
  EXPECT_EQ(pacemaker.leader_timeout(), SpanMs(200));
}

TEST(Pacemaker, LiarsCannotRaiseDelta) {
  const Members members(4);
  Pacemaker pacemaker({}, members.set(), ValidatorIndex(2), TimeMs(0));
  for (int i = 0; i < 200; ++i) {
    pacemaker.observe_round_trip(ValidatorIndex(0), SpanMs(30));
    pacemaker.observe_round_trip(ValidatorIndex(1), SpanMs(40));
    pacemaker.observe_round_trip(ValidatorIndex(3), SpanMs(7'000));
  }
  EXPECT_EQ(pacemaker.delta(), SpanMs(40));
  pacemaker.observe_verify(SpanMs(15));
  pacemaker.observe_build(SpanMs(5));
  EXPECT_EQ(pacemaker.execution(), SpanMs(40));
  EXPECT_EQ(pacemaker.advance_timeout(), SpanMs(160));
}

TEST(Pacemaker, AStepBackOfTheClockIsNoTimePassing) {
  const Members members(4);
  Pacemaker pacemaker({}, members.set(), ValidatorIndex(2), TimeMs(1'000));
  pacemaker.tick(TimeMs(10));
  EXPECT_EQ(pacemaker.now(), TimeMs(1'000));
}

// Who was away is told of all views since at once, and must take part in the next one.
TEST(Pacemaker, ManyViewsAtOncePutTheNextOffByOneInterval) {
  const Members members(4);
  Pacemaker pacemaker({.block_interval = SpanMs(1'000)}, members.set(), ValidatorIndex(0),
                      TimeMs(0));
  pacemaker.tick(TimeMs(5'000));
  for (int view = 0; view < 1'000; ++view) pacemaker.enter_view(/*after_nullification=*/false);
  EXPECT_FALSE(pacemaker.may_propose());
  pacemaker.tick(TimeMs(6'000));
  EXPECT_TRUE(pacemaker.may_propose());
  pacemaker.tick(TimeMs(6'000 + pacemaker.leader_timeout().value()));
  EXPECT_TRUE(pacemaker.leader_late(Pace::busy));
  // Else each is an interval after the one before, whenever it is entered.
  pacemaker.enter_view(false);
  pacemaker.tick(TimeMs(pacemaker.now().value() + 10'000));
  EXPECT_TRUE(pacemaker.may_propose());
}

TEST(Pacemaker, IdlingStretchesTheLeaderTimerUntilWorkComes) {
  const Members members(4);
  Pacemaker pacemaker({.delta_initial = SpanMs(100)}, members.set(), ValidatorIndex(0), TimeMs(0));
  pacemaker.tick(TimeMs(9'000));
  EXPECT_TRUE(pacemaker.leader_late(Pace::busy));
  EXPECT_FALSE(pacemaker.leader_late(Pace::idle));
  EXPECT_TRUE(pacemaker.should_beat(Pace::idle));
  pacemaker.restart_timers();
  EXPECT_FALSE(pacemaker.leader_late(Pace::busy));
  pacemaker.tick(TimeMs(9'200));
  EXPECT_TRUE(pacemaker.leader_late(Pace::busy));
}

TEST(Pacemaker, ACrowdIsSlowWhateverTheIdleInterval) {
  const Members members(4);
  for (const std::uint64_t idle : {0U, 3'600'000U}) {
    Pacemaker pacemaker({.idle_interval = SpanMs(idle), .delta_initial = SpanMs(100)},
                        members.set(), ValidatorIndex(0), TimeMs(0));
    const auto leader = pacemaker.leader_timeout().value();
    pacemaker.tick(TimeMs(3'999));
    EXPECT_TRUE(pacemaker.should_beat(Pace::busy));
    EXPECT_FALSE(pacemaker.should_beat(Pace::crowded));
    pacemaker.tick(TimeMs(4'000));
    EXPECT_TRUE(pacemaker.should_beat(Pace::crowded));
    pacemaker.tick(TimeMs(8'000 + leader - 1));
    EXPECT_FALSE(pacemaker.leader_late(Pace::crowded));
    pacemaker.tick(TimeMs(8'000 + leader));
    EXPECT_TRUE(pacemaker.leader_late(Pace::crowded));
  }
}

TEST(Pacemaker, PercentileOfTheRing) {
  SampleRing ring;
  EXPECT_EQ(ring.p99(), SpanMs(0));
  for (std::uint64_t i = 1; i <= 1'000; ++i) ring.add(SpanMs(i));
  EXPECT_EQ(ring.p99(), SpanMs(999));  // Of 873..1000 the 127th.
}

TEST(Messages, TheIdIsThatOfTheHeaderReceived) {
  Propose propose;
  propose.view = View(1);
  propose.payload.header = {1, 2, 3};
  EXPECT_EQ(propose.subject().block_id, leaf_hash(Bytes{1, 2, 3}));
  propose.payload.header[0] = 9;
  EXPECT_EQ(propose.subject().block_id, leaf_hash(Bytes{9, 2, 3}));
}

TEST(Messages, SizesAreThoseOfTheSpecification) {
  EXPECT_EQ(signed_bytes(kChain, nullify(1)).size(), 89);
  EXPECT_EQ(encode(Members(4).certificate(nullify(1), {0, 1, 2})).size(), 258);
  std::vector<std::uint16_t> signers(43);
  for (std::uint16_t i = 0; i < 43; ++i) signers[i] = i;
  EXPECT_EQ(encode(Members(64).certificate(nullify(1), signers)).size(), 2'818);
}

TEST(Messages, SecondSpellingsAreRefused) {
  const Members members(4);
  EXPECT_FALSE(decode<Vote>(encode(members.vote(nullify(0), 0))));
  EXPECT_FALSE(decode<Vote>(encode(members.vote(notarize(3, 3, "a"), 0))));
  auto named = nullify(2);
  named.block_id.bytes[0] = 1;
  EXPECT_EQ(decode<Vote>(encode(members.vote(named, 0))).error().code,
            Errc::encoding_not_canonical);
  auto certificate = members.certificate(nullify(2), {0, 1, 2});
  certificate.signers = 0b11;
  EXPECT_FALSE(decode<Certificate>(encode(certificate)));
}

RC_GTEST_PROP(Messages, DecodingArbitraryBytesIsStrict, (const std::vector<std::uint8_t>& bytes)) {
  const auto message = decode<Message>(bytes);
  if (message) RC_ASSERT(encode(*message) == bytes);
}

RC_GTEST_PROP(Messages, VotesSurviveTheWire, (std::uint64_t view, std::uint8_t kind)) {
  const Members members(4);
  Subject subject = notarize(view % 1'000'000 + 1, view % (view % 1'000'000 + 1), "block");
  if (kind % 3 == 1) subject = nullify(subject.view.value());
  if (kind % 3 == 2) subject.kind = VoteKind::finalize;
  const Message message = members.vote(subject, 2);
  const auto decoded = decode<Message>(encode(message));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == message);
}

}  // namespace
}  // namespace fenrun
