#include "contracts/members.h"

#include <gtest/gtest.h>

#include "ledger/proof/trust_policy.h"
#include "tests/support/member_changes.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

PublicKey public_key(const std::string& name) { return key_named(name).public_key(); }

// The validators of the state by name, in the order of their keys.
std::vector<std::string> names(const World& world) {
  std::vector<std::string> out;
  for (const auto& validator : validators(world.state())) out.push_back(validator.name.value);
  return out;
}

// By the key "<keys> consensus", over what the operation has now.
Signature consensus_possession(const World& world, const ReplaceValidatorKeys& operation,
                               const std::string& keys) {
  const ValidatorKeysStatement statement{world.point().chain_id, operation.name,
                                         operation.consensus_key, operation.checkpoint_key,
                                         Height(0)};
  return key_named(keys + " consensus").sign(Domain::validator_keys, encode(statement));
}

// A network with an observer "west", of the store "west".
class MemberTest : public testing::Test {
 protected:
  MemberTest() {
    CHECK(world.join("west", Role::store, "east") == Errc::ok);
    CHECK(world.decide(AdmitMember{admission("west", "west")}) == Errc::ok);
  }
  void add_west() {
    ASSERT_EQ(world.run("west", report(world, "west", "west")), Errc::ok);
    ASSERT_EQ(world.decide(AddValidator{{"west"}}), Errc::ok);
  }

  World world;
};

TEST(Members, ThoseOfGenesisAreItsValidatorsInOrder) {
  const World world;
  const auto& genesis = world.genesis();
  const auto all = members(world.state());
  ASSERT_EQ(all.size(), 4u);
  for (std::uint16_t i = 0; i < 4; ++i) {
    EXPECT_EQ(all[i].number, MemberNumber(i));
    EXPECT_EQ(all[i].member.name, genesis.validators[i].name);
    EXPECT_EQ(all[i].member.transport_key, genesis.validators[i].transport_key);
    EXPECT_EQ(find_member(world.state(), genesis.validators[i].name.value), all[i]);
  }
  EXPECT_EQ(network(world.state()), (NetworkRecord{{"example"}, 4, 4}));
  EXPECT_FALSE(world.tip().ends_epoch());
}

TEST_F(MemberTest, AnAdmittedOneGetsTheNextNumberForEver) {
  EXPECT_EQ(find_member(world.state(), "west")->number, MemberNumber(4));
  EXPECT_EQ(find_key_owner(world.state(), public_key("west transport")),
            (KeyOwner{party_named("west"), KeyPurpose::transport, std::nullopt}));
  // Several nodes of one party, but no name and no key twice.
  EXPECT_EQ(world.decide(AdmitMember{admission("west-2", "west")}), Errc::ok);
  auto again = admission("west", "west");
  again.transport_key = public_key("another transport");
  again.possession = possession("another transport", "west", KeyPurpose::transport);
  EXPECT_EQ(world.decide(AdmitMember{again}), Errc::member_exists);
  again = admission("west", "west");
  again.name = {"west-3"};
  EXPECT_EQ(world.decide(AdmitMember{again}), Errc::member_exists);
  EXPECT_EQ(world.decide(AdmitMember{admission("south", "nobody")}), Errc::party_unknown);

  EXPECT_EQ(world.decide(RemoveMember{{"west-2"}}), Errc::ok);
  EXPECT_EQ(find_member(world.state(), "west-2"), std::nullopt);
  EXPECT_EQ(world.decide(RemoveMember{{"west-2"}}), Errc::member_unknown);
  auto renamed = admission("west-2", "west");
  renamed.transport_key = public_key("another transport");
  renamed.possession = possession("another transport", "west", KeyPurpose::transport);
  EXPECT_EQ(world.decide(AdmitMember{renamed}), Errc::member_exists);
  ASSERT_EQ(world.decide(AdmitMember{admission("south", "west")}), Errc::ok);
  EXPECT_EQ(find_member(world.state(), "south")->number, MemberNumber(6));
  EXPECT_EQ(network(world.state()), (NetworkRecord{{"example"}, 7, 6}));
  EXPECT_EQ(members(world.state()).size(), 6u);
  // None of it concerns the set.
  EXPECT_EQ(world.point().epoch, Epoch(0));
}

TEST_F(MemberTest, FormOfAnAdmissionIsCheckedWhenItIsProposed) {
  for (const auto* name : {"", "West", "none", "validators", "a b"}) {
    auto change = admission("other", "west");
    change.name = {name};
    EXPECT_EQ(world.decide(AdmitMember{change}), Errc::value_invalid) << name;
  }
  auto change = admission("other", "west");
  change.transport_key = PublicKey();
  EXPECT_EQ(world.decide(AdmitMember{change}), Errc::key_invalid);
  // A key that somebody else holds, or proved for another party or purpose.
  change = admission("other", "west");
  change.party = party_named("east");
  EXPECT_EQ(world.decide(AdmitMember{change}), Errc::key_invalid);
  change = admission("other", "west");
  change.possession = possession("other transport", "west", KeyPurpose::checkpoint);
  EXPECT_EQ(world.decide(AdmitMember{change}), Errc::key_invalid);
  change.possession = {};
  EXPECT_EQ(world.decide(AdmitMember{change}), Errc::key_invalid);
}

TEST_F(MemberTest, AValidatorIsAddedWithTheKeysThatItReported) {
  EXPECT_EQ(world.decide(AddValidator{{"south"}}), Errc::member_unknown);
  EXPECT_EQ(world.decide(AddValidator{{"west"}}), Errc::validator_not_ready);
  const auto before = validators(world.state());
  ASSERT_EQ(world.run("west", report(world, "west", "west old")), Errc::ok);
  ASSERT_EQ(world.run("west", report(world, "west", "west")), Errc::ok);
  EXPECT_EQ(find_readiness(world.state(), MemberNumber(4))->operator_key, public_key("west"));
  EXPECT_EQ(validators(world.state()), before);

  const auto policy = world.tip().trust_policy;
  ASSERT_EQ(world.decide(AddValidator{{"west"}}), Errc::ok);
  const auto after = validators(world.state());
  ASSERT_EQ(after.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(after, {}, &Validator::consensus_key));
  const auto west = std::ranges::find(after, "west", [](const auto& v) { return v.name.value; });
  EXPECT_EQ(*west, (Validator{{"west"},
                              party_named("west"),
                              public_key("west"),
                              public_key("west consensus"),
                              public_key("west checkpoint"),
                              public_key("west transport")}));
  EXPECT_FALSE(find_readiness(world.state(), MemberNumber(4)));

  // The block was the last of its epoch, and says who comes next.
  const auto& last = world.tip();
  EXPECT_TRUE(last.ends_epoch());
  EXPECT_EQ(last.epoch, Epoch(0));
  EXPECT_EQ(last.validators, hash(Domain::validator_set, encode(before)));
  EXPECT_EQ(last.next_validators, hash(Domain::validator_set, encode(after)));
  EXPECT_EQ(last.trust_policy, policy);
  std::vector<CheckpointSigner> signers;
  for (const auto& validator : after) {
    signers.push_back({validator.name.value, validator.checkpoint_key});
  }
  EXPECT_EQ(last.next_trust_policy,
            trust_policy_digest(log_origin("example", world.point().chain_id), signers, 4));
  EXPECT_EQ(find_epoch_end(world.state(), Epoch(0)), last.height);
  EXPECT_EQ(find_epoch_end(world.state(), Epoch(1)), std::nullopt);

  world.wait(1'000);
  EXPECT_EQ(world.tip().epoch, Epoch(1));
  EXPECT_EQ(world.tip().validators, hash(Domain::validator_set, encode(after)));
  EXPECT_FALSE(world.tip().ends_epoch());
  EXPECT_EQ(world.run("west", report(world, "west", "west more")), Errc::validator_exists);
  EXPECT_EQ(world.decide(AddValidator{{"west"}}, {"brand", "east", "auditor", "west"}),
            Errc::validator_exists);
}

TEST_F(MemberTest, APartyRunsOneValidator) {
  ASSERT_EQ(world.decide(AdmitMember{admission("west-2", "west")}), Errc::ok);
  ASSERT_EQ(world.run("west", report(world, "west-2", "west two")), Errc::ok);
  add_west();
  EXPECT_EQ(world.decide(AddValidator{{"west-2"}}, {"brand", "east", "auditor", "west"}),
            Errc::validator_exists);
}

TEST_F(MemberTest, AReportIsRefused) {
  const auto good = report(world, "west", "west");
  auto bad = good;
  bad.name = {"south"};
  EXPECT_EQ(world.run("west", bad), Errc::member_unknown);
  EXPECT_EQ(world.run("brand", good), Errc::not_authorized);
  // The possession names the member, the keys, the height and the network.
  bad = good;
  bad.height = Height(0);
  EXPECT_EQ(world.run("west", bad), Errc::key_invalid);
  bad = good;
  bad.checkpoint_key = public_key("west transport 2");
  EXPECT_EQ(world.run("west", bad), Errc::key_invalid);
  bad = good;
  bad.possession.bytes[5] ^= 1;
  EXPECT_EQ(world.run("west", bad), Errc::key_invalid);
  bad = good;
  bad.checkpoint_possession = possession("west checkpoint", "west", KeyPurpose::transport);
  EXPECT_EQ(world.run("west", bad), Errc::key_invalid);
  bad = good;
  bad.height = Height(world.next_height().value() + 1);
  EXPECT_EQ(world.run("west", bad), Errc::value_invalid);
  // Keys that somebody has, also in another role.
  EXPECT_EQ(world.run("west", report(world, "west", "brand")), Errc::key_invalid);
  EXPECT_EQ(find_readiness(world.state(), MemberNumber(4)), std::nullopt);
  EXPECT_EQ(world.run("brand", report(world, "brand", "brand 2", "brand")), Errc::validator_exists);
}

// The keys of a report stand in public before they are anybody's.
TEST_F(MemberTest, NobodyElseRegistersTheKeysOfAReport) {
  const auto good = report(world, "west", "west");
  ASSERT_EQ(world.run("west", good), Errc::ok);
  for (const auto* const keys : {"west consensus", "west checkpoint"}) {
    const auto key = public_key(keys);
    auto thief = std::get<RegisterParty>(registration("thief", Role::store, "east"));
    for (const auto& proof : {Signature(), good.possession, good.checkpoint_possession,
                              key_named("thief").sign(Domain::key_possession, key.view())}) {
      thief.keys = {{KeyPurpose::transactions, key, proof}};
      EXPECT_EQ(world.run("east", thief), Errc::key_invalid);
    }
    EXPECT_EQ(world.run("east", RotateKey{public_key("east"), key, KeyPurpose::transactions,
                                          world.next_height().next(), good.possession}),
              Errc::key_invalid);
    EXPECT_EQ(world.run("brand", ProposeRecovery{party_named("east"), key, good.possession}),
              Errc::key_invalid);
    EXPECT_EQ(world.run("brand",
                        ProposeChange{RecoverParty{party_named("east"), key, {}}, Height(1'000)}),
              Errc::key_invalid);
    EXPECT_EQ(world.run("brand", ProposeChange{AdmitMember{{"thief"}, party_named("east"), key, {}},
                                               Height(1'000)}),
              Errc::key_invalid);
    // A validator would have to hold it as well.
    auto greedy = replacement(world, "brand", "brand 2");
    greedy.checkpoint_key = key;
    greedy.checkpoint_possession = good.checkpoint_possession;
    greedy.possession = consensus_possession(world, greedy, "brand 2");
    EXPECT_EQ(world.run("brand", greedy), Errc::key_invalid);
    greedy = replacement(world, "brand", "brand 2");
    greedy.transport_key = key;
    greedy.transport_possession = good.checkpoint_possession;
    EXPECT_EQ(world.run("brand", greedy), Errc::key_invalid);
    EXPECT_FALSE(find_key_owner(world.state(), key));
  }
  EXPECT_EQ(world.decide(AddValidator{{"west"}}), Errc::ok);
}

// Its holder can, in another role; then the report is worth nothing.
TEST_F(MemberTest, KeysThatWereRegisteredSinceTheReportAreNotReady) {
  ASSERT_EQ(world.run("west", report(world, "west", "west")), Errc::ok);
  const auto till = rotation("west", "west", "west checkpoint", world.next_height().next());
  ASSERT_EQ(world.run("west", till), Errc::ok);
  EXPECT_EQ(world.decide(AddValidator{{"west"}}), Errc::validator_not_ready);
  world.use_key("west", "west checkpoint");
  EXPECT_EQ(world.run("west", report(world, "west", "west")), Errc::key_invalid);
}

TEST_F(MemberTest, AReportGrowsOld) {
  const auto old = report(world, "west", "west");
  ASSERT_EQ(world.run("west", old), Errc::ok);
  const ProposeChange proposal{AddValidator{{"west"}},
                               Height(world.next_height().value() + kValidityHeightsMax)};
  ASSERT_EQ(world.run("brand", proposal), Errc::ok);
  ASSERT_EQ(world.run("east", ApproveChange{proposal_digest(proposal)}), Errc::ok);
  // A block far above: the contracts count heights, and the world's store is not asked for those
  // between.
  const auto approve_at = [&](std::uint64_t height) {
    auto parent = world.point();
    parent.height = Height(height - 1);
    auto context = world.next_context(1'000);
    context.height = Height(height);
    auto transaction = world.sign("auditor", {ApproveChange{proposal_digest(proposal)}});
    transaction.body.valid_until = Height(height);
    transaction.signature =
        key_named("auditor").sign(Domain::transaction, encode(transaction.body));
    const SignedTransaction* const one = &transaction;
    const auto block = execute_block(parent, context, std::span(&one, 1));
    return std::get<OperationEntry>(*decode_entry(block.entries.at(1))).outcome;
  };
  EXPECT_EQ(approve_at(old.height.value() + kReadyHeightsMax + 1), Errc::validator_not_ready);
  EXPECT_EQ(approve_at(old.height.value() + kReadyHeightsMax), Errc::ok);
}

// Else the set would name a key with which nobody can sign any more.
TEST_F(MemberTest, AReportIsWorthNothingOnceTheKeyThatSignedItHasEnded) {
  ASSERT_EQ(world.run("west", report(world, "west", "west")), Errc::ok);
  ASSERT_EQ(
      world.run("west", rotation("west", "west", "west's second", world.next_height().next())),
      Errc::ok);
  EXPECT_EQ(world.decide(AddValidator{{"west"}}), Errc::validator_not_ready);
  world.use_key("west", "west's second");
  ASSERT_EQ(world.run("west", report(world, "west", "west")), Errc::ok);
  EXPECT_EQ(world.decide(AddValidator{{"west"}}), Errc::ok);
  const auto set = validators(world.state());
  EXPECT_TRUE(std::ranges::any_of(set, [](const Validator& validator) {
    return validator.operator_key == public_key("west's second");
  }));
}

TEST_F(MemberTest, ARemovedValidatorStaysAMemberAndItsKeysNeverComeBack) {
  add_west();
  ASSERT_EQ(world.decide(RemoveValidator{{"west"}}, {"brand", "east", "auditor", "custodian"}),
            Errc::ok);
  EXPECT_TRUE(world.tip().ends_epoch());
  EXPECT_EQ(world.tip().epoch, Epoch(1));
  EXPECT_EQ(validators(world.state()), world.genesis().validators);
  EXPECT_TRUE(find_member(world.state(), "west"));
  EXPECT_EQ(world.decide(RemoveValidator{{"west"}}), Errc::validator_unknown);
  EXPECT_EQ(world.run("west", report(world, "west", "west")), Errc::key_invalid);
  EXPECT_EQ(world.decide(RemoveMember{{"brand"}}), Errc::validator_exists);
  ASSERT_EQ(world.decide(RemoveMember{{"west"}}), Errc::ok);
}

TEST_F(MemberTest, ThoseWhoHaveLeftTheSetHaveNoSay) {
  add_west();  // Five validators, quorum 4.
  const ProposeChange proposal{AdmitMember{admission("west-2", "west")},
                               Height(world.next_height().value() + 50)};
  const ApproveChange approval{proposal_digest(proposal)};
  ASSERT_EQ(world.run("west", proposal), Errc::ok);
  ASSERT_EQ(world.run("brand", approval), Errc::ok);
  ASSERT_EQ(world.decide(RemoveValidator{{"west"}}, {"brand", "east", "auditor", "custodian"}),
            Errc::ok);
  EXPECT_EQ(world.run("west", approval), Errc::not_authorized);
  // Four validators, quorum 3: with east there are two approvals that count.
  ASSERT_EQ(world.run("east", approval), Errc::ok);
  EXPECT_EQ(find_member(world.state(), "west-2"), std::nullopt);
  ASSERT_EQ(world.run("auditor", approval), Errc::ok);
  EXPECT_TRUE(find_member(world.state(), "west-2"));
}

TEST_F(MemberTest, TheSetAfterTheBlockCounts) {
  ASSERT_EQ(world.run("west", report(world, "west", "west")), Errc::ok);
  const ProposeChange add{AddValidator{{"west"}}, Height(1'000)};
  const ProposeChange remove{RemoveValidator{{"west"}}, Height(1'000)};
  const auto both = [&](const std::string& name, std::vector<Operation> operations) {
    return world.run_all(name, std::move(operations));
  };
  both("brand", {add, remove});
  both("east", {ApproveChange{proposal_digest(add)}, ApproveChange{proposal_digest(remove)}});
  // Added and, by the same transaction, not yet removed: five validators want a fourth approval.
  world.block({world.sign("auditor", {ApproveChange{proposal_digest(add)},
                                      ApproveChange{proposal_digest(remove)}}),
               world.sign("custodian", {ApproveChange{proposal_digest(remove)}})});
  EXPECT_EQ(world.outcomes(), (std::vector<Errc>{Errc::ok, Errc::ok, Errc::ok}));
  // Nothing has changed from one block to the next, so no epoch ends.
  EXPECT_FALSE(world.tip().ends_epoch());
  EXPECT_EQ(find_epoch_end(world.state(), Epoch(0)), std::nullopt);
  EXPECT_EQ(validators(world.state()), world.genesis().validators);
  // Its keys are spent all the same.
  EXPECT_TRUE(find_key_owner(world.state(), public_key("west consensus")));
}

TEST_F(MemberTest, ATransactionThatIsTakenBackEndsNoEpoch) {
  const auto outcomes =
      world.run_all("brand", {replacement(world, "brand", "brand 2"), OpenLane{Lane(99)}},
                    TransactionMode::atomic);
  EXPECT_EQ(outcomes, (std::vector<Errc>{Errc::atomic_aborted, Errc::limit_exceeded}));
  EXPECT_FALSE(world.tip().ends_epoch());
}

TEST(Validators, OneStaysAlways) {
  World world;
  EXPECT_EQ(world.decide(RemoveValidator{{"custodian"}}), Errc::ok);
  EXPECT_EQ(world.decide(RemoveValidator{{"auditor"}}, {"brand", "east", "auditor"}), Errc::ok);
  EXPECT_EQ(world.decide(RemoveValidator{{"east"}}, {"brand", "east"}), Errc::ok);
  EXPECT_EQ(names(world), std::vector<std::string>{"brand"});
  EXPECT_EQ(world.point().epoch, Epoch(3));
  EXPECT_EQ(world.decide(RemoveValidator{{"brand"}}, {"brand"}), Errc::set_too_small);
  EXPECT_EQ(validators(world.state()).size(), 1u);
}

TEST(Validators, ReplaceTheirOwnKeys) {
  World world;
  world.use_key("brand", "brand");
  auto operation = replacement(world, "brand", "brand 2");
  EXPECT_EQ(world.run("east", operation), Errc::not_authorized);
  auto bad = operation;
  bad.name = {"nobody"};
  EXPECT_EQ(world.run("brand", bad), Errc::validator_unknown);
  bad = operation;
  bad.transport_key = bad.checkpoint_key;
  EXPECT_EQ(world.run("brand", bad), Errc::key_invalid);
  bad = operation;
  bad.transport_key = public_key("east transport");
  bad.transport_possession = possession("east transport", "brand", KeyPurpose::transport);
  EXPECT_EQ(world.run("brand", bad), Errc::key_invalid);
  bad = operation;
  bad.transport_possession = possession("brand transport", "brand", KeyPurpose::transport);
  EXPECT_EQ(world.run("brand", bad), Errc::key_invalid) << "of a key that stays";
  bad = operation;
  bad.checkpoint_possession = possession("brand 2 checkpoint", "east", KeyPurpose::checkpoint);
  EXPECT_EQ(world.run("brand", bad), Errc::key_invalid);
  bad = operation;
  bad.possession.bytes[0] ^= 1;
  EXPECT_EQ(world.run("brand", bad), Errc::key_invalid);
  EXPECT_EQ(world.run("brand", replacement(world, "brand", "brand")), Errc::key_invalid);
  EXPECT_EQ(world.point().epoch, Epoch(0));

  const Height replaced_at = world.next_height();
  ASSERT_EQ(world.run("brand", operation), Errc::ok);
  EXPECT_TRUE(world.tip().ends_epoch());
  EXPECT_NE(world.tip().next_trust_policy, world.tip().trust_policy);
  const auto after = validators(world.state());
  EXPECT_TRUE(std::ranges::is_sorted(after, {}, &Validator::consensus_key));
  EXPECT_EQ(std::ranges::count(after, public_key("brand 2 consensus"), &Validator::consensus_key),
            1);
  EXPECT_EQ(after.size(), 4u);
  EXPECT_EQ(find_member(world.state(), "brand")->member.keys_replaced_at, replaced_at);

  // Another validator may follow at once, this one only later; the old keys never.
  EXPECT_EQ(world.run("brand", replacement(world, "brand", "brand 3")), Errc::set_change_too_soon);
  EXPECT_EQ(world.run("east", replacement(world, "east", "east 2")), Errc::ok);
  while (world.next_height().value() < replaced_at.value() + kSetChangeHeightsMin - 1) {
    world.wait(1'000);
  }
  EXPECT_EQ(world.run("brand", replacement(world, "brand", "brand 3")), Errc::set_change_too_soon);
  EXPECT_EQ(world.run("brand", replacement(world, "brand", "brand")), Errc::key_invalid);
  operation = replacement(world, "brand", "brand 3");
  operation.transport_key = public_key("brand 3 transport");
  EXPECT_EQ(world.run("brand", operation), Errc::key_invalid);
  operation.transport_possession = possession("brand 3 transport", "brand", KeyPurpose::transport);
  EXPECT_EQ(world.run("brand", operation), Errc::ok);
  EXPECT_EQ(find_member(world.state(), "brand")->member.transport_key, operation.transport_key);
  EXPECT_EQ(find_key_owner(world.state(), operation.transport_key)->purpose, KeyPurpose::transport);
}

// Else one validator could end any number of epochs.
TEST_F(MemberTest, AValidatorReplacesItsKeysSoOftenInSoLong) {
  const auto replace = [&](std::size_t number, std::uint64_t heights = kSetChangeHeightsMin) {
    for (std::uint64_t i = 1; i < heights; ++i) world.wait(1'000);
    return world.run("brand", replacement(world, "brand", "brand " + std::to_string(number)));
  };
  ASSERT_EQ(replace(0), Errc::ok);
  const auto first = world.time();
  for (std::size_t i = 1; i < kKeyReplacementsMax; ++i) {
    world.wait(24 * 60 * 60 * 1'000);
    ASSERT_EQ(replace(i), Errc::ok) << i;
  }
  const auto second = find_member(world.state(), "brand")->member.replacements.at(1);
  EXPECT_EQ(replace(7), Errc::set_change_too_soon);
  // Others have a count of their own.
  EXPECT_EQ(world.run("east", replacement(world, "east", "east 2")), Errc::ok);

  world.wait(first.value() + kKeyReplacementsMs - world.time().value() - 1'001);
  EXPECT_EQ(replace(7, 1), Errc::set_change_too_soon) << "a millisecond early";
  world.wait(1);
  EXPECT_EQ(replace(7, 1), Errc::ok);
  EXPECT_EQ(replace(8), Errc::set_change_too_soon);
  world.wait(second.value() + kKeyReplacementsMs - world.time().value());
  EXPECT_EQ(replace(8, 1), Errc::ok);
}

TEST(Members, AreBounded) {
  World world;
  for (std::size_t i = 4; i < kMembersMax; ++i) {
    ASSERT_EQ(world.decide(AdmitMember{admission("n" + std::to_string(i), "brand")}), Errc::ok);
  }
  EXPECT_EQ(world.decide(AdmitMember{admission("one-more", "brand")}), Errc::limit_exceeded);
  ASSERT_EQ(world.decide(RemoveMember{{"n4"}}), Errc::ok);
  EXPECT_EQ(world.decide(AdmitMember{admission("one-more", "brand")}), Errc::ok);
}

}  // namespace
}  // namespace fenrun::test
