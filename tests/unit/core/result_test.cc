#include "core/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fenrun {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{Errc::value_invalid, "odd"};
  return n / 2;
}

Result<int> quarter(int n) {
  FENRUN_TRY(const int once, half(n));
  FENRUN_TRY(const int twice, half(once));
  return twice;
}

Status divisible_by_four(int n) {
  FENRUN_OK(half(n));
  if (n % 4 != 0) return Errc::value_invalid;
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = half(8);
  ASSERT_TRUE(good.has_value());
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_EQ(*good, 4);
  const Result<int> bad = half(7);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error(), (Error{Errc::value_invalid, "odd"}));
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(7).error().detail, "odd");
  EXPECT_EQ(quarter(6).error().detail, "odd");
}

TEST(Result, OkReturnsTheErrorOfAStatusOrAResult) {
  EXPECT_TRUE(divisible_by_four(4));
  EXPECT_EQ(divisible_by_four(3).error().detail, "odd");
  EXPECT_EQ(divisible_by_four(6).error(), (Error{Errc::value_invalid, ""}));
}

TEST(Result, CarriesMoveOnlyValues) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto plus_one = [&]() -> Result<int> {
    FENRUN_TRY(const auto number, make());
    return *number + 1;
  };
  EXPECT_EQ(*plus_one(), 6);
  std::unique_ptr<int> taken = *make();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ValueCanBeChangedInPlace) {
  Result<std::string> text = std::string("ab");
  text->push_back('c');
  *text += "d";
  EXPECT_EQ(text.value(), "abcd");
}

TEST(ResultDeathTest, AskingForWhatIsNotThereAborts) {
  EXPECT_DEATH(static_cast<void>(half(7).value()), "CHECK failed: has_value");
  EXPECT_DEATH(static_cast<void>(half(8).error()), "CHECK failed: error_ != nullptr");
  EXPECT_DEATH(static_cast<void>(Status().error()), "CHECK failed: error_ != nullptr");
}

TEST(CheckDeathTest, PrintsFileLineAndCondition) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "result_test.cc:[0-9]+: CHECK failed: 1 \\+ 1 == 3");
  EXPECT_DEATH(UNREACHABLE(), "CHECK failed: unreachable");
  CHECK(true);
}

}  // namespace
}  // namespace fenrun
