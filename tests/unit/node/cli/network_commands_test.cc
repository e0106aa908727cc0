// fenrun init --join: what a home believes of the node that it asks.
#include <gmock/gmock.h>

#include "node/home.h"
#include "node/network.h"
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

// A node that hands out another network's trust file, and a newcomer that its network admitted.
class JoinCommand : public NodeCommandTest {
 protected:
  void SetUp() override {
    other_ = genesis_;
    other_.network = {"elsewhere"};
    node_.false_policy = trust_policy_of(other_);
    NodeCommandTest::SetUp();
    const auto made = run({"init", "--home", path("south"), "--name", "south", "--role",
                           "distributor", "--peer-port", "9400", "--plain-keys", "--json"});
    ASSERT_EQ(made.exit, Exit::ok) << made.err;
    card_ = made.json();
  }

  void submit(const std::string& name, const Json& operation) {
    const Json draft = {{"operations", Json::array({operation})}};
    const auto sent =
        ask({"tx", "submit", write(name + ".json", draft.dump()), "--key", key_file(name)});
    ASSERT_EQ(sent.exit, Exit::ok) << sent.err << sent.out;
  }

  // That the node's key is to be the store's.
  Json possession() const {
    return run({"keys", "prove", path("south/keys/transport.key"), "--party",
                to_hex(test::party_named("store").view()), "--chain-id",
                to_hex(chain_id(genesis_).view()), "--json"})
        .json()["possession"];
  }

  void admit() {
    const Json change = {{"type", "admit_member"},
                         {"name", "south"},
                         {"party", to_hex(test::party_named("store").view())},
                         {"transport_key", card_["transport_key"]},
                         {"possession", possession()}};
    submit("brand", {{"type", "propose_change"}, {"change", change}, {"valid_until", 500}});
    const auto proposal = ask({"query", "proposals", "--json"}).json()[0]["proposal"];
    for (const auto* name : {"east", "auditor"}) {
      submit(name, {{"type", "approve_change"}, {"proposal", proposal}});
    }
  }

  // Without a token: who joins is no member yet.
  Ran join(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"init", "--home", path("south"), "--join", url_, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  std::string code_of_join(std::vector<std::string> more = {}) const {
    const auto refused = join(std::move(more));
    EXPECT_EQ(refused.exit, Exit::refused) << refused.out;
    return refused.json()["error"]["code"].get<std::string>();
  }

  std::string genesis_file(const std::string& name, const Genesis& genesis) const {
    return write(name, text_of(encode(genesis)));
  }

  const Genesis genesis_ = test::example_genesis();
  Genesis other_;
  Json card_;
};

TEST_F(JoinCommand, the_trust_file_follows_from_the_genesis) {
  EXPECT_EQ(code_of_join(), "member_unknown");
  admit();
  const auto joined = join({"--chain-id", to_hex(chain_id(genesis_).view())});
  ASSERT_EQ(joined.exit, Exit::ok) << joined.out << joined.err;
  EXPECT_EQ(joined.json()["member"], 4);
  EXPECT_EQ(contents("south/genesis.bin"), text_of(encode(genesis_)));
  EXPECT_EQ(contents("south/network.policy"), trust_policy_of(genesis_));
}

TEST_F(JoinCommand, the_node_is_of_the_network_that_the_operator_was_given) {
  admit();
  EXPECT_EQ(code_of_join({"--chain-id", std::string(64, '0')}), "chain_wrong");
  EXPECT_EQ(code_of_join({"--genesis", genesis_file("other.bin", other_)}), "chain_wrong");
  EXPECT_FALSE(std::filesystem::exists(path("south/genesis.bin")));
  const auto joined = join({"--genesis", genesis_file("genesis.bin", genesis_)});
  ASSERT_EQ(joined.exit, Exit::ok) << joined.out << joined.err;
  EXPECT_EQ(contents("south/genesis.bin"), contents("genesis.bin"));
}

}  // namespace
}  // namespace fenrun::cli
