// One keep-alive HTTP connection on which requests are pipelined and answered in order.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "core/check.h"
#include "core/text.h"

namespace fenrun {

inline std::string http_request(const std::string& method, const std::string& target,
                                const std::string& token, std::string_view body = {}) {
  std::string text = method + " " + target +
                     " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n";
  if (!body.empty()) {
    text +=
        "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n";
  }
  return (text += "\r\n").append(body);
}

// A failing connection ends the program: a measurement with holes is none.  Not thread-safe.
class HttpPipe {
 public:
  using Reply = std::function<void(unsigned status, const std::string& body)>;

  HttpPipe(boost::asio::io_context& io, std::uint16_t port) : socket_(io) {
    boost::system::error_code error;
    const auto host = boost::asio::ip::make_address("127.0.0.1");
    CHECK(!socket_.connect({host, port}, error));
    CHECK(!socket_.set_option(boost::asio::ip::tcp::no_delay(true), error));
    read();
  }

  void send(std::string_view request, Reply reply) {
    replies_.push_back(std::move(reply));
    waiting_.append(request);
    if (writing_.empty()) write();
  }

  std::size_t in_flight() const { return replies_.size(); }

 private:
  [[noreturn]] static void fail(const boost::system::error_code& error) {
    std::fprintf(stderr, "a connection broke: %s\n", error.message().c_str());
    std::exit(1);
  }

  // Whatever came up during one write goes with the next.
  void write() {
    std::swap(waiting_, writing_);
    boost::asio::async_write(socket_, boost::asio::buffer(writing_),
                             [this](boost::system::error_code error, std::size_t) {
                               if (error == boost::asio::error::operation_aborted) return;
                               if (error) fail(error);
                               writing_.clear();
                               if (!waiting_.empty()) write();
                             });
  }

  void read() {
    socket_.async_read_some(boost::asio::buffer(piece_),
                            [this](boost::system::error_code error, std::size_t bytes) {
                              if (error == boost::asio::error::operation_aborted) return;
                              if (error) fail(error);
                              received_.append(piece_.data(), bytes);
                              take_answers();
                              read();
                            });
  }

  // Only what the node's server writes: a status line and Content-Length.
  void take_answers() {
    static constexpr std::string_view kLength = "Content-Length: ";
    std::size_t at = 0;
    for (;;) {
      const auto end = received_.find("\r\n\r\n", at);
      if (end == std::string::npos) break;
      const auto field = received_.find(kLength, at);
      CHECK(field < end);
      const auto digits = field + kLength.size();
      const auto length = from_decimal(
          std::string_view(received_).substr(digits, received_.find("\r\n", digits) - digits));
      const auto status = from_decimal(std::string_view(received_).substr(at + 9, 3));
      CHECK(length && status && !replies_.empty());
      if (received_.size() < end + 4 + *length) break;
      const std::string body = received_.substr(end + 4, *length);
      at = end + 4 + *length;
      const auto reply = std::move(replies_.front());
      replies_.pop_front();
      reply(static_cast<unsigned>(*status), body);
    }
    received_.erase(0, at);
  }

  boost::asio::ip::tcp::socket socket_;
  std::deque<Reply> replies_;
  std::string waiting_;
  std::string writing_;
  std::string received_;
  std::array<char, 64 * 1024> piece_{};
};

}  // namespace fenrun
