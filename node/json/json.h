// JSON at the edges of the node.  Never hashed but for proof files, never in a pure folder.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace fenrun {

// Members keep the order in which they were written.
using Json = nlohmann::ordered_json;

// What becomes of numbers that are no integers between -2^53 and 2^53.
enum class JsonNumbers {
  integers,  // They are refused.
  texts,     // They are kept as the document writes them: number_text().
};

struct JsonLimits {
  std::size_t bytes = 2 * 1024 * 1024;
  std::size_t depth = 32;
  std::size_t values = 200'000;      // In all: each costs memory.
  std::size_t object_members = 128;  // Of one object: looked up one by one.
  JsonNumbers numbers = JsonNumbers::integers;
};

// Strict: one value and nothing behind it, UTF-8, no member twice, no comments; numbers are
// integers between -2^53 and 2^53, which every reader of JSON holds exactly; larger ones travel as
// decimal strings.  Errc::json_invalid; Errc::limit_exceeded beyond the limits.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Decimal digits of an integer; any other number as the document writes it, never by way of a
// float.  None for what is no number.
std::optional<std::string> number_text(const Json& value);

// One line, without spaces.  REQUIRES: every string in it is UTF-8.
std::string print_json(const Json& value);

}  // namespace fenrun
