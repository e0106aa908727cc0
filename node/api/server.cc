#include "node/api/server.h"

#include "node/api/session.h"

namespace fenrun::api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// After accept() failed, most likely for want of file descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

// Takes connections until stopped.
class HttpServer::Acceptor final : public std::enable_shared_from_this<HttpServer::Acceptor> {
 public:
  Acceptor(asio::io_context& io, HttpHandler handler, const HttpLimits& limits)
      : acceptor_(io),
        pause_(io),
        sessions_(std::make_shared<Sessions>(io, std::move(handler), limits)) {}

  Status open(const std::string& host, std::uint16_t port) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return Error{Errc::config_invalid, "'" + host + "' is no IP address"};
    const tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error{Errc::listen_failed, host + ":" + std::to_string(port) + ": " + error.message()};
    }
    accept();
    return {};
  }

  void stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    sessions_->stop();
  }

  std::uint16_t port() const {
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }
  std::size_t connections() const { return sessions_->open.size(); }

 private:
  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
          if (!self->acceptor_.is_open()) return;
          if (error) return self->pause();
          self->take(std::move(socket));
          self->accept();
        });
  }

  void pause() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->acceptor_.is_open()) self->accept();
    });
  }

  void take(tcp::socket socket) {
    boost::system::error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;  // Gone already.
    const auto address = remote.address().to_string();
    const auto answer = sessions_->places.take(address);
    if (answer == Places::Answer::closed) return;
    const auto session = std::make_shared<Session>(std::move(socket), address, sessions_);
    switch (answer) {
      case Places::Answer::served:
        return session->start();
      case Places::Answer::told_of_address:
        return session->refuse(429, {Errc::rate_limited, "too many connections of your address"});
      case Places::Answer::told_of_all:
        return session->refuse(503, {Errc::rate_limited, "too many connections"});
      case Places::Answer::closed:
        return;
    }
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::shared_ptr<Sessions> sessions_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& io,
                                                       const std::string& host, std::uint16_t port,
                                                       HttpHandler handler, HttpLimits limits) {
  auto acceptor = std::make_shared<Acceptor>(io, std::move(handler), limits);
  FENRUN_OK(acceptor->open(host, port));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(acceptor)));
}

HttpServer::HttpServer(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}

HttpServer::~HttpServer() { acceptor_->stop(); }

std::uint16_t HttpServer::port() const { return acceptor_->port(); }

std::size_t HttpServer::connections() const { return acceptor_->connections(); }

}  // namespace fenrun::api
