#include "node/cli/api_client.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "contracts/records.h"
#include "core/text.h"
#include "node/cli/http_client.h"

namespace fenrun::cli {
namespace {

constexpr std::uint64_t kServerWaitSecondsMax = 30;
constexpr std::chrono::milliseconds kPollInterval{200};
constexpr std::size_t kTokenBytesMax = 1'024;
constexpr JsonLimits kAnswerLimits{
    .bytes = 72 * 1024 * 1024, .depth = 64, .values = 5'000'000, .object_members = 10'000};

// The error that a problem document tells of.
Error problem_of(const HttpAnswer& answer) {
  const auto json = parse_json(answer.body, kAnswerLimits);
  const bool is_problem = json && json->is_object() && json->contains("code") &&
                          (*json)["code"].is_string() && json->contains("detail") &&
                          (*json)["detail"].is_string();
  if (!is_problem) {
    return {Errc::unreachable,
            "no Fenrun node answers there: HTTP status " + std::to_string(answer.status)};
  }
  return {errc_from_name((*json)["code"].get_ref<const std::string&>()),
          (*json)["detail"].get<std::string>()};
}

Error unexpected(const std::string& what) {
  return {Errc::unreachable, "the answer is not that of a Fenrun node: " + what};
}

template <class Fixed>
Result<Fixed> fixed_member(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_string()) {
    return unexpected(std::string("no ") + name);
  }
  return fixed_from_hex<Fixed>(json[name].get_ref<const std::string&>());
}

Result<std::uint64_t> number_member(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_number_unsigned()) {
    return unexpected(std::string("no ") + name);
  }
  return json[name].get<std::uint64_t>();
}

// Of a request: no answer came, or none that says anything.
bool may_have_been_taken(Errc code) {
  return code == Errc::unreachable || code == Errc::timeout || code == Errc::json_invalid;
}

bool is_pending(const Json& answer) {
  return answer.is_object() && answer.contains("status") && answer["status"] == "pending";
}

}  // namespace

Json unknown_transaction(const std::string& id, const Error& reason) {
  return {{"id", id}, {"status", "unknown"}, {"reason", error_view(reason)}};
}

std::string unit_segments(std::string_view epc) {
  constexpr std::size_t kCuts = 3;
  std::string out;
  for (std::size_t i = 0, cuts = 0; i < epc.size(); ++i) {
    const bool is_cut = epc[i] == '/' && cuts < kCuts;
    cuts += is_cut ? 1 : 0;
    out += is_cut ? "/" : percent_encoded(epc.substr(i, 1));
  }
  return out;
}

Result<ApiClient> ApiClient::create(const Session& session) {
  if (session.node.empty()) {
    return Error{Errc::usage, "which node? Give --node http://HOST:PORT or set FENRUN_NODE"};
  }
  std::string token;
  if (!session.token_file.empty()) {
    FENRUN_TRY(token, read_file_text(session.token_file, kTokenBytesMax));
    token.erase(std::min(token.find_first_of("\r\n"), token.size()));
  }
  return ApiClient(session.node, std::move(token), session.timeout_s);
}

Result<std::string> ApiClient::get_text(const std::string& target) const {
  HttpCall call;
  call.target = target;
  call.token = token_;
  call.timeout = std::chrono::seconds(timeout_s_);
  FENRUN_TRY(auto answer, http_call(url_, call));
  if (answer.status != 200) return problem_of(answer);
  return std::move(answer.body);
}

Result<Json> ApiClient::get(const std::string& target) const {
  FENRUN_TRY(const auto text, get_text(target));
  return parse_json(text, kAnswerLimits);
}

Result<Json> ApiClient::get_all(const std::string& target, std::size_t count_max) const {
  Json items = Json::array();
  std::string cursor;
  const char separator = target.find('?') == std::string::npos ? '?' : '&';
  while (items.size() < count_max) {
    const auto limit = std::min<std::size_t>(1'000, count_max - items.size());
    FENRUN_TRY(const auto page, get(target + separator + "limit=" + std::to_string(limit) +
                                    (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))));
    if (!page.is_object() || !page.contains("items") || !page["items"].is_array()) {
      return unexpected("no items");
    }
    for (const auto& item : page["items"]) items.push_back(item);
    if (!page.contains("next") || !page["next"].is_string()) break;
    cursor = page["next"].get<std::string>();
  }
  return items;
}

Result<Json> ApiClient::submit(const SignedTransaction& transaction, std::uint64_t wait_s) const {
  const std::string id = to_hex(transaction.id().view());
  const auto server_wait = std::min(wait_s, kServerWaitSecondsMax);
  auto answer = post(transaction, server_wait);
  if (!answer && !may_have_been_taken(answer.error().code)) return answer;
  if (answer && is_pending(*answer) && wait_s > server_wait) {
    answer = wait_for(id, wait_s - server_wait);
  }
  if (answer && answer->is_object() && answer->contains("status")) return answer;
  return unknown_transaction(
      id, answer ? Error{Errc::unreachable, "the answer is not that of a Fenrun node"}
                 : answer.error());
}

Result<Json> ApiClient::post(const SignedTransaction& transaction, std::uint64_t wait_s) const {
  HttpCall call;
  call.method = "POST";
  call.target = "/v1/transactions?wait=" + std::to_string(wait_s);
  call.content_type = "application/octet-stream";
  call.body = std::string(text_of(encode(transaction)));
  call.token = token_;
  call.timeout = std::chrono::seconds(timeout_s_ + wait_s);
  FENRUN_TRY(const auto answer, http_call(url_, call));
  if (answer.status != 200 && answer.status != 202) return problem_of(answer);
  return parse_json(answer.body, kAnswerLimits);
}

Result<std::vector<Json>> ApiClient::submit_all(
    std::span<const SignedTransaction> transactions) const {
  HttpCall call;
  call.method = "POST";
  call.target = "/v1/transactions/batch";
  call.content_type = "application/octet-stream";
  TransactionsTogether together;
  together.assign(transactions.begin(), transactions.end());
  call.body = std::string(text_of(encode(together)));
  call.token = token_;
  call.timeout = std::chrono::seconds(timeout_s_);
  FENRUN_TRY(const auto answer, http_call(url_, call));
  // If none was taken it is a problem, which tells of each all the same.
  const auto json = parse_json(answer.body, kAnswerLimits);
  if (!json || !json->is_object() || !json->contains("transactions")) return problem_of(answer);
  const auto& views = (*json)["transactions"];
  if (!views.is_array() || views.size() != transactions.size()) {
    return unexpected("not as many as were sent");
  }
  return std::vector<Json>(views.begin(), views.end());
}

Result<Json> ApiClient::wait_for(const std::string& id, std::uint64_t wait_s) const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait_s);
  for (;;) {
    FENRUN_TRY(const auto json, get("/v1/transactions/" + percent_encoded(id)));
    if (!json.is_object() || !json.contains("status")) return unexpected("no status");
    if (json["status"] != "pending" || std::chrono::steady_clock::now() >= until) return json;
    std::this_thread::sleep_for(kPollInterval);
  }
}

Result<Digest> ApiClient::chain_id() const {
  FENRUN_TRY(const auto status, get("/v1/status"));
  return fixed_member<Digest>(status, "chain_id");
}

Result<Height> ApiClient::height() const {
  FENRUN_TRY(const auto status, get("/v1/status"));
  FENRUN_TRY(const auto height, number_member(status, "height"));
  return Height(height);
}

Result<PartyId> ApiClient::party_of(const PublicKey& key) const {
  const auto record = get("/v1/records/" + to_hex(public_key_key(key)));
  if (!record && record.error().code == Errc::not_found) {
    return Error{Errc::signer_unknown, "no party has the key " + to_hex(key.view())};
  }
  if (!record) return record.error();
  if (!record->is_object() || !record->contains("value") || !(*record)["value"].is_string()) {
    return unexpected("no value");
  }
  FENRUN_TRY(const auto value, from_hex((*record)["value"].get_ref<const std::string&>()));
  FENRUN_TRY(const auto owner, decode<KeyOwner>(value));
  return owner.party;
}

Result<Sequence> ApiClient::next_sequence(const PartyId& party, Lane lane) const {
  FENRUN_TRY(const auto json,
             get("/v1/parties/" + to_hex(party.view()) + "/lanes/" + std::to_string(lane.value())));
  FENRUN_TRY(const auto next, number_member(json, "next_sequence"));
  return Sequence(next);
}

}  // namespace fenrun::cli
