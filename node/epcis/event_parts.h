// Parts of events that are objects or lists of objects.  All answer Errc::value_invalid with the
// JSON pointer of what is wrong, and those with extensions Errc::limit_exceeded.
// docs/spec/epcis.md, §2.
#pragma once

#include <vector>

#include "node/epcis/event_values.h"

namespace fenrun::epcis {

// Are equal texts in a list of EPCs allowed?
enum class Repeats { allowed, refused };

Result<std::vector<std::string>> read_epcs(const Json& value, const Pointer& place, Repeats repeats,
                                           ReadingState& state);

Result<std::vector<QuantityElement>> read_quantities(const Json& value, const Pointer& place,
                                                     ReadingState& state);

Result<Place> read_place(const Json& value, const Pointer& place, ReadingState& state);

// A list of objects with a `type` and one more member, `name`, that is a URI.
struct TypedUriForm {
  std::string_view name;
  Vocabulary types{};
  UriRole role{};
  bool needs_type = true;
};
Result<std::vector<TypedUri>> read_typed_uris(const Json& value, const Pointer& place,
                                              const TypedUriForm& form, ReadingState& state);

struct PersistentDisposition {
  std::vector<std::string> set;
  std::vector<std::string> unset;
};
Result<PersistentDisposition> read_persistent_disposition(const Json& value, const Pointer& place,
                                                          ReadingState& state);

Result<ErrorDeclaration> read_error_declaration(const Json& value, const Pointer& place,
                                                ReadingState& state);

// One URI or a list of them.
Result<std::vector<std::string>> read_certifications(const Json& value, const Pointer& place,
                                                     ReadingState& state);

Result<std::vector<SensorElement>> read_sensor_elements(const Json& value, const Pointer& place,
                                                        ReadingState& state);

}  // namespace fenrun::epcis
