#include "node/epcis/event_values.h"

#include "node/epcis/decimal.h"
#include "node/epcis/event_time.h"
#include "node/epcis/gs1_keys.h"
#include "node/epcis/uri.h"
#include "node/json/time.h"

namespace fenrun::epcis {
namespace {

// Says something to people only.
constexpr std::string_view kComment = "{http://www.w3.org/2000/01/rdf-schema#}comment";

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) + 1 - first);
}

// A text of an extension, which may be anything: whatever it looks like, it is.
std::string canonical_text(const std::string& raw) {
  std::string text = trimmed(raw);
  if (auto number = canonical_decimal(text)) return *std::move(number);
  if (const auto time = parse_rounded_time(text)) return to_rfc3339(*time);
  if (auto word = web_uri_of_word(text)) return *std::move(word);
  if (!check_uri(text)) return text;
  if (auto key = read_gs1_key(text); key && *key) return (*key)->link;
  return text;
}

std::string canonical_number(const std::string& text) {
  return canonical_decimal(text).value_or(text);
}

// Written out, which the document pays for.
Result<std::string> expanded(const std::string& text, const Pointer& place, ReadingState& state) {
  auto out = state.context.expanded(text);
  if (out.size() > text.size()) FENRUN_OK(state.growth.spend(out.size(), place));
  return out;
}

// None for an array and for an object.
std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_string()) return canonical_text(value.get_ref<const std::string&>());
  if (value.is_boolean()) return std::string(value.get<bool>() ? "true" : "false");
  const auto number = number_text(value);
  if (!number) return std::nullopt;
  return canonical_number(*number);
}

}  // namespace

Result<std::string> read_uri(const Json& value, const Pointer& place, UriRole role,
                             ReadingState& state) {
  FENRUN_TRY(const auto text, string_of(value, place));
  FENRUN_TRY(const auto uri, expanded(text, place, state));
  if (const auto status = check_uri(uri); !status) return at(place, status.error());
  const auto key = read_gs1_key(uri);
  const bool is_strict =
      role == UriRole::identifier || (role == UriRole::reference && uri.starts_with("urn:epc:"));
  if (!key && is_strict) return at(place, key.error());
  if (!key || !*key) return uri;
  if (role != UriRole::address && (*key)->check_digit == CheckDigit::wrong &&
      !state.identifier_fault) {
    state.identifier_fault = at(place, invalid_uri("check digit", uri));
  }
  return (*key)->link;
}

Result<std::string> read_word(const Json& value, const Pointer& place, Vocabulary vocabulary,
                              ReadingState& state) {
  FENRUN_TRY(const auto text, string_of(value, place));
  FENRUN_TRY(const auto written, expanded(text, place, state));
  auto word = word_uri(vocabulary, written);
  if (!word) return at(place, word.error());
  return *std::move(word);
}

Result<std::string> read_time(const Json& value, const Pointer& place) {
  FENRUN_TRY(const auto text, string_of(value, place));
  const auto time = parse_rounded_time(text);
  if (!time) return at(place, time.error());
  return to_rfc3339(*time);
}

Result<std::string> read_number(const Json& value, const Pointer& place) {
  const auto text = number_text(value);
  if (!text) return at(place, Errc::value_invalid, "must be a number");
  return canonical_number(*text);
}

Status check_list(const Json& value, const Pointer& place) {
  if (value.is_array()) return {};
  return at(place, Errc::value_invalid, "must be a list");
}

Result<std::string> read_extension_name(const std::string& name, const Pointer& place,
                                        const ReadingState& state) {
  auto full = state.context.extension_name(name);
  if (!full) {
    return at(place, Errc::value_invalid, "no member that EPCIS has here, and no known prefix");
  }
  if (full->size() > kExtensionNameBytesMax) {
    return Error{Errc::limit_exceeded, "the name of an extension"};
  }
  return *std::move(full);
}

bool is_comment(const std::string& name, const ReadingState& state) {
  return state.context.extension_name(name) == kComment;
}

Status read_extension(const std::string& name, const Json& value, const Pointer& place,
                      ReadingState& state, std::vector<Extension>& out) {
  if (name == kComment) return {};
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      FENRUN_OK(read_extension(name, value[i], Pointer{&place, {}, i}, state, out));
    }
    return {};
  }
  Extension extension{name, scalar_text(value), {}};
  FENRUN_OK(state.growth.spend(name.size() + extension.value.value_or("").size(), place));
  if (value.is_object()) {
    for (const auto& [inner, member] : value.items()) {
      const Pointer there{&place, inner};
      const bool is_bare = inner.find(':') == std::string::npos;
      if (inner == "@context") {
        return at(there, Errc::value_invalid, "a context stands in a document or an event");
      }
      std::string full = inner;
      if (!is_bare) {
        FENRUN_TRY(full, read_extension_name(inner, there, state));
      }
      FENRUN_OK(read_extension(full, member, there, state, extension.members));
    }
  }
  out.push_back(std::move(extension));
  return {};
}

}  // namespace fenrun::epcis
