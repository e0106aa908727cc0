// Single values of events: checked, and brought into the spelling of node/epcis/event.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/epcis/context.h"
#include "node/epcis/event.h"
#include "node/epcis/fields.h"
#include "node/epcis/growth.h"
#include "node/epcis/vocabulary.h"

namespace fenrun::epcis {

// What the reading of one event shares.
struct ReadingState {
  const Context& context;
  Growth& growth;
  // The first identifier whose check digit is wrong.  Reading goes on: the event still has a hash.
  std::optional<Error> identifier_fault = std::nullopt;
};
inline constexpr std::size_t kExtensionNameBytesMax = 512;

// How much is expected of a URI.
enum class UriRole {
  identifier,  // Names goods, a place or a party: what looks like a GS1 key must be one.
  reference,   // Names a business transaction: a web address need not be a GS1 key.
  address,     // Any absolute URI.
};

// All of them answer Errc::value_invalid; Errc::limit_exceeded where what is written out grows too
// much.
Result<std::string> read_uri(const Json& value, const Pointer& place, UriRole role,
                             ReadingState& state);
Result<std::string> read_word(const Json& value, const Pointer& place, Vocabulary vocabulary,
                              ReadingState& state);
Result<std::string> read_time(const Json& value, const Pointer& place);
Result<std::string> read_number(const Json& value, const Pointer& place);

// An array.
Status check_list(const Json& value, const Pointer& place);

// The members of an object that are extensions; `standard` says which are not.
template <class IsStandard>
Result<std::vector<Extension>> read_extensions(const Json& object, const Pointer& place,
                                               ReadingState& state, IsStandard is_standard);

// One extension, appended to `out`: nothing for a comment, several for an array.
Status read_extension(const std::string& name, const Json& value, const Pointer& place,
                      ReadingState& state, std::vector<Extension>& out);

// True for what is said to people only: rdfs:comment.
bool is_comment(const std::string& name, const ReadingState& state);

// "{namespace}name".  Errc::value_invalid for a name without a known prefix, Errc::limit_exceeded
// for a longer one than kExtensionNameBytesMax.
Result<std::string> read_extension_name(const std::string& name, const Pointer& place,
                                        const ReadingState& state);

template <class IsStandard>
Result<std::vector<Extension>> read_extensions(const Json& object, const Pointer& place,
                                               ReadingState& state, IsStandard is_standard) {
  std::vector<Extension> out;
  for (const auto& [name, value] : object.items()) {
    if (is_standard(name)) continue;
    const Pointer inner{&place, name};
    FENRUN_TRY(const auto full, read_extension_name(name, inner, state));
    FENRUN_OK(read_extension(full, value, inner, state, out));
  }
  return out;
}

}  // namespace fenrun::epcis
