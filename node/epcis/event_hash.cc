#include "node/epcis/event_hash.h"

#include <algorithm>

#include "core/text.h"
#include "node/epcis/event_members.h"

namespace fenrun::epcis {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kUriHead = "ni:///sha-256;";
constexpr std::string_view kUriTail = "?ver=CBV2.0";

std::string pair(std::string_view name, std::string_view value) {
  return std::string(name) + "=" + std::string(value);
}

std::string pair_if(std::string_view name, const std::optional<std::string>& value) {
  return value ? pair(name, *value) : std::string();
}

// Lists have no order of their own: their items are sorted by their bytes.
std::string sorted(Strings items) {
  std::ranges::sort(items);
  std::string out;
  for (const auto& item : items) out += item;
  return out;
}

// `title` and the items, or nothing if there are none.
std::string list(std::string_view title, Strings items) {
  if (items.empty()) return {};
  return std::string(title) + sorted(std::move(items));
}

Strings pairs(std::string_view name, const Strings& values) {
  Strings out;
  for (const auto& value : values) out.push_back(pair(name, value));
  return out;
}

std::string epcs(std::string_view title, const Strings& values) {
  return list(title, pairs("epc", values));
}

std::string quantities(std::string_view title, const std::vector<QuantityElement>& elements) {
  Strings items;
  for (const auto& element : elements) {
    items.push_back("quantityElement" + pair("epcClass", element.epc_class) +
                    pair_if("quantity", element.quantity) + pair_if("uom", element.uom));
  }
  return list(title, std::move(items));
}

std::string extensions(const std::vector<Extension>& members) {
  Strings items;
  for (const auto& member : members) {
    items.push_back(member.value ? pair(member.name, *member.value)
                                 : member.name + extensions(member.members));
  }
  return sorted(std::move(items));
}

std::string place(std::string_view title, const std::optional<Place>& place) {
  if (!place) return {};
  return std::string(title) + pair("id", place->id) + extensions(place->extensions);
}

std::string typed_uris(std::string_view title, std::string_view name,
                       const std::vector<TypedUri>& uris) {
  Strings items;
  for (const auto& item : uris) items.push_back(pair_if("type", item.type) + pair(name, item.uri));
  return list(title, std::move(items));
}

std::string sensor_fields(std::string_view title, const SensorFields& part) {
  std::string out(title);
  for (const auto& field : part.fields) out += pair(field.name, field.value);
  return out + extensions(part.extensions);
}

std::string sensor_elements(const std::vector<SensorElement>& elements) {
  Strings items;
  for (const auto& element : elements) {
    Strings reports;
    for (const auto& report : element.reports) {
      reports.push_back(sensor_fields("sensorReport", report));
    }
    items.push_back("sensorElement" +
                    (element.metadata ? sensor_fields("sensorMetadata", *element.metadata) : "") +
                    sorted(std::move(reports)) + extensions(element.extensions));
  }
  return list("sensorElementList", std::move(items));
}

std::string action(const std::optional<Action>& action) {
  if (!action) return {};
  switch (*action) {
    case Action::add:
      return pair("action", "ADD");
    case Action::observe:
      return pair("action", "OBSERVE");
    case Action::remove:
      return pair("action", "DELETE");
  }
  return {};
}

// Dispositions that persist: an object of two lists.
std::string persistent_disposition(const Event& event) {
  const std::string parts = sorted(pairs("set", event.dispositions_set)) +
                            sorted(pairs("unset", event.dispositions_unset));
  return parts.empty() ? parts : "persistentDisposition" + parts;
}

bool has_children(const Event& event) {
  return event.type == EventType::aggregation || event.type == EventType::association;
}

// What the event is about.
std::string subject(const Event& event) {
  const Strings none;
  const std::vector<QuantityElement> no_quantities;
  const bool is_of_children = has_children(event);
  return epcs("epcList", is_of_children ? none : event.epcs) +  //
         pair_if("parentID", event.parent) +                    //
         epcs("inputEPCList", event.inputs) +
         epcs("childEPCs", is_of_children ? event.epcs : none) +
         quantities("quantityList", is_of_children ? no_quantities : event.quantities) +
         quantities("childQuantityList", is_of_children ? event.quantities : no_quantities) +
         quantities("inputQuantityList", event.input_quantities) +
         epcs("outputEPCList", event.outputs) +
         quantities("outputQuantityList", event.output_quantities);
}

}  // namespace

std::string pre_hash(const Event& event) {
  const std::string ilmd = extensions(event.ilmd);
  return pair("eventType", name_of(event.type)) + pair("eventTime", event.time) +
         pair("eventTimeZoneOffset", event.time_zone_offset) +
         sorted(pairs("certificationInfo", event.certifications)) + subject(event) +
         action(event.action) + pair_if("transformationID", event.transformation_id) +
         pair_if("bizStep", event.biz_step) + pair_if("disposition", event.disposition) +
         persistent_disposition(event) + place("readPoint", event.read_point) +
         place("bizLocation", event.biz_location) +
         typed_uris("bizTransactionList", "bizTransaction", event.biz_transactions) +
         typed_uris("destinationList", "destination", event.destinations) +
         typed_uris("sourceList", "source", event.sources) +
         sensor_elements(event.sensor_elements) + (ilmd.empty() ? ilmd : "ilmd" + ilmd) +
         extensions(event.extensions);
}

Digest event_hash(const Event& event) { return sha256(bytes_of(pre_hash(event))); }

std::string event_hash_uri(const Digest& hash) {
  return std::string(kUriHead) + to_hex(hash.view()) + std::string(kUriTail);
}

bool has_foreign_hash(const Event& event, const Digest& hash) {
  if (!event.event_id) return false;
  const auto& id = *event.event_id;
  return id.starts_with(kUriHead) && id.ends_with(kUriTail) && id != event_hash_uri(hash);
}

}  // namespace fenrun::epcis
