// GET /epcis/v2/events and its kin: recorded events of the documents that are kept here.
#include "node/api/epcis_answers.h"
#include "node/api/epcis_query.h"
#include "node/api/routes.h"

namespace fenrun::api {
namespace {

enum class WhenNone { empty, not_found };

void reply_events(CaptureDesk& desk, const Call& call, const Result<EventQuery>& query,
                  WhenNone when_none, HttpReply reply) {
  const auto limit = epcis_page_size(call);
  const auto from = epcis_page_start(call, 0);
  for (const auto& error : {query ? std::optional<Error>() : query.error(),
                            limit ? std::optional<Error>() : limit.error(),
                            from ? std::optional<Error>() : from.error()}) {
    if (error) return reply(query_problem(*error));
  }
  // The call ends before the answer comes.
  const auto link = [target = call.request.target, query_text = call.query](HttpResponse& response,
                                                                            std::uint64_t token) {
    HttpRequest request;
    request.target = target;
    link_next(response, Call{request, {}, query_text, {}}, token);
  };
  desk.events(
      *query, static_cast<std::size_t>(*from), *limit,
      [link, when_none, reply = std::move(reply)](const Result<CaptureDesk::Events>& events) {
        if (!events) return reply(epcis_problem(events.error()));
        if (events->count == 0 && when_none == WhenNone::not_found) {
          return reply(epcis_problem({Errc::not_found, "no such event was recorded here"}));
        }
        auto response = epcis_response(events->document);
        if (events->next) link(response, *events->next);
        reply(std::move(response));
      });
}

void get_events(CaptureDesk& desk, const Call& call, HttpReply reply) {
  reply_events(desk, call, epcis_query(call), WhenNone::empty, std::move(reply));
}

void get_event(CaptureDesk& desk, const Call& call, HttpReply reply) {
  EventQuery query;
  query.conditions = {{{EventField::id}, {call.path.at("eventID")}}};
  reply_events(desk, call, query, WhenNone::not_found, std::move(reply));
}

void get_events_of_epc(CaptureDesk& desk, const Call& call, HttpReply reply) {
  auto query = epcis_query(call);
  auto epc = names_epc(call.path.at("epc"));
  if (!epc) return reply(query_problem(epc.error()));
  if (query) query->conditions.push_back(*std::move(epc));
  reply_events(desk, call, query, WhenNone::empty, std::move(reply));
}

std::vector<Parameter> event_parameters() {
  return epcis_page_parameters(epcis_query_parameters());
}

Route not_offered(const char* method, const char* pattern, std::vector<Parameter> path = {}) {
  return {.method = method,
          .pattern = pattern,
          .summary = "Not offered: stored queries and subscriptions.",
          .path = std::move(path),
          .statuses = {501},
          .discovery = epcis_discovery(),
          .handler = [](const Call&, const HttpReply& reply) {
            reply(problem(501,
                          {Errc::not_supported_yet,
                           "stored queries and subscriptions: ask GET /epcis/v2/events"},
                          "epcisException:ImplementationException"));
          }};
}

}  // namespace

std::vector<Route> epcis_query_routes(const Intake& intake) {
  const std::vector<Parameter> rest = {{"rest", "Whatever follows."}};
  return {
      {.method = "GET",
       .pattern = "/epcis/v2/events",
       .summary = "Recorded events of the documents that are kept here, as they were captured.",
       .query = event_parameters(),
       .discovery = epcis_discovery(),
       .handler = epcis_handler(intake, get_events)},
      {.method = "GET",
       .pattern = "/epcis/v2/events/{eventID}",
       .summary = "The events with this id.",
       .path = {{"eventID", "Percent-encoded."}},
       .query = epcis_page_parameters(),
       .discovery = epcis_discovery(),
       .handler = epcis_handler(intake, get_event)},
      {.method = "GET",
       .pattern = "/epcis/v2/epcs/{epc}/events",
       .summary = "Recorded events that name this identifier, or one of this pattern, anywhere.",
       .path = {{"epc", "A URI or a pattern, percent-encoded."}},
       .query = event_parameters(),
       .discovery = epcis_discovery(),
       .handler = epcis_handler(intake, get_events_of_epc)},
      not_offered("GET", "/epcis/v2/queries"),
      not_offered("POST", "/epcis/v2/queries"),
      not_offered("GET", "/epcis/v2/queries/{rest...}", rest),
      not_offered("POST", "/epcis/v2/queries/{rest...}", rest),
  };
}

}  // namespace fenrun::api
