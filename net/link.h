// One link: a TCP connection, its TLS session, the exchange of Hello, then messages both ways.
//
//   connecting ─▶ handshaking ─▶ greeting ─▶ open ─▶ closed
//                                   └─▶ refusing ─▶ closed
//
// Until it is open a link has one deadline for everything, and reads nothing but small control
// values.  An open link is closed when nothing comes for Timing::silence_max, or when a write
// does not get through for as long.  docs/spec/network.md.
//
// Not thread-safe: on the thread of the event loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "net/asio.h"
#include "net/frame.h"
#include "net/send_queue.h"
#include "net/timing.h"
#include "net/tls.h"
#include "net/transport.h"

namespace fenrun::net {

// Shared with its pending operations: the event loop completes them after the owner let go.
class Link : public std::enable_shared_from_this<Link> {
 public:
  enum class Side : std::uint8_t { dialler, acceptor };

  // Whom the link asks and tells.  key_wanted() and admit() must leave the link as it is.
  class Owner {
   public:
    // During the handshake: may the peer with this key be linked?
    virtual bool key_wanted(const Link& link, const PublicKey& key) = 0;
    // The number of the peer with this key, if its Hello is as it should be.
    virtual Result<PeerIndex> admit(const Link& link, const PublicKey& key, const Hello& hello) = 0;
    virtual void link_opened(Link& link) = 0;
    virtual void link_message(Link& link, Channel channel, Bytes message) = 0;
    virtual void link_writable(Link& link) = 0;
    // The last call for this link.
    virtual void link_closed(Link& link, const Error& reason) = 0;

   protected:
    ~Owner() = default;
  };

  struct Options {
    Side side = Side::dialler;
    Hello hello;
    Timing timing;
    QueueLimits queue;
  };

  // REQUIRES: the owner outlives the link, or calls abandon() before it goes.
  Link(tcp::socket socket, asio::ssl::context& tls, Owner& owner, const Options& options);

  // Side::dialler.  Once.
  void connect(const std::string& host, std::uint16_t port);
  // Side::acceptor: the socket is connected.  Once.
  void accept();

  // Queues a message.  REQUIRES: the link is open, the message at most kFrameBytesMax.
  // Errc::rate_limited: the bulk queue is full; link_writable() follows.
  Status send(Channel channel, Payload message);

  // Closes without a word to the owner, who is never called again.
  void abandon();

  Side side() const { return options_.side; }
  // REQUIRES: link_opened() was called.
  PeerIndex peer() const { return *peer_; }
  const PublicKey& peer_key() const { return *peer_key_; }
  // "203.0.113.5", or empty before there is a connection.
  const std::string& remote_address() const { return remote_address_; }
  const PeerCounters& counters() const { return counters_; }
  std::size_t queued_bytes() const { return queue_.bytes(); }
  std::chrono::steady_clock::time_point opened_at() const { return opened_at_; }

 private:
  enum class State : std::uint8_t { connecting, handshaking, greeting, refusing, open, closed };

  void start_deadline();
  void connect_to(const tcp::resolver::results_type& endpoints);
  void handshake();
  void on_handshake(const error_code& error);

  void read();
  void consume();
  void on_message(Message message);
  void on_control(const Control& control);
  void on_hello(const Hello& hello);
  void on_accept();
  void refuse(Error reason);

  void flush_soon();
  void flush();
  void on_written(const error_code& error);

  void tick();
  Error describe(const error_code& error) const;
  void close(const Error& reason);
  void shut();

  Options options_;
  Owner* owner_;
  State state_ = State::connecting;
  asio::ssl::stream<tcp::socket> stream_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  std::string remote_address_;

  KeyPin pin_;
  std::optional<PublicKey> unwanted_key_;  // What the handshake failed for.
  std::optional<PublicKey> peer_key_;
  std::optional<PeerIndex> peer_;
  std::optional<Error> refusal_;

  Bytes in_;
  ByteView unread_;  // Part of in_.
  FrameReader reader_;

  Bytes control_out_;
  Bytes out_;
  SendQueue queue_;
  bool writing_ = false;
  bool flush_posted_ = false;

  PeerCounters counters_;
  std::chrono::steady_clock::time_point opened_at_;
  std::chrono::milliseconds silent_{0};  // Since something was received.
  std::chrono::milliseconds quiet_{0};   // Since something was sent.
  std::chrono::milliseconds stuck_{0};   // Since the present write began.
};

}  // namespace fenrun::net
