// One connection of the HTTP server.  Included by server.cc and session.cc only: it brings Beast.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <set>

#include "node/api/http.h"
#include "node/api/places.h"
#include "node/api/turns.h"

namespace fenrun::api {

class Session;

// What the sessions of one server share, with one another and with the work that waits.
class Sessions final : public std::enable_shared_from_this<Sessions> {
 public:
  Sessions(boost::asio::io_context& io, HttpHandler handle, const HttpLimits& bounds)
      : handler(std::move(handle)),
        limits(bounds),
        places(limits),
        io_(&io),
        turns_(std::chrono::steady_clock::now) {}

  // Does it when it is this client's turn; never from within the call.
  void later(const std::string& address, Turns::Work work);
  // Ends every session and drops all work.
  void stop();

  HttpHandler handler;  // Empty once the server is gone.
  const HttpLimits limits;
  Places places;
  std::set<Session*> open;
  std::size_t answer_bytes = 0;  // Of bodies that are being written.

 private:
  void post_turn();

  boost::asio::io_context* io_;
  Turns turns_;
  bool turn_posted_ = false;
};

// Owned by its pending operations and by a reply that the handler still owes, hence shared.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  // REQUIRES: a place was taken for the address; the session gives it back.
  Session(boost::asio::ip::tcp::socket socket, std::string address,
          std::shared_ptr<Sessions> sessions);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Reads requests until the connection ends.
  void start();
  // Answers with the error and ends the connection.
  void refuse(unsigned status, const Error& error);
  // Ends the connection at once.
  void close();

 private:
  using error_code = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void await_request();
  void read_request();
  void read_body();
  void send_continue();
  void read_failed(const error_code& error);
  void dispatch();
  void handle(HttpRequest request);
  void respond(HttpResponse response);
  void reject(unsigned status, const Error& error);
  template <class Message>
  void write(std::shared_ptr<Message> message, std::size_t bytes, void (Session::*then)());
  void hold_answer(std::size_t bytes);
  void after_answer();
  void drain();

  void start_events();
  void watch_for_end();
  void pump_later();
  void pump();
  void say(std::string piece);
  void await_event();

  boost::beast::tcp_stream stream_;
  std::shared_ptr<Sessions> sessions_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string remote_;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool is_head_ = false;
  bool awaits_reply_ = false;
  bool closed_ = false;
  std::size_t drained_ = 0;
  std::size_t answer_bytes_ = 0;  // Its part of what the sessions are writing.

  std::unique_ptr<EventSource> events_;
  boost::asio::steady_timer heartbeat_;
  bool awaits_event_ = false;
};

}  // namespace fenrun::api
