#include "net/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "core/overloaded.h"
#include "core/text.h"

namespace fenrun::net {
namespace {

// A read yields one TLS record, at most 16 KiB.  Each turn of the event loop handles at most one
// read and this many messages of a link, so that a busy peer cannot starve the others.
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kTurnMessagesMax = 64;

// What is handed to TLS at once.  Larger saves nothing more; smaller lets consensus overtake
// sooner.
constexpr std::size_t kWriteBytesWanted = 64 * 1024;

// What the kernel may hold unsent: the rest waits in our queues, where consensus can overtake it.
constexpr int kUnsentBytesMax = 128 * 1024;

void set_socket_options(tcp::socket& socket) {
  error_code ignored;  // Either option only makes the link faster.
  socket.set_option(tcp::no_delay(true), ignored);
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytesMax,
               sizeof(kUnsentBytesMax));
}

// A peer's words are for people's eyes: nothing that could forge lines of a log.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string short_hex(const PublicKey& key) { return to_hex(key.view().first(8)); }

}  // namespace

Link::Link(tcp::socket socket, asio::ssl::context& tls, Owner& owner, const Options& options)
    : options_(options),
      owner_(&owner),
      stream_(std::move(socket), tls),
      resolver_(stream_.get_executor()),
      timer_(stream_.get_executor()),
      queue_(options.queue) {
  pin_ = [this](const PublicKey& key) {
    const bool wanted = owner_ != nullptr && owner_->key_wanted(*this, key);
    if (!wanted) unwanted_key_ = key;
    return wanted;
  };
}

void Link::start_deadline() {
  timer_.expires_after(options_.timing.handshake_max);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->state_ == State::open || self->state_ == State::closed) return;
    self->close(self->refusal_.value_or(Error{Errc::timeout, "no link in time"}));
  });
}

void Link::connect(const std::string& host, std::uint16_t port) {
  CHECK(options_.side == Side::dialler && state_ == State::connecting);
  start_deadline();
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    connect_to(tcp::resolver::results_type::create(tcp::endpoint(address, port), host, ""));
    return;
  }
  resolver_.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [self = shared_from_this()](const error_code& error, const auto& endpoints) {
        if (self->state_ == State::closed) return;
        if (error) return self->close(self->describe(error));
        self->connect_to(endpoints);
      });
}

void Link::connect_to(const tcp::resolver::results_type& endpoints) {
  asio::async_connect(stream_.next_layer(), endpoints,
                      [self = shared_from_this()](const error_code& error, const auto&) {
                        if (self->state_ == State::closed) return;
                        if (error) return self->close(self->describe(error));
                        self->handshake();
                      });
}

void Link::accept() {
  CHECK(options_.side == Side::acceptor && state_ == State::connecting);
  start_deadline();
  handshake();
}

void Link::handshake() {
  state_ = State::handshaking;
  auto& socket = stream_.next_layer();
  error_code gone;  // Then the handshake fails as well.
  const auto remote = socket.remote_endpoint(gone);
  if (!gone) remote_address_ = remote.address().to_string();
  set_socket_options(socket);
  set_key_pin(stream_.native_handle(), pin_);
  const auto role = options_.side == Side::dialler ? asio::ssl::stream_base::client
                                                   : asio::ssl::stream_base::server;
  stream_.async_handshake(role, [self = shared_from_this()](const error_code& error) {
    if (self->state_ != State::closed) self->on_handshake(error);
  });
}

void Link::on_handshake(const error_code& error) {
  if (error) return close(describe(error));
  const auto key = authenticated_key(stream_.native_handle());
  if (!key) return close(key.error());
  peer_key_ = *key;
  state_ = State::greeting;
  in_.resize(kReadBytes);
  append_control(control_out_, options_.hello);
  flush();
  read();
}

void Link::read() {
  stream_.async_read_some(asio::buffer(in_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            if (self->state_ == State::closed) return;
                            if (error)
                              return self->close(self->refusal_.value_or(self->describe(error)));
                            self->silent_ = {};
                            self->counters_.bytes_received += count;
                            self->unread_ = ByteView(self->in_).first(count);
                            self->consume();
                          });
}

void Link::consume() {
  for (std::size_t i = 0; i < kTurnMessagesMax && !unread_.empty(); ++i) {
    if (state_ == State::refusing) {
      unread_ = {};  // Read on, to see the peer close: it must have read why by then.
      break;
    }
    auto message = reader_.next(unread_);
    if (!message) return close(message.error());
    if (*message) on_message(std::move(**message));
    if (state_ == State::closed) return;
  }
  if (unread_.empty()) return read();
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ != State::closed) self->consume();
  });
}

void Link::on_message(Message message) {
  if (message.kind == FrameKind::control) {
    const auto control = decode<Control>(message.bytes);
    if (!control) return close(control.error());
    return on_control(*control);
  }
  ++counters_.messages_received;
  const auto channel = message.kind == FrameKind::consensus ? Channel::consensus : Channel::bulk;
  owner_->link_message(*this, channel, std::move(message.bytes));
}

void Link::on_control(const Control& control) {
  std::visit(overloaded{
                 [this](const Hello& hello) { on_hello(hello); },
                 [this](const Accept&) { on_accept(); },
                 [this](const Refusal& refusal) {
                   const auto code = refusal.code == Errc::ok ? Errc::peer_refused : refusal.code;
                   close(Error{code, "the peer refuses: " + printable(refusal.detail.value)});
                 },
                 [this](const KeepAlive&) {
                   if (state_ != State::open) {
                     close(Error{Errc::value_invalid, "keep-alive before the link is open"});
                   }
                 },
             },
             control);
}

void Link::on_hello(const Hello& hello) {
  if (peer_) return close(Error{Errc::value_invalid, "a second hello"});
  const auto peer = owner_->admit(*this, *peer_key_, hello);
  if (!peer) return refuse(peer.error());
  peer_ = *peer;
  append_control(control_out_, Accept{});
  flush_soon();
}

void Link::on_accept() {
  if (!peer_ || state_ != State::greeting) {
    return close(Error{Errc::value_invalid, "an accept out of turn"});
  }
  state_ = State::open;
  reader_.open();
  opened_at_ = std::chrono::steady_clock::now();
  timer_.cancel();
  tick();
  owner_->link_opened(*this);
}

void Link::refuse(Error reason) {
  state_ = State::refusing;
  Refusal refusal{reason.code, {reason.detail.substr(0, kRefusalTextMax)}};
  append_control(control_out_, refusal);
  refusal_ = std::move(reason);
  flush_soon();
}

Status Link::send(Channel channel, Payload message) {
  CHECK(state_ == State::open);
  switch (channel) {
    case Channel::consensus:
      counters_.consensus_dropped += queue_.push_consensus(std::move(message));
      break;
    case Channel::bulk:
      if (!queue_.push_bulk(std::move(message))) {
        ++counters_.bulk_refused;
        return Error{Errc::rate_limited, "the peer's bulk queue is full"};
      }
      break;
  }
  flush_soon();
  return {};
}

// After the present handler, so that all it sends shares a write.
void Link::flush_soon() {
  if (writing_ || flush_posted_) return;
  flush_posted_ = true;
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    if (self->state_ != State::closed) self->flush();
  });
}

void Link::flush() {
  if (writing_) return;
  out_.clear();
  std::swap(out_, control_out_);
  if (state_ == State::open) counters_.messages_sent += queue_.fill(out_, kWriteBytesWanted);
  if (out_.empty()) return;
  writing_ = true;
  asio::async_write(stream_, asio::buffer(out_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->state_ != State::closed) self->on_written(error);
                    });
}

void Link::on_written(const error_code& error) {
  if (error) return close(refusal_.value_or(describe(error)));
  writing_ = false;
  stuck_ = quiet_ = {};
  counters_.bytes_sent += out_.size();
  if (state_ == State::refusing && control_out_.empty()) {
    error_code ignored;  // Then the reader sees it too.
    stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  flush();
  if (state_ == State::open && queue_.take_writable()) owner_->link_writable(*this);
}

// While the link is open: is the peer alive, and does it know that we are?  Time is counted in
// ticks that were seen, so that a stall of our own event loop is not taken for the peer's silence.
void Link::tick() {
  const auto& timing = options_.timing;
  if (silent_ >= timing.silence_max)
    return close(Error{Errc::timeout, "nothing heard of the peer"});
  if (stuck_ >= timing.silence_max) return close(Error{Errc::timeout, "the peer does not read"});
  if (quiet_ >= timing.keep_alive && !writing_) {
    append_control(control_out_, KeepAlive{});
    flush_soon();
  }
  const auto period = std::min(timing.keep_alive, timing.silence_max) / 3;
  timer_.expires_after(period);
  timer_.async_wait([self = shared_from_this(), period](const error_code& error) {
    if (error || self->state_ != State::open) return;
    self->silent_ += period;
    self->quiet_ += period;
    if (self->writing_) self->stuck_ += period;
    self->tick();
  });
}

Error Link::describe(const error_code& error) const {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return Error{Errc::unreachable, "closed by the peer"};
  }
  if (error.category() != asio::error::get_ssl_category()) {
    return Error{Errc::unreachable, error.message()};
  }
  if (unwanted_key_) {
    return Error{Errc::peer_refused, "key " + short_hex(*unwanted_key_) + " is not wanted here"};
  }
  if (is_refused_certificate(static_cast<unsigned long>(error.value()))) {
    return Error{Errc::peer_refused, "the peer does not want our key"};
  }
  return Error{Errc::unreachable, "TLS: " + error.message()};
}

void Link::close(const Error& reason) {
  if (state_ == State::closed) return;
  shut();
  if (auto* owner = std::exchange(owner_, nullptr)) owner->link_closed(*this, reason);
}

void Link::abandon() {
  owner_ = nullptr;
  if (state_ != State::closed) shut();
}

void Link::shut() {
  state_ = State::closed;
  timer_.cancel();
  resolver_.cancel();
  error_code ignored;
  stream_.next_layer().close(ignored);
}

}  // namespace fenrun::net
