// What handlers share: answers, pages, and the reading of identifiers.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/text.h"
#include "ledger/state.h"
#include "node/api/problem.h"
#include "node/api/router.h"
#include "node/json/json.h"

namespace fenrun::api {

inline constexpr std::uint64_t kPageDefault = 100;
inline constexpr std::uint64_t kPageMax = 1'000;

// A handler that answers at once; an error becomes a problem document.
Handler answer(std::function<Result<HttpResponse>(const Call&)> make);

HttpResponse json_response(const Json& json, unsigned status = 200);
HttpResponse text_response(std::string text, std::string content_type);

// Identifiers in addresses: lower-case hex.  Errc::value_invalid naming the parameter.
template <class Fixed>
Result<Fixed> fixed_from(const std::string& name, const std::string& text) {
  auto value = fixed_from_hex<Fixed>(text);
  if (!value) {
    return Error{Errc::value_invalid,
                 "'" + name + "' must be " + std::to_string(2 * Fixed::kSize) + " hex digits"};
  }
  return value;
}
template <class Fixed>
Result<Fixed> fixed_at(const Call& call, const std::string& name) {
  return fixed_from<Fixed>(name, call.path.at(name));
}

// The parameters of a page, for the route table.
std::vector<Parameter> page_parameters(std::vector<Parameter> further = {});
Result<std::size_t> page_limit(const Call& call);

// Of a key that is none of the list: the next one that may be; none if it is one of the list.
using Leap = std::function<std::optional<RecordKey>(const RecordKey& key)>;

// One page of the live keys that start with `prefix`, in key order.  `view` gives the item of a
// key, or none to leave it out (sentinels); what `leap` leads over is not even looked at.
// {"items": [...], "next": cursor}, "next" only if more may follow.
Result<HttpResponse> page_of_keys(
    const Call& call, const StateView& state, const RecordKey& prefix,
    const std::function<std::optional<Json>(const RecordKey& key)>& view, const Leap& leap = {});

}  // namespace fenrun::api
