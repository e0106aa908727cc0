#include "core/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "core/crypto/sign.h"
#include "core/limits.h"
#include "core/types.h"

namespace fenrun {

enum class Colour : std::uint8_t { red, green, blue };
template <>
inline constexpr std::uint8_t kEnumCount<Colour> = 3;

namespace {

using Four = FixedBytes<struct FourTag, 4>;

struct Point {
  std::uint32_t x = 0;
  std::int64_t y = 0;
  FENRUN_FIELDS(x, y)
  friend bool operator==(const Point&, const Point&) = default;
};

struct Empty {
  FENRUN_FIELDS()
  friend bool operator==(const Empty&, const Empty&) = default;
};

// Every kind of value at once.
struct Everything {
  bool flag = false;
  std::uint8_t small = 0;
  std::uint16_t medium = 0;
  std::uint32_t large = 0;
  std::uint64_t huge = 0;
  std::int64_t delta = 0;
  Height height;
  Lane lane;
  Amount amount;
  Errc code = Errc::ok;
  Colour colour = Colour::red;
  Four four;
  std::array<std::uint16_t, 3> numbers{};
  std::array<std::uint8_t, 2> pair{};
  Blob<300> blob;
  List<Point, 5> points;
  Text<40> name;
  std::optional<Point> maybe;
  std::variant<Empty, Point, std::uint8_t> choice;
  FENRUN_FIELDS(flag, small, medium, large, huge, delta, height, lane, amount, code, colour, four,
                numbers, pair, blob, points, name, maybe, choice)
  friend bool operator==(const Everything&, const Everything&) = default;
};

struct Outcome {
  Errc code = Errc::ok;
  FENRUN_FIELDS(code)
};

struct Even {
  std::uint8_t value = 0;
  FENRUN_FIELDS(value)
  Status validate() const {
    if (value % 2 != 0) return Error{Errc::value_invalid, "odd"};
    return {};
  }
};

Point any_point() {
  return {*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::int64_t>()};
}

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}

Everything any_everything() {
  Everything v;
  v.flag = any<bool>();
  v.small = any<std::uint8_t>();
  v.medium = any<std::uint16_t>();
  v.large = any<std::uint32_t>();
  v.huge = any<std::uint64_t>();
  v.delta = any<std::int64_t>();
  v.height = Height(any<std::uint64_t>());
  v.lane = Lane(any<std::uint16_t>());
  v.amount = Amount::minor(any<std::int64_t>());
  v.code = *rc::gen::element(Errc::ok, Errc::truncated, Errc::not_authorized, Errc::not_ready);
  v.colour = *rc::gen::element(Colour::red, Colour::green, Colour::blue);
  for (auto& byte : v.four.bytes) byte = any<std::uint8_t>();
  for (auto& number : v.numbers) number = any<std::uint16_t>();
  for (auto& byte : v.pair) byte = any<std::uint8_t>();
  v.blob.resize(*rc::gen::inRange<std::size_t>(0, 301));
  for (auto& byte : v.blob) byte = any<std::uint8_t>();
  v.points.resize(*rc::gen::inRange<std::size_t>(0, 6));
  for (auto& point : v.points) point = any_point();
  v.name.value = *rc::gen::element<std::string>("", "plain", "\u56e2\u957f", "\U0001F37A beer");
  if (any<bool>()) v.maybe = any_point();
  switch (*rc::gen::inRange(0, 3)) {
    case 1:
      v.choice = any_point();
      break;
    case 2:
      v.choice = any<std::uint8_t>();
      break;
    default:
      break;
  }
  return v;
}

template <class T>
Errc refusal(const Bytes& bytes) {
  const auto value = decode<T>(bytes);
  return value ? Errc::ok : value.error().code;
}

TEST(Codec, BytesOfEachKind) {
  EXPECT_EQ(encode(true), (Bytes{1}));
  EXPECT_EQ(encode(std::uint16_t{0x1234}), (Bytes{0x34, 0x12}));
  EXPECT_EQ(encode(std::uint32_t{0x12345678}), (Bytes{0x78, 0x56, 0x34, 0x12}));
  EXPECT_EQ(encode(std::uint64_t{1}), (Bytes{1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encode(std::int64_t{-2}), (Bytes{0xfe, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(encode(Amount::minor(-1)), Bytes(8, 255));
  EXPECT_EQ(encode(Height(258)), (Bytes{2, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(encode(Lane(258)), (Bytes{2, 1}));
  EXPECT_EQ(encode(Errc::not_authorized), (Bytes{44, 1}));
  EXPECT_EQ(encode(Colour::blue), (Bytes{2}));
  EXPECT_EQ(encode(Four{{1, 2, 3, 4}}), (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(encode(std::array<std::uint16_t, 2>{1, 2}), (Bytes{1, 0, 2, 0}));
  EXPECT_EQ(encode(Blob<4>{7, 8}), (Bytes{2, 7, 8}));
  EXPECT_EQ(encode(List<std::uint16_t, 4>{7, 8}), (Bytes{2, 7, 0, 8, 0}));
  EXPECT_EQ(encode(Text<9>{"\u00e9"}), (Bytes{2, 0xc3, 0xa9}));
  EXPECT_EQ(encode(std::optional<std::uint8_t>{}), (Bytes{0}));
  EXPECT_EQ(encode(std::optional<std::uint8_t>{9}), (Bytes{1, 9}));
  EXPECT_EQ(encode(std::variant<Empty, Point, std::uint8_t>{std::uint8_t{9}}), (Bytes{2, 9}));
  EXPECT_EQ(encode(Point{1, -1}), (Bytes{1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}));
}

RC_GTEST_PROP(Codec, DecodeUndoesEncode, ()) {
  const auto value = any_everything();
  const auto decoded = decode<Everything>(encode(value));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == value);
}

RC_GTEST_PROP(Codec, EveryPrefixIsTruncatedAndEverySuffixTrails, ()) {
  auto bytes = encode(any_everything());
  const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_ASSERT(refusal<Everything>(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(cut))) ==
            Errc::truncated);
  bytes.push_back(0);
  RC_ASSERT(refusal<Everything>(bytes) == Errc::trailing_bytes);
}

RC_GTEST_PROP(Codec, WhateverDecodesEncodesToTheSameBytes, ()) {
  auto bytes = encode(any_everything());
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = any<std::uint8_t>();
  }
  const auto decoded = decode<Everything>(bytes);
  RC_CLASSIFY(decoded.has_value());
  if (decoded) RC_ASSERT(encode(*decoded) == bytes);
}

// Small shapes, so that random bytes decode often.
RC_GTEST_PROP(Codec, RandomBytesThatDecodeAreCanonical, (const std::vector<std::uint8_t>& noise)) {
  using Choice =
      std::variant<bool, std::uint8_t, Blob<200>, List<std::optional<Colour>, 9>, Text<9>>;
  Bytes bytes = noise;
  if (!bytes.empty()) bytes[0] %= 5;
  if (bytes.size() > 2 && any<bool>()) bytes[1] = static_cast<std::uint8_t>(bytes.size() - 2);
  const auto decoded = decode<Choice>(bytes);
  RC_CLASSIFY(decoded.has_value());
  if (decoded) RC_ASSERT(encode(*decoded) == bytes);
}

std::optional<std::uint32_t> uleb_by_the_book(const Bytes& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::uint64_t{bytes[i] & 0x7fu} << (7 * i);
  const bool ends = !bytes.empty() && bytes.back() < 0x80;
  const bool shortest = bytes.size() == 1 || (ends && bytes.back() != 0);
  if (!ends || !shortest || value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

RC_GTEST_PROP(Uleb, RoundTripsInTheFewestBytes, ()) {
  const auto value = *rc::gen::oneOf(
      rc::gen::arbitrary<std::uint32_t>(),
      rc::gen::element<std::uint32_t>(0, 127, 128, 16'383, 16'384, 0x7fffffff, 0xffffffff));
  Encoder out;
  out.uleb(value);
  const auto bytes = out.take();
  RC_ASSERT(uleb_by_the_book(bytes) == value);
  Decoder in(bytes);
  std::uint32_t decoded = 0;
  RC_ASSERT(in.uleb(decoded).has_value());
  RC_ASSERT(in.finish().has_value());
  RC_ASSERT(decoded == value);
}

TEST(Uleb, RefusesSecondSpellingsAndLargerNumbers) {
  const auto read = [](const Bytes& bytes) {
    Decoder in(bytes);
    std::uint32_t value = 0;
    const auto status = in.uleb(value);
    return status ? Errc::ok : status.error().code;
  };
  EXPECT_EQ(read({0x80, 0x00}), Errc::encoding_not_canonical);
  EXPECT_EQ(read({0xff, 0x00}), Errc::encoding_not_canonical);
  EXPECT_EQ(read({0x80, 0x80, 0x80, 0x80, 0x00}), Errc::encoding_not_canonical);
  EXPECT_EQ(read({0xff, 0xff, 0xff, 0xff, 0x10}), Errc::encoding_not_canonical);
  EXPECT_EQ(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), Errc::encoding_not_canonical);
  EXPECT_EQ(read({0xff, 0xff, 0xff, 0xff, 0x0f}), Errc::ok);
  EXPECT_EQ(read({0x80}), Errc::truncated);
  EXPECT_EQ(read({}), Errc::truncated);
}

TEST(Codec, RefusesWhatIsNotCanonical) {
  EXPECT_EQ(refusal<bool>({2}), Errc::encoding_not_canonical);
  EXPECT_EQ(refusal<std::optional<bool>>({2, 1}), Errc::encoding_not_canonical);
  EXPECT_EQ(refusal<Colour>({3}), Errc::variant_unknown);
  EXPECT_EQ(refusal<Colour>({0x80, 0x00}), Errc::variant_unknown);
  EXPECT_EQ((refusal<std::variant<bool, bool>>({2, 1})), Errc::variant_unknown);
  EXPECT_EQ((refusal<std::variant<bool, bool>>({0x81, 0x00, 1})), Errc::encoding_not_canonical);
  EXPECT_EQ(refusal<Outcome>({1, 0}), Errc::variant_unknown);
  EXPECT_EQ(refusal<Outcome>({0, 0}), Errc::ok);
  EXPECT_EQ(refusal<Text<4>>({1, 0xff}), Errc::text_invalid);
  EXPECT_EQ(refusal<Even>({3}), Errc::value_invalid);
  EXPECT_EQ(refusal<Even>({4}), Errc::ok);
  EXPECT_EQ((refusal<List<Even, 3>>({2, 2, 3})), Errc::value_invalid);
}

TEST(Codec, LimitsHoldOnBothSidesOfTheEdge) {
  EXPECT_EQ((refusal<Blob<2>>({2, 0, 0})), Errc::ok);
  EXPECT_EQ((refusal<Blob<2>>({3, 0, 0, 0})), Errc::limit_exceeded);
  EXPECT_EQ((refusal<List<std::uint16_t, 1>>({2, 0, 0, 0, 0})), Errc::limit_exceeded);
  EXPECT_EQ((refusal<Text<2>>({3, 'a', 'b', 'c'})), Errc::limit_exceeded);
}

// The limits here could hold 4 GiB and more; reading must refuse before it reserves them.
TEST(Codec, ALengthThatTheInputCannotHoldAllocatesNothing) {
  constexpr std::size_t kHuge = 0xffffffff;
  const Bytes bytes{0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3};
  const auto refused_empty = [&](auto value) {
    Decoder in(bytes);
    const auto status = codec::read(in, value);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::truncated);
    if constexpr (requires { value.value; }) {
      EXPECT_LT(value.value.capacity(), 100u);
    } else {
      EXPECT_EQ(value.capacity(), 0u);
    }
  };
  refused_empty(Blob<kHuge>{});
  refused_empty(List<Signature, kHuge>{});
  refused_empty(Text<kHuge>{});
}

TEST(Codec, AFailedFieldEndsTheStruct) {
  EXPECT_EQ(refusal<Point>({1, 0, 0}), Errc::truncated);
  EXPECT_EQ(refusal<Empty>({}), Errc::ok);
  EXPECT_EQ(refusal<Empty>({0}), Errc::trailing_bytes);
}

TEST(Decoder, KnowsWhatRemains) {
  const Bytes bytes{1, 2, 3};
  Decoder in(bytes);
  std::uint8_t first = 0;
  ASSERT_TRUE(in.fixed(first));
  EXPECT_EQ(in.remaining(), 2u);
  EXPECT_EQ(in.finish().error(), (Error{Errc::trailing_bytes, "2 bytes"}));
}

TEST(CodecDeathTest, EncodingBeyondALimitIsABugOfOurs) {
  EXPECT_DEATH(static_cast<void>(encode(Blob<1>{1, 2})), "size\\(\\) <= T::kMax");
  EXPECT_DEATH(static_cast<void>(encode(Text<1>{"ab"})), "size\\(\\) <= T::kMax");
  EXPECT_DEATH(static_cast<void>(encode(Colour{3})), "kEnumCount");
}

}  // namespace
}  // namespace fenrun
