#include "net/send_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "net/frame.h"

namespace fenrun::net {
namespace {

Payload message(std::size_t size, std::uint8_t mark = 0) {
  return std::make_shared<const Bytes>(size, mark);
}

// Everything the queue writes, `bytes_wanted` at a time, as the peer reads it.
std::vector<Message> drain(SendQueue& queue, std::size_t bytes_wanted = 1) {
  FrameReader reader;
  reader.open();
  std::vector<Message> out;
  while (!queue.empty()) {
    Bytes stream;
    queue.fill(stream, bytes_wanted);
    ByteView rest(stream);
    while (!rest.empty()) {
      auto next = reader.next(rest);
      CHECK(next.has_value());
      if (*next) out.push_back(std::move(**next));
    }
  }
  return out;
}

TEST(SendQueue, ConsensusGoesFirst) {
  SendQueue queue(QueueLimits{});
  ASSERT_TRUE(queue.push_bulk(message(10, 1)));
  EXPECT_EQ(queue.push_consensus(message(10, 2)), 0U);
  EXPECT_EQ(queue.push_consensus(message(10, 3)), 0U);
  const auto out = drain(queue);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0].bytes[0], 2);
  EXPECT_EQ(out[1].bytes[0], 3);
  EXPECT_EQ(out[2].bytes[0], 1);
}

TEST(SendQueue, ConsensusOvertakesBulkThatHasBegun) {
  SendQueue queue(QueueLimits{});
  ASSERT_TRUE(queue.push_bulk(message(5 * 1024 * 1024)));
  Bytes begun;
  EXPECT_EQ(queue.fill(begun, 1), 0U);
  EXPECT_EQ(begun.size(), kFrameHeaderBytes + kFramePayloadMax);
  queue.push_consensus(message(100));
  Bytes next;
  EXPECT_EQ(queue.fill(next, 1), 1U);
  EXPECT_EQ(next[4], static_cast<std::uint8_t>(FrameKind::consensus));
}

TEST(SendQueue, FillCoalescesButNotWithoutEnd) {
  SendQueue queue(QueueLimits{});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(queue.push_bulk(message(kFramePayloadMax)));
  Bytes out;
  EXPECT_EQ(queue.fill(out, 2 * kFramePayloadMax), 2U);
  EXPECT_EQ(out.size(), 2 * (kFrameHeaderBytes + kFramePayloadMax));
}

TEST(SendQueue, FullConsensusDropsTheOldest) {
  QueueLimits limits;
  limits.consensus_messages_max = 3;
  SendQueue queue(limits);
  for (std::uint8_t i = 0; i < 3; ++i) EXPECT_EQ(queue.push_consensus(message(1, i)), 0U);
  EXPECT_EQ(queue.push_consensus(message(1, 3)), 1U);
  const auto out = drain(queue);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0].bytes[0], 1);
  EXPECT_EQ(out[2].bytes[0], 3);
}

TEST(SendQueue, FullConsensusByBytesDropsAsManyAsItTakes) {
  QueueLimits limits;
  limits.consensus_bytes_max = kFrameBytesMax;
  SendQueue queue(limits);
  for (int i = 0; i < 6; ++i) queue.push_consensus(message(1024 * 1024));
  EXPECT_EQ(queue.push_consensus(message(2 * 1024 * 1024 + 1)), 3U);
  EXPECT_EQ(queue.bytes(), 5U * 1024 * 1024 + 1);
}

TEST(SendQueue, PartlyWrittenConsensusIsNotDropped) {
  QueueLimits limits;
  limits.consensus_messages_max = 2;
  SendQueue queue(limits);
  queue.push_consensus(message(2 * kFramePayloadMax, 1));
  queue.push_consensus(message(1, 2));
  Bytes begun;
  EXPECT_EQ(queue.fill(begun, 1), 0U);
  EXPECT_EQ(queue.push_consensus(message(1, 3)), 1U);

  FrameReader reader;
  reader.open();
  Bytes rest_bytes;
  EXPECT_EQ(queue.fill(rest_bytes, 1'000'000), 2U);
  append(begun, rest_bytes);
  ByteView rest(begun);
  const auto first = reader.next(rest);
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->bytes, Bytes(2 * kFramePayloadMax, 1));
  const auto second = reader.next(rest);
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ((*second)->bytes, Bytes(1, 3));
}

TEST(SendQueue, FullBulkRefusesAndSaysWhenThereIsRoom) {
  QueueLimits limits;
  limits.bulk_messages_max = 4;
  SendQueue queue(limits);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(queue.push_bulk(message(1)));
  EXPECT_FALSE(queue.take_writable());
  EXPECT_FALSE(queue.push_bulk(message(1)));
  EXPECT_FALSE(queue.take_writable());

  Bytes out;
  queue.fill(out, 1);
  EXPECT_FALSE(queue.take_writable());  // Three of four.
  queue.fill(out, out.size() + 1);
  EXPECT_TRUE(queue.take_writable());
  EXPECT_FALSE(queue.take_writable());  // Once.
}

TEST(SendQueue, FullBulkByBytes) {
  QueueLimits limits;
  limits.bulk_bytes_max = kFrameBytesMax;
  SendQueue queue(limits);
  ASSERT_TRUE(queue.push_bulk(message(kFrameBytesMax - 1)));
  ASSERT_TRUE(queue.push_bulk(message(1)));
  EXPECT_FALSE(queue.push_bulk(message(1)));
  EXPECT_TRUE(queue.push_bulk(message(0)));
}

RC_GTEST_PROP(SendQueueProperty, WritesEachChannelInOrderAndWhole, ()) {
  SendQueue queue(QueueLimits{});
  std::vector<Message> expected;
  const auto count = *rc::gen::inRange(0, 20);
  for (int i = 0; i < count; ++i) {
    const auto size = *rc::gen::inRange<std::size_t>(0, 150'000);
    const auto payload = message(size, static_cast<std::uint8_t>(i));
    const auto kind = *rc::gen::element(FrameKind::consensus, FrameKind::bulk);
    if (kind == FrameKind::consensus) {
      RC_ASSERT(queue.push_consensus(payload) == 0U);
    } else {
      RC_ASSERT(queue.push_bulk(payload));
    }
    expected.push_back(Message{kind, *payload});
  }
  std::stable_partition(expected.begin(), expected.end(),
                        [](const auto& m) { return m.kind == FrameKind::consensus; });
  const auto out = drain(queue, *rc::gen::inRange<std::size_t>(1, 300'000));
  RC_ASSERT(out.size() == expected.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    RC_ASSERT(out[i].kind == expected[i].kind);
    RC_ASSERT(out[i].bytes == expected[i].bytes);
  }
  RC_ASSERT(queue.bytes() == 0U);
}

}  // namespace
}  // namespace fenrun::net
