// Sensor data: well formed, and otherwise taken as it comes.
#include <algorithm>
#include <array>
#include <span>

#include "node/epcis/event_parts.h"

namespace fenrun::epcis {
namespace {

enum class Kind { time, uri, number, boolean, text, measurement_word, component_word };

struct Form {
  std::string_view name;
  Kind kind;
};

// In the order of the CBV's event hash.
constexpr auto kMetadata = std::to_array<Form>({
    {"time", Kind::time},
    {"startTime", Kind::time},
    {"endTime", Kind::time},
    {"deviceID", Kind::uri},
    {"deviceMetadata", Kind::uri},
    {"rawData", Kind::uri},
    {"dataProcessingMethod", Kind::uri},
    {"bizRules", Kind::uri},
});

constexpr auto kReport = std::to_array<Form>({
    {"type", Kind::measurement_word},
    {"exception", Kind::measurement_word},
    {"deviceID", Kind::uri},
    {"deviceMetadata", Kind::uri},
    {"rawData", Kind::uri},
    {"dataProcessingMethod", Kind::uri},
    {"bizRules", Kind::uri},
    {"time", Kind::time},
    {"microorganism", Kind::uri},
    {"chemicalSubstance", Kind::uri},
    {"value", Kind::number},
    {"component", Kind::component_word},
    {"stringValue", Kind::text},
    {"booleanValue", Kind::boolean},
    {"hexBinaryValue", Kind::text},
    {"uriValue", Kind::uri},
    {"minValue", Kind::number},
    {"maxValue", Kind::number},
    {"meanValue", Kind::number},
    {"sDev", Kind::number},
    {"percRank", Kind::number},
    {"percValue", Kind::number},
    {"uom", Kind::text},
    {"coordinateReferenceSystem", Kind::uri},
});

// A bare word of the vocabulary at `address`, or any compact or whole URI.
Result<std::string> read_open_word(const Json& value, const Pointer& place,
                                   std::string_view address, ReadingState& state) {
  FENRUN_TRY(const auto text, string_of(value, place));
  if (text.find(':') == std::string::npos) return std::string(address) + text;
  return read_uri(value, place, UriRole::address, state);
}

Result<std::string> read_field(const Json& value, const Pointer& place, Kind kind,
                               ReadingState& state) {
  switch (kind) {
    case Kind::time:
      return read_time(value, place);
    case Kind::uri:
      return read_uri(value, place, UriRole::address, state);
    case Kind::number:
      return read_number(value, place);
    case Kind::boolean:
      if (!value.is_boolean()) return at(place, Errc::value_invalid, "must be true or false");
      return std::string(value.get<bool>() ? "true" : "false");
    case Kind::text:
      return string_of(value, place);
    case Kind::measurement_word:
      return read_open_word(value, place, "https://gs1.org/voc/", state);
    case Kind::component_word:
      return read_open_word(value, place, "https://ref.gs1.org/cbv/Comp-", state);
  }
  return at(place, Errc::value_invalid, "of an unknown kind");
}

Result<SensorFields> read_fields(const Json& value, const Pointer& place,
                                 std::span<const Form> forms, ReadingState& state) {
  if (!value.is_object()) return at(place, Errc::value_invalid, "must be an object");
  SensorFields out;
  for (const auto& form : forms) {
    const Json* const member = member_of(value, form.name);
    if (!member) continue;
    FENRUN_TRY(auto text, read_field(*member, {&place, form.name}, form.kind, state));
    out.fields.push_back({form.name, std::move(text)});
  }
  FENRUN_TRY(out.extensions, read_extensions(value, place, state, [&](std::string_view name) {
               return std::ranges::find(forms, name, &Form::name) != forms.end();
             }));
  return out;
}

Result<SensorElement> read_sensor_element(const Json& value, const Pointer& place,
                                          ReadingState& state) {
  if (!value.is_object()) return at(place, Errc::value_invalid, "must be an object");
  SensorElement out;
  if (const Json* const metadata = member_of(value, "sensorMetadata")) {
    FENRUN_TRY(out.metadata, read_fields(*metadata, {&place, "sensorMetadata"}, kMetadata, state));
  }
  const Pointer reports_place{&place, "sensorReport"};
  const Json* const reports = member_of(value, "sensorReport");
  if (!reports) return at(reports_place, Errc::value_invalid, "is missing");
  FENRUN_OK(check_list(*reports, reports_place));
  if (reports->empty()) return at(reports_place, Errc::value_invalid, "must hold a report");
  for (std::size_t i = 0; i < reports->size(); ++i) {
    FENRUN_TRY(auto report, read_fields((*reports)[i], {&reports_place, {}, i}, kReport, state));
    out.reports.push_back(std::move(report));
  }
  FENRUN_TRY(out.extensions, read_extensions(value, place, state, [](std::string_view name) {
               return name == "sensorMetadata" || name == "sensorReport";
             }));
  return out;
}

}  // namespace

Result<std::vector<SensorElement>> read_sensor_elements(const Json& value, const Pointer& place,
                                                        ReadingState& state) {
  FENRUN_OK(check_list(value, place));
  std::vector<SensorElement> out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    FENRUN_TRY(auto element, read_sensor_element(value[i], {&place, {}, i}, state));
    out.push_back(std::move(element));
  }
  return out;
}

}  // namespace fenrun::epcis
