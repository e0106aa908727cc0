// Strangers, and peers that break the rules.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "net/frame.h"
#include "net/tls.h"
#include "tests/unit/net/network.h"

namespace fenrun::net {
namespace {

using std::chrono_literals::operator""ms;

// A TCP client that does as it likes.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(socket_); }

  bool connected() const { return connected_; }
  void write(std::string_view text) const {
    // What the other side closed cannot be written to; that is what the tests wait for.
    static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  // Reads what there is; true once the other side has closed.
  bool closed() const {
    std::array<char, 4096> buffer{};
    while (true) {
      const auto count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count == 0) return true;
      if (count < 0) return errno != EAGAIN;
    }
  }

 private:
  int socket_;
  bool connected_ = false;
};

// A TLS client with a key of its choice, in the same event loop, that frames as it likes.
class RawPeer {
 public:
  RawPeer(asio::io_context& io, TlsContext context, std::uint16_t port)
      : tls_(context.release()), stream_(io, tls_) {
    set_key_pin(stream_.native_handle(), anyone_);
    error_code error;
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port}, error);
    EXPECT_FALSE(error);
    stream_.async_handshake(asio::ssl::stream_base::client, [this](const error_code& e) {
      error_ = e;
      secured = !e;
      if (!e) read();
    });
  }

  void write(const Bytes& bytes) {
    error_code error;
    asio::write(stream_, asio::buffer(bytes), error);
  }
  void write(const Control& control) {
    Bytes out;
    append_control(out, control);
    write(out);
  }
  void greet(std::uint16_t index = 1, std::uint8_t network = 1, std::uint16_t version = 1) {
    write(Control(Hello{version, chain(network), PeerIndex(index)}));
  }
  // Reads nothing more: its side of the connection fills up.
  void stop_reading() { reading_ = false; }

  void close() {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

  bool closed() const { return static_cast<bool>(error_); }
  // The control values received so far.
  std::vector<Control> controls;
  bool secured = false;

 private:
  void read() {
    stream_.async_read_some(asio::buffer(buffer_), [this](const error_code& e, std::size_t n) {
      error_ = e;
      if (e) return;
      ByteView rest = ByteView(buffer_).first(n);
      while (!rest.empty()) {
        auto message = reader_.next(rest);
        if (!message || !*message) break;
        const auto control = decode<Control>((*message)->bytes);
        if (control) controls.push_back(*control);
      }
      if (reading_) read();
    });
  }

  KeyPin anyone_ = [](const PublicKey&) { return true; };
  asio::ssl::context tls_;
  asio::ssl::stream<tcp::socket> stream_;
  std::array<std::uint8_t, 16 * 1024> buffer_{};
  FrameReader reader_;
  bool reading_ = true;
  error_code error_;
};

class Adversary : public NetworkTest {
 protected:
  ~Adversary() override {
    for (auto& peer : peers_) peer->close();
    run_for(20ms);  // Its operations end before it goes.
    peers_.clear();
  }

  // Node 0 of the network, which knows key 1 as peer 1.
  Node& victim() {
    auto options = options_of(0);
    options.timing.handshake_max = 300ms;
    return victim(options);
  }
  Node& victim(const TcpTransportOptions& options) {
    auto& out = add(options);
    EXPECT_TRUE(out.transport->set_peer(kOne, {key_of(1).public_key(), "", 0}));
    return out;
  }

  RawPeer& raw_peer(const Node& node, const SigningKey& key = key_of(1)) {
    return raw_peer(node, make_tls_context(key));
  }
  RawPeer& raw_peer(const Node& node, TlsContext context) {
    return *peers_.emplace_back(
        std::make_unique<RawPeer>(io_, std::move(context), node.transport->port()));
  }
  // A raw peer whose link is open on the victim's side.
  RawPeer& raw_link(const Node& node) {
    const auto links = node.connected.size();
    auto& peer = raw_peer(node);
    EXPECT_TRUE(run_until([&] { return peer.secured; }));
    peer.greet();
    peer.write(Control(Accept{}));
    EXPECT_TRUE(run_until([&] { return node.connected.size() == links + 1; }));
    return peer;
  }

  std::vector<std::unique_ptr<RawPeer>> peers_;
};

TEST_F(Adversary, AnUnregisteredKeyIsRefused) {
  auto& node = victim();
  auto& stranger = raw_peer(node, key_of(77));
  ASSERT_TRUE(run_until([&] { return stranger.closed() && !node.events.empty(); }));
  EXPECT_TRUE(node.said("peer_refused"));
  EXPECT_TRUE(node.said("is not wanted here"));
  EXPECT_EQ(node.transport->metrics().inbound_refused, 1U);
  EXPECT_EQ(node.transport->metrics().inbound_pending, 0U);
  EXPECT_TRUE(stranger.controls.empty());
}

TEST_F(Adversary, APeerOfLowerNumberMayNotDial) {
  auto& node = add(2);
  ASSERT_TRUE(node.transport->set_peer(kOne, {key_of(1).public_key(), "127.0.0.1", 1}));
  auto& peer = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return peer.closed() && node.said("is not wanted here"); }));
}

TEST_F(Adversary, ADiallerRefusesAServerWithAnotherKey) {
  add(options_of(0), key_of(77));
  auto& dialler = add(1);
  ASSERT_TRUE(dialler.transport->set_peer(kZero, address_of(0, node(0))));
  ASSERT_TRUE(node(0).transport->set_peer(kOne, address_of(1, dialler)));
  ASSERT_TRUE(run_until([&] { return dialler.said("is not wanted here"); }));
  EXPECT_FALSE(dialler.transport->connected(kZero));
  EXPECT_TRUE(node(0).connected.empty());
}

TEST_F(Adversary, APeerCannotStandInForAnother) {
  // Peer 5 answers at the address of peer 0, with a key that is registered, but not for 0.
  auto& impostor = add(5);
  auto& dialler = add(1);
  ASSERT_TRUE(impostor.transport->set_peer(PeerIndex(6), {key_of(1).public_key(), "", 0}));
  ASSERT_TRUE(dialler.transport->set_peer(PeerIndex(5), {key_of(5).public_key(), "", 0}));
  ASSERT_TRUE(dialler.transport->set_peer(kZero, address_of(0, impostor)));
  ASSERT_TRUE(run_until([&] { return dialler.metrics().dial_failures >= 1; }));
  EXPECT_TRUE(run_until([&] { return dialler.said("is not wanted here"); }));
  EXPECT_TRUE(dialler.connected.empty());
}

TEST_F(Adversary, ADiallerWithTheWrongKeyLearnsWhy) {
  auto& node = victim();
  auto& dialler = add(options_of(1), key_of(77));
  ASSERT_TRUE(dialler.transport->set_peer(kZero, address_of(0, node)));
  ASSERT_TRUE(run_until([&] { return dialler.said("the peer does not want our key"); }));
  EXPECT_TRUE(dialler.connected.empty());
}

TEST_F(Adversary, AnotherNetworkIsRefusedAndToldWhy) {
  auto other = options_of(1);
  other.chain_id = chain(2);
  add(0);
  add(other);
  introduce();
  ASSERT_TRUE(
      run_until([&] { return node(0).said("chain_wrong") && node(1).said("chain_wrong"); }));
  EXPECT_TRUE(node(0).connected.empty());
  EXPECT_TRUE(node(1).connected.empty());

  auto& peer = raw_peer(node(0));
  ASSERT_TRUE(run_until([&] { return peer.secured; }));
  peer.greet(1, 2);
  ASSERT_TRUE(run_until([&] { return peer.closed(); }));
  ASSERT_EQ(peer.controls.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<Refusal>(peer.controls[1]));
  EXPECT_EQ(std::get<Refusal>(peer.controls[1]).code, Errc::chain_wrong);
}

TEST_F(Adversary, AnotherVersionIsRefused) {
  auto other = options_of(1);
  other.protocol_version = 2;
  add(0);
  add(other);
  introduce();
  ASSERT_TRUE(run_until([&] {
    return node(0).said("version_unsupported: version 2 meets version 1") &&
           node(1).said("version_unsupported");
  }));
  EXPECT_TRUE(node(0).connected.empty());
}

TEST_F(Adversary, AnotherNumberIsRefused) {
  auto& node = victim();
  auto& peer = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return peer.secured; }));
  peer.greet(5);
  ASSERT_TRUE(run_until([&] { return node.said("the key of peer 1 says it is peer 5"); }));
  EXPECT_TRUE(node.connected.empty());
}

TEST_F(Adversary, ARefusalCannotForgeLogLines) {
  auto& node = victim();
  auto& peer = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return peer.secured; }));
  peer.write(Control(Refusal{Errc::chain_wrong, {"a\nlinked to peer 3"}}));
  ASSERT_TRUE(run_until([&] { return node.said("the peer refuses: a?linked to peer 3"); }));
}

TEST_F(Adversary, PlaintextIsRefused) {
  auto& node = victim();
  const RawClient client(node.transport->port());
  ASSERT_TRUE(client.connected());
  client.write("GET / HTTP/1.1\r\nHost: fenrun\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return client.closed(); }));
  EXPECT_TRUE(run_until([&] { return node.said("refused 127.0.0.1"); }));
  EXPECT_EQ(node.transport->metrics().inbound_refused, 1U);
}

TEST_F(Adversary, ASilentConnectionIsClosed) {
  auto& node = victim();
  const RawClient client(node.transport->port());
  ASSERT_TRUE(run_until([&] { return node.transport->metrics().inbound_pending == 1; }));
  ASSERT_TRUE(run_until([&] { return client.closed(); }));
  EXPECT_TRUE(run_until([&] { return node.said("timeout: no link in time"); }));
  EXPECT_EQ(node.transport->metrics().inbound_pending, 0U);
}

TEST_F(Adversary, ATrickleOfBytesDoesNotExtendTheDeadline) {
  auto& node = victim();
  const RawClient client(node.transport->port());
  // The beginning of a TLS record, a byte at a time: a handshake of 512 bytes that never ends.
  client.write(std::string("\x16\x03\x01\x02\x00", 5));
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] {
    client.write(std::string_view("\x01", 1));
    run_for(10ms);
    return client.closed();
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2'000ms);
}

TEST_F(Adversary, AHandshakeWithoutHelloTimesOut) {
  auto& node = victim();
  auto& peer = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return peer.secured; }));
  ASSERT_TRUE(run_until([&] { return peer.closed(); }));
  EXPECT_TRUE(run_until([&] { return node.said("no link in time"); }));
}

TEST_F(Adversary, ATruncatedHelloTimesOut) {
  auto& node = victim();
  auto& peer = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return peer.secured; }));
  peer.write(Bytes{37, 0, 0, 0, 0, 0, 1});
  ASSERT_TRUE(run_until([&] { return node.said("no link in time"); }));
  EXPECT_TRUE(node.connected.empty());
}

TEST_F(Adversary, ConnectionsOfOneAddressAreLimited) {
  auto options = options_of(0);
  options.pending_per_address_max = 3;
  auto& node = victim(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(node.transport->port()));
  }
  ASSERT_TRUE(run_until([&] { return node.transport->metrics().inbound_accepted == 8; }));
  EXPECT_EQ(node.transport->metrics().inbound_pending, 3U);
  EXPECT_EQ(node.transport->metrics().inbound_refused, 5U);
  EXPECT_FALSE(clients[0]->closed());
  EXPECT_TRUE(clients[7]->closed());
}

TEST_F(Adversary, HeldConnectionsDoNotLockOutAPeer) {
  auto options = options_of(0);
  options.pending_max = 4;
  auto& node = victim(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(node.transport->port()));
  }
  ASSERT_TRUE(run_until([&] { return node.transport->metrics().inbound_accepted == 10; }));
  EXPECT_EQ(node.transport->metrics().inbound_pending, 4U);
  raw_link(node);
  EXPECT_TRUE(node.transport->connected(kOne));
  EXPECT_EQ(node.transport->metrics().inbound_pending, 3U);
}

TEST_F(Adversary, AnOversizeFrameClosesTheLink) {
  auto& node = victim();
  auto& peer = raw_link(node);
  peer.write(Bytes{0xff, 0xff, 0xff, 0x7f, 1});
  ASSERT_TRUE(run_until([&] { return node.disconnected.size() == 1 && peer.closed(); }));
  EXPECT_EQ(node.disconnected[0].first, kOne);
  EXPECT_EQ(node.disconnected[0].second.code, Errc::limit_exceeded);
  EXPECT_TRUE(node.received.empty());
}

TEST_F(Adversary, AnEndlessMessageClosesTheLink) {
  auto& node = victim();
  auto& peer = raw_link(node);
  Bytes piece;
  append_frame(piece, FrameKind::bulk, Continues::yes, Bytes(kFramePayloadMax));
  for (std::size_t i = 0; i <= kFrameBytesMax / kFramePayloadMax && !peer.closed(); ++i) {
    peer.write(piece);
    run_for(1ms);
  }
  ASSERT_TRUE(run_until([&] { return node.disconnected.size() == 1; }));
  EXPECT_EQ(node.disconnected[0].second.code, Errc::limit_exceeded);
}

TEST_F(Adversary, AMessageBeforeHelloIsRefused) {
  auto& node = victim();
  auto& peer = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return peer.secured; }));
  Bytes out;
  append_frame(out, FrameKind::consensus, Continues::no, bytes_of("vote"));
  peer.write(out);
  ASSERT_TRUE(run_until([&] { return node.said("a message before the link is open"); }));
  EXPECT_TRUE(node.received.empty());
}

TEST_F(Adversary, ControlValuesOutOfTurnAreRefused) {
  auto& node = victim();
  const auto refused = [&](const std::vector<Control>& controls) {
    const auto before = node.transport->metrics().inbound_refused;
    auto& peer = raw_peer(node);
    EXPECT_TRUE(run_until([&] { return peer.secured; }));
    for (const auto& control : controls) peer.write(control);
    // Well before the deadline of a handshake, which would close it too.
    EXPECT_TRUE(run_until([&] { return peer.closed(); }));
    return node.transport->metrics().inbound_refused == before + 1 && !node.said("no link in time");
  };
  const Hello hello{1, chain(1), kOne};
  EXPECT_TRUE(refused({Accept{}}));
  EXPECT_TRUE(refused({KeepAlive{}}));
  EXPECT_TRUE(refused({hello, hello}));
  EXPECT_TRUE(refused({hello, KeepAlive{}}));
  EXPECT_TRUE(node.connected.empty());

  auto& peer = raw_link(node);
  peer.write(Control(Accept{}));
  ASSERT_TRUE(run_until([&] { return node.disconnected.size() == 1; }));
}

TEST_F(Adversary, ASilentPeerIsGivenUp) {
  auto options = options_of(0);
  options.timing.keep_alive = 90ms;
  options.timing.silence_max = 300ms;
  auto& node = victim(options);
  raw_link(node);
  ASSERT_TRUE(run_until([&] { return node.disconnected.size() == 1; }));
  EXPECT_EQ(node.disconnected[0].second.code, Errc::timeout);
}

TEST_F(Adversary, APeerThatDoesNotReadIsGivenUp) {
  auto options = options_of(0);
  options.timing.keep_alive = 90ms;
  options.timing.silence_max = 300ms;
  auto& node = victim(options);
  auto& peer = raw_link(node);
  peer.stop_reading();
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(node.transport->send(kOne, Channel::bulk, Bytes(1024 * 1024)));
  }
  ASSERT_TRUE(run_until([&] {
    if (node.disconnected.empty()) peer.write(Control(KeepAlive{}));
    return node.disconnected.size() == 1;
  }));
  EXPECT_EQ(node.disconnected[0].second, (Error{Errc::timeout, "the peer does not read"}));
}

TEST_F(Adversary, ANewLinkOfAPeerReplacesItsOldOne) {
  auto& node = victim();
  auto& old = raw_link(node);
  run_for(20ms);
  raw_link(node);
  ASSERT_TRUE(run_until([&] { return old.closed(); }));
  ASSERT_EQ(node.disconnected.size(), 1U);
  EXPECT_EQ(node.disconnected[0].second.detail, "replaced by a new link");
  EXPECT_EQ(node.connected.size(), 2U);
  EXPECT_TRUE(node.transport->connected(kOne));
  EXPECT_EQ(node.metrics().links_opened, 2U);
}

TEST_F(Adversary, LinksInQuickSuccessionAreRefused) {
  auto options = options_of(0);
  options.timing.redial_min = 2'000ms;
  options.timing.redial_max = 2'000ms;
  auto& node = victim(options);
  raw_link(node);
  auto& second = raw_peer(node);
  ASSERT_TRUE(run_until([&] { return second.secured; }));
  second.greet();
  ASSERT_TRUE(run_until([&] { return second.closed(); }));
  ASSERT_TRUE(std::holds_alternative<Refusal>(second.controls.back()));
  EXPECT_EQ(std::get<Refusal>(second.controls.back()).code, Errc::rate_limited);
  EXPECT_TRUE(node.transport->connected(kOne)) << "the first link stays";
  EXPECT_TRUE(node.disconnected.empty());
}

TEST_F(Adversary, OlderTlsAndOtherProtocolsAreRefused) {
  auto& node = victim();
  auto old_tls = make_tls_context(key_of(1));
  ASSERT_EQ(SSL_CTX_set_min_proto_version(old_tls.get(), TLS1_2_VERSION), 1);
  ASSERT_EQ(SSL_CTX_set_max_proto_version(old_tls.get(), TLS1_2_VERSION), 1);
  auto& old = raw_peer(node, std::move(old_tls));
  ASSERT_TRUE(run_until([&] { return old.closed() && node.events.size() == 1; }));
  EXPECT_FALSE(old.secured);

  auto other_alpn = make_tls_context(key_of(1));
  const std::string other("\x02h2");
  ASSERT_EQ(SSL_CTX_set_alpn_protos(other_alpn.get(), bytes_of(other).data(), 3), 0);
  auto& http = raw_peer(node, std::move(other_alpn));
  ASSERT_TRUE(run_until([&] { return http.closed() && node.events.size() == 2; }));

  auto no_alpn = make_tls_context(key_of(1));
  ASSERT_EQ(SSL_CTX_set_alpn_protos(no_alpn.get(), nullptr, 0), 0);
  auto& silent = raw_peer(node, std::move(no_alpn));
  ASSERT_TRUE(run_until([&] { return silent.closed() && node.events.size() == 3; }));
  EXPECT_TRUE(node.said("the peer does not speak fenrun/1"));
  EXPECT_TRUE(node.connected.empty());
}

TEST_F(Adversary, AClientWithoutCertificateIsRefused) {
  auto& node = victim();
  TlsContext bare(SSL_CTX_new(TLS_client_method()));
  const std::string alpn(
      "\x08"
      "fenrun/1");
  ASSERT_EQ(SSL_CTX_set_alpn_protos(bare.get(), bytes_of(alpn).data(), 9), 0);
  auto& peer = raw_peer(node, std::move(bare));
  ASSERT_TRUE(run_until([&] { return peer.closed() && node.events.size() == 1; }));
  EXPECT_EQ(node.transport->metrics().inbound_refused, 1U);
  EXPECT_TRUE(node.connected.empty());
}

TEST_F(Adversary, ManyStrangersDoNotFloodTheLog) {
  auto options = options_of(0);
  options.pending_per_address_max = 1;
  auto& node = victim(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<RawClient>(node.transport->port()));
  }
  ASSERT_TRUE(run_until([&] { return node.transport->metrics().inbound_refused == 99; }));
  EXPECT_LE(node.events.size(), 2 * kEventsPerSecondMax);
}

}  // namespace
}  // namespace fenrun::net
