#include "node/api/routes.h"

#include "contracts/evidence.h"
#include "contracts/keys.h"
#include "contracts/payouts.h"
#include "core/text.h"
#include "tests/unit/node/api/api_fixture.h"

namespace fenrun::api {
namespace {

using test::HttpClient;
using test::party_named;

constexpr const char* kBinary = "application/octet-stream";

std::string hex_of(const PartyId& party) { return to_hex(party.view()); }
std::string text(const Bytes& bytes) { return std::string(text_of(bytes)); }

// ---- Access ------------------------------------------------------------------------------------

TEST_F(ApiTest, MembersNeedTheirToken) {
  for (const std::string target : {"/v1/status", "/metrics", "/tile/entries/000", "/v1/events",
                                   "/v1/parties", "/v1/proofs/record/10", "/v1/checkpoint"}) {
    const auto answer = get(target, "");
    EXPECT_EQ(answer.status, 401) << target;
    EXPECT_EQ(code_of(answer), "unauthorized");
    EXPECT_EQ(answer.headers.at("www-authenticate"), "Bearer");
  }
  for (const std::string target : {"/checkpoint", "/healthz", "/openapi.json", "/network.policy",
                                   "/v1/genesis", "/tile/0/000.p/5"}) {
    EXPECT_EQ(get(target, "").status, 200) << target;
  }
  EXPECT_EQ(get("/v1/status", "Authorization: Bearer secre\r\n").status, 401);
  EXPECT_EQ(get("/v1/status", "Authorization: Basic secret\r\n").status, 401);
  EXPECT_EQ(get("/v1/status", "authorization: Bearer secret\r\n").status, 200);
}

TEST_F(ApiTest, AnybodySeesWhoValidatesAndWhoFailed) {
  const auto list = [&](const std::string& target) {
    const auto answer = get(target, "");
    EXPECT_EQ(answer.status, 200) << target << answer.body;
    return (*parse_json(answer.body))["items"];
  };
  const auto validators = list("/v1/validators");
  ASSERT_EQ(validators.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& validator = node_.genesis().validators[i];
    EXPECT_EQ(validators[i]["index"], i);
    EXPECT_EQ(validators[i]["name"], validator.name.value);
    EXPECT_EQ(validators[i]["consensus_key"], to_hex(validator.consensus_key.view()));
    EXPECT_EQ(validators[i]["faults"], 0);
  }
  const auto members = list("/v1/members?limit=3");
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[2]["number"], 2);
  EXPECT_EQ(members[2]["validates"], true);
  EXPECT_TRUE(list("/v1/evidence").empty());

  commit_evidence_against("brand");
  const auto evidence = list("/v1/evidence");
  ASSERT_EQ(evidence.size(), 1u);
  EXPECT_EQ(evidence[0]["evidence"]["first"]["kind"], "finalize");
  EXPECT_EQ(evidence[0]["party"], hex_of(test::party_named("brand")));
  std::size_t faults = 0;
  for (const auto& validator : list("/v1/validators")) {
    if (validator["name"] == "brand") faults = validator["faults"].get<std::size_t>();
  }
  EXPECT_EQ(faults, 1u);
}

// Whoever wants to join is no member yet, and the node may have begun with a snapshot.
TEST_F(ApiTest, AnybodyGetsTheGenesis) {
  const auto answer = get("/v1/genesis", "");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), kBinary);
  const auto genesis = decode<Genesis>(bytes_of(answer.body));
  ASSERT_TRUE(genesis) << genesis.error().to_string();
  EXPECT_EQ(chain_id(*genesis), chain_id(node_.genesis()));
}

TEST_F(ApiTest, ShowsHandovers) {
  EXPECT_EQ(code("/v1/handovers/0", 404), "not_found");
  EXPECT_EQ(code("/v1/handovers/x", 400), "value_invalid");
  // What was only learnt on the way to a snapshot is nothing that this node vouches for.
  on_loop([&] {
    EXPECT_TRUE(node_.store().save_handover(Epoch(7), {{"a note"}, {"a policy"}, {}, {}}));
  });
  EXPECT_EQ(code("/v1/handovers/7", 404), "not_found");
}

TEST_F(ApiTest, GuessersHaveToWait) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(get("/v1/status", "Authorization: Bearer x\r\n").status, 401);
  }
  EXPECT_EQ(code_of(get("/v1/status", "Authorization: Bearer x\r\n")), "rate_limited");
  EXPECT_EQ(get("/checkpoint").status, 200);
  // A right token of the same address is nobody's guess.
  EXPECT_EQ(get("/v1/status").status, 200);
  EXPECT_EQ(code_of(get("/v1/status", "Authorization: Bearer x\r\n")), "unauthorized");
}

TEST_F(ApiTest, WithoutTokensNobodyIsAMember) {
  auto api = on_loop([&] { return *Api::listen(io_, node_, {}, "127.0.0.1", 0); });
  HttpClient client(api->port());
  const auto answer = client.request("GET", "/v1/status", kMember);
  EXPECT_EQ(answer.status, 401);
  EXPECT_NE(answer.body.find("tokens file"), std::string::npos);
  on_loop([&] { api.reset(); });
}

TEST_F(ApiTest, SaysWhatAnAddressTakes) {
  HttpClient client(port_);
  const auto answer = client.request("DELETE", "/v1/transactions", kMember);
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("allow"), "POST, OPTIONS");
  EXPECT_EQ(client.request("POST", "/checkpoint", kMember).headers.at("allow"),
            "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.request("BREW", "/v1/status", kMember).status, 405);
  EXPECT_EQ(code("/v1/nothing", 404), "not_found");
  EXPECT_EQ(code("/", 404), "not_found");
  EXPECT_EQ(code("/v1/status/", 400), "value_invalid");
  EXPECT_EQ(code("/v1/parties?limits=5", 400), "value_invalid");
  EXPECT_EQ(code("/v1/parties?limit=0", 400), "value_invalid");
  EXPECT_EQ(code("/v1/parties?limit=1001", 400), "value_invalid");
  const auto head = client.request("HEAD", "/v1/status", kMember);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "application/json");
}

// To anybody: /openapi.json says it as well.  No page of another origin may ask anything here.
TEST_F(ApiTest, OptionsSaysWhatAnAddressTakes) {
  HttpClient client(port_);
  const auto options =
      client.request("OPTIONS", "/v1/transactions/" + std::string(64, 'a'),
                     "Origin: https://evil.example.com\r\nAccess-Control-Request-Method: GET\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.body, "");
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, OPTIONS");
  EXPECT_FALSE(options.headers.contains("content-type"));
  EXPECT_FALSE(options.headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(options.headers.contains("gs1-epcis-version"));
  EXPECT_EQ(client.request("OPTIONS", "/v1/transactions?x=1").headers.at("allow"), "POST, OPTIONS");
  EXPECT_EQ(client.request("OPTIONS", "/v1/nothing").status, 404);
  EXPECT_EQ(client.request("OPTIONS", "*").status, 400);
  EXPECT_EQ(client.request("GET", "/checkpoint").status, 200);  // On the same connection.
}

// ---- Transactions ------------------------------------------------------------------------------

TEST_F(ApiTest, TakesATransactionAndTellsWhatBecameOfIt) {
  const auto transaction = node_.sign("east", {OpenLane{Lane(1)}, OpenLane{Lane(1)}});
  const auto id = to_hex(transaction.id().view());
  EXPECT_EQ(code("/v1/transactions/" + id, 404), "not_found");
  on_loop([&] { node_.node_status.base = Height(41); });
  const auto detail = json("/v1/transactions/" + id, 404)["detail"].get<std::string>();
  EXPECT_NE(detail.find("up to 41"), std::string::npos) << detail;
  const auto answer = post(kBinary, text(encode(transaction)));
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.headers.at("location"), "/v1/transactions/" + id);
  EXPECT_EQ(json("/v1/transactions/" + id)["status"], "pending");
  on_loop([&] { node_.commit_block(); });
  const Json view = json("/v1/transactions/" + id);
  EXPECT_EQ(view["status"], "committed");
  EXPECT_EQ(view["outcome"], "ok");
  ASSERT_EQ(view["operations"].size(), 2u);
  EXPECT_EQ(view["operations"][0]["outcome"], "ok");
  EXPECT_EQ(view["operations"][1]["outcome"], "lane_exists");
  EXPECT_EQ(view["operations"][1]["operation"]["type"], "open_lane");
  EXPECT_FALSE(view["operations"][1].contains("detail"));
  const Position failed(view["operations"][1]["position"].get<std::uint64_t>());
  on_loop([&] { node_.refusal_details[failed] = "lane: 1"; });
  EXPECT_EQ(json("/v1/transactions/" + id)["operations"][1]["detail"], "lane: 1");
  EXPECT_EQ(json("/v1/parties/" + hex_of(party_named("east")) + "/lanes/1")["next_sequence"], 0);
}

TEST_F(ApiTest, TakesSeveralTransactionsEachForItself) {
  const auto good = node_.sign("east", {OpenLane{Lane(1)}});
  auto forged = node_.sign("store", {OpenLane{Lane(1)}});
  forged.signature.bytes[0] ^= 1;
  const auto last = node_.sign("auditor", {OpenLane{Lane(2)}});
  const auto send = [&](const std::string& type, const std::string& body) {
    return HttpClient(port_).request("POST", "/v1/transactions/batch",
                                     kMember + ("Content-Type: " + type + "\r\n"), body);
  };
  const TransactionsTogether together({good, forged, last});
  const auto answer = send(kBinary, text(encode(together)));
  ASSERT_EQ(answer.status, 202) << answer.body;
  const Json views = (*parse_json(answer.body))["transactions"];
  ASSERT_EQ(views.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(views[i]["id"], to_hex(together[i].id().view()));
  EXPECT_EQ(views[0]["status"], "pending");
  EXPECT_EQ(views[1]["status"], "refused");
  EXPECT_EQ(views[1]["reason"]["code"], "signature_invalid");
  EXPECT_EQ(views[2]["status"], "pending");
  on_loop([&] { node_.commit_block(); });
  const std::string first_id = views[0]["id"].get<std::string>();
  EXPECT_EQ(json("/v1/transactions/" + first_id)["status"], "committed");

  // Of none taken the first one's reason; in JSON likewise.
  const auto none = send(kBinary, text(encode(TransactionsTogether({forged}))));
  EXPECT_EQ(none.status, 403);
  EXPECT_EQ(code_of(none), "signature_invalid");
  EXPECT_EQ((*parse_json(none.body))["transactions"][0]["status"], "refused");
  const auto brand = node_.sign("brand", {OpenLane{Lane(1)}});
  const std::string body = R"({"transactions":[")" + to_base64(encode(brand)) + "\"]}";
  EXPECT_EQ(send("application/json", body).status, 202);
  on_loop([&] { node_.refusal = Error{Errc::mempool_full, "wait 1 s"}; });
  const auto full = send(kBinary, text(encode(together)));
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.at("retry-after"), "1");

  // What is no list is refused whole.
  EXPECT_EQ(send("text/plain", "x").status, 415);
  EXPECT_EQ(code_of(send(kBinary, "")), "truncated");
  EXPECT_EQ(code_of(send(kBinary, std::string(1, '\0'))), "value_invalid");
  EXPECT_EQ(code_of(send(kBinary, "\x81\x02")), "limit_exceeded");  // 257.
  for (const std::string wrong :
       {"", "{}", "[]", R"({"transactions":[]})", R"({"transactions":[1]})",
        R"({"transactions":["!"]})", R"({"transactions":[""]})", R"({"transactions":"","x":1})"}) {
    const auto refused = send("application/json", wrong);
    EXPECT_GE(refused.status, 400) << wrong;
    EXPECT_LT(refused.status, 500) << wrong;
  }
}

TEST_F(ApiTest, WaitsForFinality) {
  const auto transaction = node_.sign("east", {OpenLane{Lane(1)}});
  HttpClient client(port_);
  const std::string body = R"({"transaction":")" + to_base64(encode(transaction)) + "\"}";
  client.send("POST /v1/transactions?wait=30 HTTP/1.1\r\nHost: x\r\n" + std::string(kMember) +
              "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  while (on_loop([&] { return node_.listeners(); }) == 0) std::this_thread::yield();
  on_loop([&] { node_.commit_block(); });
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ((*parse_json(answer.body))["status"], "committed");
  EXPECT_EQ(on_loop([&] { return node_.listeners(); }), 0u);
}

TEST_F(ApiTest, StopsWaitingInTime) {
  const auto transaction = node_.sign("east", {OpenLane{Lane(1)}});
  EXPECT_EQ(post(kBinary, text(encode(transaction)), "?wait=1").status, 202);
  EXPECT_EQ(on_loop([&] { return node_.listeners(); }), 0u);
  EXPECT_EQ(post(kBinary, text(encode(transaction)), "?wait=31").status, 400);
}

TEST_F(ApiTest, RefusesTransactionsWithTheirCode) {
  const auto good = node_.sign("east", {OpenLane{Lane(1)}});
  EXPECT_EQ(post("text/plain", "x").status, 415);
  EXPECT_EQ(post("", "x").status, 415);
  EXPECT_EQ(code_of(post(kBinary, "")), "truncated");
  auto long_bytes = encode(good);
  long_bytes.push_back(0);
  EXPECT_EQ(code_of(post(kBinary, text(long_bytes))), "trailing_bytes");
  const auto large = post(kBinary, std::string(kTransactionBytesMax + 1, 'x'));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(code_of(large), "transaction_too_large");
  EXPECT_EQ(post(kBinary, std::string(kTransactionBytesMax * 3, 'x')).status, 413);
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"transaction":1})"), std::string(R"({"transaction":"!"})"),
        std::string(R"({"transaction":"","x":1})"), std::string(100'000, '['),
        std::string("{\"transaction\":\"\xff\"}"), std::string("\0\0\0", 3)}) {
    const auto answer = post("application/json", body);
    EXPECT_GE(answer.status, 400) << body;
    EXPECT_LT(answer.status, 500) << body;
  }
  auto foreign = good;
  foreign.body.chain_id.bytes[0] ^= 1;
  EXPECT_EQ(code_of(post(kBinary, text(encode(foreign)))), "chain_wrong");
  auto forged = good;
  forged.signature.bytes[0] ^= 1;
  EXPECT_EQ(code_of(post(kBinary, text(encode(forged)))), "signature_invalid");
  on_loop([&] { node_.refusal = Error{Errc::mempool_full, "wait 1 s"}; });
  const auto full = post(kBinary, text(encode(good)));
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.at("retry-after"), "1");
  EXPECT_EQ(code("/v1/transactions/xyz", 400), "value_invalid");
}

TEST_F(ApiTest, NoAlteredTransactionEverMakesItFail) {
  const auto bytes = encode(node_.sign("east", {OpenLane{Lane(1)}}));
  HttpClient client(port_);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto altered = bytes;
    altered[i] ^= 0xff;
    const auto answer =
        client.request("POST", "/v1/transactions",
                       kMember + std::string("Content-Type: ") + kBinary + "\r\n", text(altered));
    EXPECT_GE(answer.status, 400) << i;
    EXPECT_LT(answer.status, 500) << i << answer.body;
  }
}

// ---- State -------------------------------------------------------------------------------------

TEST_F(ApiTest, ListsPartiesInPages) {
  std::vector<std::string> seen;
  std::string target = "/v1/parties?limit=2";
  for (int pages = 0; pages < 10; ++pages) {
    const Json page = json(target);
    for (const auto& item : page["items"]) seen.push_back(item["party"].get<std::string>());
    EXPECT_LE(page["items"].size(), 2u);
    if (!page.contains("next")) break;
    target = "/v1/parties?limit=2&cursor=" + page["next"].get<std::string>();
  }
  std::vector<std::string> expected;
  for (const std::string name : {"brand", "east", "auditor", "custodian", "store"}) {
    expected.push_back(hex_of(party_named(name)));
  }
  std::ranges::sort(expected);
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(code("/v1/parties?cursor=zz", 400), "value_invalid");
  EXPECT_EQ(code("/v1/parties?cursor=11", 400), "value_invalid");
  const Json store = json("/v1/parties/" + hex_of(party_named("store")));
  EXPECT_EQ(store["role"], "store");
  EXPECT_EQ(store["parent"], hex_of(party_named("east")));
  EXPECT_EQ(code("/v1/parties/" + hex_of(party_named("nobody")), 404), "not_found");
  EXPECT_EQ(code("/v1/parties/123", 400), "value_invalid");
  EXPECT_EQ(code("/v1/parties/" + hex_of(party_named("store")) + "/lanes/9", 404), "not_found");
  EXPECT_EQ(code("/v1/parties/" + hex_of(party_named("store")) + "/lanes/-1", 400),
            "value_invalid");
}

TEST_F(ApiTest, ShowsStatementsWithTheirPostings) {
  const std::string store = "/v1/parties/" + hex_of(party_named("store"));
  const Json statements = json(store + "/statements");
  ASSERT_EQ(statements["items"].size(), 2u);
  EXPECT_EQ(statements["items"][0]["account"]["book"], "payable");
  EXPECT_EQ(statements["items"][0]["balance"], 50);  // Earned 200, of which 150 were instructed.
  const std::string payable = store + "/statements/payable/1/0/1";
  const Json all = json(payable);
  EXPECT_FALSE(all.contains("next"));
  const std::size_t count = all["items"].size();
  EXPECT_EQ(all["statement"]["count"], count);
  std::int64_t sum = 0;
  for (const auto& item : all["items"]) {
    const bool came = item["destination"]["book"] == "payable";
    sum += (came ? 1 : -1) * item["amount"].get<std::int64_t>();
  }
  EXPECT_EQ(sum, 50);
  // In pages of one: the same, newest first.
  std::string cursor;
  for (std::size_t i = 0; i < count; ++i) {
    const Json page = json(payable + "?limit=1" + cursor);
    EXPECT_EQ(page["items"][0], all["items"][i]);
    EXPECT_EQ(page.contains("next"), i + 1 < count);
    if (page.contains("next")) cursor = "&cursor=" + page["next"].get<std::string>();
  }
  EXPECT_EQ(json(store + "/statements/fund/1/0/1")["items"].size(), 0u);
  EXPECT_EQ(code(payable + "?cursor=0", 400), "value_invalid");
  EXPECT_EQ(code(payable + "?cursor=999999", 400), "value_invalid");
  EXPECT_EQ(code(store + "/statements/purse/1/0/1", 400), "value_invalid");
  EXPECT_EQ(code(store + "/statements/payable/x/0/1", 400), "value_invalid");
}

TEST_F(ApiTest, ShowsCampaignsAndWhatBelongsToThem) {
  EXPECT_EQ(json("/v1/campaigns")["items"][0]["campaign"], 1);
  const Json policy = json("/v1/policies/1");
  EXPECT_EQ(policy["terms"]["rules"][0]["earning"]["amount"], 100);
  EXPECT_EQ(policy["stage"], "countersigned");
  EXPECT_EQ(json("/v1/policies")["items"][0], policy);
  EXPECT_EQ(json("/v1/policies/1?version=1"), policy);
  EXPECT_EQ(policy["digest"].get<std::string>().size(), 64u);
  EXPECT_EQ(code("/v1/policies/1?version=2", 404), "not_found");
  EXPECT_EQ(code("/v1/policies/2", 404), "not_found");
  EXPECT_EQ(json("/v1/periods?campaign=1")["items"][0]["kind"], "per_event");
  EXPECT_EQ(json("/v1/periods?campaign=2")["items"].size(), 0u);
  const Json funds = json("/v1/funds");
  ASSERT_EQ(funds["items"].size(), 2u);
  EXPECT_EQ(funds["items"][0]["declared"], 10'000);
  const Json unit = json("/v1/units/01/06901234567892/21/B0");
  EXPECT_EQ(unit["state"], "sold");
  EXPECT_EQ(unit["epc"], "01/06901234567892/21/B0");
  EXPECT_EQ(json("/v1/units/01%2F06901234567892%2F21%2FB3")["state"], "commissioned");
  EXPECT_EQ(code("/v1/units/01/06901234567892/21/B9", 404), "not_found");
  const auto payout = to_hex(test::payout_named("first").view());
  const Json paid = json("/v1/payouts/" + payout);
  EXPECT_EQ(paid["state"], "paid");
  EXPECT_EQ(paid["provider_number"], on_loop([&] {
              return provider_number(node_.journal().tip().chain_id, test::payout_named("first"),
                                     1);
            }));
  EXPECT_EQ(json("/v1/payouts")["items"][0]["provider_number"], paid["provider_number"]);
  EXPECT_EQ(json("/v1/payouts")["items"][0]["payout"], payout);
  EXPECT_EQ(code("/v1/payouts/" + std::string(32, '0'), 404), "not_found");
  EXPECT_GT(json("/v1/parameters")["block_bytes_max"], 0);
}

TEST_F(ApiTest, ShowsUnpaidEarningsNewestFirst) {
  on_loop([&] {
    for (std::uint64_t i = 0; i < kUnpaidRemembered + 5; ++i) {
      UnpaidEarning unpaid;
      unpaid.height = Height(i);
      unpaid.operation = Position(10 * i);
      unpaid.earning.outcome = EarningOutcome::no_payee;
      node_.unpaid.add({unpaid});
    }
  });
  std::vector<std::uint64_t> heights;
  std::string target = "/v1/unpaid_earnings?limit=300";
  for (int pages = 0; pages < 10; ++pages) {
    const Json page = json(target);
    for (const auto& item : page["items"]) heights.push_back(item["height"]);
    if (!page.contains("next")) break;
    target = "/v1/unpaid_earnings?limit=300&cursor=" + page["next"].get<std::string>();
  }
  ASSERT_EQ(heights.size(), kUnpaidRemembered);
  EXPECT_EQ(heights.front(), kUnpaidRemembered + 4);
  EXPECT_EQ(heights.back(), 5u) << "the oldest are forgotten";
  EXPECT_TRUE(std::ranges::is_sorted(heights, std::ranges::greater()));
  const Json item = json("/v1/unpaid_earnings?limit=1")["items"][0];
  EXPECT_EQ(item["outcome"], "no_payee");
  EXPECT_EQ(item["operation"], 10 * (kUnpaidRemembered + 4));
  EXPECT_FALSE(item.contains("taken_back_at"));
  EXPECT_FALSE(item.contains("payee")) << "nobody";
  EXPECT_EQ(json("/v1/unpaid_earnings?cursor=3")["items"], Json::array());
  EXPECT_EQ(code("/v1/unpaid_earnings?cursor=x", 400), "value_invalid");
}

TEST_F(ApiTest, ShowsTheJournal) {
  const Json genesis = json("/v1/entries/0");
  EXPECT_EQ(genesis["entry"]["work"]["type"], "genesis");
  EXPECT_EQ(genesis["entry"]["work"]["genesis"]["network"], "example");
  const auto bytes = from_base64(genesis["bytes"].get<std::string>());
  EXPECT_EQ(genesis["leaf_hash"], to_hex(leaf_hash(*bytes).view()));
  const auto size = on_loop([&] { return node_.journal().store().size(); });
  EXPECT_EQ(code("/v1/entries/" + std::to_string(size), 404), "not_found");
  EXPECT_EQ(code("/v1/entries/99999999999999999999", 400), "value_invalid");

  const Json blocks = json("/v1/blocks?limit=2");
  const auto tip = blocks["items"][0]["height"].get<std::uint64_t>();
  EXPECT_EQ(blocks["items"][0]["header"]["parent"], blocks["items"][1]["header"]["id"]);
  EXPECT_EQ(json("/v1/blocks?cursor=" + blocks["next"].get<std::string>())["items"][0]["height"],
            tip - 2);
  EXPECT_EQ(json("/v1/blocks/0")["first"], 0);
  EXPECT_EQ(code("/v1/blocks/" + std::to_string(tip + 1), 404), "not_found");

  const auto key = to_hex(party_key(party_named("brand")));
  EXPECT_EQ(json("/v1/records/" + key)["decoded"]["value"]["role"], "brand");
  EXPECT_EQ(code("/v1/records/" + key + "00", 404), "not_found");
  EXPECT_EQ(code("/v1/records/xyz", 400), "value_invalid");
}

// ---- Status ------------------------------------------------------------------------------------

TEST_F(ApiTest, TellsHowItIs) {
  on_loop([&] {
    node_.node_status.name = "brand";
    node_.node_status.diagnosis = {StallCause::links,
                                   "2 of 3 validators linked",
                                   {{"east", false, 9'000}},
                                   12'000,
                                   "start or reach them"};
    node_.node_status.validators = {{"east", false, Height(3), false}};
  });
  const Json status = json("/v1/status");
  EXPECT_FALSE(status.contains("recovery"));
  EXPECT_EQ(status["name"], "brand");
  EXPECT_EQ(status["validators"][0]["finalized_height"], 3);
  EXPECT_FALSE(status.contains("why"));
  const Json explained = json("/v1/status?why");
  EXPECT_EQ(explained["why"], node_.node_status.diagnosis.text());
  EXPECT_EQ(explained["diagnosis"]["cause"], "links");
  EXPECT_EQ(explained["diagnosis"]["missing"][0]["name"], "east");
  EXPECT_EQ(explained["diagnosis"]["missing"][0]["silent_ms"], 9'000);
  EXPECT_EQ(get("/healthz", "").body, "ok\n");
  const auto unready = get("/readyz", "");
  EXPECT_EQ(unready.status, 503);
  EXPECT_EQ(code_of(unready), "not_ready");
  EXPECT_EQ(unready.body.find("east"), std::string::npos) << "strangers are not told who is away";
  EXPECT_EQ(unready.body.find("start or reach them"), std::string::npos);
  on_loop([&] { node_.node_status.ready = true; });
  EXPECT_EQ(get("/readyz", "").status, 200);
  const auto metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("# TYPE fenrun_messages_total counter\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("fenrun_messages_total{kind=\"vote\"} 3\n"), std::string::npos);
  EXPECT_EQ(metrics.find("# HELP fenrun_messages_total"),
            metrics.rfind("# HELP fenrun_messages_total"));
}

// ---- OpenAPI -----------------------------------------------------------------------------------

TEST_F(ApiTest, DescribesEveryRouteAndNothingElse) {
  const Json document = json("/openapi.json");
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> described;
  std::set<std::string> ids;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      described.insert(method + " " + path);
      EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second) << path;
      EXPECT_TRUE(operation["responses"].contains("default"));
      std::size_t in_path = 0;
      for (const auto& parameter : operation.value("parameters", Json::array())) {
        const auto name = parameter["name"].get<std::string>();
        if (parameter["in"] == "query") continue;
        ++in_path;
        EXPECT_NE(path.find("{" + name + "}"), std::string::npos) << path;
        EXPECT_EQ(parameter["required"], true);
      }
      EXPECT_EQ(in_path, static_cast<std::size_t>(std::ranges::count(path, '{'))) << path;
    }
  }
  std::set<std::string> routes;
  for (const auto& route : make_routes(io_, node_)) {
    std::string pattern = route.pattern;
    if (const auto dots = pattern.find("..."); dots != std::string::npos) pattern.erase(dots, 3);
    routes.insert((route.method == "GET" ? "get " : "post ") + pattern);
  }
  EXPECT_EQ(described, routes);
  EXPECT_EQ(document["security"], Json::parse(R"([{"member":[]}])"));
  EXPECT_EQ(document["paths"]["/checkpoint"]["get"]["security"], Json::array());
  EXPECT_FALSE(document["paths"]["/v1/status"]["get"].contains("security"));
  EXPECT_TRUE(document["components"]["responses"]["Problem"]["content"].contains(
      "application/problem+json"));
}

}  // namespace
}  // namespace fenrun::api
