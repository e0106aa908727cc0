// What consumers' phones are answered.
#include <boost/asio/io_context.hpp>

#include "node/api/api.h"
#include "node/api/scan_names.h"
#include "node/json/json.h"
#include "node/json/time.h"
#include "node/web/pages.h"
#include "tests/support/fake_submitter.h"
#include "tests/support/scanned_batch.h"
#include "tests/unit/node/api/api_fixture.h"

namespace fenrun::api {
namespace {

using test::HttpAnswer;
using test::HttpClient;
using test::ScannedBatch;

// Nobody here has a token.
class ClaimRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    print_codes(submitter_, codes_, now());
    listen();
  }
  void TearDown() override { close(); }

  void listen() {
    ClaimsIntakeOptions options;
    options.paths = [this](UnitBatchId batch, std::uint32_t index, const Digest& leaf) {
      return codes_.path(batch, index, leaf);
    };
    options.clock = [this] { return now(); };
    options.gather = std::chrono::milliseconds(1);
    claims_ = std::make_unique<ClaimsIntake>(io_, node_, &submitter_, options);
    Intake intake;
    intake.submitter = &submitter_;
    intake.claims = claims_.get();
    intake.scans = scans_;
    auto api = Api::listen(io_, node_, {{}, intake}, "127.0.0.1", 0);
    ASSERT_TRUE(api) << api.error().to_string();
    api_ = *std::move(api);
    port_ = api_->port();
    thread_ = std::thread([this] { io_.run(); });
  }
  void close() {
    boost::asio::post(io_, [this] {
      api_.reset();
      claims_.reset();
    });
    thread_.join();
    io_.restart();
  }
  void reopen(const ScanOptions& scans) {
    close();
    scans_ = scans;
    listen();
  }

  template <class F>
  auto on_loop(F f) {
    std::packaged_task<decltype(f())()> task(f);
    auto done = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return done.get();
  }
  TimeMs now() const { return node_.journal().tip().time; }

  HttpAnswer get(const std::string& target, const std::string& headers = "") {
    return HttpClient(port_).request("GET", target, headers);
  }
  Json json(const std::string& target, int status = 200) {
    const auto answer = get(target);
    EXPECT_EQ(answer.status, status) << target << "\n" << answer.body;
    return *parse_json(answer.body);
  }
  std::string code_address(std::uint32_t index, const std::string& query = "") const {
    return "/v1/codes/" + test::kItemProduct.value + "/" + codes_.serial(index) + query;
  }
  std::string state_of(std::uint32_t index) { return json(code_address(index))["state"]; }

  SignedClaim claim(std::uint32_t index, const std::string& claimant = "somebody") {
    const auto time = on_loop([this] { return now(); });
    return codes_.sign(codes_.claim(index, time, claimant));
  }
  static Json body_of(const SignedClaim& signed_claim) {
    const auto& claim = signed_claim.claim;
    Json body = {{"batch", claim.batch.value()},
                 {"index", claim.index},
                 {"claimant", to_hex(claim.claimant.view())},
                 {"region", claim.region.value()},
                 {"time", to_rfc3339(claim.time)},
                 {"key", to_hex(signed_claim.key.view())},
                 {"signature", to_hex(signed_claim.signature.view())}};
    if (claim.store) body["store"] = to_hex(claim.store->view());
    return body;
  }
  HttpAnswer post(const std::string& body, const std::string& headers = "") {
    return HttpClient(port_).request("POST", "/v1/claims",
                                     "Content-Type: application/json\r\n" + headers, body);
  }
  HttpAnswer post(const SignedClaim& signed_claim) {
    return post(print_json(body_of(signed_claim)));
  }

  // Sends the claim, and makes it final as soon as it is submitted.
  HttpAnswer claimed(const SignedClaim& signed_claim) {
    auto answer = std::async(std::launch::async, [&] { return post(signed_claim); });
    while (!on_loop([&] { return submitter_.waiting() > 0; })) std::this_thread::yield();
    on_loop([&] { submitter_.deliver(); });
    return answer.get();
  }

  boost::asio::io_context io_;
  test::FakeNode node_;
  ScannedBatch codes_{node_.journal().tip().chain_id};
  test::FakeSubmitter submitter_{node_};
  ScanOptions scans_{RegionCode(310'100), "", 100'000};
  std::unique_ptr<ClaimsIntake> claims_;
  std::unique_ptr<Api> api_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// ---- What a code is ----------------------------------------------------------------------------

TEST_F(ClaimRoutesTest, ACodeIsDescribedToWhomeverReadsIt) {
  const auto code = json(code_address(3));
  EXPECT_EQ(code["chain_id"], to_hex(chain_id(node_.genesis()).view()));
  EXPECT_EQ(code["gtin"], test::kItemProduct.value);
  EXPECT_EQ(code["batch"], ScannedBatch::kPrinted.value());
  EXPECT_EQ(code["index"], 3);
  EXPECT_EQ(code["brand"], to_hex(test::party_named("brand").view()));
  EXPECT_EQ(code["lot"], "L2026");
  EXPECT_EQ(code["path"], "bearer");
  EXPECT_EQ(code["state"], "active");
  EXPECT_EQ(code["recalled"], false);
  EXPECT_EQ(code["region"], 310'100);
  EXPECT_FALSE(code.contains("used"));
  EXPECT_FALSE(code.contains("store"));
}

TEST_F(ClaimRoutesTest, EachStateOfACodeHasItsName) {
  on_loop([&] {
    const auto voided = [&](std::uint32_t index, VoidReason reason) {
      const UnitRange range{ScannedBatch::kPrinted, UnitLevel::item, index, 1};
      submitter_.must("brand", {VoidCodes{range, reason}});
    };
    voided(5, VoidReason::recalled);
    voided(10, VoidReason::damaged);
  });
  EXPECT_EQ(state_of(0), "active");
  EXPECT_EQ(state_of(5), "recalled");
  EXPECT_EQ(state_of(10), "void");
  EXPECT_EQ(state_of(11), "inactive");
  EXPECT_EQ(json(code_address(5))["recalled"], true);
}

TEST_F(ClaimRoutesTest, AFakeIsNotKnown) {
  const std::string serial = codes_.serial(3);
  std::string mistyped = serial;
  mistyped[4] = mistyped[4] == '0' ? '1' : '0';
  for (const auto& target :
       {"/v1/codes/06901234567892/" + mistyped, "/v1/codes/06901234567885/" + serial,
        std::string("/v1/codes/06901234567892/B1"),
        "/v1/codes/06901234567892/" + serial_of({UnitBatchId(99), 0})}) {
    EXPECT_EQ(json(target, 404)["code"], "code_unknown") << target;
  }
}

TEST_F(ClaimRoutesTest, AStoresOwnPageSaysWhereTheScanIs) {
  const auto query = [](const std::string& party) {
    return "?store=" + to_hex(test::party_named(party).view());
  };
  const auto at_shop = json(code_address(3, query("shop")));
  EXPECT_EQ(at_shop["store"], to_hex(test::party_named("shop").view()));
  EXPECT_EQ(at_shop["region"], 440'100);
  // Who is no store is nothing, and no hindrance.
  for (const auto& other : {query("east"), query("nobody"), std::string("?store=x")}) {
    const auto code = json(code_address(3, other));
    EXPECT_FALSE(code.contains("store")) << other;
    EXPECT_EQ(code["region"], 310'100);
  }
}

TEST_F(ClaimRoutesTest, WhatTheGatewayHasWordsForIsNamed) {
  const auto name = [](const char* of, const Json& id) {
    return Json{{of, id}, {"zh", "名"}, {"en", "name"}};
  };
  const Json shop = to_hex(test::party_named("shop").view());
  const Json file = {{"products", {name("gtin", test::kItemProduct.value)}},
                     {"stores", {name("store", shop)}},
                     {"regions", {name("region", 310'100)}}};
  const auto names = ScanNames::parse(print_json(file));
  ASSERT_TRUE(names) << names.error().to_string();
  reopen({RegionCode(310'100), "", 100'000, &*names});
  const Json both = {{"zh", "名"}, {"en", "name"}};
  EXPECT_EQ(json(code_address(3))["names"], (Json{{"product", both}, {"region", both}}));
  EXPECT_EQ(json(code_address(3, "?store=" + shop.get<std::string>()))["names"],
            (Json{{"product", both}, {"store", both}}));

  for (const auto& wrong : {Json{{"products", Json::array()}, {"stores", Json::array()}},
                            Json{{"products", {name("gtin", "1"), name("gtin", "1")}},
                                 {"stores", Json::array()},
                                 {"regions", Json::array()}},
                            Json{{"products", {{{"gtin", "1"}, {"zh", ""}, {"en", "x"}}}},
                                 {"stores", Json::array()},
                                 {"regions", Json::array()}}}) {
    const auto refused = ScanNames::parse(print_json(wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::config_invalid);
  }
}

// ---- Claims ------------------------------------------------------------------------------------

TEST_F(ClaimRoutesTest, AClaimIsAnsweredWhenItIsFinal) {
  auto mine = codes_.claim(3, claim(3).claim.time);
  mine.store = test::party_named("shop");
  const auto answer = claimed(codes_.sign(mine));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto view = *parse_json(answer.body);
  EXPECT_EQ(view["state"], "recorded");
  EXPECT_EQ(view["batch"], 7);
  EXPECT_EQ(view["index"], 3);
  EXPECT_EQ(view["time"], to_rfc3339(mine.time));
  EXPECT_EQ(view["region"], 310'100);
  EXPECT_EQ(view["store"], to_hex(test::party_named("shop").view()));
  EXPECT_TRUE(view.contains("position"));

  // Sent again, it is answered alike; by another claimant, refused: when and where, never who.
  EXPECT_EQ(post(codes_.sign(mine)).body, answer.body);
  const auto refused = post(claim(3, "somebody else"));
  EXPECT_EQ(refused.status, 409);
  const auto problem = *parse_json(refused.body);
  EXPECT_EQ(problem["code"], "code_used");
  EXPECT_EQ(problem["used"], (Json{{"time", to_rfc3339(mine.time)}, {"region", 310'100}}));
  EXPECT_EQ(refused.body.find(to_hex(mine.claimant.view())), std::string::npos);

  const auto code = json(code_address(3));
  EXPECT_EQ(code["state"], "used");
  EXPECT_EQ(code["used"], problem["used"]);
}

TEST_F(ClaimRoutesTest, EachRefusalHasItsStatus) {
  on_loop([&] {
    const UnitRange range{ScannedBatch::kPrinted, UnitLevel::item, 5, 1};
    submitter_.must("brand", {VoidCodes{range, VoidReason::recalled}});
  });
  const auto refusal = [&](const SignedClaim& signed_claim, int status) {
    const auto answer = post(signed_claim);
    EXPECT_EQ(answer.status, status) << answer.body;
    return code_of(answer);
  };
  EXPECT_EQ(refusal(claim(5), 410), "code_recalled");
  EXPECT_EQ(refusal(claim(11), 409), "code_inactive");
  EXPECT_EQ(refusal(codes_.sign(claim(0).claim, 1), 404), "code_unknown");
  auto altered = claim(0);
  altered.claim.index = 1;
  EXPECT_EQ(refusal(altered, 403), "signature_invalid");
}

TEST_F(ClaimRoutesTest, WhatIsNoClaimIsRefusedWithTheFieldsName) {
  const auto good = body_of(claim(0));
  const auto refusal = [&](const Json& body) {
    const auto answer = post(print_json(body));
    EXPECT_EQ(answer.status, 400) << answer.body;
    return parse_json(answer.body)->at("detail").get<std::string>();
  };
  for (const auto& [name, value] : good.items()) {
    auto without = good;
    without.erase(name);
    EXPECT_NE(refusal(without).find(name), std::string::npos) << name;
    auto wrong = good;
    wrong[name] = Json::array();
    EXPECT_NE(refusal(wrong).find(name), std::string::npos) << name;
  }
  auto more = good;
  more["phone"] = "x";
  EXPECT_NE(refusal(more).find("phone"), std::string::npos);
  EXPECT_EQ(post("{").status, 400);
  EXPECT_EQ(post("[]").status, 400);
  EXPECT_EQ(post(std::string(1'025, ' ')).status, 413);
  EXPECT_EQ(
      HttpClient(port_).request("POST", "/v1/claims", "Content-Type: text/plain\r\n", "{}").status,
      415);
  EXPECT_EQ(get("/v1/claims").status, 405);
}

TEST_F(ClaimRoutesTest, WhatBecameOfAClaimIsAskedByItsId) {
  const auto mine = claim(3);
  const auto id = to_hex(claim_id(chain_id(node_.genesis()), mine.claim).view());
  const auto address = "/v1/claims/7/3?claim=" + id;
  EXPECT_EQ(json(address, 404)["code"], "not_found");

  auto answer = std::async(std::launch::async, [&] { return post(mine); });
  while (!on_loop([&] { return submitter_.waiting() > 0; })) std::this_thread::yield();
  const auto pending = get(address);
  EXPECT_EQ(pending.status, 202);
  EXPECT_EQ(pending.headers.at("location"), address);
  EXPECT_EQ(parse_json(pending.body)->at("state"), "pending");
  on_loop([&] { submitter_.deliver(); });
  EXPECT_EQ(answer.get().status, 200);

  EXPECT_EQ(json(address)["state"], "recorded");
  EXPECT_EQ(json("/v1/claims/7/3?claim=" + std::string(64, '0'), 409)["code"], "code_used");
  for (const char* wrong : {"/v1/claims/7/3", "/v1/claims/7/3?claim=x", "/v1/claims/7/x?claim=0",
                            "/v1/claims/4294967296/3?claim=0"}) {
    EXPECT_EQ(get(wrong).status, 400) << wrong;
  }
}

// ---- Crowds ------------------------------------------------------------------------------------

TEST_F(ClaimRoutesTest, AnAddressThatAsksTooOftenMustWait) {
  reopen({RegionCode(0), "", 10});  // Two at once.
  EXPECT_EQ(get(code_address(0)).status, 200);
  EXPECT_EQ(get(code_address(0)).status, 200);
  const auto refused = get(code_address(0));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "rate_limited");
  EXPECT_EQ(refused.headers.at("retry-after"), "6");
  EXPECT_EQ(post("{}").status, 429);
  EXPECT_EQ(get("/v1/claims/7/3?claim=0").status, 429);
  // The page itself costs nothing.
  EXPECT_EQ(get("/01/06901234567892/21/" + codes_.serial(0)).status, 200);
}

TEST_F(ClaimRoutesTest, BehindAProxyTheClientsAreKeptApart) {
  reopen({RegionCode(0), "127.0.0.1", 5});  // One at once.
  const auto from = [](const std::string& address) {
    return "X-Forwarded-For: " + address + "\r\n";
  };
  EXPECT_EQ(get(code_address(0), from("192.0.2.1")).status, 200);
  EXPECT_EQ(get(code_address(0), from("192.0.2.1")).status, 429);
  EXPECT_EQ(get(code_address(0), from("192.0.2.9, 192.0.2.1")).status, 429);
  EXPECT_EQ(get(code_address(0), from("192.0.2.2")).status, 200);
}

// ---- The page ----------------------------------------------------------------------------------

TEST_F(ClaimRoutesTest, TheAddressOnTheBottleOpensThePage) {
  const auto address = "/01/06901234567892/21/" + codes_.serial(0);
  for (const std::string query : {"", "?store=x", "?from=singlemessage&isappinstalled=0"}) {
    const auto page = get(address + query);
    EXPECT_EQ(page.status, 200) << query;
    EXPECT_EQ(page.body, web::kClaimPage);
    EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.headers.at("referrer-policy"), "no-referrer");
    const auto& policy = page.headers.at("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  }
}

TEST_F(ClaimRoutesTest, ThePartsOfThePageAreTheOnesThatItNames) {
  for (const auto& [file, content, type] :
       {std::tuple{"claim.js", web::kClaimScript, "text/javascript; charset=utf-8"},
        std::tuple{"claim.css", web::kClaimStyle, "text/css; charset=utf-8"}}) {
    const auto digest = sha256(bytes_of(content));
    const std::string address =
        std::string("/claim/") + file + "?v=" + to_hex(digest.view()).substr(0, 16);
    EXPECT_NE(web::kClaimPage.find('"' + address + '"'), std::string_view::npos) << address;
    EXPECT_NE(web::kClaimPage.find("sha256-" + to_base64(digest.view())), std::string_view::npos);
    const auto part = get(address);
    EXPECT_EQ(part.status, 200);
    EXPECT_EQ(part.body, content);
    EXPECT_EQ(part.headers.at("content-type"), type);
    EXPECT_EQ(part.headers.at("x-content-type-options"), "nosniff");
  }
  EXPECT_EQ(get("/claim/other.js").status, 404);
}

TEST_F(ClaimRoutesTest, OpenApiSaysWhatAClaimIs) {
  const auto document = json("/openapi.json");
  const auto& post = document["paths"]["/v1/claims"]["post"];
  EXPECT_EQ(post["security"], Json::array());
  const auto& schema = post["requestBody"]["content"]["application/json"]["schema"];
  const auto claim = body_of(this->claim(0));
  EXPECT_EQ(schema["required"].size(), claim.size());
  for (const auto& [name, value] : claim.items()) EXPECT_TRUE(schema["properties"].contains(name));
  EXPECT_TRUE(document["paths"]["/v1/transactions"]["post"]["requestBody"]["content"].contains(
      "application/octet-stream"));
}

// A node that is not for consumers has none of it.
TEST_F(ApiTest, WithoutClaimsTheirRoutesAreNotThere) {
  for (const char* target : {"/01/06901234567892/21/A", "/claim/claim.js", "/v1/claims/7/3",
                             "/v1/codes/06901234567892/A"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
}

}  // namespace
}  // namespace fenrun::api
