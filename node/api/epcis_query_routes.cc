// GET /epcis/v2/events and its kin: recorded events of the documents that are kept here.
#include "node/api/epcis_answers.h"
#include "node/api/routes.h"
#include "node/epcis/event_members.h"
#include "node/epcis/event_time.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::api {
namespace {

constexpr std::size_t kQueryValuesMax = 100;

// Values are separated by '|'.
template <class T, class Read>
Status read_list(const Call& call, const std::string& name, std::vector<T>& out, Read read) {
  const auto* text = call.text(name);
  if (!text) return {};
  for (std::string_view rest(*text);;) {
    const auto value = rest.substr(0, rest.find('|'));
    auto one = read(value);
    if (!one) return Error{Errc::value_invalid, "'" + name + "': " + one.error().detail};
    out.push_back(*std::move(one));
    if (out.size() > kQueryValuesMax) {
      return Error{Errc::value_invalid, "'" + name + "' has more than 100 values"};
    }
    if (value.size() == rest.size()) return {};
    rest.remove_prefix(value.size() + 1);
  }
}

Status read_moment(const Call& call, const std::string& name, std::optional<TimeMs>& out) {
  const auto* text = call.text(name);
  if (!text) return {};
  const auto time = epcis::parse_event_time(*text);
  if (!time) return Error{Errc::value_invalid, "'" + name + "': " + time.error().detail};
  out = *time;
  return {};
}

Result<epcis::EventType> read_type(std::string_view name) {
  const auto type = epcis::event_type(name);
  if (type) return *type;
  return Error{Errc::value_invalid, "none of the five types of events"};
}

Result<epcis::Action> read_action(std::string_view name) {
  if (name == "ADD") return epcis::Action::add;
  if (name == "OBSERVE") return epcis::Action::observe;
  if (name == "DELETE") return epcis::Action::remove;
  return Error{Errc::value_invalid, "must be ADD, OBSERVE or DELETE"};
}

Result<std::string> read_step(std::string_view text) {
  return epcis::word_uri(epcis::Vocabulary::biz_step, text);
}

Result<std::string> read_identifier(std::string_view uri) {
  if (uri.starts_with("urn:epc:idpat:")) {
    return Error{Errc::value_invalid, "patterns are not matched: name one identifier"};
  }
  return epcis::canonical_identifier(uri);
}

Result<std::string> read_text(std::string_view text) {
  if (text.empty()) return Error{Errc::value_invalid, "is empty"};
  return std::string(text);
}

Result<EventQuery> query_of(const Call& call) {
  EventQuery query;
  FENRUN_OK(read_list(call, "eventType", query.types, read_type));
  FENRUN_OK(read_list(call, "EQ_action", query.actions, read_action));
  FENRUN_OK(read_list(call, "EQ_bizStep", query.biz_steps, read_step));
  FENRUN_OK(read_list(call, "EQ_bizLocation", query.biz_locations, read_identifier));
  FENRUN_OK(read_list(call, "EQ_readPoint", query.read_points, read_identifier));
  FENRUN_OK(read_list(call, "EQ_eventID", query.event_ids, read_text));
  FENRUN_OK(read_list(call, "MATCH_epc", query.epcs, read_identifier));
  FENRUN_OK(read_list(call, "MATCH_anyEPC", query.any_epcs, read_identifier));
  FENRUN_OK(read_moment(call, "GE_eventTime", query.event_from));
  FENRUN_OK(read_moment(call, "LT_eventTime", query.event_before));
  FENRUN_OK(read_moment(call, "GE_recordTime", query.record_from));
  FENRUN_OK(read_moment(call, "LT_recordTime", query.record_before));
  return query;
}

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
  reply_events(desk, call, query_of(call), WhenNone::empty, std::move(reply));
}

void get_event(CaptureDesk& desk, const Call& call, HttpReply reply) {
  EventQuery query;
  query.event_ids = {call.path.at("eventID")};
  reply_events(desk, call, query, WhenNone::not_found, std::move(reply));
}

void get_events_of_epc(CaptureDesk& desk, const Call& call, HttpReply reply) {
  auto query = query_of(call);
  const auto epc = read_identifier(call.path.at("epc"));
  if (!epc) return reply(query_problem(epc.error()));
  if (query && !query->any_epcs.empty()) {
    return reply(query_problem({Errc::value_invalid, "'MATCH_anyEPC' is in the address already"}));
  }
  if (query) query->any_epcs = {*epc};
  reply_events(desk, call, query, WhenNone::empty, std::move(reply));
}

std::vector<Parameter> event_parameters() {
  return epcis_page_parameters(
      {{"eventType", "Only of these types; as everywhere here, several values by |."},
       {"EQ_action", "ADD, OBSERVE or DELETE."},
       {"EQ_bizStep", "Bare words of the CBV, or URIs."},
       {"EQ_bizLocation", "URIs, in any spelling of a GLN."},
       {"EQ_readPoint", "URIs, in any spelling of a GLN."},
       {"EQ_eventID", "As the document gives it, or the URI of the event's hash."},
       {"MATCH_epc", "URIs in epcList or childEPCs, in any spelling; no patterns."},
       {"MATCH_anyEPC", "URIs anywhere: also parents, inputs and outputs."},
       {"GE_eventTime", "At this time or later."},
       {"LT_eventTime", "Before this time."},
       {"GE_recordTime", "Recorded at this time or later."},
       {"LT_recordTime", "Recorded before this time."}});
}

Route not_offered(const char* method, const char* pattern, std::vector<Parameter> path = {}) {
  return {.method = method,
          .pattern = pattern,
          .summary = "Not offered: stored queries and subscriptions.",
          .path = std::move(path),
          .statuses = {501},
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
       .handler = epcis_handler(intake, get_events)},
      {.method = "GET",
       .pattern = "/epcis/v2/events/{eventID}",
       .summary = "The events with this id.",
       .path = {{"eventID", "Percent-encoded."}},
       .query = epcis_page_parameters(),
       .handler = epcis_handler(intake, get_event)},
      {.method = "GET",
       .pattern = "/epcis/v2/epcs/{epc}/events",
       .summary = "Recorded events that name this identifier anywhere.",
       .path = {{"epc", "A URI, percent-encoded."}},
       .query = event_parameters(),
       .handler = epcis_handler(intake, get_events_of_epc)},
      not_offered("GET", "/epcis/v2/queries"),
      not_offered("POST", "/epcis/v2/queries"),
      not_offered("GET", "/epcis/v2/queries/{rest...}", rest),
      not_offered("POST", "/epcis/v2/queries/{rest...}", rest),
  };
}

}  // namespace fenrun::api
