#include "node/api/answers.h"

#include "core/check.h"

namespace fenrun::api {
namespace {

// Keys looked at for one page: those left out count as well.
constexpr std::size_t kScanMax = 10'000;

bool starts_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

// Where the page begins: the cursor is the last key that was looked at.
Result<RecordKey> first_key(const Call& call, const RecordKey& prefix) {
  const auto* cursor = call.text("cursor");
  if (!cursor) return prefix;
  const auto bytes = from_hex(*cursor);
  if (!bytes || bytes->size() >= kRecordKeyBytesMax || !starts_with(*bytes, prefix)) {
    return Error{Errc::value_invalid, "'cursor' is not one that this address gave"};
  }
  RecordKey key;
  key.assign(bytes->begin(), bytes->end());
  key.push_back(0);
  return key;
}

}  // namespace

Handler answer(std::function<Result<HttpResponse>(const Call&)> make) {
  return [make = std::move(make)](const Call& call, HttpReply reply) {
    auto response = make(call);
    reply(response ? *std::move(response) : problem(response.error()));
  };
}

HttpResponse json_response(const Json& json, unsigned status) {
  HttpResponse response;
  response.status = status;
  response.body = print_json(json) + "\n";
  return response;
}

HttpResponse text_response(std::string text, std::string content_type) {
  HttpResponse response;
  response.content_type = std::move(content_type);
  response.body = std::move(text);
  return response;
}

std::vector<Parameter> page_parameters(std::vector<Parameter> further) {
  further.push_back({"limit", "Items of a page: 1 to 1000, else 100."});
  further.push_back({"cursor", "The `next` of the page before."});
  return further;
}

Result<std::size_t> page_limit(const Call& call) {
  FENRUN_TRY(const auto limit, call.number("limit", kPageMax));
  if (limit == 0U) return Error{Errc::value_invalid, "'limit' must be at least 1"};
  return static_cast<std::size_t>(limit.value_or(kPageDefault));
}

Result<HttpResponse> page_of_keys(
    const Call& call, const StateView& state, const RecordKey& prefix,
    const std::function<std::optional<Json>(const RecordKey& key)>& view, const Leap& leap) {
  FENRUN_TRY(const auto limit, page_limit(call));
  FENRUN_TRY(RecordKey key, first_key(call, prefix));
  Json items = Json::array();
  std::optional<RecordKey> last;
  for (std::size_t scanned = 0; scanned < kScanMax; ++scanned) {
    auto found = state.at_or_after(key);
    if (!found || !starts_with(*found, prefix)) return json_response({{"items", items}});
    if (items.size() == limit) break;
    last = *found;
    if (auto ahead = leap ? leap(*found) : std::nullopt) {
      CHECK(*found < *ahead);
      key = *std::move(ahead);
      continue;
    }
    if (auto item = view(*found)) items.push_back(*std::move(item));
    key = *std::move(found);
    key.push_back(0);
  }
  return json_response({{"items", items}, {"next", to_hex(*last)}});
}

}  // namespace fenrun::api
