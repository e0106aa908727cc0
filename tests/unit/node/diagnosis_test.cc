#include "node/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fenrun {
namespace {

const AbsentValidator kEast{"east", true, 7'000};
const AbsentValidator kWest{"west", false, 61'000};

// Four validators, all well, this one among them.
Situation healthy() {
  Situation situation;
  situation.validators = 4;
  situation.quorum = 3;
  situation.linked = 4;
  situation.votes = true;
  situation.view = View(17);
  situation.leader = "east";
  situation.idle_interval_ms = 5'000;
  situation.leader_seen = kEast;
  return situation;
}

Situation stalled() {
  auto situation = healthy();
  situation.has_work = true;
  situation.ms_since_commit = 12'000;
  return situation;
}

TEST(Diagnosis, SaysNothingWhenAllIsWell) {
  EXPECT_EQ(diagnose(healthy()).cause, StallCause::none);
  EXPECT_EQ(diagnose(healthy()).text(), "");
  auto idle = healthy();
  idle.ms_since_commit = 22'500;  // Nothing to order, and the next block is late.
  EXPECT_EQ(diagnose(idle).cause, StallCause::none);
  auto busy = stalled();
  busy.ms_since_commit = 4'999;
  EXPECT_EQ(diagnose(busy).cause, StallCause::none);
}

TEST(Diagnosis, NamesWhoIsNotLinked) {
  auto situation = stalled();
  situation.linked = 2;
  situation.unlinked = {kWest};
  const auto found = diagnose(situation);
  EXPECT_EQ(found.cause, StallCause::links);
  EXPECT_EQ(found.text(),
            "nothing became final for 12 s; missing: 2 of 3 validators linked; from west (not "
            "linked, silent for 61 s); what to do: start them, or reach them at the addresses "
            "under [[peers]]");
  // A node that follows the others all the same.
  situation.ms_since_commit = 300;
  EXPECT_THAT(diagnose(situation).text(), testing::StartsWith("missing: 2 of 3 validators"));
}

// Nobody may notice for hours that no transaction would become final.
TEST(Diagnosis, MissesTheBlockThatComesWithoutWork) {
  auto situation = healthy();
  situation.ms_since_commit = 22'501;
  situation.without_vote = {kEast, {"north", true, 10}};
  EXPECT_EQ(diagnose(situation).cause, StallCause::votes);
  // The leader of the view may be the one that is away.
  situation.linked = 3;
  situation.unlinked = {kWest};
  EXPECT_EQ(diagnose(situation).cause, StallCause::absence);
  situation.ms_since_commit = 27'501;
  EXPECT_EQ(diagnose(situation).cause, StallCause::votes);
  situation.unlinked.clear();
  situation.idle_interval_ms = 3'600'000;
  EXPECT_EQ(diagnose(situation).cause, StallCause::none);
}

TEST(Diagnosis, TellsHowManyMoreMayFail) {
  auto situation = healthy();
  situation.linked = 3;
  situation.unlinked = {kWest};
  const auto found = diagnose(situation);
  EXPECT_EQ(found.cause, StallCause::absence);
  EXPECT_EQ(found.text(),
            "blocks become final without west (not linked, silent for 61 s); no other may fail; "
            "what to do: start them, or reach them at the addresses under [[peers]]");
  situation.unlinked = {{"west", false, 4'000}};  // Being started again.
  EXPECT_EQ(diagnose(situation).cause, StallCause::none);
}

TEST(Diagnosis, TellsASilentLeaderFromMissingVotes) {
  auto situation = stalled();
  situation.without_vote = {kEast, kWest, {"north", true, 10}, {"south", true, 10}};
  EXPECT_EQ(diagnose(situation).cause, StallCause::proposal);
  EXPECT_EQ(diagnose(situation).missing.front().name, "east");
  situation.proposal_held = true;
  situation.without_vote = {kEast, kWest};
  const auto found = diagnose(situation);
  EXPECT_EQ(found.cause, StallCause::votes);
  EXPECT_EQ(found.missing_what, "certificate of view 17: 2 of 3 votes");
}

TEST(Diagnosis, SuspectsLostVotesWhereTooManyAreLinkedAndMute) {
  const auto advice = [](std::vector<AbsentValidator> mute, std::uint64_t since_ms) {
    auto situation = stalled();
    situation.proposal_held = true;
    situation.ms_since_commit = since_ms;
    situation.without_vote = std::move(mute);
    return diagnose(situation).next;
  };
  const AbsentValidator north{"north", true, 10};
  const AbsentValidator south{"south", true, 10};
  EXPECT_THAT(advice({north, south}, 30'000), testing::HasSubstr("fenrun recover"));
  EXPECT_THAT(advice({north, south}, 12'000), testing::Not(testing::HasSubstr("recover")));
  EXPECT_THAT(advice({north}, 30'000), testing::Not(testing::HasSubstr("recover")));
  // One that is away may come back.
  EXPECT_THAT(advice({north, {"west", false, 61'000}}, 30'000),
              testing::Not(testing::HasSubstr("recover")));
}

TEST(Diagnosis, NamesWhoDidNotSayThatItHoldsTheBlock) {
  auto situation = stalled();
  situation.notarized_view = View(16);
  situation.without_finalize = {kWest, kEast};
  const auto found = diagnose(situation);
  EXPECT_EQ(found.cause, StallCause::finalization);
  EXPECT_EQ(found.missing_what, "finalization of view 16: 2 of 3 votes");
}

TEST(Diagnosis, NamesWhoseCosignatureEndsTheEpoch) {
  auto situation = stalled();
  situation.awaits_handover = true;
  situation.without_cosignature = {kWest, kEast};
  EXPECT_EQ(diagnose(situation).cause, StallCause::handover);
  EXPECT_EQ(diagnose(situation).missing.size(), 2u);
}

TEST(Diagnosis, WarnsOfADiskThatIsAlmostFull) {
  auto situation = healthy();
  situation.disk_free_bytes = kDiskShortBytes;
  EXPECT_EQ(diagnose(situation).cause, StallCause::none);
  situation.disk_free_bytes = 300 * 1'048'576ull;
  EXPECT_EQ(diagnose(situation).cause, StallCause::disk);
  EXPECT_EQ(
      diagnose(situation).text(),
      "the disk of this node takes 300 MiB more; what to do: free the disk of data/ or extend "
      "it: a node whose disk is full stops");
}

TEST(Diagnosis, AnObserverIsNoFault) {
  auto situation = healthy();
  situation.votes = false;
  EXPECT_EQ(diagnose(situation).cause, StallCause::observing);
  situation.catching_up = true;
  EXPECT_EQ(diagnose(situation).cause, StallCause::catching_up);
}

}  // namespace
}  // namespace fenrun
