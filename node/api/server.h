// The HTTP/1.1 server of a node: sockets, limits and timeouts; what is answered is the handler's.
//
// Requests of one connection are answered one after another, in their order, pipelined or not.
// Every bound of HttpLimits holds before memory is taken; what breaks a rule is answered with a
// problem document where a client could read it, and its connection is closed.  The handler is
// called for one address after the other, and for a slice of time at once (node/api/turns.h).
// Not thread-safe: everything on the thread that runs the io_context.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "node/api/http.h"

namespace boost::asio {
class io_context;
}

namespace fenrun::api {

class HttpServer {
 public:
  // Listens at once.  `host` is an IP address; port 0 takes a free one.  REQUIRES: the io_context
  // outlives the server; the handler keeps its replies no longer than the io_context lives.
  // Errc::config_invalid for another host, Errc::listen_failed when the address cannot be had.
  static Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& io,
                                                    const std::string& host, std::uint16_t port,
                                                    HttpHandler handler, HttpLimits limits = {});
  // Closes every connection; replies that come later are dropped.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  std::size_t connections() const;

 private:
  class Acceptor;
  explicit HttpServer(std::shared_ptr<Acceptor> acceptor);

  // Shared with the operations under way, which outlive the server by a turn of the loop.
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace fenrun::api
