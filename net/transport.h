// Authenticated bytes between peers: what the node sees of the network.
//
// A message is a sequence of bytes that arrives whole or not at all.  The transport knows no
// message type, keeps nothing for a peer without a link, and sends nothing twice: what must arrive
// is re-sent by its owner.  Messages of one channel arrive in the order in which they were sent,
// while a link lasts; the consensus channel overtakes the bulk channel. Format on the wire:
// docs/spec/network.md.
//
// Not thread-safe: every call and every callback on the one thread of the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/crypto/sign.h"
#include "core/result.h"
#include "core/strong.h"

namespace fenrun::net {

// The number of a node in its network.  All nodes number all nodes alike; a number is never given
// to another node, and later members get later numbers.  (A validator's index is not such a number:
// a change of the validator set shifts it.)
using PeerIndex = Strong<struct PeerIndexTag, std::uint16_t>;

enum class Channel : std::uint8_t {
  consensus,  // Small and urgent.  When its queue is full, the oldest message is dropped.
  bulk,       // Large and patient.  When its queue is full, send() refuses.
};

// One message may wait for many peers: it is shared, so that it is held once.
using Payload = std::shared_ptr<const Bytes>;

struct PeerAddress {
  PublicKey transport_key;
  std::string host;  // An IP address or a name.  Unused where the peer dials us.
  std::uint16_t port = 0;

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

inline constexpr unsigned kEventsPerSecondMax = 20;

// What the node is told.  None of them is called from within a call of the transport's functions,
// none after stop(); each may call any function of the transport, but not destroy it.
struct TransportCallbacks {
  std::function<void(PeerIndex, Channel, Bytes)> on_message;
  std::function<void(PeerIndex)> on_connected;
  std::function<void(PeerIndex, const Error&)> on_disconnected;
  // The bulk queue, which refused a message, is at most half full again.
  std::function<void(PeerIndex)> on_writable;
  // A line for the log: whom we linked, lost or refused, and why.  At most kEventsPerSecondMax.
  std::function<void(const std::string&)> on_event;
};

// Counts since the peer was made known; they never fall.
struct PeerCounters {
  std::uint64_t bytes_sent = 0;  // Frames as they are before TLS.
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t consensus_dropped = 0;  // Pushed out of a full queue.
  std::uint64_t bulk_refused = 0;       // Answered with Errc::rate_limited.
};

struct PeerMetrics {
  PeerIndex peer;
  bool connected = false;
  PeerCounters counters;
  std::size_t queued_bytes = 0;    // Waiting to be sent, both channels.
  std::uint64_t links_opened = 0;  // Reconnects: all but the first.
  std::uint64_t dial_failures = 0;
};

struct TransportMetrics {
  std::vector<PeerMetrics> peers;      // In the order of their numbers.
  std::uint64_t inbound_accepted = 0;  // TCP connections, before anything is known of them.
  std::uint64_t inbound_refused = 0;   // Closed before they were authenticated, for any reason.
  std::size_t inbound_pending = 0;     // Not authenticated yet, now.
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Queues a message for the peer.
  //   Errc::unreachable      there is no link to the peer, or no such peer
  //   Errc::limit_exceeded   the message is longer than kFrameBytesMax
  //   Errc::rate_limited     the bulk queue is full: hold back until on_writable
  virtual Status send(PeerIndex peer, Channel channel, Payload message) = 0;
  Status send(PeerIndex peer, Channel channel, Bytes message) {
    return send(peer, channel, std::make_shared<const Bytes>(std::move(message)));
  }

  // Queues a message for every linked peer; a full bulk queue misses it.
  virtual void broadcast(Channel channel, Payload message) = 0;
  void broadcast(Channel channel, Bytes message) {
    broadcast(channel, std::make_shared<const Bytes>(std::move(message)));
  }

  // Closes the link with the peer, which broke a rule; on_disconnected follows.  Who dials dials
  // again, after a pause.  Without a link: nothing.
  virtual void drop(PeerIndex peer, const std::string& reason) = 0;

  virtual bool connected(PeerIndex peer) const = 0;
  virtual TransportMetrics metrics() const = 0;
};

}  // namespace fenrun::net
