#include "node/epcis/event_view.h"

#include "node/epcis/event_hash.h"
#include "node/epcis/fields.h"
#include "node/json/time.h"

namespace fenrun::epcis {
namespace {

// What of a context defines something: GS1's own is that of the answer.
void add_definitions(const Json* context, Json& out) {
  if (!context) return;
  if (context->is_object()) out.push_back(*context);
  if (!context->is_array()) return;
  for (const auto& item : *context) {
    if (item.is_object()) out.push_back(item);
  }
}

void print(const Json& json, std::string& out) {
  auto separate = [&out, is_first = true]() mutable {
    if (!is_first) out += ',';
    is_first = false;
  };
  if (json.is_object()) {
    out += '{';
    for (const auto& [name, value] : json.items()) {
      separate();
      out += Json(name).dump();
      out += ':';
      print(value, out);
    }
    out += '}';
  } else if (json.is_array()) {
    out += '[';
    for (const auto& value : json) {
      separate();
      print(value, out);
    }
    out += ']';
  } else if (const auto number = number_text(json)) {
    out += *number;
  } else {
    out += json.dump();
  }
}

}  // namespace

Json event_view(const Document& document, std::size_t index, const EventFacts& facts) {
  const Json& event = document.event(index);
  Json context = Json::array();
  add_definitions(document.own_context(), context);
  add_definitions(member_of(event, "@context"), context);
  Json out = Json::object();
  if (!context.empty()) out["@context"] = std::move(context);
  for (const auto& [name, value] : event.items()) {
    if (name != "@context") out[name] = value;
  }
  out["recordTime"] = to_rfc3339(facts.recorded);
  if (!out.contains("eventID")) out["eventID"] = event_hash_uri(facts.hash);
  return out;
}

Json query_document(TimeMs created) {
  const Json results = {{"queryName", "SimpleEventQuery"},
                        {"resultsBody", {{"eventList", Json::array()}}}};
  return {{"@context", Json::array({kContextUri})},
          {"type", "EPCISQueryDocument"},
          {"schemaVersion", "2.0"},
          {"creationDate", to_rfc3339(created)},
          {"epcisBody", {{"queryResults", results}}}};
}

Json& event_list(Json& query_document) {
  return query_document["epcisBody"]["queryResults"]["resultsBody"]["eventList"];
}

std::string print_document(const Json& json) {
  std::string out;
  print(json, out);
  return out;
}

}  // namespace fenrun::epcis
