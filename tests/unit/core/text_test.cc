#include "core/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "core/crypto/hash.h"

namespace fenrun {
namespace {

template <class T>
bool refused(const Result<T>& result) {
  return !result && result.error().code == Errc::text_invalid;
}

std::string chars(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out.push_back(static_cast<char>(byte));
  return out;
}

TEST(Hex, KnownValues) {
  EXPECT_EQ(to_hex(Bytes{}), "");
  EXPECT_EQ(to_hex(Bytes{0x00, 0x9a, 0xff}), "009aff");
  EXPECT_EQ(*from_hex("009aff"), (Bytes{0x00, 0x9a, 0xff}));
  EXPECT_EQ(*from_hex(""), Bytes{});
}

TEST(Hex, RefusesOtherSpellings) {
  for (const auto* text : {"0", "009af", "009aFF", "0x00", "00 9a", "0g", " 00", "00\n", "-1"}) {
    EXPECT_TRUE(refused(from_hex(text))) << text;
  }
}

TEST(Hex, FixedBytesNeedTheirLength) {
  EXPECT_TRUE(fixed_from_hex<Digest>(std::string(64, 'a')));
  EXPECT_EQ(fixed_from_hex<Digest>(std::string(62, 'a')).error().code, Errc::length_wrong);
  EXPECT_EQ(fixed_from_hex<Digest>(std::string(64, 'G')).error().code, Errc::text_invalid);
}

TEST(Base64, VectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(bytes_of(plain)), encoded);
    EXPECT_EQ(*from_base64(encoded), to_bytes(bytes_of(plain)));
  }
  EXPECT_EQ(to_base64(Bytes{0xfb, 0xff}), "+/8=");
}

TEST(Base64, RefusesOtherSpellings) {
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "-_8=", "Zg==Zg==",
                           "Zm9v\n", " Zm9v", "Zm=v", "=Zm9", "Zm9vYg= ="}) {
    EXPECT_TRUE(refused(from_base64(text))) << text;
  }
}

TEST(Base32, KnownValues) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "my"},
                                                         {"fo", "mzxq"},
                                                         {"foo", "mzxw6"},
                                                         {"foob", "mzxw6yq"},
                                                         {"fooba", "mzxw6ytb"},
                                                         {"foobar", "mzxw6ytboi"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base32(bytes_of(plain)), encoded);
    EXPECT_EQ(*from_base32(encoded), to_bytes(bytes_of(plain)));
  }
}

TEST(Base32, RefusesOtherSpellings) {
  for (const auto* text : {"m", "mzx", "mzxw6y", "mz", "MY", "my======", "m1", "m8", "m y"}) {
    EXPECT_TRUE(refused(from_base32(text))) << text;
  }
}

RC_GTEST_PROP(Text, EveryEncodingRoundTrips, (const std::vector<std::uint8_t>& bytes)) {
  RC_ASSERT(*from_hex(to_hex(bytes)) == bytes);
  RC_ASSERT(*from_base64(to_base64(bytes)) == bytes);
  RC_ASSERT(*from_base32(to_base32(bytes)) == bytes);
}

// Texts of few letters decode often enough to see that whatever decodes is the one spelling.
RC_GTEST_PROP(Text, WhateverDecodesIsTheOneSpelling, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("aAbqgQw27+/=")));
  if (const auto bytes = from_hex(text)) RC_ASSERT(to_hex(*bytes) == text);
  if (const auto bytes = from_base64(text)) RC_ASSERT(to_base64(*bytes) == text);
  if (const auto bytes = from_base32(text)) RC_ASSERT(to_base32(*bytes) == text);
}

TEST(Decimal, AcceptsWhatToStringWrites) {
  EXPECT_EQ(*from_decimal("0"), 0u);
  EXPECT_EQ(*from_decimal("10"), 10u);
  EXPECT_EQ(*from_decimal("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

TEST(Decimal, RefusesOtherSpellings) {
  for (const auto* text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "1e3",
                           "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_TRUE(refused(from_decimal(text))) << text;
  }
}

RC_GTEST_PROP(Decimal, RoundTrips, (std::uint64_t value)) {
  RC_ASSERT(*from_decimal(std::to_string(value)) == value);
}

TEST(Utf8, AcceptsTheEndsOfEveryRange) {
  for (const auto& text :
       {std::string(), std::string("a\0b", 3), chars({0x7f}), chars({0xc2, 0x80}),
        chars({0xdf, 0xbf}), chars({0xe0, 0xa0, 0x80}), chars({0xed, 0x9f, 0xbf}),
        chars({0xee, 0x80, 0x80}), chars({0xef, 0xbf, 0xbf}), chars({0xf0, 0x90, 0x80, 0x80}),
        chars({0xf4, 0x8f, 0xbf, 0xbf}), std::string("\u56e2\u957f \u20ac")}) {
    EXPECT_TRUE(is_utf8(text)) << to_hex(bytes_of(text));
  }
}

TEST(Utf8, RefusesIllFormedText) {
  for (const auto& text :
       {chars({0x80}), chars({0xbf}), chars({0xc0, 0x80}), chars({0xc1, 0xbf}), chars({0xc2}),
        chars({0xc2, 0x41}), chars({0xe0, 0x9f, 0xbf}), chars({0xed, 0xa0, 0x80}),
        chars({0xe2, 0x82}), chars({0xe2, 0x82, 0x41}), chars({0xf0, 0x8f, 0xbf, 0xbf}),
        chars({0xf4, 0x90, 0x80, 0x80}), chars({0xf5, 0x80, 0x80, 0x80}), chars({0xff}),
        chars({0xf0, 0x90, 0x80}), chars({0xf0, 0x90, 0x80, 0xc0}),
        chars({'a', 0xe2, 0x28, 0xa1})}) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(bytes_of(text));
  }
}

std::string utf8_of(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<int>(0x80 | ((point >> shift) & 0x3f)); };
  const int top = static_cast<int>(point);
  if (point < 0x80) return chars({top});
  if (point < 0x800) return chars({0xc0 | (top >> 6), tail(0)});
  if (point < 0x10000) return chars({0xe0 | (top >> 12), tail(6), tail(0)});
  return chars({0xf0 | (top >> 18), tail(12), tail(6), tail(0)});
}

TEST(Utf8, AcceptsEveryScalarValueAndNoSurrogate) {
  for (std::uint32_t point = 0; point < 0x120000; ++point) {
    const bool scalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    ASSERT_EQ(is_utf8(utf8_of(point)), scalar) << point;
  }
}

TEST(PercentEncoded, EscapesAllButLettersDigitsAndWhatIsKept) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a/b c'%"), "a%2Fb%20c%27%25");
  EXPECT_EQ(percent_encoded("\xe5\x88\x86"), "%E5%88%86");
  EXPECT_EQ(percent_encoded("a~'", "'"), "a%7E'");
  EXPECT_EQ(percent_encoded(""), "");
}

}  // namespace
}  // namespace fenrun
