// A network of transports in one process and one event loop, on loopback, with ports of the
// system's choice.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/asio.h"
#include "net/tcp_transport.h"

namespace fenrun::net {

inline constexpr PeerIndex kZero(0);
inline constexpr PeerIndex kOne(1);

inline SigningKey key_of(std::uint8_t number) {
  Seed seed;
  seed.mutable_view()[0] = number;
  seed.mutable_view()[1] = 1;
  return SigningKey::from_seed(seed);
}

inline Digest chain(std::uint8_t number) {
  Digest out;
  out.bytes.fill(number);
  return out;
}

struct Received {
  PeerIndex from;
  Channel channel;
  Bytes bytes;
};

// A transport and what it told.
struct Node {
  std::vector<Received> received;
  std::vector<PeerIndex> connected;
  std::vector<std::pair<PeerIndex, Error>> disconnected;
  std::vector<PeerIndex> writable;
  std::vector<std::string> events;
  std::function<void(const Received&)> on_message;  // Besides recording.
  std::function<void()> on_disconnected;
  std::unique_ptr<TcpTransport> transport;

  TransportCallbacks callbacks() {
    TransportCallbacks out;
    out.on_message = [this](PeerIndex from, Channel channel, Bytes bytes) {
      received.push_back({from, channel, std::move(bytes)});
      if (on_message) on_message(received.back());
    };
    out.on_connected = [this](PeerIndex peer) { connected.push_back(peer); };
    out.on_disconnected = [this](PeerIndex peer, const Error& reason) {
      disconnected.emplace_back(peer, reason);
      if (on_disconnected) on_disconnected();
    };
    out.on_writable = [this](PeerIndex peer) { writable.push_back(peer); };
    out.on_event = [this](const std::string& line) { events.push_back(line); };
    return out;
  }

  bool said(const std::string& text) const {
    for (const auto& line : events) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::size_t count(Channel channel) const {
    std::size_t out = 0;
    for (const auto& message : received) out += message.channel == channel ? 1U : 0U;
    return out;
  }

  PeerMetrics metrics(std::size_t at = 0) const { return transport->metrics().peers.at(at); }
};

class NetworkTest : public ::testing::Test {
 protected:
  ~NetworkTest() override {
    for (auto& node : nodes_) {
      if (node->transport != nullptr) node->transport->stop();
    }
    io_.restart();
    io_.run_for(std::chrono::seconds(5));
    EXPECT_TRUE(io_.stopped()) << "stop() leaves nothing that keeps the event loop busy";
  }

  static TcpTransportOptions options_of(std::uint16_t number) {
    TcpTransportOptions options;
    options.self = PeerIndex(number);
    options.chain_id = chain(1);
    options.timing.redial_min = std::chrono::milliseconds(20);
    options.timing.redial_max = std::chrono::milliseconds(100);
    return options;
  }

  // Adds and starts a node with the key of its number.
  Node& add(const TcpTransportOptions& options) {
    return add(options, key_of(static_cast<std::uint8_t>(options.self.value())));
  }
  Node& add(const TcpTransportOptions& options, const SigningKey& key) {
    auto& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.transport = std::make_unique<TcpTransport>(io_, key, options, node.callbacks());
    EXPECT_TRUE(node.transport->start());
    return node;
  }
  Node& add(std::uint16_t number) { return add(options_of(number)); }

  static PeerAddress address_of(std::uint16_t number, const Node& node) {
    return {key_of(static_cast<std::uint8_t>(number)).public_key(), "127.0.0.1",
            node.transport->port()};
  }

  // Makes nodes 0..n-1 known to one another, in the order in which they were added.
  void introduce() {
    for (std::uint16_t i = 0; i < nodes_.size(); ++i) {
      for (std::uint16_t j = 0; j < nodes_.size(); ++j) {
        if (i == j) continue;
        EXPECT_TRUE(nodes_[i]->transport->set_peer(PeerIndex(j), address_of(j, *nodes_[j])));
      }
    }
  }

  // Runs the event loop until it holds; false after five seconds.
  bool run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    io_.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.run_one_for(std::chrono::milliseconds(20));
      io_.restart();
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }

  bool all_linked() {
    return run_until([this] {
      for (const auto& node : nodes_) {
        if (node->connected.size() < nodes_.size() - 1) return false;
      }
      return true;
    });
  }

  Node& node(std::size_t number) { return *nodes_.at(number); }

  asio::io_context io_{1};
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace fenrun::net
