#include "node/api/turns.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fenrun::api {
namespace {

using std::chrono::microseconds;

constexpr microseconds kSlice{2'000};

class TurnsTest : public testing::Test {
 protected:
  // Work that takes so long, and notes that it was done.
  Turns::Work work(const std::string& name, microseconds cost) {
    return [this, name, cost] {
      done_.push_back(name);
      now_ += cost;
    };
  }
  void add(const std::string& asker, const std::string& name, microseconds cost) {
    turns_.add(asker, work(name, cost));
  }

  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
  Turns turns_{[this] { return now_; }};
  std::vector<std::string> done_;
};

TEST_F(TurnsTest, AskersTakeTurnsHoweverMuchOneAsks) {
  for (int i = 0; i < 3; ++i) add("many", "many " + std::to_string(i), microseconds(1));
  add("one", "one", microseconds(1));
  EXPECT_EQ(turns_.waiting(), 4u);
  EXPECT_FALSE(turns_.run(kSlice));
  EXPECT_EQ(done_, (std::vector<std::string>{"many 0", "one", "many 1", "many 2"}));
  EXPECT_EQ(turns_.waiting(), 0u);
}

TEST_F(TurnsTest, ASliceEndsWithTheWorkThatExceedsIt) {
  for (int asker = 0; asker < 500; ++asker) {
    add("asker " + std::to_string(asker), "work", microseconds(900));
  }
  std::size_t turns = 0;
  for (bool is_more = true; is_more; ++turns) {
    const auto begin = now_;
    is_more = turns_.run(kSlice);
    EXPECT_LT(now_ - begin, kSlice + microseconds(900));
  }
  EXPECT_EQ(done_.size(), 500u);
  EXPECT_EQ(turns, 167u) << "three in each";
}

TEST_F(TurnsTest, OneLongPieceIsDoneAndNoOtherBesides) {
  add("a", "long", microseconds(50'000));
  add("b", "short", microseconds(1));
  EXPECT_TRUE(turns_.run(kSlice));
  EXPECT_EQ(done_, std::vector<std::string>{"long"});
  EXPECT_FALSE(turns_.run(kSlice));
  EXPECT_FALSE(turns_.run(kSlice));
}

TEST_F(TurnsTest, WorkMayAskForMore) {
  turns_.add("large", [this] {
    work("part 1", kSlice)();
    turns_.add("large", work("part 2", microseconds(1)));
  });
  add("small", "small", microseconds(1));
  EXPECT_TRUE(turns_.run(kSlice));
  EXPECT_FALSE(turns_.run(kSlice));
  EXPECT_EQ(done_, (std::vector<std::string>{"part 1", "small", "part 2"}));
}

TEST_F(TurnsTest, WhatIsDroppedIsNotDone) {
  add("a", "a", microseconds(1));
  turns_.add("b", [this] { turns_.clear(); });
  add("c", "c", microseconds(1));
  EXPECT_FALSE(turns_.run(kSlice));
  EXPECT_EQ(done_, std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace fenrun::api
