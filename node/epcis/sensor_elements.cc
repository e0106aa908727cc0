// Sensor data: well formed, and otherwise taken as it comes.
#include <algorithm>
#include <array>
#include <span>

#include "core/text.h"
#include "node/epcis/event_parts.h"
#include "node/epcis/sensor_words.h"

namespace fenrun::epcis {
namespace {

enum class Kind { time, uri, number, boolean, text, hex, measurement, alert, component };

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
    {"type", Kind::measurement},   {"exception", Kind::alert},
    {"deviceID", Kind::uri},       {"deviceMetadata", Kind::uri},
    {"rawData", Kind::uri},        {"dataProcessingMethod", Kind::uri},
    {"bizRules", Kind::uri},       {"time", Kind::time},
    {"microorganism", Kind::uri},  {"chemicalSubstance", Kind::uri},
    {"value", Kind::number},       {"component", Kind::component},
    {"stringValue", Kind::text},   {"booleanValue", Kind::boolean},
    {"hexBinaryValue", Kind::hex}, {"uriValue", Kind::uri},
    {"minValue", Kind::number},    {"maxValue", Kind::number},
    {"meanValue", Kind::number},   {"sDev", Kind::number},
    {"percRank", Kind::number},    {"percValue", Kind::number},
    {"uom", Kind::text},           {"coordinateReferenceSystem", Kind::uri},
});

// A bare word of the vocabulary, or any compact or whole URI.
Result<std::string> read_sensor_word(const Json& value, const Pointer& place, SensorWord kind,
                                     ReadingState& state) {
  FENRUN_TRY(const auto text, string_of(value, place));
  if (text.find(':') != std::string::npos) return read_uri(value, place, UriRole::address, state);
  if (!is_sensor_word(kind, text)) {
    return at(place, Errc::value_invalid, "no word that EPCIS has here: " + shortened(text));
  }
  const std::string_view address =
      kind == SensorWord::component ? "https://ref.gs1.org/cbv/Comp-" : "https://gs1.org/voc/";
  return std::string(address) + text;
}

Result<std::string> read_hex(const Json& value, const Pointer& place) {
  FENRUN_TRY(const auto text, string_of(value, place));
  const bool is_hex = std::ranges::all_of(
      text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
  if (is_hex) return text;
  return at(place, Errc::value_invalid, "must be hexadecimal");
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
    case Kind::hex:
      return read_hex(value, place);
    case Kind::measurement:
      return read_sensor_word(value, place, SensorWord::measurement, state);
    case Kind::alert:
      return read_sensor_word(value, place, SensorWord::alert, state);
    case Kind::component:
      return read_sensor_word(value, place, SensorWord::component, state);
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
    const Pointer item{&reports_place, {}, i};
    FENRUN_TRY(auto report, read_fields((*reports)[i], item, kReport, state));
    if (!(*reports)[i].contains("type") && !(*reports)[i].contains("exception")) {
      return at({&item, "type"}, Errc::value_invalid, "is missing");
    }
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
