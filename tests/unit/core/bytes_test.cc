#include "core/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <variant>

#include "core/overloaded.h"
#include "core/types.h"

namespace fenrun {
namespace {

using Four = FixedBytes<struct FourTag, 4>;
using OtherFour = FixedBytes<struct OtherFourTag, 4>;

TEST(FixedBytes, ComesFromExactlyItsLength) {
  const Bytes four{1, 2, 3, 4};
  ASSERT_TRUE(Four::from(four));
  EXPECT_TRUE(equal(Four::from(four)->view(), four));
  for (const Bytes& wrong : {Bytes{}, Bytes{1, 2, 3}, Bytes{1, 2, 3, 4, 5}}) {
    ASSERT_FALSE(Four::from(wrong));
    EXPECT_EQ(Four::from(wrong).error().code, Errc::length_wrong);
  }
}

TEST(FixedBytes, IsOrderedBytewiseAndStartsAsZero) {
  EXPECT_TRUE(Four{}.is_zero());
  EXPECT_FALSE((Four{{0, 0, 0, 1}}.is_zero()));
  EXPECT_LT((Four{{0, 255, 255, 255}}), (Four{{1, 0, 0, 0}}));
  EXPECT_LT((Four{{127, 0, 0, 0}}), (Four{{128, 0, 0, 0}})) << "bytes are unsigned";
}

TEST(FixedBytes, MeaningsDoNotMix) {
  static_assert(!std::is_convertible_v<Four, OtherFour>);
  static_assert(!std::is_convertible_v<Height, View>);
  static_assert(!std::is_convertible_v<std::uint64_t, Height>);
  static_assert(std::is_constructible_v<Height, std::uint64_t>);
}

TEST(Bytes, ViewsOfTextAndBackAreTheSameBytes) {
  const std::string text("a\0\xff", 3);
  EXPECT_EQ(to_bytes(bytes_of(text)), (Bytes{'a', 0, 0xff}));
  EXPECT_EQ(text_of(bytes_of(text)), text);
  Bytes out{9};
  append(out, bytes_of(text));
  EXPECT_EQ(out, (Bytes{9, 'a', 0, 0xff}));
  EXPECT_TRUE(equal(ByteView{}, Bytes{}));
  EXPECT_FALSE(equal(out, bytes_of(text)));
}

TEST(Strong, CountsAndCompares) {
  EXPECT_EQ(Height(7).next(), Height(8));
  EXPECT_LT(Height(7), Height(8));
  EXPECT_EQ(Height().value(), 0u);
  EXPECT_EQ(Lane(65'535).value(), 65'535);
}

TEST(Overloaded, VisitsByType) {
  const auto name = overloaded{[](int) { return "int"; }, [](bool) { return "bool"; }};
  EXPECT_STREQ(std::visit(name, std::variant<int, bool>(1)), "int");
  EXPECT_STREQ(std::visit(name, std::variant<int, bool>(true)), "bool");
}

}  // namespace
}  // namespace fenrun
