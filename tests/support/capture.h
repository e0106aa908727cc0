// Documents of goods events, and a capture desk that takes them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/text.h"
#include "node/intake/capture_desk.h"
#include "tests/support/fake_node.h"

namespace fenrun::test {

inline constexpr const char* kEpcisContext =
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld";
inline constexpr TimeMs kCaptureTime(1'800'000'000'000);

// Commissions the item of this serial, at the brand's plant.
inline Json commissioning_event(const std::string& serial) {
  return {{"type", "ObjectEvent"},
          {"eventTime", "1970-01-01T00:00:01Z"},
          {"eventTimeZoneOffset", "+00:00"},
          {"epcList", Json::array({"urn:epc:id:sgtin:6901234.056789." + serial})},
          {"action", "ADD"},
          {"bizStep", "commissioning"},
          {"readPoint", {{"id", "urn:x:plant"}}}};
}

inline std::string epcis_document(Json events, Json context = kEpcisContext) {
  const Json document = {{"@context", std::move(context)},
                         {"type", "EPCISDocument"},
                         {"schemaVersion", "2.0"},
                         {"creationDate", "2026-05-01T12:00:00Z"},
                         {"epcisBody", {{"eventList", std::move(events)}}}};
  return document.dump();
}

// A desk that knows the plant.  Whatever it complains of fails the test.
inline CaptureDeskOptions capture_options(FileSystem& files, const Path& folder) {
  const std::string brand = to_hex(party_named("brand").view());
  return {
      .files = &files,
      .documents = folder / "documents",
      .jobs = folder / "jobs",
      .documents_bytes_max = 10'000'000,
      .places = epcis::Places::parse(R"({"urn:x:plant": ")" + brand + R"("})", "places").value(),
      .clock = [] { return kCaptureTime; },
      .log = [](const std::string& line) { ADD_FAILURE() << line; },
      .on_fatal = [](const Error& error) { ADD_FAILURE() << error.to_string(); }};
}

}  // namespace fenrun::test
