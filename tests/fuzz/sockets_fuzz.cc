// What speaks over sockets, with a peer that says anything, cut anywhere: an HTTP connection, and a
// link between nodes.  Both run over a pair of sockets in this process, in one event loop; nothing
// waits for time to pass.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/asio.h"
#include "net/link.h"
#include "node/api/session.h"
#include "tests/fuzz/fuzz.h"

namespace fenrun::fuzz {
namespace {

namespace http = boost::beast::http;
using net::error_code;
using net::tcp;
using net::asio::io_context;

// The sockets of a stranger and of ours.  They carry bytes as TCP does, and need no port.
struct SocketPair {
  tcp::socket theirs;
  tcp::socket ours;

  explicit SocketPair(io_context& io) : theirs(io), ours(io) {
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    theirs.assign(tcp::v4(), ends[0]);
    ours.assign(tcp::v4(), ends[1]);
    theirs.non_blocking(true);
  }
};

// Runs what can run without time passing.
void settle(io_context& io) {
  for (int idle = 0; idle < 2;) {
    io.restart();
    idle = io.poll() == 0 ? idle + 1 : 0;
  }
}

// The pieces in which a stream is sent: all of `piece` bytes, or one if that is 0.
std::vector<ByteView> pieces_of(ByteView stream, std::size_t piece) {
  std::vector<ByteView> pieces;
  while (!stream.empty()) {
    pieces.push_back(stream.first(piece == 0 ? stream.size() : std::min(piece, stream.size())));
    stream = stream.subspan(pieces.back().size());
  }
  return pieces;
}

// ---- HTTP --------------------------------------------------------------------------------------

// Small, so that inputs reach them.
api::HttpLimits small_limits() {
  api::HttpLimits limits;
  limits.header_bytes = 512;
  limits.body_bytes = 256;
  return limits;
}

class ThreeEvents final : public api::EventSource {
 public:
  std::optional<std::string> next() override {
    if (said_ == 3) return std::nullopt;
    return "data: " + std::to_string(++said_) + "\n\n";
  }
  void on_ready(std::function<void()>) override {}
  std::string heartbeat() const override { return ":\n\n"; }

 private:
  int said_ = 0;
};

// What a stream of requests came to.
struct Conversation {
  std::vector<std::string> asked;  // Method, target and body of each request handled.
  std::vector<unsigned> answered;  // The status of each answer.
  friend bool operator==(const Conversation&, const Conversation&) = default;
};

class HttpTalk {
 public:
  HttpTalk()
      : sessions_(std::make_shared<api::Sessions>(
            io_,
            [this](const api::HttpRequest& request, api::HttpReply reply) {
              handle(request, std::move(reply));
            },
            small_limits())) {}

  Conversation talk(ByteView stream, std::size_t piece) {
    SocketPair sockets(io_);
    const std::string address = "127.0.0.1";
    EXPECT_FUZZ(sessions_->places.take(address) == api::Places::Answer::served, "no place");
    std::make_shared<api::Session>(std::move(sockets.ours), address, sessions_)->start();
    settle(io_);
    for (const auto said : pieces_of(stream, piece)) {
      // Once the session has closed its side, nobody listens.
      if (!send(sockets.theirs, said)) break;
      settle(io_);
      read(sockets.theirs);
    }
    ::shutdown(sockets.theirs.native_handle(), SHUT_WR);
    settle(io_);
    read(sockets.theirs);
    EXPECT_FUZZ(sessions_->open.empty(), "a connection outlives its client");
    parse_answers();
    return said_;
  }

 private:
  void handle(const api::HttpRequest& request, api::HttpReply reply) {
    EXPECT_FUZZ(!request.method.empty() && !request.target.empty(), "a request of nothing");
    EXPECT_FUZZ(request.target.find_first_of(" \r\n") == std::string::npos, "a target in parts");
    EXPECT_FUZZ(request.body.size() <= sessions_->limits.body_bytes, "a body beyond its limit");
    std::size_t header_bytes = 0;
    for (const auto& [name, value] : request.headers) {
      EXPECT_FUZZ(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }), name);
      EXPECT_FUZZ(value.find_first_of("\r\n") == std::string::npos, "a header in two lines");
      header_bytes += name.size() + value.size();
    }
    EXPECT_FUZZ(header_bytes <= sessions_->limits.header_bytes, "a header beyond its limit");
    said_.asked.push_back(request.method + " " + request.target + "\n" + request.body);
    heads_.push_back(request.method == "HEAD");
    api::HttpResponse response;
    response.body = request.target;
    if (request.target.starts_with("/events")) response.events = std::make_unique<ThreeEvents>();
    if (request.target.starts_with("/long")) response.body.assign(200'000, 'x');
    if (request.target.starts_with("/never")) return;  // The reply is dropped.
    if (!request.target.starts_with("/later")) return reply(std::move(response));
    net::asio::post(io_, [reply = std::move(reply), body = response.body] {
      api::HttpResponse later;
      later.body = body;
      reply(std::move(later));
    });
  }

  bool send(tcp::socket& socket, ByteView said) {
    const auto sent = ::send(socket.native_handle(), said.data(), said.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(said.size());
  }

  void read(tcp::socket& socket) {
    char piece[64 * 1024];
    for (;;) {
      const auto count = ::recv(socket.native_handle(), piece, sizeof(piece), MSG_DONTWAIT);
      if (count <= 0) return;
      heard_.append(piece, static_cast<std::size_t>(count));
      settle(io_);
    }
  }

  // All that was heard is whole answers, one for each request, and at most one more that says why
  // no further request is read.
  void parse_answers() {
    std::string_view rest = heard_;
    std::size_t answers = 0;
    while (!rest.empty()) {
      http::response_parser<http::string_body> parser;
      parser.body_limit(boost::none);
      const bool is_head = answers < heads_.size() && heads_[answers];
      parser.skip(is_head);
      parser.eager(true);
      error_code error;
      const auto used = parser.put(net::asio::buffer(rest.data(), rest.size()), error);
      EXPECT_FUZZ(!error, "no answer of HTTP: " + error.message());
      rest.remove_prefix(used);
      if (!parser.is_done()) parser.put_eof(error);
      EXPECT_FUZZ(!error, "half an answer");
      const auto status = parser.get().result_int();
      if (status == 100) continue;
      ++answers;
      said_.answered.push_back(status);
      EXPECT_FUZZ(api::reason_of(status) != "Status", "status " + std::to_string(status));
    }
    EXPECT_FUZZ(answers <= heads_.size() + 1, "more answers than requests");
  }

  io_context io_;
  std::shared_ptr<api::Sessions> sessions_;
  std::string heard_;
  std::vector<bool> heads_;
  Conversation said_;
};

// input = size of a piece u8 · what the client sends
std::vector<Bytes> http_seeds() {
  const std::string sized = "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const std::string chunked =
      "PUT /v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n"
      "Trailer: 1\r\n\r\n";
  const std::string expecting =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok";
  std::vector<Bytes> seeds;
  for (const auto& text :
       {std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /later HTTP/1.0\r\n\r\n"), sized,
        chunked, expecting, sized + chunked + expecting,
        std::string("GET /events HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n"),
        std::string("GET /never HTTP/1.1\r\n\r\n"),
        std::string("GET /long HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n")}) {
    for (const char piece : {'\0', '\7'}) seeds.push_back(seed_of(std::string(1, piece) + text));
  }
  return seeds;
}

// ---- A link ------------------------------------------------------------------------------------

constexpr net::PeerIndex kPeer(1);
const Digest kChain = sha256(bytes_of("chain"));
const net::Hello kHello{1, kChain, kPeer};

SigningKey key_of(std::uint8_t number) {
  Seed seed;
  seed.mutable_view()[0] = number;
  return SigningKey::from_seed(seed);
}

// What a link tells, and in which order it may.
class Told final : public net::Link::Owner {
 public:
  bool key_wanted(const net::Link&, const PublicKey& key) override {
    return key == key_of(1).public_key();
  }
  Result<net::PeerIndex> admit(const net::Link&, const PublicKey& key,
                               const net::Hello& hello) override {
    EXPECT_FUZZ(!closed && !opened && !asked, "asked out of turn");
    EXPECT_FUZZ(key == key_of(1).public_key(), "another peer than the one wanted");
    asked = true;
    if (hello.chain_id != kChain) return Error{Errc::chain_wrong, "another chain"};
    return hello.index;
  }
  void link_opened(net::Link& link) override {
    EXPECT_FUZZ(asked && !opened && !closed, "opened out of turn");
    opened = true;
    CHECK(link.send(net::Channel::consensus, std::make_shared<Bytes>(100)).has_value());
    CHECK(link.send(net::Channel::bulk, std::make_shared<Bytes>(200'000)).has_value());
  }
  void link_message(net::Link&, net::Channel channel, Bytes message) override {
    EXPECT_FUZZ(opened && !closed, "a message out of turn");
    message.push_back(static_cast<std::uint8_t>(channel));
    messages.push_back(std::move(message));
  }
  void link_writable(net::Link&) override {}
  void link_closed(net::Link&, const Error&) override {
    EXPECT_FUZZ(!closed, "closed twice");
    closed = true;
  }

  bool asked = false;
  bool opened = false;
  bool closed = false;
  std::vector<Bytes> messages;
};

// The messages that a link must tell of when a peer sends this: written from docs/spec/network.md,
// not from the link.
std::vector<Bytes> messages_of(ByteView stream) {
  net::FrameReader reader;
  std::vector<Bytes> messages;
  bool is_greeted = false;
  bool is_open = false;
  for (;;) {
    auto message = reader.next(stream);
    if (!message || !*message) return messages;
    auto& [kind, bytes] = **message;
    if (kind != net::FrameKind::control) {
      const bool is_bulk = kind == net::FrameKind::bulk;
      const auto channel = is_bulk ? net::Channel::bulk : net::Channel::consensus;
      bytes.push_back(static_cast<std::uint8_t>(channel));
      messages.push_back(std::move(bytes));
      continue;
    }
    const auto control = decode<net::Control>(bytes);
    if (!control || std::holds_alternative<net::Refusal>(*control)) return messages;
    if (const auto* hello = std::get_if<net::Hello>(&*control)) {
      if (is_greeted || hello->chain_id != kChain) return messages;
      is_greeted = true;
    } else if (std::holds_alternative<net::Accept>(*control)) {
      if (!is_greeted || is_open) return messages;
      is_open = true;
      reader.open();
    } else if (!is_open) {
      return messages;
    }
  }
}

// Both ends of a link: ours, and a peer that has the right key but says anything.
class LinkTalk {
 public:
  LinkTalk()
      : our_tls_(net::make_tls_context(key_of(0)).release()),
        their_tls_(net::make_tls_context(key_of(1)).release()) {}

  // Before TLS, or within.
  void talk(ByteView stream, std::size_t piece, bool is_plain) {
    io_context io;
    Told told;
    SocketPair sockets(io);
    const auto link = std::make_shared<net::Link>(
        std::move(sockets.ours), our_tls_, told,
        net::Link::Options{net::Link::Side::acceptor, {1, kChain, net::PeerIndex(0)}, {}, {}});
    link->accept();
    if (is_plain) {
      for (const auto said : pieces_of(stream, piece)) {
        if (::send(sockets.theirs.native_handle(), said.data(), said.size(), MSG_NOSIGNAL) < 0) {
          break;
        }
        settle(io);
      }
      sockets.theirs.close();
      settle(io);
      EXPECT_FUZZ(!told.asked && told.closed, "a link without TLS");
      return;
    }
    net::asio::ssl::stream<tcp::socket> theirs(std::move(sockets.theirs), their_tls_);
    const net::KeyPin anyone = [](const PublicKey&) { return true; };
    net::set_key_pin(theirs.native_handle(), anyone);
    bool is_secured = false;
    theirs.async_handshake(net::asio::ssl::stream_base::client,
                           [&](const error_code& error) { is_secured = !error; });
    settle(io);
    EXPECT_FUZZ(is_secured, "no handshake with the right key");
    listen(theirs);
    for (const auto said : pieces_of(stream, piece)) {
      net::asio::async_write(theirs, net::asio::buffer(said.data(), said.size()),
                             [](const error_code&, std::size_t) {});
      settle(io);
    }
    EXPECT_FUZZ(told.messages == messages_of(stream), "other messages than were sent");
    theirs.next_layer().close();
    settle(io);
    EXPECT_FUZZ(told.closed, "a link outlives its peer");
    EXPECT_FUZZ(link.use_count() == 1, "a closed link has something under way");
    check_heard(told);
  }

 private:
  void listen(net::asio::ssl::stream<tcp::socket>& theirs) {
    theirs.async_read_some(net::asio::buffer(piece_),
                           [&](const error_code& error, std::size_t count) {
                             if (error) return;
                             heard_.insert(heard_.end(), piece_.begin(), piece_.begin() + count);
                             listen(theirs);
                           });
  }

  // Ours began with its Hello, opened the link if it told so, and sent what its owner sent.
  void check_heard(const Told& told) {
    net::FrameReader reader;
    ByteView rest = heard_;
    std::size_t sent = 0;
    for (bool is_first = true; !rest.empty(); is_first = false) {
      const auto message = reader.next(rest);
      EXPECT_FUZZ(message.has_value(), "what we send is no stream of frames");
      if (!*message) return;
      if ((*message)->kind != net::FrameKind::control) {
        ++sent;
        continue;
      }
      const auto control = decode<net::Control>((*message)->bytes);
      EXPECT_FUZZ(control.has_value(), "what we send is no control value");
      EXPECT_FUZZ(is_first == std::holds_alternative<net::Hello>(*control), "Hello is not first");
      if (std::holds_alternative<net::Accept>(*control)) reader.open();
    }
    EXPECT_FUZZ(sent == 0 || told.opened, "messages before the link is open");
  }

  net::asio::ssl::context our_tls_;
  net::asio::ssl::context their_tls_;
  std::array<std::uint8_t, 16 * 1024> piece_{};
  Bytes heard_;
};

// input = size of a piece u8 · is it before TLS u8 · what the peer sends
std::vector<Bytes> link_seeds() {
  Bytes good{0, 0};
  net::append_control(good, kHello);
  net::append_control(good, net::Accept{});
  net::append_frame(good, net::FrameKind::consensus, net::Continues::no, bytes_of("vote"));
  net::append_frame(good, net::FrameKind::bulk, net::Continues::no, bytes_of("batch"));
  net::append_control(good, net::KeepAlive{});
  Bytes stranger{5, 0};
  net::append_control(stranger, net::Hello{1, {}, kPeer});
  net::append_control(stranger, net::Accept{});
  Bytes refusing{0, 0};
  net::append_control(refusing, kHello);
  net::append_control(refusing, net::Refusal{Errc::chain_wrong, {"no"}});
  Bytes eager{3, 0};
  net::append_control(eager, kHello);
  net::append_frame(eager, net::FrameKind::consensus, net::Continues::no, bytes_of("vote"));
  Bytes hasty{0, 0};
  net::append_control(hasty, net::Accept{});
  net::append_control(hasty, kHello);
  return {good, stranger, refusing, eager, hasty, seed_of(std::string("\0\1\x16\3\1\0\1\1", 8))};
}

}  // namespace

FENRUN_FUZZ(http, http_seeds) {
  Choices choices(input);
  const auto piece = choices.byte();
  const auto stream = choices.rest();
  const auto whole = HttpTalk().talk(stream, 0);
  if (piece == 0) return;
  const auto in_pieces = HttpTalk().talk(stream, piece);
  EXPECT_FUZZ(whole == in_pieces, "requests read otherwise in pieces");
}

FENRUN_FUZZ(link, link_seeds) {
  Choices choices(input);
  const auto piece = choices.byte();
  const bool is_plain = (choices.byte() & 1U) != 0;
  LinkTalk().talk(choices.rest(), piece, is_plain);
}

}  // namespace fenrun::fuzz
