#include "core/planted.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fenrun {
namespace {

template <class Bug>
concept CanBePlanted = requires(Bug bug) {
  plant(bug);
};

// What ships cannot be told to misbehave: there is nothing to tell it with.
static_assert(CanBePlanted<PlantedBug> == kCanPlant);

TEST(Planted, EveryBugHasAName) {
  for (std::size_t i = 0; i < kPlantedRules.size(); ++i) {
    const auto& rule = kPlantedRules[i];
    EXPECT_EQ(static_cast<std::size_t>(rule.bug), i + 1) << rule.name;
    EXPECT_EQ(name_of(rule.bug), rule.name);
    EXPECT_EQ(planted_bug_named(rule.name), rule.bug) << "another has this name";
  }
  EXPECT_EQ(planted_bug_named("none"), PlantedBug::none);
  EXPECT_EQ(planted_bug_named("nobody_knows_it"), std::nullopt);
}

#ifdef FENRUN_PLANTED

TEST(Planted, OneIsChosenAtATime) {
  const auto find = [](const PlantedRule& rule) { return planted(rule.bug); };
  const auto* before = std::ranges::find_if(kPlantedRules, find);
  for (const auto& rule : kPlantedRules) {
    plant(rule.bug);
    EXPECT_TRUE(planted(rule.bug));
    EXPECT_EQ(std::ranges::count_if(kPlantedRules, find), 1);
  }
  plant(PlantedBug::none);
  EXPECT_EQ(std::ranges::count_if(kPlantedRules, find), 0);
  if (before != kPlantedRules.end()) plant(before->bug);
}

#else

static_assert(!planted(PlantedBug::notarize_twice));

#endif

}  // namespace
}  // namespace fenrun
