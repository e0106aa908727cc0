// fenrun rejoin and fenrun ready: which keys they register, and which they never put in the place
// of those that vote.
#include <gtest/gtest.h>

#include "contracts/key_owners.h"
#include "node/home.h"
#include "node/json/views.h"
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

using test::key_named;
using test::party_named;

// A home of the brand's validator, whose node is stopped.
class MemberCommand : public NodeCommandTest {
 protected:
  void SetUp() override {
    NodeCommandTest::SetUp();
    std::vector<ValidatorCard> cards;
    std::uint16_t port = 9'000;
    for (const auto& validator : genesis_.validators) {
      const auto& name = validator.name.value;
      cards.push_back({name, Role::brand, std::nullopt, validator.party, validator.operator_key,
                       validator.consensus_key, validator.checkpoint_key, validator.transport_key,
                       "127.0.0.1", ++port});
    }
    for (const auto* const folder : {"brand/keys", "brand/data"}) {
      std::filesystem::create_directories(path(folder));
    }
    write_key("operator", KeyFilePurpose::operator_, "brand");
    write_key("consensus", KeyFilePurpose::consensus, "brand consensus");
    write_key("checkpoint", KeyFilePurpose::checkpoint, "brand checkpoint");
    write_key("transport", KeyFilePurpose::transport, "brand transport");
    ASSERT_TRUE(join_network(path("brand"), "brand", genesis_, cards, "127.0.0.1", 9'100));
  }

  void write_key(const std::string& purpose, KeyFilePurpose file_purpose, const std::string& key) {
    const auto text = seal_key_file(key_named(key), file_purpose, nullptr, KdfCost{}, {});
    const auto file = path("brand/keys/" + purpose + ".key");
    std::filesystem::remove(file);  // None is written over another.
    ASSERT_TRUE(write_key_file(file, *text));
  }

  NextKeys prepared() {
    EXPECT_TRUE(prepare_next_keys(path("brand"), nullptr));
    return *load_next_keys(
        path("brand"), [](const Path&) -> Result<Passphrase> { return Errc::passphrase_wrong; });
  }

  Ran rejoin() const { return ask({"rejoin", "--home", path("brand"), "--plain-keys", "--json"}); }

  // The brand's, as the ledger has it.
  Json validator() const {
    const auto listed = ask({"query", "validators", "--json"}).json();
    for (const auto& item : listed) {
      if (item["name"] == "brand") return item;
    }
    ADD_FAILURE() << listed;
    return {};
  }

  // The brand gives itself a second key for transactions.
  void rotate_to(const SigningKey& key) const {
    const RotateKey rotation{
        key_named("brand").public_key(), key.public_key(), KeyPurpose::transactions, Height(9'000),
        prove_possession(key, chain_id(genesis_), party_named("brand"), KeyPurpose::transactions)};
    const Json draft = {{"operations", Json::array({to_json(Operation(rotation))})}};
    const auto sent =
        ask({"tx", "submit", write("draft.json", draft.dump()), "--key", key_file("brand")});
    ASSERT_EQ(sent.exit, Exit::ok) << sent.err << sent.out;
  }

  const Genesis genesis_ = test::example_genesis();
};

std::string hex(const SigningKey& key) { return to_hex(key.public_key().view()); }

TEST_F(MemberCommand, RejoinRegistersThePreparedKeysAndTakesThem) {
  const auto next = prepared();
  const auto ran = rejoin();
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err << ran.out;
  EXPECT_EQ(validator()["consensus_key"], hex(next.consensus));
  EXPECT_EQ(validator()["checkpoint_key"], hex(next.checkpoint));
  EXPECT_FALSE(*has_next_keys(path("brand")));
  EXPECT_NE(contents("brand/keys/consensus.key").find(hex(next.consensus)), std::string::npos);
}

// They are an owner's, but not this validator's: with them in their place it would never vote
// again.
TEST_F(MemberCommand, RejoinMakesOtherKeysWhereThePreparedOnesAreSomethingElse) {
  const auto spent = prepared();
  rotate_to(spent.consensus);
  const auto ran = rejoin();
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err << ran.out;
  const auto now = validator()["consensus_key"].get<std::string>();
  EXPECT_NE(now, hex(spent.consensus));
  EXPECT_NE(now, hex(key_named("brand consensus")));
  EXPECT_NE(contents("brand/keys/consensus.key").find(now), std::string::npos);
}

TEST_F(MemberCommand, RejoinRetiresNothingWhenTheLedgerRefuses) {
  write_key("transport", KeyFilePurpose::transport, "east transport");
  const auto before = contents("brand/keys/consensus.key");
  const auto ran = rejoin();
  EXPECT_EQ(ran.exit, Exit::refused) << ran.out;
  EXPECT_EQ(contents("brand/keys/consensus.key"), before);
  EXPECT_EQ(validator()["consensus_key"], hex(key_named("brand consensus")));
}

TEST_F(MemberCommand, RejoinRegistersTheTransportKeyOfTheHome) {
  write_key("transport", KeyFilePurpose::transport, "another transport");
  const auto ran = rejoin();
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err << ran.out;
  EXPECT_EQ(validator()["transport_key"], hex(key_named("another transport")));
}

TEST_F(MemberCommand, AKeyIsProvedForAPartyOfANetwork) {
  const auto prove = [&](const std::string& file) {
    return run({"keys", "prove", path("brand/keys/" + file), "--party",
                to_hex(party_named("brand").view()), "--chain-id",
                to_hex(chain_id(genesis_).view()), "--json"});
  };
  const auto transport = prove("transport.key").json();
  EXPECT_EQ(transport["public_key"], hex(key_named("brand transport")));
  EXPECT_EQ(transport["possession"],
            to_hex(test::possession("brand transport", "brand", KeyPurpose::transport).view()));
  EXPECT_EQ(prove("operator.key").json()["possession"],
            to_hex(test::possession("brand", "brand").view()));
  EXPECT_NE(prove("consensus.key").exit, Exit::ok);
}

}  // namespace
}  // namespace fenrun::cli
