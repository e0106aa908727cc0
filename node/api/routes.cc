#include "node/api/routes.h"

#include <iterator>

namespace fenrun::api {

std::vector<Route> make_routes(boost::asio::io_context& io, NodeService& node,
                               const Intake& intake) {
  std::vector<Route> routes = transaction_routes(io, node);
  for (auto& group :
       {status_routes(node), party_routes(node), campaign_routes(node), goods_routes(node),
        counter_routes(node), used_code_routes(node), journal_routes(node), proof_routes(node),
        event_routes(node), log_routes(node), validator_routes(node),
        epcis_capture_routes(io, intake), epcis_query_routes(intake), activity_routes(node, intake),
        claim_routes(io, node, intake), intake.claims ? page_routes() : std::vector<Route>()}) {
    routes.insert(routes.end(), group.begin(), group.end());
  }
  routes.push_back(openapi_route(routes));
  return routes;
}

}  // namespace fenrun::api
