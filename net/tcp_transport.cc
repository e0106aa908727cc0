#include "net/tcp_transport.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/limits.h"
#include "core/text.h"
#include "net/asio.h"
#include "net/asker.h"
#include "net/event_gate.h"
#include "net/link.h"
#include "net/tls.h"

namespace fenrun::net {
namespace {

using Clock = std::chrono::steady_clock;

// After a failed accept, such as for want of file descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

void add(PeerCounters& sum, const PeerCounters& more) {
  sum.bytes_sent += more.bytes_sent;
  sum.bytes_received += more.bytes_received;
  sum.messages_sent += more.messages_sent;
  sum.messages_received += more.messages_received;
  sum.consensus_dropped += more.consensus_dropped;
  sum.bulk_refused += more.bulk_refused;
}

std::string name_of(PeerIndex peer) { return "peer " + std::to_string(peer.value()); }

}  // namespace

class TcpTransport::Core final : public Link::Owner, public std::enable_shared_from_this<Core> {
  struct Peer {
    Peer(PeerIndex number, const PeerAddress& where, asio::io_context& io)
        : index(number), address(where), redial(io) {}

    PeerIndex index;
    PeerAddress address;
    std::shared_ptr<Link> link;      // Open.
    std::shared_ptr<Link> dialling;  // Ours, not open yet.
    asio::steady_timer redial;
    unsigned failures = 0;     // Dials since a link last lived long enough.
    std::string last_failure;  // Logged once, not at each dial.
    PeerCounters past;         // Of links that are closed.
    std::uint64_t links_opened = 0;
    Clock::time_point opened_at;  // The last of them.
    std::uint64_t dial_failures = 0;
  };

 public:
  Core(asio::io_context& io, const SigningKey& key, TcpTransportOptions options,
       TransportCallbacks callbacks)
      : io_(io),
        own_key_(key.public_key()),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        tls_(make_tls_context(key).release()),
        acceptor_(io),
        accept_pause_(io) {}

  Status set_peer(PeerIndex index, const PeerAddress& address);
  void remove_peer(PeerIndex index);
  Status start();
  void stop();
  std::uint16_t port() const;
  Status send(PeerIndex index, Channel channel, Payload message);
  void broadcast(Channel channel, const Payload& message);
  void drop(PeerIndex index, const std::string& reason);
  bool connected(PeerIndex index) const;
  TransportMetrics metrics() const;

  bool key_wanted(const Link& link, const PublicKey& key) override;
  Result<PeerIndex> admit(const Link& link, const PublicKey& key, const Hello& hello) override;
  void link_opened(Link& link) override;
  void link_message(Link& link, Channel channel, Bytes message) override;
  void link_writable(Link& link) override;
  void link_closed(Link& link, const Error& reason) override;

 private:
  Peer* find(PeerIndex index);
  const Peer* find(PeerIndex index) const;
  Peer* find_key(const PublicKey& key);
  Peer* find_dialling(const Link& link);
  bool we_dial(PeerIndex index) const { return options_.self > index; }

  void accept();
  void take_inbound(tcp::socket socket);
  void refuse_inbound(const std::string& address, const std::string& reason);
  std::shared_ptr<Link> take_pending(const Link& link);
  std::shared_ptr<Link> make_link(tcp::socket socket, Link::Side side);
  void dial(Peer& peer);
  void dial_later(Peer& peer);
  void drop_links(Peer& peer);
  void tell_dropped(PeerIndex index, const std::string& reason);
  void retire(Peer& peer);
  void event(std::string line);

  asio::io_context& io_;
  PublicKey own_key_;
  TcpTransportOptions options_;
  TransportCallbacks callbacks_;
  asio::ssl::context tls_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_pause_;
  bool running_ = false;
  std::uint64_t run_ = 0;  // Tells operations of before a stop() that their time is over.

  std::map<PeerIndex, std::unique_ptr<Peer>> peers_;
  std::vector<std::shared_ptr<Link>> pending_;  // Inbound, not open yet; the oldest first.
  std::uint64_t inbound_accepted_ = 0;
  std::uint64_t inbound_refused_ = 0;
  EventGate gate_{kEventsPerSecondMax};
};

// --- Peers ---------------------------------------------------------------------------------------

auto TcpTransport::Core::find(PeerIndex index) -> Peer* {
  const auto at = peers_.find(index);
  return at == peers_.end() ? nullptr : at->second.get();
}

auto TcpTransport::Core::find(PeerIndex index) const -> const Peer* {
  const auto at = peers_.find(index);
  return at == peers_.end() ? nullptr : at->second.get();
}

auto TcpTransport::Core::find_key(const PublicKey& key) -> Peer* {
  for (const auto& [index, peer] : peers_) {
    if (peer->address.transport_key == key) return peer.get();
  }
  return nullptr;
}

auto TcpTransport::Core::find_dialling(const Link& link) -> Peer* {
  for (const auto& [index, peer] : peers_) {
    if (peer->dialling.get() == &link) return peer.get();
  }
  return nullptr;
}

Status TcpTransport::Core::set_peer(PeerIndex index, const PeerAddress& address) {
  if (index == options_.self) return Error{Errc::value_invalid, name_of(index) + " is this node"};
  if (we_dial(index) && (address.host.empty() || address.port == 0)) {
    return Error{Errc::value_invalid, name_of(index) + " has no address to dial"};
  }
  const auto& key = address.transport_key;
  if (!is_valid_point(key) || key == own_key_) {
    return Error{Errc::key_invalid, name_of(index) + ": " + to_hex(key.view())};
  }
  const auto* owner = find_key(key);
  if (owner != nullptr && owner->index != index) {
    return Error{Errc::key_invalid, name_of(index) + " has the key of " + name_of(owner->index)};
  }

  auto* peer = find(index);
  if (peer == nullptr) {
    peer = peers_.emplace(index, std::make_unique<Peer>(index, address, io_)).first->second.get();
  } else if (peer->address != address) {
    const bool is_linked = peer->link != nullptr;
    const bool stays = is_linked && peer->address.transport_key == key;
    if (!stays) drop_links(*peer);
    if (is_linked && !stays) tell_dropped(index, "its key is another now");
    peer->address = address;
  }
  dial(*peer);
  return {};
}

void TcpTransport::Core::remove_peer(PeerIndex index) {
  auto* peer = find(index);
  if (peer == nullptr) return;
  drop_links(*peer);
  peers_.erase(index);
}

// --- Start and stop ------------------------------------------------------------------------------

Status TcpTransport::Core::start() {
  CHECK(!running_);
  error_code error;
  const auto address = asio::ip::make_address(options_.listen_host, error);
  const tcp::endpoint endpoint(address, options_.listen_port);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor_.close(ignored);
    return Error{
        Errc::listen_failed,
        options_.listen_host + ":" + std::to_string(options_.listen_port) + ": " + error.message()};
  }
  running_ = true;
  ++run_;
  accept();
  for (const auto& [index, peer] : peers_) dial(*peer);
  return {};
}

void TcpTransport::Core::stop() {
  if (!running_) return;
  running_ = false;
  ++run_;
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  for (const auto& link : pending_) link->abandon();
  pending_.clear();
  for (const auto& [index, peer] : peers_) drop_links(*peer);
}

std::uint16_t TcpTransport::Core::port() const {
  CHECK(running_);
  error_code error;
  const auto endpoint = acceptor_.local_endpoint(error);
  CHECK(!error);
  return endpoint.port();
}

// --- Being dialled -------------------------------------------------------------------------------

void TcpTransport::Core::accept() {
  acceptor_.async_accept(
      [self = shared_from_this(), run = run_](const error_code& error, tcp::socket socket) {
        if (run != self->run_) return;
        if (!error) {
          self->take_inbound(std::move(socket));
          return self->accept();
        }
        self->event("cannot accept: " + error.message());
        self->accept_pause_.expires_after(kAcceptPause);
        self->accept_pause_.async_wait([self, run](const error_code&) {
          if (run == self->run_) self->accept();
        });
      });
}

void TcpTransport::Core::take_inbound(tcp::socket socket) {
  ++inbound_accepted_;
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return refuse_inbound("someone", "gone already");
  const auto address = remote.address().to_string();
  const auto held = std::count_if(pending_.begin(), pending_.end(), [&](const auto& link) {
    return asker_of(link->remote_address()) == asker_of(address);
  });
  if (static_cast<std::size_t>(held) >= options_.pending_per_address_max) {
    return refuse_inbound(address, "too many connections of this address");
  }
  if (pending_.size() >= options_.pending_max) {
    const auto oldest = pending_.front();
    pending_.erase(pending_.begin());
    oldest->abandon();
    refuse_inbound(oldest->remote_address(), "no link yet, and others wait");
  }
  const auto link = make_link(std::move(socket), Link::Side::acceptor);
  pending_.push_back(link);
  link->accept();
}

void TcpTransport::Core::refuse_inbound(const std::string& address, const std::string& reason) {
  ++inbound_refused_;
  event("refused " + address + ": " + reason);
}

std::shared_ptr<Link> TcpTransport::Core::take_pending(const Link& link) {
  const auto at = std::find_if(pending_.begin(), pending_.end(),
                               [&](const auto& held) { return held.get() == &link; });
  if (at == pending_.end()) return nullptr;
  auto taken = std::move(*at);
  pending_.erase(at);
  return taken;
}

std::shared_ptr<Link> TcpTransport::Core::make_link(tcp::socket socket, Link::Side side) {
  Link::Options options;
  options.side = side;
  options.hello = {options_.protocol_version, options_.chain_id, options_.self};
  options.timing = options_.timing;
  options.queue = options_.queue;
  return std::make_shared<Link>(std::move(socket), tls_, *this, options);
}

// --- Dialling ------------------------------------------------------------------------------------

void TcpTransport::Core::dial(Peer& peer) {
  if (!running_ || !we_dial(peer.index) || peer.link != nullptr || peer.dialling != nullptr) return;
  peer.dialling = make_link(tcp::socket(io_), Link::Side::dialler);
  peer.dialling->connect(peer.address.host, peer.address.port);
}

// Steps without jitter: of two peers only one dials.
void TcpTransport::Core::dial_later(Peer& peer) {
  if (!running_ || !we_dial(peer.index)) return;
  auto pause = options_.timing.redial_min;
  for (unsigned i = 0; i < peer.failures && pause < options_.timing.redial_max; ++i) pause *= 2;
  ++peer.failures;
  peer.redial.expires_after(std::min(pause, options_.timing.redial_max));
  peer.redial.async_wait(
      [self = shared_from_this(), run = run_, index = peer.index](const error_code& error) {
        if (error || run != self->run_) return;
        if (auto* due = self->find(index)) self->dial(*due);
      });
}

// Without a word to the node.
void TcpTransport::Core::drop_links(Peer& peer) {
  peer.redial.cancel();
  peer.failures = 0;
  peer.last_failure.clear();
  if (peer.dialling != nullptr) std::exchange(peer.dialling, nullptr)->abandon();
  if (peer.link != nullptr) {
    peer.link->abandon();
    retire(peer);
  }
}

// From the event loop; before a new link, which takes several of its turns.
void TcpTransport::Core::tell_dropped(PeerIndex index, const std::string& reason) {
  event("lost " + name_of(index) + ": " + reason);
  if (!callbacks_.on_disconnected) return;
  asio::post(io_, [self = shared_from_this(), run = run_, index, reason] {
    if (run == self->run_) self->callbacks_.on_disconnected(index, {Errc::unreachable, reason});
  });
}

void TcpTransport::Core::drop(PeerIndex index, const std::string& reason) {
  auto* peer = find(index);
  if (peer == nullptr || peer->link == nullptr) return;
  if (Clock::now() - peer->opened_at >= options_.timing.redial_reset) peer->failures = 0;
  peer->link->abandon();
  retire(*peer);
  tell_dropped(index, reason);
  dial_later(*peer);
}

void TcpTransport::Core::retire(Peer& peer) {
  add(peer.past, peer.link->counters());
  peer.link.reset();
}

// --- What links ask and tell ---------------------------------------------------------------------

bool TcpTransport::Core::key_wanted(const Link& link, const PublicKey& key) {
  const auto* peer = find_key(key);
  if (peer == nullptr) return false;
  switch (link.side()) {
    case Link::Side::dialler:
      return peer->dialling.get() == &link;
    case Link::Side::acceptor:
      return !we_dial(peer->index);
  }
  UNREACHABLE();
}

Result<PeerIndex> TcpTransport::Core::admit(const Link& link, const PublicKey& key,
                                            const Hello& hello) {
  if (!key_wanted(link, key)) return Error{Errc::peer_refused, "the key is no longer registered"};
  if (hello.protocol_version != options_.protocol_version) {
    return Error{Errc::version_unsupported, "version " + std::to_string(hello.protocol_version) +
                                                " meets version " +
                                                std::to_string(options_.protocol_version)};
  }
  if (hello.chain_id != options_.chain_id) {
    return Error{Errc::chain_wrong, "network " + to_hex(hello.chain_id.view().first(8)) +
                                        " meets network " +
                                        to_hex(options_.chain_id.view().first(8))};
  }
  const auto* peer = find_key(key);
  if (hello.index != peer->index) {
    return Error{Errc::peer_refused,
                 "the key of " + name_of(peer->index) + " says it is " + name_of(hello.index)};
  }
  // Who keeps to the pauses of dialling never comes so soon.
  if (peer->links_opened > 0 && Clock::now() - peer->opened_at < options_.timing.redial_min / 2) {
    return Error{Errc::rate_limited, name_of(peer->index) + " links too often"};
  }
  return peer->index;
}

void TcpTransport::Core::link_opened(Link& link) {
  std::shared_ptr<Link> opened;
  const auto index = link.peer();
  auto* peer = find_key(link.peer_key());
  if (link.side() == Link::Side::acceptor) {
    opened = take_pending(link);
    CHECK(opened != nullptr);
    if (peer == nullptr || peer->index != index) return link.abandon();  // Removed meanwhile.
  } else {
    CHECK(peer != nullptr && peer->dialling.get() == &link);
    opened = std::move(peer->dialling);
  }

  const bool replaces = peer->link != nullptr;
  if (replaces) {
    peer->link->abandon();
    retire(*peer);
  }
  peer->link = std::move(opened);
  peer->last_failure.clear();
  ++peer->links_opened;
  peer->opened_at = link.opened_at();
  event("linked to " + name_of(index) + " at " + link.remote_address());

  const Error replaced{Errc::unreachable, "replaced by a new link"};
  if (replaces && callbacks_.on_disconnected) callbacks_.on_disconnected(index, replaced);
  const auto* still = find(index);
  if (still == nullptr || still->link.get() != &link) return;
  if (callbacks_.on_connected) callbacks_.on_connected(index);
}

void TcpTransport::Core::link_message(Link& link, Channel channel, Bytes message) {
  if (callbacks_.on_message) callbacks_.on_message(link.peer(), channel, std::move(message));
}

void TcpTransport::Core::link_writable(Link& link) {
  if (callbacks_.on_writable) callbacks_.on_writable(link.peer());
}

void TcpTransport::Core::link_closed(Link& link, const Error& reason) {
  if (take_pending(link) != nullptr) {
    return refuse_inbound(link.remote_address(), reason.to_string());
  }
  if (auto* peer = find_dialling(link)) {
    peer->dialling.reset();
    ++peer->dial_failures;
    const auto text = reason.to_string();
    if (text != peer->last_failure) event("no link to " + name_of(peer->index) + ": " + text);
    peer->last_failure = text;
    return dial_later(*peer);
  }
  const auto index = link.peer();
  auto* peer = find(index);
  CHECK(peer != nullptr && peer->link.get() == &link);
  if (Clock::now() - link.opened_at() >= options_.timing.redial_reset) peer->failures = 0;
  retire(*peer);
  dial_later(*peer);
  event("lost " + name_of(index) + ": " + reason.to_string());
  if (callbacks_.on_disconnected) callbacks_.on_disconnected(index, reason);
}

// From the event loop, where the callback may do what it likes.
void TcpTransport::Core::event(std::string line) {
  if (!callbacks_.on_event) return;
  const auto now = Clock::now().time_since_epoch();
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  auto passed = gate_.pass(static_cast<std::uint64_t>(second), std::move(line));
  if (!passed) return;
  asio::post(io_, [self = shared_from_this(), run = run_, text = std::move(*passed)] {
    if (run == self->run_) self->callbacks_.on_event(text);
  });
}

// --- Sending and counting ------------------------------------------------------------------------

Status TcpTransport::Core::send(PeerIndex index, Channel channel, Payload message) {
  CHECK(message != nullptr);
  if (message->size() > kFrameBytesMax) {
    return Error{Errc::limit_exceeded, "message of " + std::to_string(message->size()) + " bytes"};
  }
  const auto* peer = find(index);
  if (peer == nullptr || peer->link == nullptr) {
    return Error{Errc::unreachable, "no link to " + name_of(index)};
  }
  return peer->link->send(channel, std::move(message));
}

void TcpTransport::Core::broadcast(Channel channel, const Payload& message) {
  for (const auto& [index, peer] : peers_) {
    // Who is not linked or has a full queue misses it, as the contract says.
    if (peer->link != nullptr) static_cast<void>(send(index, channel, message));
  }
}

bool TcpTransport::Core::connected(PeerIndex index) const {
  const auto* peer = find(index);
  return peer != nullptr && peer->link != nullptr;
}

TransportMetrics TcpTransport::Core::metrics() const {
  TransportMetrics out;
  for (const auto& [index, peer] : peers_) {
    PeerMetrics metrics;
    metrics.peer = index;
    metrics.connected = peer->link != nullptr;
    metrics.counters = peer->past;
    if (peer->link != nullptr) {
      add(metrics.counters, peer->link->counters());
      metrics.queued_bytes = peer->link->queued_bytes();
    }
    metrics.links_opened = peer->links_opened;
    metrics.dial_failures = peer->dial_failures;
    out.peers.push_back(metrics);
  }
  out.inbound_accepted = inbound_accepted_;
  out.inbound_refused = inbound_refused_;
  out.inbound_pending = pending_.size();
  return out;
}

// --- The face ------------------------------------------------------------------------------------

TcpTransport::TcpTransport(asio::io_context& io, const SigningKey& transport_key,
                           TcpTransportOptions options, TransportCallbacks callbacks)
    : core_(std::make_shared<Core>(io, transport_key, std::move(options), std::move(callbacks))) {}

TcpTransport::~TcpTransport() { core_->stop(); }

Status TcpTransport::set_peer(PeerIndex peer, const PeerAddress& address) {
  return core_->set_peer(peer, address);
}
void TcpTransport::remove_peer(PeerIndex peer) { core_->remove_peer(peer); }
Status TcpTransport::start() { return core_->start(); }
void TcpTransport::stop() { core_->stop(); }
std::uint16_t TcpTransport::port() const { return core_->port(); }

Status TcpTransport::send(PeerIndex peer, Channel channel, Payload message) {
  return core_->send(peer, channel, std::move(message));
}
void TcpTransport::broadcast(Channel channel, Payload message) {
  core_->broadcast(channel, message);
}
void TcpTransport::drop(PeerIndex peer, const std::string& reason) { core_->drop(peer, reason); }
bool TcpTransport::connected(PeerIndex peer) const { return core_->connected(peer); }
TransportMetrics TcpTransport::metrics() const { return core_->metrics(); }

}  // namespace fenrun::net
