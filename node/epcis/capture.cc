#include "node/epcis/capture.h"

#include <algorithm>
#include <initializer_list>
#include <set>

#include "node/epcis/event_time.h"
#include "node/epcis/identifiers.h"
#include "node/epcis/personal_data.h"
#include "node/epcis/pointer.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::epcis {
namespace {

constexpr std::size_t kTextBytesMax = 512;

constexpr JsonLimits kDocumentLimits{.bytes = kDocumentBytesMax,
                                     .depth = kDocumentDepthMax,
                                     .values = 1'000'000,
                                     .object_members = 128};

Error at(const Pointer& place, Errc code, const std::string& what) {
  return {code, (place.parent ? place.to_string() : "/") + ": " + what};
}
Error at(const Pointer& place, const Error& error) { return at(place, error.code, error.detail); }

std::string shortened(const std::string& text) { return text.substr(0, 100); }

Result<std::string> string_of(const Json& value, const Pointer& place) {
  if (!value.is_string()) return at(place, Errc::value_invalid, "must be a string");
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.size() > kTextBytesMax) {
    return at(place, Errc::value_invalid,
              "must have 1 to " + std::to_string(kTextBytesMax) + " bytes");
  }
  return text;
}

// The prefixes that a document or an event may use for members of its own.
class Context {
 public:
  Status add(const Json& value, const Pointer& place) {
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        const Pointer inner{&place, {}, i};
        if (value[i].is_array()) return at(inner, Errc::value_invalid, "must not be an array");
        FENRUN_OK(add(value[i], inner));
      }
      return {};
    }
    if (value.is_string()) {
      const auto& uri = value.get_ref<const std::string&>();
      if (is_known_context(uri)) return {};
      return at(place, Errc::value_invalid,
                "contexts are built in and never fetched; unknown: " + shortened(uri));
    }
    if (!value.is_object()) return at(place, Errc::value_invalid, "must be a URI or an object");
    for (const auto& [prefix, uri] : value.items()) {
      const Pointer inner{&place, prefix};
      FENRUN_OK(add_prefix(prefix, uri, inner));
    }
    return {};
  }

  // An extension: `prefix:name` with a known prefix, or an absolute URI of the web.
  bool is_extension(std::string_view name) const {
    const auto colon = name.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) return false;
    if (name.starts_with("https://") || name.starts_with("http://")) return true;
    return prefixes_.contains(name.substr(0, colon));
  }

 private:
  Status add_prefix(const std::string& prefix, const Json& uri, const Pointer& place) {
    // A redefined term or @vocab would give the members of events another meaning.
    const bool is_plain = !prefix.empty() && prefix[0] != '@' &&
                          prefix.find(':') == std::string::npos && !use_of_field(prefix);
    if (!is_plain || prefix == "cbv" || prefix == "epcis") {
      return at(place, Errc::value_invalid, "a document may only define prefixes of its own");
    }
    FENRUN_TRY(const auto text, string_of(uri, place));
    if (text.find(':') == std::string::npos) {
      return at(place, Errc::value_invalid, "a prefix stands for an absolute URI");
    }
    prefixes_.insert(prefix);
    return {};
  }

  std::set<std::string, std::less<>> prefixes_;
};

// The events of a document, where they stand, and what they have in common.
struct EventList {
  const Json* events = nullptr;  // An array, or one event.
  bool is_in_document = false;
  Context context;
};

class EventReader {
 public:
  EventReader(const Json& event, const Pointer& place, Context context, const Places& places)
      : event_(event), place_(place), context_(std::move(context)), places_(places) {}

  Result<RecordEvent> read(std::optional<UnitBatchId> batch) {
    if (!event_.is_object()) return at(place_, Errc::value_invalid, "must be an object");
    FENRUN_OK(check_type());
    FENRUN_OK(check_members());
    RecordEvent out;
    FENRUN_OK(read_step(out, batch));
    FENRUN_TRY(const auto time, required("eventTime"));
    const Pointer time_place{&place_, "eventTime"};
    const auto ms = parse_event_time(time);
    if (!ms) return at(time_place, ms.error());
    out.time = *ms;
    FENRUN_OK(read_place(out));
    FENRUN_OK(read_units(out));
    return out;
  }

 private:
  Result<std::string> required(std::string_view name) const {
    const Pointer inner{&place_, name};
    const auto it = event_.find(std::string(name));
    if (it == event_.end()) return at(inner, Errc::value_invalid, "is missing");
    return string_of(*it, inner);
  }

  Status check_type() const {
    FENRUN_TRY(const auto type, required("type"));
    if (type == "ObjectEvent") return {};
    return at({&place_, "type"}, Errc::not_supported_yet, shortened(type));
  }

  Status check_members() {
    const auto own_context = event_.find("@context");
    if (own_context != event_.end()) {
      FENRUN_OK(context_.add(*own_context, {&place_, "@context"}));
    }
    for (const auto& [name, value] : event_.items()) {
      const Pointer inner{&place_, name};
      const auto use = use_of_field(name);
      if (use == FieldUse::unsupported) {
        // An empty list says nothing.
        if (value.is_array() && value.empty()) continue;
        return at(inner, Errc::not_supported_yet, name);
      }
      if (!use && !context_.is_extension(name)) {
        return at(inner, Errc::value_invalid, "no member of an ObjectEvent, and no known prefix");
      }
    }
    return {};
  }

  Status read_step(RecordEvent& out, std::optional<UnitBatchId> batch) const {
    struct Step {
      std::string_view word;
      EventKind kind;
      std::string_view action;
      std::initializer_list<std::string_view> dispositions;
    };
    static const Step kSteps[] = {
        {"commissioning",
         EventKind::commissioning,
         "ADD",
         {"active", "in_progress", "sellable_accessible", "sellable_not_accessible"}},
        {"receiving",
         EventKind::receiving,
         "OBSERVE",
         {"active", "in_progress", "container_closed", "sellable_accessible",
          "sellable_not_accessible"}},
        {"retail_selling", EventKind::retail_selling, "OBSERVE", {"retail_sold"}},
    };
    const Pointer step_place{&place_, "bizStep"};
    if (!event_.contains("bizStep")) {
      return at(step_place, Errc::not_supported_yet, "an event without a business step");
    }
    FENRUN_TRY(const auto text, required("bizStep"));
    const auto word = canonical_word(Vocabulary::biz_step, text);
    if (!word) return at(step_place, word.error());
    const auto* const step =
        std::ranges::find_if(kSteps, [&](const Step& known) { return known.word == *word; });
    if (step == std::end(kSteps)) {
      return at(step_place, Errc::not_supported_yet, shortened(*word));
    }
    FENRUN_TRY(const auto action, required("action"));
    if (action != "ADD" && action != "OBSERVE" && action != "DELETE") {
      return at({&place_, "action"}, Errc::value_invalid, "must be ADD, OBSERVE or DELETE");
    }
    if (action != step->action) {
      return at({&place_, "action"}, Errc::not_supported_yet, action + " with " + *word);
    }
    FENRUN_OK(check_disposition(*word, step->dispositions));
    out.kind = step->kind;
    if (out.kind != EventKind::commissioning) return {};
    if (!batch) {
      return at(step_place, Errc::value_invalid,
                "name the code batch to which the commissioned units belong");
    }
    out.batch = batch;
    return {};
  }

  Status check_disposition(const std::string& step,
                           std::initializer_list<std::string_view> allowed) const {
    if (!event_.contains("disposition")) return {};
    const Pointer inner{&place_, "disposition"};
    FENRUN_TRY(const auto text, required("disposition"));
    const auto word = canonical_word(Vocabulary::disposition, text);
    if (!word) return at(inner, word.error());
    if (std::ranges::find(allowed, *word) != allowed.end()) return {};
    return at(inner, Errc::not_supported_yet, step + " with disposition " + shortened(*word));
  }

  Result<std::optional<PartyId>> place_of(std::string_view name) const {
    const Pointer inner{&place_, name};
    const auto it = event_.find(std::string(name));
    if (it == event_.end()) return std::optional<PartyId>();
    if (!it->is_object() || !it->contains("id")) {
      return at(inner, Errc::value_invalid, "must be an object with an id");
    }
    const Pointer id_place{&inner, "id"};
    FENRUN_TRY(const auto uri, string_of((*it)["id"], id_place));
    const auto party = places_.find(uri);
    if (!party) return at(id_place, party.error());
    return std::optional(*party);
  }

  // The business location is where the goods are afterwards, the read point where they were seen.
  // The ledger knows parties: both must be places of one.
  Status read_place(RecordEvent& out) const {
    FENRUN_TRY(const auto location, place_of("bizLocation"));
    FENRUN_TRY(const auto point, place_of("readPoint"));
    if (!location && !point) {
      return at({&place_, "bizLocation"}, Errc::value_invalid,
                "is missing, and so is readPoint: where was it?");
    }
    if (location && point && *location != *point) {
      return at({&place_, "readPoint"}, Errc::value_invalid,
                "is a place of another party than bizLocation");
    }
    out.place = location ? *location : *point;
    return {};
  }

  Status read_units(RecordEvent& out) const {
    const Pointer inner{&place_, "epcList"};
    const auto it = event_.find("epcList");
    if (it == event_.end() || !it->is_array() || it->empty()) {
      return at(inner, Errc::value_invalid, "must be a list of at least one EPC");
    }
    if (it->size() > kEventUnitsMax) {
      return at(inner, Errc::limit_exceeded,
                "more than " + std::to_string(kEventUnitsMax) + " EPCs");
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < it->size(); ++i) {
      const Pointer item{&inner, {}, i};
      FENRUN_TRY(const auto uri, string_of((*it)[i], item));
      auto epc = canonical_epc(uri);
      if (!epc) return at(item, epc.error());
      if (!seen.insert(*epc).second) {
        return at(item, Errc::value_invalid, "the same unit twice: " + *epc);
      }
      out.units.push_back(EpcText{*std::move(epc)});
    }
    return {};
  }

  const Json& event_;
  const Pointer& place_;
  Context context_;
  const Places& places_;
};

// Members that an EPCISDocument may have besides its body.
Status check_document(const Json& document, Context& context) {
  const Pointer root;
  const auto it = document.find("@context");
  if (it == document.end()) {
    return at({&root, "@context"}, Errc::value_invalid, "is missing");
  }
  FENRUN_OK(context.add(*it, {&root, "@context"}));
  const std::initializer_list<std::string_view> known = {
      "@context", "type",        "schemaVersion", "creationDate", "epcisBody",
      "id",       "epcisHeader", "sender",        "receiver",     "instanceIdentifier"};
  for (const auto& [name, value] : document.items()) {
    if (std::ranges::find(known, name) == known.end() && !context.is_extension(name)) {
      return at({&root, name}, Errc::value_invalid,
                "no member of an EPCISDocument, and no known prefix");
    }
  }
  if (document.contains("epcisHeader")) {
    return at({&root, "epcisHeader"}, Errc::not_supported_yet, "master data in the header");
  }
  const auto version = document.find("schemaVersion");
  const bool is_version_2 = version != document.end() && version->is_string() &&
                            (*version == "2.0" || *version == "2.0.0");
  if (!is_version_2) return at({&root, "schemaVersion"}, Errc::not_supported_yet, "other than 2.0");
  const auto created = document.find("creationDate");
  const Pointer created_place{&root, "creationDate"};
  if (created == document.end()) return at(created_place, Errc::value_invalid, "is missing");
  FENRUN_TRY(const auto date, string_of(*created, created_place));
  const auto time = parse_event_time(date);
  if (!time) return at(created_place, time.error());
  return {};
}

Result<EventList> events_of(const Json& document) {
  EventList list;
  list.events = &document;
  if (document.is_array()) return list;
  const Pointer root;
  const auto type = document.is_object() ? document.find("type") : document.end();
  if (!document.is_object() || type == document.end() || !type->is_string()) {
    return at({&root, "type"}, Errc::value_invalid, "must name the kind of document");
  }
  const auto& name = type->get_ref<const std::string&>();
  if (name.ends_with("Event")) return list;
  if (name != "EPCISDocument") {
    return at({&root, "type"}, Errc::not_supported_yet, shortened(name));
  }
  FENRUN_OK(check_document(document, list.context));
  const Pointer body_place{&root, "epcisBody"};
  const auto body = document.find("epcisBody");
  if (body == document.end() || !body->is_object() || body->size() != 1 ||
      !body->contains("eventList") || !(*body)["eventList"].is_array()) {
    return at({&body_place, "eventList"}, Errc::value_invalid,
              "the body must hold a list of events and nothing else");
  }
  list.events = &(*body)["eventList"];
  list.is_in_document = true;
  return list;
}

}  // namespace

Result<CapturedDocument> capture_document(std::string_view bytes, const Places& places,
                                          std::optional<UnitBatchId> batch) {
  FENRUN_TRY(const auto json, parse_json(bytes, kDocumentLimits));
  FENRUN_OK(refuse_personal_data(json));
  FENRUN_TRY(const auto list, events_of(json));
  const bool is_list = list.events->is_array();
  const std::size_t count = is_list ? list.events->size() : 1;
  const Pointer root;
  const Pointer body{&root, "epcisBody"};
  const Pointer in_document{&body, "eventList"};
  const Pointer& above = list.is_in_document ? in_document : root;
  if (count > kDocumentEventsMax) {
    return at(above, Errc::limit_exceeded,
              "more than " + std::to_string(kDocumentEventsMax) + " events");
  }
  CapturedDocument out;
  out.document = sha256(bytes_of(bytes));
  for (std::size_t i = 0; i < count; ++i) {
    const Pointer item{&above, {}, i};
    const Pointer& place = is_list ? item : root;
    const Json& event = is_list ? (*list.events)[i] : *list.events;
    auto captured = EventReader(event, place, list.context, places).read(batch);
    if (captured) {
      captured->document = out.document;
      captured->event_index = static_cast<std::uint32_t>(i);
    }
    out.events.push_back(std::move(captured));
  }
  return out;
}

}  // namespace fenrun::epcis
