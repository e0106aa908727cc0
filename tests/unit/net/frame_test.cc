#include "net/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "core/text.h"

namespace fenrun::net {
namespace {

// One message as the sender cuts it.
Bytes framed(FrameKind kind, ByteView message) {
  Bytes out;
  while (message.size() > kFramePayloadMax) {
    append_frame(out, kind, Continues::yes, message.first(kFramePayloadMax));
    message = message.subspan(kFramePayloadMax);
  }
  append_frame(out, kind, Continues::no, message);
  return out;
}

// The error of the first message that `stream` spoils for a reader, or ok.
Errc verdict(ByteView stream, bool open = true) {
  FrameReader reader;
  if (open) reader.open();
  while (!stream.empty()) {
    const auto message = reader.next(stream);
    if (!message) return message.error().code;
  }
  return Errc::ok;
}

Bytes header(std::uint32_t length, std::uint8_t kind) {
  Encoder out;
  out.fixed(length);
  out.fixed(kind);
  return out.take();
}

TEST(Frame, BytesOfTheSpecification) {
  Bytes out;
  append_frame(out, FrameKind::consensus, Continues::no, bytes_of("abc"));
  EXPECT_EQ(to_hex(out), "0300000001616263");

  Hello hello;
  hello.protocol_version = 0x0102;
  hello.chain_id.bytes.fill(0xaa);
  hello.index = PeerIndex(3);
  out.clear();
  append_control(out, hello);
  std::string chain;
  for (int i = 0; i < 32; ++i) chain += "aa";
  EXPECT_EQ(to_hex(out),
            "2500000000"
            "00"
            "0201" +
                chain + "0300");

  out.clear();
  append_control(out, Accept{});
  EXPECT_EQ(to_hex(out), "010000000001");
  out.clear();
  append_control(out, Refusal{Errc::chain_wrong, {"no"}});
  EXPECT_EQ(to_hex(out), "060000000002c800026e6f");
  out.clear();
  append_control(out, KeepAlive{});
  EXPECT_EQ(to_hex(out), "010000000003");
}

TEST(Frame, LongMessageIsCutIntoFullFrames) {
  const Bytes message(2 * kFramePayloadMax, 7);
  const auto stream = framed(FrameKind::bulk, message);
  EXPECT_EQ(stream.size(), message.size() + 2 * kFrameHeaderBytes);
  EXPECT_EQ(stream[4], 0x82);
  EXPECT_EQ(stream[kFrameHeaderBytes + kFramePayloadMax + 4], 0x02);
}

RC_GTEST_PROP(FrameProperty, MessagesSurviveAnyCutOfTheStream, ()) {
  FrameReader reader;
  reader.open();
  std::vector<Message> sent;
  Bytes stream;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    Message message;
    message.kind = *rc::gen::element(FrameKind::consensus, FrameKind::bulk);
    message.bytes.assign(*rc::gen::inRange<std::size_t>(0, 200'000), static_cast<std::uint8_t>(i));
    append(stream, framed(message.kind, message.bytes));
    sent.push_back(message);
  }

  std::vector<Message> received;
  ByteView rest(stream);
  while (!rest.empty()) {
    auto piece = rest.first(std::min(rest.size(), *rc::gen::inRange<std::size_t>(1, 70'000)));
    rest = rest.subspan(piece.size());
    while (!piece.empty()) {
      auto message = reader.next(piece);
      RC_ASSERT(message.has_value());
      if (*message) received.push_back(std::move(**message));
    }
  }
  RC_ASSERT(received.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    RC_ASSERT(received[i].kind == sent[i].kind);
    RC_ASSERT(received[i].bytes == sent[i].bytes);
  }
}

RC_GTEST_PROP(FrameProperty, ADamagedStreamIsRefusedOrReadWithinTheLimits, ()) {
  Bytes stream;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    const auto kind = *rc::gen::element(FrameKind::consensus, FrameKind::bulk);
    append(stream, framed(kind, Bytes(*rc::gen::inRange<std::size_t>(0, 140'000))));
  }
  // Small values hit kinds and the upper bytes of lengths more often.
  const auto damages = *rc::gen::inRange(1, 8);
  for (int i = 0; i < damages; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(stream.size(), 40));
    stream[at] = *rc::gen::element<std::uint8_t>(0, 1, 2, 3, 0x80, 0x81, 0x82, 0xff);
  }

  FrameReader reader;
  reader.open();
  ByteView rest(stream);
  std::size_t accepted = 0;
  while (!rest.empty()) {
    const auto before = rest.size();
    const auto message = reader.next(rest);
    if (!message) return;
    RC_ASSERT(rest.size() < before);
    if (*message) {
      accepted += kFrameHeaderBytes + (*message)->bytes.size();
      RC_ASSERT((*message)->kind != FrameKind::control ||
                (*message)->bytes.size() <= kHelloPayloadMax);
    }
  }
  RC_ASSERT(accepted <= stream.size());
}

TEST(Frame, ConsensusBetweenTheFramesOfBulk) {
  const Bytes large(kFramePayloadMax + 10, 1);
  Bytes stream;
  append_frame(stream, FrameKind::bulk, Continues::yes, ByteView(large).first(kFramePayloadMax));
  append_frame(stream, FrameKind::consensus, Continues::no, bytes_of("vote"));
  append_frame(stream, FrameKind::bulk, Continues::no, ByteView(large).subspan(kFramePayloadMax));

  FrameReader reader;
  reader.open();
  ByteView rest(stream);
  const auto first = reader.next(rest);
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->kind, FrameKind::consensus);
  const auto second = reader.next(rest);
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ((*second)->bytes, large);
}

TEST(Frame, RefusesUnknownKindAndLength) {
  EXPECT_EQ(verdict(header(0, 3)), Errc::variant_unknown);
  EXPECT_EQ(verdict(header(0, 0x41)), Errc::variant_unknown);
  EXPECT_EQ(verdict(header(kFramePayloadMax + 1, 2)), Errc::limit_exceeded);
  EXPECT_EQ(verdict(header(0xffffffff, 1)), Errc::limit_exceeded);
  EXPECT_EQ(verdict(header(kHelloPayloadMax + 1, 0)), Errc::limit_exceeded);
}

TEST(Frame, RefusesEverySecondSpelling) {
  // A frame with more to come is full; the last of several is not empty; control is one frame.
  EXPECT_EQ(verdict(header(kFramePayloadMax - 1, 0x82)), Errc::encoding_not_canonical);
  EXPECT_EQ(verdict(header(0, 0x81)), Errc::encoding_not_canonical);
  EXPECT_EQ(verdict(header(10, 0x80)), Errc::encoding_not_canonical);
  Bytes stream;
  append_frame(stream, FrameKind::bulk, Continues::yes, Bytes(kFramePayloadMax));
  append_frame(stream, FrameKind::bulk, Continues::no, {});
  EXPECT_EQ(verdict(stream), Errc::encoding_not_canonical);
}

TEST(Frame, BeforeOpenOnlySmallControl) {
  EXPECT_EQ(verdict(header(5, 1), false), Errc::not_ready);
  EXPECT_EQ(verdict(header(kHelloPayloadMax + 1, 2), false), Errc::limit_exceeded);
  Bytes stream;
  append_control(stream, Accept{});
  EXPECT_EQ(verdict(stream, false), Errc::ok);
}

TEST(Frame, MessageUpToTheLimitAndNoFurther) {
  const Bytes message(kFrameBytesMax, 1);
  const auto stream = framed(FrameKind::consensus, message);
  EXPECT_EQ(verdict(stream), Errc::ok);

  // The same, but its last frame promises more: that would pass the limit.
  Bytes longer = stream;
  static_assert(kFrameBytesMax % kFramePayloadMax == 0);
  longer[longer.size() - kFramePayloadMax - 1] |= kMoreFlag;
  EXPECT_EQ(verdict(longer), Errc::limit_exceeded);
}

}  // namespace
}  // namespace fenrun::net
