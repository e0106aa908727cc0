#include "core/amount.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace fenrun {
namespace {

__extension__ using Wide = __int128;
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();

bool fits(Wide value) { return value >= kMin && value <= kMax; }

// True iff the result is what exact arithmetic says.
bool is_exactly(const Result<Amount>& result, Wide exact) {
  if (!fits(exact)) return !result && result.error().code == Errc::amount_overflow;
  return result && result->units() == exact;
}

Result<Amount> sum(std::int64_t a, std::int64_t b) {
  return add(Amount::minor(a), Amount::minor(b));
}

Result<Amount> difference(std::int64_t a, std::int64_t b) {
  return subtract(Amount::minor(a), Amount::minor(b));
}

TEST(Amount, AddsAndSubtractsUpToTheEdges) {
  EXPECT_EQ(*sum(kMax - 1, 1), Amount::minor(kMax));
  EXPECT_EQ(*sum(kMin, kMax), Amount::minor(-1));
  EXPECT_EQ(sum(kMax, 1).error().code, Errc::amount_overflow);
  EXPECT_EQ(sum(kMin, -1).error().code, Errc::amount_overflow);
  EXPECT_EQ(*difference(kMin + 1, 1), Amount::minor(kMin));
  EXPECT_EQ(difference(kMin, 1).error().code, Errc::amount_overflow);
  EXPECT_EQ(difference(0, kMin).error().code, Errc::amount_overflow);
  EXPECT_EQ(*difference(-1, kMin), Amount::minor(kMax));
}

RC_GTEST_PROP(Amount, AgreesWithExactArithmetic, ()) {
  const auto anything = rc::gen::oneOf(
      rc::gen::arbitrary<std::int64_t>(),
      rc::gen::map(rc::gen::inRange<std::int64_t>(0, 8), [](auto n) { return kMax - n; }),
      rc::gen::map(rc::gen::inRange<std::int64_t>(0, 8), [](auto n) { return kMin + n; }));
  const auto a = *anything;
  const auto b = *anything;
  RC_ASSERT(is_exactly(sum(a, b), Wide{a} + b));
  RC_ASSERT(is_exactly(difference(a, b), Wide{a} - b));
}

// The quotient found without dividing: the largest q with q * denominator <= amount * numerator.
Wide floor_by_search(std::int64_t amount, std::uint32_t numerator, std::uint32_t denominator) {
  const Wide target = Wide{amount} * numerator;
  Wide low = 0;
  Wide high = target;
  while (low < high) {
    const Wide middle = low + (high - low + 1) / 2;
    // middle * denominator may pass 2^127; compare by halves.
    const bool too_large = middle > (Wide{1} << 94) || middle * denominator > target;
    (too_large ? high : low) = too_large ? middle - 1 : middle;
  }
  return low;
}

RC_GTEST_PROP(Amount, ScaleFloorAgreesWithExactArithmetic, (std::uint32_t numerator)) {
  const auto amount = *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 10'000),
                                      rc::gen::inRange<std::int64_t>(0, kMax), rc::gen::just(kMax));
  const auto denominator = *rc::gen::oneOf(
      rc::gen::inRange<std::uint32_t>(1, 1'000), rc::gen::just<std::uint32_t>(1'000'000),
      rc::gen::inRange<std::uint32_t>(1, std::numeric_limits<std::uint32_t>::max()));
  RC_ASSERT(is_exactly(scale_floor(Amount::minor(amount), numerator, denominator),
                       floor_by_search(amount, numerator, denominator)));
}

TEST(Amount, ScaleFloorLeavesTheRemainderWithThePayer) {
  EXPECT_EQ(*scale_floor(Amount::minor(999), 1, 1'000), Amount::minor(0));
  EXPECT_EQ(*scale_floor(Amount::minor(1'999), 1, 1'000), Amount::minor(1));
  EXPECT_EQ(*scale_floor(Amount::minor(kMax), 4'294'967'295u, 4'294'967'295u), Amount::minor(kMax));
  EXPECT_EQ(scale_floor(Amount::minor(kMax), 2, 1).error().code, Errc::amount_overflow);
  EXPECT_EQ(*scale_floor(Amount::minor(kMax), 0, 1), Amount::minor(0));
}

TEST(AmountDeathTest, ScaleFloorIsForPayersAndRealRates) {
  EXPECT_DEATH(static_cast<void>(scale_floor(Amount::minor(-1), 1, 1)), "is_negative");
  EXPECT_DEATH(static_cast<void>(scale_floor(Amount::minor(1), 1, 0)), "denominator > 0");
}

TEST(Amount, PrintsTwoDecimals) {
  const std::pair<std::int64_t, const char*> cases[] = {{0, "0.00"},
                                                        {5, "0.05"},
                                                        {-5, "-0.05"},
                                                        {99, "0.99"},
                                                        {100, "1.00"},
                                                        {1234, "12.34"},
                                                        {-100, "-1.00"},
                                                        {kMax, "92233720368547758.07"},
                                                        {kMin, "-92233720368547758.08"}};
  for (const auto& [units, text] : cases) EXPECT_EQ(to_decimal(Amount::minor(units)), text);
}

TEST(Amount, ComparesAndKnowsItsSign) {
  EXPECT_LT(Amount::minor(-1), Amount());
  EXPECT_TRUE(Amount::minor(1).is_positive());
  EXPECT_FALSE(Amount().is_positive());
  EXPECT_FALSE(Amount().is_negative());
  EXPECT_TRUE(Amount::minor(-1).is_negative());
}

}  // namespace
}  // namespace fenrun
