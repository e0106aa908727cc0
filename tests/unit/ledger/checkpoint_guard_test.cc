#include "ledger/checkpoint_guard.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace fenrun {
namespace {

CheckpointBody body(std::uint64_t size, std::uint8_t root) {
  CheckpointBody out{"o/0", size, {}};
  out.root.bytes[0] = root;
  return out;
}

Errc code_of(const Result<CheckpointGuard>& result) {
  return result ? Errc::ok : result.error().code;
}

TEST(CheckpointGuard, GrowsAndNeverTurnsBack) {
  const auto first = may_sign(CheckpointGuard::above(0), body(10, 1), 100);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (CheckpointGuard{10, body(10, 1).root, 100}));
  EXPECT_EQ(code_of(may_sign(*first, body(11, 2), 100)), Errc::ok);
  EXPECT_EQ(code_of(may_sign(*first, body(9, 2), 100)), Errc::stale);
  EXPECT_EQ(code_of(may_sign(*first, body(10, 2), 100)), Errc::consistency_invalid);
}

TEST(CheckpointGuard, TheSameCheckpointMayBeSignedAgainLater) {
  const CheckpointGuard last{10, body(10, 1).root, 100};
  EXPECT_EQ(may_sign(last, body(10, 1), 400)->time_s, 400u);
}

TEST(CheckpointGuard, TimesNeverFallEvenIfTheClockDoes) {
  const CheckpointGuard last{10, body(10, 1).root, 100};
  EXPECT_EQ(may_sign(last, body(11, 1), 101)->time_s, 101u);
  EXPECT_EQ(may_sign(last, body(11, 1), 100)->time_s, 100u) << "several sizes within a second";
  EXPECT_EQ(may_sign(last, body(11, 1), 7)->time_s, 100u);
  EXPECT_EQ(may_sign(CheckpointGuard::above(0), body(1, 1), 0)->time_s, 1u);
  const CheckpointGuard full{10, body(10, 1).root, kCosignatureTimeMax};
  EXPECT_EQ(may_sign(full, body(11, 1), 7)->time_s, kCosignatureTimeMax);
  EXPECT_EQ(code_of(may_sign(last, body(11, 1), kCosignatureTimeMax + 1)), Errc::value_invalid);
}

TEST(CheckpointGuard, AJoinerSignsOnlyAboveItsSnapshot) {
  const auto floor = CheckpointGuard::above(500);
  EXPECT_EQ(code_of(may_sign(floor, body(499, 1), 1)), Errc::stale);
  EXPECT_EQ(code_of(may_sign(floor, body(500, 1), 1)), Errc::consistency_invalid);
  EXPECT_EQ(code_of(may_sign(floor, body(501, 1), 1)), Errc::ok);
}

// Whatever is asked in whatever order: what was signed is one growing ledger.
RC_GTEST_PROP(CheckpointGuardProperty, WhatIsSignedNeverContradictsItself, ()) {
  auto guard = CheckpointGuard::above(0);
  std::map<std::uint64_t, Digest> roots;
  for (int i = 0; i < 50; ++i) {
    const auto asked =
        body(*rc::gen::inRange<std::uint64_t>(0, 20), *rc::gen::inRange<std::uint8_t>(1, 3));
    const auto granted = may_sign(guard, asked, *rc::gen::inRange<std::uint64_t>(0, 99));
    if (!granted) continue;
    const bool grows = roots.empty() || roots.rbegin()->first <= asked.size;
    RC_ASSERT(grows);
    RC_ASSERT(roots.try_emplace(asked.size, asked.root).first->second == asked.root);
    RC_ASSERT(granted->time_s >= guard.time_s);
    RC_ASSERT(granted->time_s > 0u);
    guard = *granted;
  }
}

}  // namespace
}  // namespace fenrun
