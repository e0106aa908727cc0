// Orders, sales, shares and displays: they come in as plain JSON, and are listed.
#include <algorithm>

#include "contracts/records.h"
#include "node/api/lists.h"
#include "node/api/routes.h"
#include "node/json/names.h"

namespace fenrun::api {
namespace {

// Nobody is told any more what an erased subject did.
void leave_out_erased_subjects(Json& item, const StateView& state, const RecordKey& key) {
  const auto record = find_value<ActivityRecord>(state, key);
  CHECK(record.has_value());
  auto& activity = item["activity"];
  const auto leave_out = [&](const std::optional<SubjectId>& subject, const std::string& name) {
    if (!subject || !find_erasure(state, *subject)) return;
    activity.erase(name);
    item[name + "_erased"] = true;
  };
  leave_out(record->activity.subject, "subject");
  leave_out(record->activity.reached, "reached");
}

Result<ActivityKind> kind_from(std::string_view name) {
  const auto& names = json::kEnumNames<ActivityKind>;
  const auto* const it = std::ranges::find(names, name);
  if (it != names.end()) return static_cast<ActivityKind>(it - names.begin());
  return Error{Errc::value_invalid,
               "'kind' must be one of restock_order, ecommerce_order, "
               "group_buy_order, sale, share, display"};
}

Result<HttpResponse> list_activities(const NodeService& node, const Call& call) {
  KeyWriter prefix(static_cast<std::uint8_t>(ContractFamily::activity));
  const auto* const place = call.text("place");
  const auto* const kind = call.text("kind");
  if (kind && !place) return Error{Errc::value_invalid, "'kind' goes with 'place'"};
  if (place) {
    FENRUN_TRY(const auto party, fixed_from<PartyId>("place", *place));
    prefix.raw(party.view());
  }
  if (kind) {
    FENRUN_TRY(const auto known, kind_from(*kind));
    prefix.number(static_cast<std::uint8_t>(known));
  }
  return list(node, call, prefix.take(), leave_out_erased_subjects);
}

Result<HttpResponse> get_activity(const NodeService& node, const Call& call) {
  ActivityId id;
  FENRUN_TRY(id.place, fixed_at<PartyId>(call, "place"));
  FENRUN_TRY(id.kind, kind_from(call.path.at("kind")));
  FENRUN_TRY(id.reference, fixed_at<Digest>(call, "reference"));
  const auto& state = node.journal().state();
  const auto key = activity_key(id);
  auto item = item_of(state, key);
  if (!item) return Error{Errc::not_found, "no such activity is recorded"};
  leave_out_erased_subjects(*item, state, key);
  return json_response(*item);
}

Result<CaptureRequest> request_of(const Call& call) {
  CaptureRequest request;
  request.form = CaptureForm::activities;
  request.body = call.request.body;
  const auto* const behaviour = call.text("error_behaviour");
  if (!behaviour) return request;
  const auto known = error_behaviour(*behaviour);
  if (!known) return Error{Errc::value_invalid, "'error_behaviour' must be rollback or proceed"};
  request.behaviour = *known;
  return request;
}

void post_activities(CaptureDesk* desk, const Call& call, HttpReply reply) {
  if (!desk) return reply(problem({Errc::not_ready, kNoIntakeKey}));
  if (!call.request.header("content-type").starts_with("application/json")) {
    return reply(problem(415, {Errc::value_invalid, "Content-Type must be application/json"}));
  }
  auto request = request_of(call);
  if (!request) return reply(problem(request.error()));
  desk->capture(*std::move(request),
                [reply = std::move(reply)](const Result<std::string>& id) {
                  if (!id) return reply(problem(id.error()));
                  const std::string address = "/epcis/v2/capture/" + *id;
                  auto response = json_response({{"job", address}}, 202);
                  response.headers.emplace_back("Location", address);
                  reply(std::move(response));
                },
                {});
}

}  // namespace

std::vector<Route> activity_routes(NodeService& node, const Intake& intake) {
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  return {
      {.method = "POST",
       .pattern = "/v1/activities",
       .summary = "Takes an ActivityDocument: a capture job, whose address is in Location.",
       .query = {{"error_behaviour", "rollback (as a whole or not at all) or proceed."}},
       .body = {{"application/json", {{"schema", {{"type", "object"}}}}}},
       .statuses = {202},
       .handler = [desk = intake.captures](
                      const Call& call,
                      HttpReply reply) { post_activities(desk, call, std::move(reply)); }},
      {.method = "GET",
       .pattern = "/v1/activities",
       .summary = "Orders, sales, shares and displays; without subjects who were erased.",
       .query = page_parameters(
           {{"place", "Only of this party."}, {"kind", "Only of this kind; with place."}}),
       .handler = on(list_activities)},
      {.method = "GET",
       .pattern = "/v1/activities/{place}/{kind}/{reference}",
       .summary = "One activity; without subjects who were erased.",
       .path = {{"place", "Whose it is: a party id."},
                {"kind", "Such as restock_order."},
                {"reference", "SHA-256 of the order's number, 64 hex digits."}},
       .handler = on(get_activity)},
  };
}

}  // namespace fenrun::api
