// The transport of the network: one TLS link over TCP with each peer.  docs/spec/network.md.
//
// Of two peers the one with the higher number dials, the other listens; so there is never more than
// one link between them, but for the moment in which a new one replaces one whose end has not been
// noticed.  The dialler tries for ever, with growing pauses.
//
// Not thread-safe: every call and every callback on the thread that runs the io_context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/result.h"
#include "net/send_queue.h"
#include "net/timing.h"
#include "net/transport.h"

namespace boost::asio {
class io_context;
}

namespace fenrun::net {

struct TcpTransportOptions {
  PeerIndex self;
  Digest chain_id;
  std::uint16_t protocol_version = 1;     // Of the node's messages: both ends must speak the same.
  std::string listen_host = "127.0.0.1";  // An IP address.
  std::uint16_t listen_port = 0;          // 0: any that is free; see port().
  Timing timing;
  QueueLimits queue;
  // Connections of which nothing is known yet.  Above the limit of an address, which in IPv6 is a
  // /64, its newest is refused; above the total the oldest of all makes room, so that strangers who
  // only hold connections cannot lock out a peer, which is authenticated within milliseconds.
  std::size_t pending_max = 128;
  std::size_t pending_per_address_max = 16;
};

class TcpTransport final : public Transport {
 public:
  using Transport::broadcast;
  using Transport::send;

  // REQUIRES: the io_context outlives the transport.
  TcpTransport(boost::asio::io_context& io, const SigningKey& transport_key,
               TcpTransportOptions options, TransportCallbacks callbacks);
  // Stops.  Not from within a callback.
  ~TcpTransport() override;
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;

  // Makes a peer known, or known by another address; at any time.  A link stays, unless the key is
  // another: then it is closed, and on_disconnected follows.  Nothing changed: nothing happens.
  //   Errc::key_invalid     the key is no valid point, our own, or another peer's
  //   Errc::value_invalid   the number is our own, or we have to dial and there is no address
  Status set_peer(PeerIndex peer, const PeerAddress& address);
  // Forgets the peer and closes its link, without a callback.  Unknown: nothing.
  void remove_peer(PeerIndex peer);

  // Listens and dials.  Errc::listen_failed: the address cannot be listened on; nothing was
  // started. REQUIRES: not started.
  Status start();
  // Closes every link, cancels every operation, so that the io_context runs out of work.  Peers
  // stay known: start() begins anew.  Not started: nothing.
  void stop();

  // The port listened on.  REQUIRES: started.
  std::uint16_t port() const;

  Status send(PeerIndex peer, Channel channel, Payload message) override;
  void broadcast(Channel channel, Payload message) override;
  void drop(PeerIndex peer, const std::string& reason) override;
  bool connected(PeerIndex peer) const override;
  TransportMetrics metrics() const override;

 private:
  class Core;
  std::shared_ptr<Core> core_;  // Shared with its pending operations.
};

}  // namespace fenrun::net
