#include "node/api/http.h"

#include <gtest/gtest.h>

#include "node/api/problem.h"
#include "node/api/tokens.h"
#include "node/json/json.h"

namespace fenrun::api {
namespace {

TEST(Target, IsTakenApart) {
  const auto target = parse_target("/v1/units/01/0690/21/A%2FB?limit=5&from=a+b%21&flag");
  ASSERT_TRUE(target) << target.error().to_string();
  const std::vector<std::string> segments{"v1", "units", "01", "0690", "21", "A/B"};
  EXPECT_EQ(target->segments, segments);
  const std::map<std::string, std::string> query{{"limit", "5"}, {"from", "a b!"}, {"flag", ""}};
  EXPECT_EQ(target->query, query);
  EXPECT_TRUE(parse_target("/")->segments.empty());
}

TEST(Target, IsRefusedIfAmbiguous) {
  for (const std::string text :
       {"", "v1", "http://x/", "*", "//", "/v1//x", "/v1/", "/../x", "/%2e%2e/x", "/./x", "/%zz",
        "/%4", "/%00", "/a%0d%0ab", "/%ff", "/x?a=1&a=2", "/x?a=%f"}) {
    const auto target = parse_target(text);
    EXPECT_EQ(target ? Errc::ok : target.error().code, Errc::value_invalid) << text;
  }
}

TEST(Problem, EveryCodeHasAStatusOfItsKind) {
  int codes = 0;
  for (std::uint32_t number = 1; number < 1'000; ++number) {
    const auto code = errc_from_number(static_cast<std::uint16_t>(number));
    if (!code) continue;
    ++codes;
    const unsigned status = http_status(*code);
    EXPECT_NE(reason_of(status), "Status") << name_of(*code);
    EXPECT_GE(status, 400u) << name_of(*code);
    // Only the node's own state makes it answer 5xx.
    const bool is_clients = number < 200 || (number >= 300 && number < 500);
    EXPECT_LT(status, is_clients ? 500u : 600u) << name_of(*code);
  }
  EXPECT_GT(codes, 80);
  const auto response = problem({Errc::sequence_stale, "next is 7 \xff"});
  const auto json = parse_json(response.body);
  ASSERT_TRUE(json) << response.body;
  EXPECT_EQ((*json)["code"], "sequence_stale");
  EXPECT_EQ((*json)["status"], 409);
  EXPECT_EQ((*json)["title"], "Conflict");
  EXPECT_EQ((*json)["hint"], hint_of(Errc::sequence_stale));
  EXPECT_EQ(response.content_type, "application/problem+json");
}

TEST(Tokens, AreFoundByTheirHash) {
  // SHA-256 of "secret" and of "other".
  const auto table = TokenTable::parse(
      "# members\n\n"
      "console 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\r\n"
      "erp d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa\n");
  ASSERT_TRUE(table) << table.error().to_string();
  EXPECT_EQ(table->find("secret"), "console");
  EXPECT_EQ(table->find("other"), "erp");
  EXPECT_EQ(table->find("Secret"), std::nullopt);
  EXPECT_EQ(table->find(""), std::nullopt);
  EXPECT_EQ(TokenTable().find("secret"), std::nullopt);
}

TEST(Tokens, AreRefusedByLine) {
  const std::string hash(64, 'a');
  const std::vector<std::pair<std::string, std::string>> cases{
      {"console\n", "line 1"},
      {"a " + hash + "\nb " + std::string(63, 'a') + "\n", "line 2"},
      {"a " + std::string(64, 'A') + "\n", "line 1"},
      {"a " + hash + "\na " + hash + "\n", "'a' has a token already"},
      {" " + hash + "\n", "line 1"},
      {"a  " + hash + "\n", "line 1"}};
  for (const auto& [text, why] : cases) {
    const auto table = TokenTable::parse(text);
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().code, Errc::config_invalid);
    EXPECT_NE(table.error().detail.find(why), std::string::npos) << table.error().detail;
  }
}

TEST(FailureLimiter, MakesGuessersWait) {
  FailureLimiter limiter;
  const auto start = FailureLimiter::Clock::now();
  using std::chrono::seconds;
  for (int i = 0; i < 9; ++i) limiter.failed("a", start);
  EXPECT_EQ(limiter.wait("a", start), seconds(0));
  limiter.failed("a", start);
  EXPECT_EQ(limiter.wait("a", start), seconds(10));
  EXPECT_EQ(limiter.wait("b", start), seconds(0));
  EXPECT_EQ(limiter.wait("a", start + seconds(10)), seconds(0));
  limiter.succeeded("a");
  limiter.failed("a", start);
  EXPECT_EQ(limiter.wait("a", start), seconds(0));
}

}  // namespace
}  // namespace fenrun::api
