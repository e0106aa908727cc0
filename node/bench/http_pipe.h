// Keep-alive HTTP connections to a node on this machine, as a load needs them.  Not thread-safe.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"

namespace fenrun::bench {

struct HttpAnswer {
  unsigned status = 0;
  unsigned retry_after_s = 0;  // 0: it did not say.
  std::string body;
};

// The text of a request; with a body it is a POST's.
std::string http_request(const std::string& method, const std::string& target,
                         const std::string& token, std::string_view body = {});

// Requests are pipelined and answered in order.  Only what the node's server writes is understood:
// a status line, and a length.  A connection that breaks is told once; what waits is not answered.
class HttpPipe {
 public:
  using Reply = std::function<void(const HttpAnswer&)>;
  using OnBroken = std::function<void(const Error&)>;

  // Errc::unreachable.
  static Result<std::unique_ptr<HttpPipe>> connect(boost::asio::io_context& io, std::uint16_t port,
                                                   OnBroken on_broken);

  void send(std::string_view request, Reply reply);
  std::size_t in_flight() const { return replies_.size(); }

 private:
  HttpPipe(boost::asio::io_context& io, OnBroken on_broken)
      : socket_(io), on_broken_(std::move(on_broken)) {}

  void break_off(const std::string& why);
  void write();
  void read();
  void take_answers();

  boost::asio::ip::tcp::socket socket_;
  OnBroken on_broken_;
  std::deque<Reply> replies_;
  std::string waiting_;
  std::string writing_;
  std::string received_;
  std::array<char, 64 * 1024> piece_{};
};

// One request and its answer.  Errc::unreachable.
Result<HttpAnswer> ask(std::uint16_t port, std::string_view request);

// A node's event stream, of which only the moments matter: calls back whenever something came.
class EventPipe {
 public:
  // Errc::unreachable.
  static Result<std::unique_ptr<EventPipe>> connect(boost::asio::io_context& io, std::uint16_t port,
                                                    const std::string& request,
                                                    std::function<void()> on_event);

 private:
  EventPipe(boost::asio::io_context& io, std::function<void()> on_event)
      : socket_(io), on_event_(std::move(on_event)) {}

  void read();

  boost::asio::ip::tcp::socket socket_;
  std::function<void()> on_event_;
  std::array<char, 16 * 1024> piece_{};
};

}  // namespace fenrun::bench
