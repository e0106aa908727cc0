// The one table of the API's routes.  docs/spec/api.md.
#pragma once

#include <vector>

#include "node/api/router.h"
#include "node/intake/intake.h"
#include "node/service.h"

namespace boost::asio {
class io_context;
}

namespace fenrun::api {

// Every route.  REQUIRES: io, node and what the intake names outlive the routes and what their
// handlers still owe.
std::vector<Route> make_routes(boost::asio::io_context& io, NodeService& node,
                               const Intake& intake = {});

// The groups that the table is made of.
std::vector<Route> transaction_routes(boost::asio::io_context& io, NodeService& node);
std::vector<Route> party_routes(NodeService& node);
std::vector<Route> campaign_routes(NodeService& node);
std::vector<Route> goods_routes(NodeService& node);
std::vector<Route> counter_routes(NodeService& node);
std::vector<Route> used_code_routes(NodeService& node);
std::vector<Route> journal_routes(NodeService& node);
std::vector<Route> proof_routes(NodeService& node);
std::vector<Route> event_routes(NodeService& node);
std::vector<Route> log_routes(NodeService& node);  // C2SP: checkpoint, tiles, trust file.
std::vector<Route> validator_routes(NodeService& node);
std::vector<Route> status_routes(NodeService& node);  // Status, health, metrics.
std::vector<Route> epcis_capture_routes(boost::asio::io_context& io, const Intake& intake);
std::vector<Route> activity_routes(NodeService& node, const Intake& intake);
std::vector<Route> epcis_query_routes(const Intake& intake);
// What consumers ask; none where the intake takes no claims.
std::vector<Route> claim_routes(boost::asio::io_context& io, NodeService& node,
                                const Intake& intake);
std::vector<Route> page_routes();

// GET /openapi.json, from the others and itself.
Route openapi_route(const std::vector<Route>& others);
Json openapi_document(const std::vector<Route>& routes);

}  // namespace fenrun::api
