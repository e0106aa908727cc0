// The node's HTTP API: its routes behind its server.  docs/spec/api.md.
//
//   auto tokens = TokenTable::parse(contents of the tokens file);
//   auto api = Api::listen(io, node, tokens, host, port);
//
// Not thread-safe: everything on the thread that runs the io_context.
#pragma once

#include <memory>
#include <string>

#include "node/api/http.h"
#include "node/api/server.h"
#include "node/api/tokens.h"
#include "node/intake/intake.h"
#include "node/service.h"

namespace fenrun::api {

class Router;

struct ApiOptions {
  TokenTable tokens;  // Without any, every member route answers 401.
  Intake intake = {};
  HttpLimits limits = {};
};

class Api {
 public:
  // Serves at once.  REQUIRES: io, node and what the intake names outlive the API; the node's
  // journal has its genesis.  Errors of HttpServer::listen().
  static Result<std::unique_ptr<Api>> listen(boost::asio::io_context& io, NodeService& node,
                                             ApiOptions options, const std::string& host,
                                             std::uint16_t port);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  std::uint16_t port() const { return server_->port(); }

 private:
  explicit Api(std::unique_ptr<Router> router);

  std::unique_ptr<Router> router_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace fenrun::api
