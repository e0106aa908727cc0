// Honest peers.
#include "net/tcp_transport.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/limits.h"
#include "tests/unit/net/network.h"

namespace fenrun::net {
namespace {

using std::chrono_literals::operator""ms;

Bytes text(std::string_view words) { return to_bytes(bytes_of(words)); }

class Transports : public NetworkTest {
 protected:
  void pair() {
    add(0);
    add(1);
    introduce();
    ASSERT_TRUE(all_linked());
  }
};

TEST_F(Transports, TwoExchangeMessages) {
  pair();
  EXPECT_TRUE(node(0).transport->connected(kOne));
  EXPECT_TRUE(node(1).transport->connected(kZero));
  ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));
  ASSERT_TRUE(node(1).transport->send(kZero, Channel::bulk, text("batch")));
  ASSERT_TRUE(run_until([&] { return node(0).received.size() + node(1).received.size() == 2; }));
  EXPECT_EQ(node(1).received[0].from, kZero);
  EXPECT_EQ(node(1).received[0].channel, Channel::consensus);
  EXPECT_EQ(node(1).received[0].bytes, text("vote"));
  EXPECT_EQ(node(0).received[0].channel, Channel::bulk);
  EXPECT_EQ(node(0).received[0].bytes, text("batch"));

  ASSERT_TRUE(run_until([&] { return node(0).metrics().counters.bytes_sent > 0; }));
  const auto metrics = node(0).metrics();
  EXPECT_EQ(metrics.peer, kOne);
  EXPECT_TRUE(metrics.connected);
  EXPECT_EQ(metrics.counters.messages_sent, 1U);
  EXPECT_EQ(metrics.counters.messages_received, 1U);
  EXPECT_EQ(metrics.links_opened, 1U);
  EXPECT_EQ(metrics.queued_bytes, 0U);
}

TEST_F(Transports, FourKeepTheOrderOfEachChannel) {
  for (std::uint16_t i = 0; i < 4; ++i) add(i);
  introduce();
  ASSERT_TRUE(all_linked());
  constexpr std::size_t kEach = 200;
  for (std::size_t i = 0; i < kEach; ++i) {
    for (auto& sender : nodes_) {
      const auto mark = static_cast<std::uint8_t>(i);
      sender->transport->broadcast(Channel::bulk, Bytes(i * 53, mark));
      sender->transport->broadcast(Channel::consensus, Bytes(1 + i % 7, mark));
    }
  }
  ASSERT_TRUE(run_until([&] {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [&](const auto& n) { return n->received.size() == 3 * 2 * kEach; });
  }));
  for (const auto& receiver : nodes_) {
    for (std::uint16_t from = 0; from < 4; ++from) {
      std::size_t bulk = 0;
      std::size_t consensus = 0;
      for (const auto& message : receiver->received) {
        if (message.from != PeerIndex(from)) continue;
        if (message.channel == Channel::bulk) {
          EXPECT_EQ(message.bytes, Bytes(bulk * 53, static_cast<std::uint8_t>(bulk)));
          ++bulk;
        } else {
          EXPECT_EQ(message.bytes, Bytes(1 + consensus % 7, static_cast<std::uint8_t>(consensus)));
          ++consensus;
        }
      }
      EXPECT_EQ(bulk, receiver == nodes_[from] ? 0U : kEach);
      EXPECT_EQ(consensus, bulk);
    }
  }
}

TEST_F(Transports, TheLargestMessageAndTheEmptyOne) {
  pair();
  auto large = Bytes(kFrameBytesMax, 7);
  large.back() = 9;
  ASSERT_TRUE(node(0).transport->send(kOne, Channel::bulk, large));
  ASSERT_TRUE(node(1).transport->send(kZero, Channel::consensus, large));
  ASSERT_TRUE(node(1).transport->send(kZero, Channel::consensus, Bytes()));
  ASSERT_TRUE(
      run_until([&] { return node(0).received.size() == 2 && node(1).received.size() == 1; }));
  EXPECT_EQ(node(1).received[0].bytes, large);
  EXPECT_EQ(node(0).received[0].bytes, large);
  EXPECT_TRUE(node(0).received[1].bytes.empty());

  const auto status = node(0).transport->send(kOne, Channel::bulk, Bytes(kFrameBytesMax + 1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::limit_exceeded);
}

TEST_F(Transports, ConsensusOvertakesBulk) {
  pair();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(node(0).transport->send(kOne, Channel::bulk, Bytes(1024 * 1024, 1)));
  }
  // Well into the bulk: the first mebibyte is there, four are on their way.
  ASSERT_TRUE(run_until([&] { return node(1).received.size() == 1; }));
  ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));
  ASSERT_TRUE(run_until([&] { return node(1).received.size() == 6; }));
  // What the sockets held already may come first, the queue may not.
  EXPECT_TRUE(node(1).received[1].channel == Channel::consensus ||
              node(1).received[2].channel == Channel::consensus);
}

TEST_F(Transports, BulkQueueRefusesWhenFullAndSaysWhenThereIsRoom) {
  pair();
  const auto payload = std::make_shared<const Bytes>(1024 * 1024, std::uint8_t{1});
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(node(0).transport->send(kOne, Channel::bulk, payload));
  const auto status = node(0).transport->send(kOne, Channel::bulk, payload);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::rate_limited);
  EXPECT_EQ(node(0).metrics().counters.bulk_refused, 1U);
  EXPECT_EQ(node(0).metrics().queued_bytes, 16U * 1024 * 1024);
  ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));

  ASSERT_TRUE(run_until([&] { return !node(0).writable.empty(); }));
  EXPECT_LE(node(0).metrics().queued_bytes, 8U * 1024 * 1024);
  ASSERT_TRUE(run_until([&] { return node(1).received.size() == 17; }));
  EXPECT_EQ(node(0).writable.size(), 1U);
  EXPECT_EQ(node(1).received[0].channel, Channel::consensus);
}

TEST_F(Transports, ConsensusQueueDropsTheOldestWhenFull) {
  auto options = options_of(0);
  options.queue.consensus_messages_max = 10;
  add(options);
  add(1);
  introduce();
  ASSERT_TRUE(all_linked());
  for (std::uint8_t i = 0; i < 25; ++i) {
    ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, Bytes{i}));
  }
  ASSERT_TRUE(run_until([&] { return node(1).received.size() == 10; }));
  EXPECT_EQ(node(1).received.front().bytes, Bytes{15});
  EXPECT_EQ(node(1).received.back().bytes, Bytes{24});
  EXPECT_EQ(node(0).metrics().counters.consensus_dropped, 15U);
}

TEST_F(Transports, ABusyPeerDoesNotStarveAnother) {
  for (std::uint16_t i = 0; i < 3; ++i) add(i);
  introduce();
  ASSERT_TRUE(all_linked());
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(node(1).transport->send(kZero, Channel::bulk, Bytes(8'000)));
  }
  ASSERT_TRUE(node(2).transport->send(kZero, Channel::bulk, text("me too")));
  ASSERT_TRUE(run_until([&] {
    return std::any_of(node(0).received.begin(), node(0).received.end(),
                       [](const auto& m) { return m.from == PeerIndex(2); });
  }));
  EXPECT_LT(node(0).received.size(), 200U);
}

TEST_F(Transports, WithoutALinkNothingIsSent) {
  add(0);
  const auto status = node(0).transport->send(kOne, Channel::consensus, text("vote"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::unreachable);
}

TEST_F(Transports, ReconnectAfterStopAndStart) {
  auto listening = options_of(0);
  add(listening);
  add(1);
  introduce();
  ASSERT_TRUE(all_linked());
  // The dialler goes and comes back.
  node(1).transport->stop();
  EXPECT_FALSE(node(1).transport->connected(kZero));
  ASSERT_TRUE(run_until([&] { return node(0).disconnected.size() == 1; }));
  EXPECT_EQ(node(0).disconnected[0].second.code, Errc::unreachable);
  EXPECT_TRUE(node(1).disconnected.empty());
  ASSERT_TRUE(node(1).transport->start());
  ASSERT_TRUE(run_until([&] { return node(0).connected.size() == 2; }));

  // The listener goes and comes back, at another port.
  node(0).transport->stop();
  ASSERT_TRUE(run_until([&] { return node(1).metrics().dial_failures >= 2; }));
  ASSERT_TRUE(node(0).transport->start());
  ASSERT_TRUE(node(1).transport->set_peer(kZero, address_of(0, node(0))));
  ASSERT_TRUE(run_until([&] { return node(0).connected.size() == 3; }));
  ASSERT_TRUE(node(1).transport->send(kZero, Channel::consensus, text("back")));
  ASSERT_TRUE(run_until([&] { return node(0).received.size() == 1; }));
  EXPECT_EQ(node(0).metrics().links_opened, 3U);
}

TEST_F(Transports, DialsUntilThePeerListensWithGrowingPauses) {
  auto& late = add(0);
  const auto address = address_of(0, late);
  auto options = options_of(0);
  options.listen_port = late.transport->port();
  late.transport->stop();
  late.transport.reset();

  auto& dialler = add(1);
  ASSERT_TRUE(dialler.transport->set_peer(kZero, address));
  run_for(400ms);
  // At 0, 20, 60, 140, 240, 340 ms; a slow machine makes it fewer, never more.
  const auto failures = dialler.metrics().dial_failures;
  EXPECT_GE(failures, 3U);
  EXPECT_LE(failures, 6U);
  EXPECT_EQ(std::count_if(dialler.events.begin(), dialler.events.end(),
                          [](const auto& line) { return line.find("no link") == 0; }),
            1);

  late.transport = std::make_unique<TcpTransport>(io_, key_of(0), options, late.callbacks());
  ASSERT_TRUE(late.transport->set_peer(kOne, address_of(1, dialler)));
  ASSERT_TRUE(late.transport->start());
  ASSERT_TRUE(run_until([&] { return dialler.transport->connected(kZero); }));
}

TEST_F(Transports, DialsByName) {
  add(0);
  add(1);
  auto address = address_of(0, node(0));
  address.host = "localhost";
  ASSERT_TRUE(node(1).transport->set_peer(kZero, address));
  ASSERT_TRUE(node(0).transport->set_peer(kOne, address_of(1, node(1))));
  EXPECT_TRUE(all_linked());
}

TEST_F(Transports, KeepAliveHoldsAnIdleLink) {
  for (std::uint16_t i = 0; i < 2; ++i) {
    auto options = options_of(i);
    options.timing.keep_alive = 60ms;
    options.timing.silence_max = 300ms;
    add(options);
  }
  introduce();
  ASSERT_TRUE(all_linked());
  run_for(1'000ms);
  EXPECT_TRUE(node(0).disconnected.empty());
  EXPECT_TRUE(node(1).disconnected.empty());
  EXPECT_EQ(node(0).metrics().links_opened, 1U);
}

TEST_F(Transports, StopWithinACallback) {
  pair();
  node(1).on_message = [&](const Received&) { node(1).transport->stop(); };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));
  }
  ASSERT_TRUE(run_until([&] { return node(0).disconnected.size() == 1; }));
  EXPECT_EQ(node(1).received.size(), 1U) << "nothing is delivered after stop()";
}

TEST_F(Transports, StopWhileMessagesWaitForTheNextTurn) {
  pair();
  node(1).on_message = [&](const Received&) {
    if (node(1).received.size() > 1) return;
    asio::post(io_, [&] { node(1).transport->stop(); });
  };
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));
  }
  ASSERT_TRUE(run_until([&] { return node(0).disconnected.size() == 1; }));
  EXPECT_GE(node(1).received.size(), 1U);
  EXPECT_LT(node(1).received.size(), 500U);
}

TEST_F(Transports, NothingIsToldAfterStop) {
  pair();
  node(1).on_disconnected = [&] { node(1).transport->stop(); };
  node(0).transport->stop();
  ASSERT_TRUE(run_until([&] { return node(1).disconnected.size() == 1; }));
  run_for(20ms);
  EXPECT_FALSE(node(1).said("lost peer 0")) << "its line was on the way when stop() was called";
}

TEST_F(Transports, ForgetAPeerWithinACallback) {
  pair();
  node(1).on_message = [&](const Received&) { node(1).transport->remove_peer(kZero); };
  ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));
  ASSERT_TRUE(node(0).transport->send(kOne, Channel::consensus, text("vote")));
  ASSERT_TRUE(run_until([&] { return node(0).disconnected.size() == 1; }));
  EXPECT_EQ(node(1).received.size(), 1U);
  EXPECT_TRUE(node(1).transport->metrics().peers.empty());
}

TEST_F(Transports, ADestroyedTransportLeavesItsOperationsHarmless) {
  pair();
  ASSERT_TRUE(node(1).transport->send(kZero, Channel::bulk, Bytes(3'000'000)));
  run_for(1ms);
  node(1).transport.reset();
  ASSERT_TRUE(run_until([&] { return node(0).disconnected.size() == 1; }));
}

TEST_F(Transports, APeerMovesToAnotherKey) {
  pair();
  // Key 9 takes the number of node 1: the link with the old key is closed, and it may not return.
  ASSERT_TRUE(node(0).transport->set_peer(kOne, {key_of(9).public_key(), "", 0}));
  EXPECT_FALSE(node(0).transport->connected(kOne));
  EXPECT_TRUE(node(0).disconnected.empty()) << "not from within the call";
  ASSERT_TRUE(run_until([&] { return node(0).said("is not wanted here"); }));
  EXPECT_FALSE(node(0).transport->connected(kOne));
  ASSERT_EQ(node(0).disconnected.size(), 1U);
  EXPECT_EQ(node(0).disconnected[0].first, kOne);
  EXPECT_EQ(node(0).disconnected[0].second.code, Errc::unreachable);
}

TEST_F(Transports, APeerThatIsDroppedMayLinkAnew) {
  pair();
  node(1).transport->drop(PeerIndex(7), "unknown");
  node(0).transport->drop(kOne, "it talks nonsense");
  EXPECT_FALSE(node(0).transport->connected(kOne));
  EXPECT_TRUE(node(0).disconnected.empty()) << "not from within the call";
  ASSERT_TRUE(
      run_until([&] { return node(0).connected.size() == 2 && node(1).connected.size() == 2; }));
  ASSERT_EQ(node(0).disconnected.size(), 1U);
  EXPECT_EQ(node(0).disconnected[0].second.detail, "it talks nonsense");
  EXPECT_TRUE(node(0).said("lost peer 1: it talks nonsense"));
  // Who dials dials again, too, if it is the one who dropped.
  node(1).transport->drop(kZero, "it as well");
  ASSERT_TRUE(run_until([&] { return node(1).connected.size() == 3; }));
}

TEST_F(Transports, WhatSetPeerRefuses) {
  add(1);
  auto& transport = *node(0).transport;
  const auto code = [&](PeerIndex index, const PeerAddress& address) {
    const auto status = transport.set_peer(index, address);
    return status ? Errc::ok : status.error().code;
  };
  EXPECT_EQ(code(kOne, {key_of(2).public_key(), "127.0.0.1", 1}), Errc::value_invalid);
  EXPECT_EQ(code(kZero, {key_of(2).public_key(), "", 1}), Errc::value_invalid);
  EXPECT_EQ(code(kZero, {key_of(2).public_key(), "127.0.0.1", 0}), Errc::value_invalid);
  EXPECT_EQ(code(kZero, {PublicKey(), "127.0.0.1", 1}), Errc::key_invalid);
  EXPECT_EQ(code(kZero, {key_of(1).public_key(), "127.0.0.1", 1}), Errc::key_invalid);
  EXPECT_EQ(code(PeerIndex(2), {key_of(2).public_key(), "", 0}), Errc::ok);
  EXPECT_EQ(code(PeerIndex(3), {key_of(2).public_key(), "", 0}), Errc::key_invalid);
  EXPECT_EQ(code(PeerIndex(2), {key_of(2).public_key(), "", 0}), Errc::ok);
}

TEST_F(Transports, StartFailsWhereItCannotListen) {
  add(0);
  auto options = options_of(1);
  options.listen_port = node(0).transport->port();
  TcpTransport second(io_, key_of(1), options, {});
  const auto status = second.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::listen_failed);

  options.listen_host = "nowhere";
  TcpTransport third(io_, key_of(1), options, {});
  EXPECT_FALSE(third.start());
}

}  // namespace
}  // namespace fenrun::net
