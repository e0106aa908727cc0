// The HTTP API behind its sockets: any request is answered once, with a status that it may have,
// and with what its content type says.
#include <boost/asio/io_context.hpp>
#include <memory>

#include "node/api/router.h"
#include "node/api/routes.h"
#include "node/json/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fake_node.h"

namespace fenrun::fuzz {
namespace {

constexpr std::string_view kToken = "secret";

test::FakeNode& node() {
  static test::FakeNode instance;
  return instance;
}

// Making one takes far longer than to answer.
struct Server {
  boost::asio::io_context io;
  api::Router router;

  Server() : router(api::make_routes(io, node()), tokens()) {}

  static api::TokenTable tokens() {
    return api::TokenTable::parse("console " + to_hex(sha256(bytes_of(kToken)).view()) + "\n")
        .value();
  }
};

// input = method · kind of body · target up to a line feed · body
api::HttpRequest request_of(ByteView input) {
  Choices choices(input);
  api::HttpRequest request;
  constexpr std::string_view kMethods[] = {"GET", "POST", "HEAD", "DELETE"};
  constexpr std::string_view kTypes[] = {"application/json", "application/octet-stream", "",
                                         "text"};
  request.method = kMethods[choices.below(std::size(kMethods))];
  const auto type = kTypes[choices.below(std::size(kTypes))];
  const auto rest = text_of(choices.rest());
  const auto end = std::min(rest.find('\n'), rest.size());
  request.target = rest.substr(0, end);
  if (end < rest.size()) request.body = rest.substr(end + 1);
  if (!type.empty()) request.headers["content-type"] = type;
  request.headers["authorization"] = "Bearer " + std::string(kToken);
  request.remote = "192.0.2.1";
  return request;
}

std::string filled(std::string pattern) {
  const std::map<std::string, std::string> kValues = {
      {"party", to_hex(test::party_named("store").view())},
      {"campaign", "1"},
      {"period", "1"},
      {"policy", "1"},
      {"version", "1"},
      {"position", "5"},
      {"height", "1"},
      {"id", to_hex(node().journal().tip_id().view())},
      {"size", "9"}};
  for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{')) {
    const auto close = pattern.find('}', open);
    const auto it = kValues.find(pattern.substr(open + 1, close - open - 1));
    pattern.replace(open, close - open + 1, it == kValues.end() ? "0" : it->second);
  }
  return pattern;
}

// Every route, with its parameters; and transactions to post.
std::vector<Bytes> api_seeds() {
  std::vector<Bytes> seeds;
  Server server;
  for (const auto& route : server.router.routes()) {
    std::string query;
    for (const auto& parameter : route.query) {
      query += (query.empty() ? "?" : "&") + parameter.name + "=1";
    }
    const char method = route.method == "POST" ? '\1' : '\0';
    seeds.push_back(seed_of(std::string{method, '\0'} + filled(route.pattern) + query));
  }
  const auto transaction =
      node().sign("brand", {OpenLane{Lane(3)}, DeclareBudget{test::kCampaign, {}, {}}});
  const auto bytes = encode(transaction);
  const std::string binary(bytes.begin(), bytes.end());
  seeds.push_back(seed_of("\1\1/v1/transactions\n" + binary));
  seeds.push_back(seed_of(std::string("\1\0/v1/transactions\n", 19) + R"({"transaction":")" +
                          to_base64(bytes) + R"("})"));
  const auto list = encode(TransactionsTogether(std::vector{transaction, transaction}));
  seeds.push_back(seed_of("\1\1/v1/transactions/batch\n" + std::string(text_of(list))));
  seeds.push_back(seed_of(std::string("\1\0/v1/transactions/batch\n", 25) +
                          R"({"transactions":[")" + to_base64(bytes) + R"("]})"));
  return seeds;
}

void expect_answer(const api::HttpRequest& request, const api::HttpResponse& response) {
  EXPECT_FUZZ(api::reason_of(response.status) != "Status",
              "status " + std::to_string(response.status));
  EXPECT_FUZZ(response.status != 500, response.body);
  const bool is_json = response.content_type.find("json") != std::string::npos;
  if (is_json && request.method != "HEAD" && !response.events) {
    JsonLimits limits;
    limits.bytes = response.body.size() + 1;
    EXPECT_FUZZ(parse_json(response.body, limits).has_value(), "no JSON: " + response.body);
  }
  for (const auto& [name, value] : response.headers) {
    EXPECT_FUZZ(value.find_first_of("\r\n") == std::string::npos, "a header in two lines");
  }
  if (response.events) static_cast<void>(response.events->next());
}

}  // namespace

FENRUN_FUZZ(api, api_seeds) {
  static std::unique_ptr<Server> server;
  if (!server) server = std::make_unique<Server>();
  node().forget_pending();
  const auto request = request_of(input);
  auto answers = std::make_shared<std::vector<api::HttpResponse>>();
  server->router.handle(
      request, [answers](api::HttpResponse response) { answers->push_back(std::move(response)); });
  server->io.restart();
  server->io.poll();
  EXPECT_FUZZ(answers->size() <= 1, "a request with two answers");
  for (const auto& response : *answers) expect_answer(request, response);
  if (answers->empty()) server.reset();  // What waits for a commit is gone with its server.
}

}  // namespace fenrun::fuzz
