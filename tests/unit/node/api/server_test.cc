#include "node/api/server.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "node/json/json.h"
#include "tests/support/http_client.h"

namespace fenrun::api {
namespace {

using test::HttpClient;

// Says a fixed number of pieces, then ends.
class Counting final : public EventSource {
 public:
  std::optional<std::string> next() override {
    if (count_ == 3) return std::nullopt;
    return "data: " + std::to_string(count_++) + "\n\n";
  }
  void on_ready(std::function<void()>) override {}
  std::string heartbeat() const override { return ":\n\n"; }

 private:
  int count_ = 0;
};

class Silent final : public EventSource {
 public:
  std::optional<std::string> next() override { return std::string(); }
  void on_ready(std::function<void()>) override {}
  std::string heartbeat() const override { return ": still here\n\n"; }
};

// A server that answers with what it was asked, on a thread of its own.
class ServerTest : public testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    auto server = HttpServer::listen(io_, "127.0.0.1", 0, handle, limits);
    ASSERT_TRUE(server) << server.error().to_string();
    server_ = *std::move(server);
    port_ = server_->port();
    thread_ = std::thread([this] { io_.run(); });
  }

  void TearDown() override {
    if (!server_) return;
    boost::asio::post(io_, [this] { server_.reset(); });
    thread_.join();
  }

  static void handle(const HttpRequest& request, const HttpReply& reply) {
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.target + " " + request.body;
    if (request.target == "/count") response.events = std::make_unique<Counting>();
    if (request.target == "/silent") response.events = std::make_unique<Silent>();
    if (request.target == "/large") response.body.assign(3 * 1024 * 1024, 'x');
    if (request.target == "/huge") response.body.assign(16 * 1024 * 1024, 'x');
    if (request.target == "/never") return;
    reply(std::move(response));
  }

  boost::asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string code_of(const test::HttpAnswer& answer) {
  const auto json = parse_json(answer.body);
  return json && json->contains("code") ? (*json)["code"].get<std::string>() : answer.body;
}

TEST_F(ServerTest, AnswersOneAfterAnotherOnOneConnection) {
  start();
  HttpClient client(port_);
  EXPECT_EQ(client.request("GET", "/a?b=1").body, "GET /a?b=1 ");
  EXPECT_EQ(client.request("POST", "/a", "", "hello").body, "POST /a hello");
  const auto head = client.request("HEAD", "/a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "8");
  // Three at once are answered in their order.
  client.send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
      "\r\nhiGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "GET /1 ");
  EXPECT_EQ(client.read_answer().body, "POST /2 hi");
  EXPECT_EQ(client.read_answer().body, "GET /3 ");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, AnswersHttp10AndChunkedBodiesAndExpectations) {
  start();
  HttpClient old(port_);
  old.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer().body, "GET /old ");
  EXPECT_TRUE(old.is_closed());

  HttpClient chunked(port_);
  chunked.send(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_answer().body, "POST /c abcde");

  HttpClient careful(port_);
  careful.send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(careful.read_until("\r\n\r\n").starts_with("HTTP/1.1 100"));
  careful.send("ok");
  EXPECT_EQ(careful.read_answer().body, "POST /e ok");

  HttpClient strange(port_);
  EXPECT_EQ(strange.request("POST", "/e", "Expect: miracles\r\n", "x").status, 417);
}

TEST_F(ServerTest, SendsLargeAnswersWhole) {
  start();
  HttpClient client(port_);
  EXPECT_EQ(client.request("GET", "/large").body.size(), 3u * 1024 * 1024);
}

TEST_F(ServerTest, RefusesWhatIsTooLarge) {
  start();
  HttpClient header(port_);
  const auto long_header = header.request("GET", "/", "X: " + std::string(20'000, 'x') + "\r\n");
  EXPECT_EQ(long_header.status, 431);
  EXPECT_EQ(code_of(long_header), "limit_exceeded");
  EXPECT_TRUE(header.is_closed());

  HttpClient endless(port_);
  endless.send("GET /" + std::string(200'000, 'x'));
  EXPECT_EQ(endless.read_answer().status, 431);

  HttpClient body(port_);
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n");
  EXPECT_EQ(body.read_answer().status, 413);
  EXPECT_TRUE(body.is_closed());

  HttpClient chunks(port_);
  chunks.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 40 && chunks.send("8000\r\n" + std::string(0x8000, 'x') + "\r\n"); ++i) {
  }
  EXPECT_EQ(chunks.read_answer().status, 413);
}

TEST_F(ServerTest, RefusesWhatIsNoHttp) {
  start();
  const std::string garbage[] = {
      "\r\n\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nHost x\r\n\r\n",
      "GET  / HTTP/1.1\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  };
  for (const auto& text : garbage) {
    HttpClient client(port_);
    client.send(text);
    client.finish_sending();
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_TRUE(client.is_closed()) << text;
  }
}

TEST_F(ServerTest, EndsHalfRequestsAndSilence) {
  start({.request_timeout = std::chrono::milliseconds(200),
         .idle_timeout = std::chrono::milliseconds(200)});
  HttpClient silent(port_);
  EXPECT_TRUE(silent.is_closed());
  HttpClient half(port_);
  half.send("GET / HT");
  EXPECT_TRUE(half.is_closed());
  HttpClient slow(port_);
  slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(slow.is_closed());
  HttpClient cut(port_);
  cut.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  cut.finish_sending();
  EXPECT_EQ(cut.read_answer().status, 400);
  // Whoever keeps the server waiting does not keep others waiting.
  HttpClient client(port_);
  EXPECT_EQ(client.request("GET", "/").status, 200);
}

TEST_F(ServerTest, RefusesConnectionsBeyondItsLimit) {
  start({.connections = 2});
  HttpClient first(port_);
  HttpClient second(port_);
  EXPECT_EQ(first.request("GET", "/").status, 200);
  EXPECT_EQ(second.request("GET", "/").status, 200);
  {
    HttpClient third(port_);
    const auto answer = third.read_answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
    EXPECT_TRUE(third.is_closed());
  }
  EXPECT_EQ(first.request("GET", "/").status, 200);
}

TEST_F(ServerTest, RefusesConnectionsBeyondThoseOfAnAddress) {
  start({.connections_per_address = 2, .is_exempt = [](const std::string&) { return false; }});
  HttpClient first(port_);
  HttpClient second(port_);
  EXPECT_EQ(first.request("GET", "/").status, 200);
  EXPECT_EQ(second.request("GET", "/").status, 200);
  HttpClient third(port_);
  const auto answer = third.read_answer();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(code_of(answer), "rate_limited");
  EXPECT_TRUE(third.is_closed());
  EXPECT_EQ(first.request("GET", "/").status, 200);
}

TEST_F(ServerTest, HoldsSoManyLargeAnswersForSlowClients) {
  start({.answer_bytes = 17 * 1024 * 1024});
  HttpClient slow(port_);
  slow.send("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
  slow.read_until("\r\n\r\n");  // Takes no more of it.
  HttpClient other(port_);
  EXPECT_EQ(other.request("GET", "/large").status, 503);
  EXPECT_EQ(other.request("GET", "/").status, 200) << "small ones are sent";
}

TEST_F(ServerTest, AnswersAllHoweverShortItsSlices) {
  start({.slice = std::chrono::microseconds(0)});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port_));
    clients.back()->send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->read_answer().body,
              "GET /" + std::to_string(i) + " ");
  }
}

TEST_F(ServerTest, StreamsUntilTheSourceEnds) {
  start();
  HttpClient client(port_);
  client.send("GET /count HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_answer(false).headers.count("content-length"), 0u);
  EXPECT_EQ(client.read_until("data: 2\n\n"), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, SaysThatAStreamIsAliveAndNoticesWhenTheClientLeaves) {
  start({.heartbeat = std::chrono::milliseconds(50)});
  {
    HttpClient client(port_);
    client.send("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n");
    client.read_until("\r\n\r\n");
    EXPECT_EQ(client.read_until("\n\n"), ": still here\n\n");
    EXPECT_EQ(client.read_until("\n\n"), ": still here\n\n");
  }
  std::size_t open = 1;
  for (int i = 0; i < 200 && open > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::promise<std::size_t> count;
    boost::asio::post(io_, [&] { count.set_value(server_->connections()); });
    open = count.get_future().get();
  }
  EXPECT_EQ(open, 0u);
}

TEST_F(ServerTest, StopsWithRequestsUnderWay) {
  start();
  HttpClient client(port_);
  EXPECT_EQ(client.request("GET", "/").status, 200);
  HttpClient waiting(port_);
  waiting.send("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n");
  waiting.read_until("\r\n\r\n");
  boost::asio::post(io_, [this] { server_.reset(); });
  EXPECT_TRUE(waiting.is_closed());
  EXPECT_TRUE(client.is_closed());
  thread_.join();
}

TEST(HttpServer, NeedsAnAddressThatItCanHave) {
  boost::asio::io_context io;
  const auto handler = [](const HttpRequest&, const HttpReply&) {};
  EXPECT_EQ(HttpServer::listen(io, "localhost.", 0, handler).error().code, Errc::config_invalid);
  EXPECT_EQ(HttpServer::listen(io, "192.0.2.1", 0, handler).error().code, Errc::listen_failed);
}

}  // namespace
}  // namespace fenrun::api
