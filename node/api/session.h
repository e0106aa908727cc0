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

namespace fenrun::api {

class Session;

// What the sessions of one server share.
struct Sessions {
  HttpHandler handler;  // Empty once the server is gone.
  HttpLimits limits;
  std::set<Session*> open;
};

// Owned by its pending operations and by a reply that the handler still owes, hence shared.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::ip::tcp::socket socket, std::shared_ptr<Sessions> sessions);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Reads requests until the connection ends.
  void start();
  // Answers 503 and ends the connection.
  void refuse();
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
  void respond(HttpResponse response);
  void reject(unsigned status, const Error& error);
  template <class Message>
  void write(std::shared_ptr<Message> message, std::size_t bytes, void (Session::*then)());
  void after_answer();
  void drain();

  void start_events();
  void watch_for_end();
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

  std::unique_ptr<EventSource> events_;
  boost::asio::steady_timer heartbeat_;
  bool awaits_event_ = false;
};

}  // namespace fenrun::api
