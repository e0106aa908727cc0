#include "node/api/api.h"

#include "node/api/routes.h"

namespace fenrun::api {

Api::Api(std::unique_ptr<Router> router) : router_(std::move(router)) {}

Api::~Api() = default;

Result<std::unique_ptr<Api>> Api::listen(boost::asio::io_context& io, NodeService& node,
                                         ApiOptions options, const std::string& host,
                                         std::uint16_t port) {
  std::unique_ptr<Api> api(new Api(
      std::make_unique<Router>(make_routes(io, node, options.intake), std::move(options.tokens))));
  const HttpHandler handler = [router = api->router_.get()](const HttpRequest& request,
                                                            HttpReply reply) {
    router->handle(request, std::move(reply));
  };
  FENRUN_TRY(api->server_, HttpServer::listen(io, host, port, handler, options.limits));
  return api;
}

}  // namespace fenrun::api
