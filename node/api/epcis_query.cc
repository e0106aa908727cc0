#include "node/api/epcis_query.h"

#include <algorithm>
#include <array>

#include "node/epcis/epc_pattern.h"
#include "node/epcis/event_members.h"
#include "node/epcis/event_time.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::api {
namespace {

using epcis::Vocabulary;

constexpr std::size_t kQueryValuesMax = 100;

std::vector<EventField> any_epc() {
  return {EventField::epc, EventField::parent, EventField::input, EventField::output};
}

// "EQ_bizTransaction_" and a word: business transactions of this type.
struct Family {
  const char* prefix;
  EventField field;
  Vocabulary types;
  Result<std::string> (*read)(std::string_view);
  const char* description;
};

constexpr auto kFamilies = std::to_array<Family>({
    {"EQ_bizTransaction_", EventField::biz_transaction, Vocabulary::biz_transaction_type,
     epcis::canonical_reference, "URIs of business transactions of this type."},
    {"EQ_source_", EventField::source, Vocabulary::source_or_destination_type,
     epcis::canonical_identifier, "URIs of sources of this type."},
    {"EQ_destination_", EventField::destination, Vocabulary::source_or_destination_type,
     epcis::canonical_identifier, "URIs of destinations of this type."},
});

// Values are separated by '|'.
template <class T, class Read>
Status read_list(const Call& call, const std::string& name, std::vector<T>& out, Read read) {
  const auto* text = call.text(name);
  if (!text) return {};
  for (std::string_view rest(*text);;) {
    const auto value = rest.substr(0, rest.find('|'));
    auto one = read(value);
    if (!one) return Error{Errc::value_invalid, "'" + name + "': " + one.error().detail};
    if (std::ranges::find(out, *one) == out.end()) out.push_back(*std::move(one));
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
  return epcis::word_uri(Vocabulary::biz_step, text);
}

Result<std::string> read_disposition(std::string_view text) {
  return epcis::word_uri(Vocabulary::disposition, text);
}

Result<std::string> read_text(std::string_view text) {
  if (text.empty()) return Error{Errc::value_invalid, "is empty"};
  return std::string(text);
}

// Asks nothing if the parameter is not there.
template <class Read>
Status read_condition(const Call& call, const std::string& name, std::vector<EventField> fields,
                      Read read, EventQuery& query) {
  EventCondition condition{std::move(fields), {}};
  FENRUN_OK(read_list(call, name, condition.values, read));
  if (!condition.values.empty()) query.conditions.push_back(std::move(condition));
  return {};
}

Status read_conditions(const Call& call, EventQuery& query) {
  FENRUN_OK(read_condition(call, "EQ_eventID", {EventField::id}, read_text, query));
  FENRUN_OK(read_condition(call, "EQ_transformationID", {EventField::transformation},
                           epcis::canonical_reference, query));
  const auto epcs = [&](const char* name, std::vector<EventField> fields) {
    return read_condition(call, name, std::move(fields), epcis::canonical_pattern, query);
  };
  FENRUN_OK(epcs("MATCH_epc", {EventField::epc}));
  FENRUN_OK(epcs("MATCH_parentID", {EventField::parent}));
  FENRUN_OK(epcs("MATCH_inputEPC", {EventField::input}));
  FENRUN_OK(epcs("MATCH_outputEPC", {EventField::output}));
  FENRUN_OK(epcs("MATCH_anyEPC", any_epc()));
  for (const auto& family : kFamilies) {
    for (const auto word : epcis::known_words(family.types)) {
      const auto read = [&](std::string_view value) -> Result<std::string> {
        FENRUN_TRY(const auto type, epcis::word_uri(family.types, word));
        FENRUN_TRY(const auto uri, family.read(value));
        return EventCatalogue::related(type, uri);
      };
      FENRUN_OK(
          read_condition(call, family.prefix + std::string(word), {family.field}, read, query));
    }
  }
  return {};
}

}  // namespace

std::vector<Parameter> epcis_query_parameters() {
  std::vector<Parameter> out = {
      {"eventType", "Only of these types; as everywhere here, several values by |."},
      {"EQ_action", "ADD, OBSERVE or DELETE."},
      {"EQ_bizStep", "Bare words of the CBV, or URIs."},
      {"EQ_disposition", "Bare words of the CBV, or URIs."},
      {"EQ_bizLocation", "URIs, in any spelling of a GLN."},
      {"EQ_readPoint", "URIs, in any spelling of a GLN."},
      {"EQ_eventID", "As the document gives it, or the URI of the event's hash."},
      {"EQ_transformationID", "URIs."},
      {"MATCH_epc", "URIs in epcList or childEPCs, in any spelling, or patterns."},
      {"MATCH_parentID", "URIs or patterns of parents."},
      {"MATCH_inputEPC", "URIs or patterns of inputs of transformations."},
      {"MATCH_outputEPC", "URIs or patterns of outputs of transformations."},
      {"MATCH_anyEPC", "URIs or patterns anywhere: also parents, inputs and outputs."},
      {"GE_eventTime", "At this time or later."},
      {"LT_eventTime", "Before this time."},
      {"GE_recordTime", "Recorded at this time or later."},
      {"LT_recordTime", "Recorded before this time."}};
  for (const auto& family : kFamilies) {
    for (const auto word : epcis::known_words(family.types)) {
      out.push_back({family.prefix + std::string(word), family.description});
    }
  }
  return out;
}

Result<EventQuery> epcis_query(const Call& call) {
  EventQuery query;
  FENRUN_OK(read_list(call, "eventType", query.types, read_type));
  FENRUN_OK(read_list(call, "EQ_action", query.actions, read_action));
  FENRUN_OK(read_list(call, "EQ_bizStep", query.biz_steps, read_step));
  FENRUN_OK(read_list(call, "EQ_disposition", query.dispositions, read_disposition));
  const auto place = epcis::canonical_identifier;
  FENRUN_OK(read_list(call, "EQ_bizLocation", query.biz_locations, place));
  FENRUN_OK(read_list(call, "EQ_readPoint", query.read_points, place));
  FENRUN_OK(read_conditions(call, query));
  FENRUN_OK(read_moment(call, "GE_eventTime", query.event_from));
  FENRUN_OK(read_moment(call, "LT_eventTime", query.event_before));
  FENRUN_OK(read_moment(call, "GE_recordTime", query.record_from));
  FENRUN_OK(read_moment(call, "LT_recordTime", query.record_before));
  return query;
}

Result<EventCondition> names_epc(std::string_view uri) {
  FENRUN_TRY(auto epc, epcis::canonical_pattern(uri));
  return EventCondition{any_epc(), {std::move(epc)}};
}

}  // namespace fenrun::api
