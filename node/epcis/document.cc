#include "node/epcis/document.h"

#include <algorithm>
#include <span>

#include "node/epcis/event_time.h"
#include "node/epcis/fields.h"
#include "node/epcis/personal_data.h"

namespace fenrun::epcis {
namespace {

constexpr JsonLimits kLimits{.bytes = kDocumentBytesMax,
                             .depth = kDocumentDepthMax,
                             .values = 1'000'000,
                             .object_members = 256,
                             .numbers = JsonNumbers::texts};

// "2.0", "2.0.1".
bool is_version_2(const Json& version) {
  if (!version.is_string()) return false;
  const auto& text = version.get_ref<const std::string&>();
  return text == "2.0" || text.starts_with("2.0.");
}

constexpr std::array<std::string_view, 2> kDocumentPath = {"epcisBody", "eventList"};
constexpr std::array<std::string_view, 1> kActivitiesPath = {"activities"};
constexpr std::array<std::string_view, 4> kQueryPath = {"epcisBody", "queryResults", "resultsBody",
                                                        "eventList"};

// From the document down to the list of its events.
std::span<const std::string_view> path_of(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::document:
      return kDocumentPath;
    case DocumentKind::query_document:
      return kQueryPath;
    case DocumentKind::activities:
      return kActivitiesPath;
    case DocumentKind::list:
    case DocumentKind::event:
      return {};
  }
  return {};
}

}  // namespace

Document::Site::Site(DocumentKind kind, std::size_t index) : last_(steps_.data()) {
  for (const auto name : path_of(kind)) push({last_, name});
  if (kind != DocumentKind::event) push({last_, {}, index});
}

void Document::Site::push(Pointer step) { *++last_ = step; }

Result<Document> Document::read(std::string_view bytes) {
  Document out;
  FENRUN_TRY(out.json_, parse_json(bytes, kLimits));
  FENRUN_OK(refuse_personal_data(out.json_));
  FENRUN_OK(out.read_frame());
  if (out.size() > kDocumentEventsMax) {
    const Site first = out.site(0);
    return at(*first.pointer().parent, Errc::limit_exceeded,
              "more than " + std::to_string(kDocumentEventsMax) + " events");
  }
  return out;
}

Status Document::read_frame() {
  if (json_.is_array()) {
    kind_ = DocumentKind::list;
    return {};
  }
  const Pointer root;
  const Json* const type = json_.is_object() ? member_of(json_, "type") : nullptr;
  if (!type || !type->is_string()) {
    return at({&root, "type"}, Errc::value_invalid, "must name the kind of document");
  }
  const auto& name = type->get_ref<const std::string&>();
  if (name.ends_with("Event")) return {};
  if (name == "EPCISDocument") return read_document();
  if (name == "EPCISQueryDocument") return read_query_document();
  if (name == "ActivityDocument") return read_activity_document();
  return at({&root, "type"}, Errc::not_supported_yet, shortened(name));
}

Status Document::check_members(std::initializer_list<std::string_view> known,
                               std::string_view what) const {
  const Pointer root;
  for (const auto& [name, value] : json_.items()) {
    if (std::ranges::find(known, name) != known.end() || context_.extension_name(name)) continue;
    return at({&root, name}, Errc::value_invalid,
              "no member of an " + std::string(what) + ", and no known prefix");
  }
  return {};
}

Status Document::check_dates(bool are_required) const {
  const Pointer root;
  const Json* const version = member_of(json_, "schemaVersion");
  if (!version && are_required) {
    return at({&root, "schemaVersion"}, Errc::value_invalid, "is missing");
  }
  if (version && !is_version_2(*version)) {
    return at({&root, "schemaVersion"}, Errc::not_supported_yet, "other than 2.0");
  }
  if (!are_required && !member_of(json_, "creationDate")) return {};
  FENRUN_TRY(const auto date, required_string(json_, "creationDate", root));
  const auto time = parse_event_time(date);
  if (!time) return at({&root, "creationDate"}, time.error());
  return {};
}

Status Document::read_document() {
  kind_ = DocumentKind::document;
  const Pointer root;
  const Json* const own = member_of(json_, "@context");
  if (!own) return at({&root, "@context"}, Errc::value_invalid, "is missing");
  FENRUN_OK(context_.add(*own, {&root, "@context"}));
  FENRUN_OK(check_members({"@context", "type", "schemaVersion", "creationDate", "epcisBody", "id",
                           "epcisHeader", "sender", "receiver", "instanceIdentifier"},
                          "EPCISDocument"));
  FENRUN_OK(check_dates(true));
  // Master data of places and goods: bound by the document's digest, and not read.
  const Json* const header = member_of(json_, "epcisHeader");
  if (header && !header->is_object()) {
    return at({&root, "epcisHeader"}, Errc::value_invalid, "must be an object");
  }
  const Pointer body_place{&root, "epcisBody"};
  const Json* const body = member_of(json_, "epcisBody");
  const Json* const list = body && body->is_object() ? member_of(*body, "eventList") : nullptr;
  if (!list || !list->is_array()) {
    return at({&body_place, "eventList"}, Errc::value_invalid, "must be a list of events");
  }
  for (const auto& [name, value] : body->items()) {
    if (name == "eventList" || context_.extension_name(name)) continue;
    return at({&body_place, name}, Errc::value_invalid, "no member that EPCIS has here");
  }
  return {};
}

Status Document::read_query_document() {
  kind_ = DocumentKind::query_document;
  const Pointer root;
  const Json* const own = member_of(json_, "@context");
  if (!own) return at({&root, "@context"}, Errc::value_invalid, "is missing");
  FENRUN_OK(context_.add(*own, {&root, "@context"}));
  FENRUN_OK(check_members({"@context", "type", "schemaVersion", "creationDate", "epcisBody", "id"},
                          "EPCISQueryDocument"));
  FENRUN_OK(check_dates(false));
  const Site first = site(0);
  const Json* inner = &json_;
  for (const auto name : path_of(kind_)) {
    inner = inner->is_object() ? member_of(*inner, name) : nullptr;
    if (!inner) break;
  }
  if (inner && inner->is_array()) return {};
  return at(*first.pointer().parent, Errc::value_invalid, "must be a list of events");
}

Status Document::read_activity_document() {
  kind_ = DocumentKind::activities;
  const Pointer root;
  for (const auto& [name, value] : json_.items()) {
    if (name != "type" && name != "activities") {
      return at({&root, name}, Errc::value_invalid, "no member of an ActivityDocument");
    }
  }
  const Json* const list = member_of(json_, "activities");
  if (list && list->is_array()) return {};
  return at({&root, "activities"}, Errc::value_invalid, "must be a list of activities");
}

const Json& Document::events() const {
  const Json* inner = &json_;
  for (const auto name : path_of(kind_)) inner = member_of(*inner, name);
  return *inner;
}

const Json* Document::own_context() const {
  const bool is_frame = kind_ == DocumentKind::document || kind_ == DocumentKind::query_document;
  return is_frame ? member_of(json_, "@context") : nullptr;
}

std::size_t Document::size() const { return kind_ == DocumentKind::event ? 1 : events().size(); }

const Json& Document::event(std::size_t index) const {
  return kind_ == DocumentKind::event ? json_ : events()[index];
}

}  // namespace fenrun::epcis
