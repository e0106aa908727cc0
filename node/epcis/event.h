// An EPCIS event as it was read: what it says, in one spelling.  docs/spec/epcis.md, §2 to §4.
//
//   * URIs that are GS1 keys are canonical Digital Links (node/epcis/gs1_keys.h).
//   * Words of the CBV are web addresses: "https://ref.gs1.org/cbv/BizStep-shipping".
//   * Times are in UTC, rounded to the millisecond: "2026-05-01T00:00:00.000Z".
//   * Numbers are plain decimals (node/epcis/decimal.h); texts have no spaces around them.
//   * Names of extensions have their namespace: "{https://ns.example.com/}colour".
//
// Lists are in the order of the document.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fenrun::epcis {

enum class EventType { object, aggregation, transaction, transformation, association };
inline constexpr std::size_t kEventTypeCount = 5;

enum class Action { add, observe, remove };

// A member that EPCIS does not have.  An array is as many extensions of one name.
struct Extension {
  std::string name;
  std::optional<std::string> value;  // None if it is made of members, or of nothing.
  std::vector<Extension> members;
};

struct QuantityElement {
  std::string epc_class;
  std::optional<std::string> quantity;
  std::optional<std::string> uom;
};

// A business transaction, a source or a destination.
struct TypedUri {
  std::optional<std::string> type;
  std::string uri;
};

struct Place {
  std::string id;
  std::vector<Extension> extensions;
};

// The set members of sensor metadata, or of a report, in the order of the CBV's event hash.
struct SensorFields {
  struct Field {
    std::string_view name;
    std::string value;
  };
  std::vector<Field> fields;
  std::vector<Extension> extensions;
};

struct SensorElement {
  std::optional<SensorFields> metadata;
  std::vector<SensorFields> reports;
  std::vector<Extension> extensions;
};

struct ErrorDeclaration {
  std::string time;
  std::optional<std::string> reason;
  std::vector<std::string> corrective_event_ids;
};

struct Event {
  EventType type{};
  std::string time;
  std::string time_zone_offset;
  std::optional<std::string> event_id;  // As the document gives it.
  std::optional<ErrorDeclaration> error;
  std::vector<std::string> certifications;
  std::optional<Action> action;  // None only in transformations.

  // What it is about.  An aggregation's and an association's children are epcs and quantities.
  std::optional<std::string> parent;
  std::vector<std::string> epcs;
  std::vector<QuantityElement> quantities;
  std::vector<std::string> inputs;
  std::vector<QuantityElement> input_quantities;
  std::vector<std::string> outputs;
  std::vector<QuantityElement> output_quantities;
  std::optional<std::string> transformation_id;

  std::optional<std::string> biz_step;
  std::optional<std::string> disposition;
  std::vector<std::string> dispositions_set;  // Persistent ones.
  std::vector<std::string> dispositions_unset;
  std::optional<Place> read_point;
  std::optional<Place> biz_location;
  std::vector<TypedUri> biz_transactions;
  std::vector<TypedUri> sources;
  std::vector<TypedUri> destinations;
  std::vector<SensorElement> sensor_elements;
  std::vector<Extension> ilmd;
  std::vector<Extension> extensions;
};

}  // namespace fenrun::epcis
