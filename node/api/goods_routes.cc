// Units of goods and code batches.
#include "contracts/claims.h"
#include "contracts/codes.h"
#include "contracts/units.h"
#include "node/api/lists.h"
#include "node/api/routes.h"
#include "node/json/reflect.h"

namespace fenrun::api {
namespace {

// The unit's own Record, if it has one, and what holds of it with or without.
Json unit_view(const StateView& state, const UnitId& id) {
  const auto batch = find_unit_batch(state, id.batch);
  Json view = json::write(id);
  if (const auto unit = find_unit(state, id)) {
    if (const auto record = item_of(state, unit_key(id))) view = *record;
    view["epc"] = unit->epc.value;
    const Custody custody = custody_of(state, *unit);
    view.update(json::write(custody));
    Json containers = Json::array();
    for (auto parent = unit->now.parent; parent;) {
      const auto container = find_unit(state, *parent);
      containers.push_back(container->epc.value);
      parent = container->now.parent;
    }
    view["containers"] = std::move(containers);
  } else {
    view["epc"] = printed_epc(*batch->codes, id).value;
    view["state"] = "printed";
  }
  view["product"] = batch->product.value;
  if (!batch->codes) return view;
  if (const auto range = find_commissioned(state, id)) {
    view["commissioned"] = json::write(range->range);
    view["commissioned"]["first"] = range->first;
  }
  if (const auto range = find_voided(state, id)) {
    view["voided"] = json::write(range->range.reason);
  }
  if (id.level == UnitLevel::item) view["used"] = is_used(state, id.batch, id.index);
  return view;
}

Result<HttpResponse> get_unit(const NodeService& node, const Call& call) {
  const auto& state = node.journal().state();
  const auto id = find_unit_id(state, call.path.at("epc"));
  if (!id) return Error{Errc::not_found, "no unit with this identifier is printed or commissioned"};
  return json_response(unit_view(state, *id));
}

Result<HttpResponse> list_batches(const NodeService& node, const Call& call) {
  return list(node, call, family_prefix(ContractFamily::unit_batch));
}

}  // namespace

std::vector<Route> goods_routes(NodeService& node) {
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  return {
      {.method = "GET",
       .pattern = "/v1/units/{epc...}",
       .summary = "One unit of goods: its state, in whose hands, in which containers, its code.",
       .path = {{"epc", "As the ledger spells it: 01/<GTIN-14>/21/<serial> or 00/<SSCC>."}},
       .handler = on(get_unit)},
      {.method = "GET",
       .pattern = "/v1/batches",
       .summary = "Code batches, by number.",
       .query = page_parameters(),
       .handler = on(list_batches)},
  };
}

}  // namespace fenrun::api
