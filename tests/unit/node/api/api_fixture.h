// The whole API over a FakeNode, on a thread of its own, asked over loopback.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "contracts/evidence.h"
#include "node/api/api.h"
#include "node/json/json.h"
#include "tests/support/fake_node.h"
#include "tests/support/http_client.h"

namespace fenrun::api {

class ApiTest : public testing::Test {
 protected:
  static constexpr const char* kMember = "Authorization: Bearer secret\r\n";

  void SetUp() override {
    // SHA-256 of "secret".
    auto tokens = TokenTable::parse(
        "console 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n");
    ASSERT_TRUE(tokens);
    auto api = Api::listen(io_, node_, {*tokens, intake()}, "127.0.0.1", 0);
    ASSERT_TRUE(api) << api.error().to_string();
    api_ = *std::move(api);
    port_ = api_->port();
    thread_ = std::thread([this] { io_.run(); });
  }

  // What the routes of the intake stand on.
  virtual Intake intake() { return {}; }

  void TearDown() override {
    boost::asio::post(io_, [this] { api_.reset(); });
    thread_.join();
  }

  // Runs on the thread of the event loop, as everything that touches the node must.
  template <class F>
  auto on_loop(F f) {
    std::packaged_task<decltype(f())()> task(f);
    auto done = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return done.get();
  }

  test::HttpAnswer get(const std::string& target, const std::string& headers = kMember) {
    return test::HttpClient(port_).request("GET", target, headers);
  }
  // The JSON of an answer that must have this status.
  Json json(const std::string& target, int status = 200) {
    const auto answer = get(target);
    EXPECT_EQ(answer.status, status) << target << "\n" << answer.body;
    auto parsed = parse_json(answer.body);
    EXPECT_TRUE(parsed.has_value()) << target << "\n" << answer.body;
    return parsed ? *parsed : Json();
  }
  std::string code(const std::string& target, int status) {
    const Json problem = json(target, status);
    return problem.contains("code") ? problem["code"].get<std::string>() : problem.dump();
  }
  test::HttpAnswer post(const std::string& type, const std::string& body,
                        const std::string& query = "") {
    return test::HttpClient(port_).request("POST", "/v1/transactions" + query,
                                           kMember + ("Content-Type: " + type + "\r\n"), body);
  }

  // Commits two votes of the validator that exclude each other, told by "east".
  RecordEvidence commit_evidence_against(const std::string& validator) {
    return on_loop([&] {
      const auto key = test::key_named(validator + " consensus");
      const auto vote = [&](const char* block) {
        AccusedVote out{AccusedVoteKind::finalize, Epoch(0), View(3), View(2),
                        sha256(bytes_of(block)),   {}};
        out.signature =
            key.sign(Domain::consensus_vote, signed_bytes(chain_id(node_.genesis()), out));
        return out;
      };
      const RecordEvidence evidence{key.public_key(), vote("a"), vote("b")};
      node_.submit(node_.sign("east", {evidence}),
                   [](const Result<Digest>& id) { EXPECT_TRUE(id); });
      node_.commit_block();
      return evidence;
    });
  }

  boost::asio::io_context io_;
  test::FakeNode node_;
  std::unique_ptr<Api> api_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

inline std::string code_of(const test::HttpAnswer& answer) {
  const auto json = parse_json(answer.body);
  return json && json->contains("code") ? (*json)["code"].get<std::string>() : answer.body;
}

}  // namespace fenrun::api
