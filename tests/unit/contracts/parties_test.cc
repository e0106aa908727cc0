#include "contracts/parties.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace fenrun::test {
namespace {

TEST(RegisterParty, ABrandAndEachParentRegister) {
  World world;
  EXPECT_EQ(world.join("north", Role::distributor, "brand"), Errc::ok);
  EXPECT_EQ(world.join("county", Role::subdistributor, "east"), Errc::ok);
  EXPECT_EQ(world.join("store", Role::store, "county"), Errc::ok);
  EXPECT_EQ(world.run("brand", registration("kiosk", Role::store, "county")), Errc::ok);

  const auto store = find_party(world.state(), party_named("store"));
  ASSERT_TRUE(store);
  EXPECT_EQ(store->parent, party_named("county"));
  EXPECT_EQ(store->registered_by, party_named("county"));
  EXPECT_EQ(next_sequence(world.state(), party_named("store"), Lane(0)), Sequence(0));
  EXPECT_TRUE(is_ancestor(world.state(), party_named("brand"), *store));
  EXPECT_FALSE(is_ancestor(world.state(), party_named("store"), *store));
  EXPECT_FALSE(is_ancestor(world.state(), party_named("north"), *store));
}

TEST(RegisterParty, IsRefused) {
  World world;
  ASSERT_EQ(world.join("north", Role::distributor, "brand"), Errc::ok);
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  const auto refused = [&](const std::string& signer, const std::string& name, Role role,
                           const std::string& parent) {
    return world.run(signer, registration(name, role, parent));
  };
  EXPECT_EQ(refused("east", "store", Role::store, "east"), Errc::party_exists);
  EXPECT_EQ(refused("east", "x", Role::store, "north"), Errc::not_authorized);
  EXPECT_EQ(refused("east", "x", Role::store, ""), Errc::not_authorized);
  EXPECT_EQ(refused("store", "x", Role::store, "store"), Errc::role_not_allowed);
  EXPECT_EQ(refused("brand", "x", Role::store, "store"), Errc::role_not_allowed);
  EXPECT_EQ(refused("brand", "x", Role::store, "nobody"), Errc::party_unknown);
  EXPECT_EQ(refused("brand", "x", Role::auditor, "brand"), Errc::role_not_allowed);
  EXPECT_EQ(refused("brand", "x", Role::custodian, "brand"), Errc::role_not_allowed);
  EXPECT_EQ(refused("brand", "x", Role::brand, ""), Errc::role_not_allowed);

  auto zero = std::get<RegisterParty>(registration("x", Role::store, "east"));
  zero.party = {};
  EXPECT_EQ(world.run("east", zero), Errc::value_invalid);
  auto taken = std::get<RegisterParty>(registration("x", Role::store, "east"));
  taken.keys = {registered_key("store", "x")};
  EXPECT_EQ(world.run("east", taken), Errc::key_invalid);
  taken.keys = {registered_key("east transport", "x")};
  EXPECT_EQ(world.run("east", taken), Errc::key_invalid);
  taken.keys = {{KeyPurpose::transactions, PublicKey{}, {}}};
  EXPECT_EQ(world.run("east", taken), Errc::key_invalid);
  taken.keys = {};
  EXPECT_EQ(world.run("east", taken), Errc::key_invalid);
  taken.keys = {registered_key("x", "x"), registered_key("x", "x")};
  EXPECT_EQ(world.run("east", taken), Errc::key_invalid);
  taken.keys = {{KeyPurpose::transport, key_named("x").public_key(), possession("x", "x")}};
  EXPECT_EQ(world.run("east", taken), Errc::not_supported_yet);
  // A key that somebody else holds, or showed to somebody else.
  const auto x = key_named("x").public_key();
  const Signature elsewhere = prove_possession(key_named("x"), digest_named("another network"),
                                               party_named("x"), KeyPurpose::transactions);
  for (const auto& proof : {Signature(), possession("y", "x"), possession("x", "y"), elsewhere,
                            possession("x", "x", KeyPurpose::transport)}) {
    taken.keys = {{KeyPurpose::transactions, x, proof}};
    EXPECT_EQ(world.run("east", taken), Errc::key_invalid);
  }
  EXPECT_FALSE(find_party(world.state(), party_named("x")));
}

TEST(RegisterParty, TheTreeHasADepth) {
  World world;
  std::string parent = "east";
  // "east" stands below the brand already.
  for (std::size_t depth = 2; depth < kChannelDepthMax; ++depth) {
    const std::string name = "sub" + std::to_string(depth);
    ASSERT_EQ(world.join(name, Role::subdistributor, parent), Errc::ok);
    parent = name;
  }
  EXPECT_EQ(world.join("deepest", Role::subdistributor, parent), Errc::ok);
  EXPECT_EQ(world.join("deeper", Role::store, "deepest"), Errc::value_invalid);
}

TEST(RotateKey, TheNewKeyTakesOverAtItsHeight) {
  World world;
  const auto from = Height(world.next_height().value() + 2);
  EXPECT_EQ(world.run("east", rotation("east", "east", "east 2", from)), Errc::ok);
  // One block before its height the new key is not valid, and the old one is.
  const auto old_key = world.sign("east", {OpenLane{Lane(1)}});
  world.use_key("east", "east 2");
  const auto new_key = world.sign("east", {OpenLane{Lane(1)}});
  EXPECT_EQ(check_admission(world.state(), Height(from.value() - 1), new_key).error().code,
            Errc::signer_unknown);
  EXPECT_TRUE(check_admission(world.state(), Height(from.value() - 1), old_key));
  EXPECT_TRUE(check_admission(world.state(), from, new_key));
  EXPECT_EQ(check_admission(world.state(), from, old_key).error().code, Errc::signer_unknown);

  world.wait(1'000);
  EXPECT_EQ(world.run("east", OpenLane{Lane(1)}), Errc::ok);
}

TEST(RotateKey, IsRefused) {
  World world;
  const auto rotate = [&](const std::string& from, const std::string& to, std::uint64_t ahead) {
    return world.run("east",
                     rotation("east", from, to, Height(world.next_height().value() + ahead)));
  };
  EXPECT_EQ(rotate("brand", "x", 1), Errc::key_invalid);
  EXPECT_EQ(rotate("east", "brand", 1), Errc::key_invalid);
  EXPECT_EQ(rotate("east", "x", 0), Errc::value_invalid);
  EXPECT_EQ(rotate("east", "x", kValidityHeightsMax + 1), Errc::value_invalid);
  EXPECT_EQ(
      world.run("east", RotateKey{key_named("east consensus").public_key(),
                                  key_named("x").public_key(), KeyPurpose::consensus, Height(100),
                                  possession("x", "east", KeyPurpose::consensus)}),
      Errc::not_supported_yet);
  auto foreign = rotation("east", "east", "x", world.next_height().next());
  foreign.possession = possession("x", "brand");
  EXPECT_EQ(world.run("east", foreign), Errc::key_invalid);
  EXPECT_EQ(rotate("east", "x", 2), Errc::ok);
  EXPECT_EQ(rotate("east", "y", 2), Errc::key_invalid);  // It ends already.
}

TEST(RotateKey, EndedKeysMakeRoom) {
  World world;
  std::string current = "east";
  for (int i = 0; i < 12; ++i) {
    const std::string next = "east " + std::to_string(i);
    ASSERT_EQ(world.run("east", rotation("east", current, next, world.next_height().next())),
              Errc::ok)
        << i;
    world.use_key("east", next);
    current = next;
  }
  EXPECT_LE(find_party(world.state(), party_named("east"))->keys.size(), kPartyKeysMax);
  // A key that was let go of is still nobody else's.
  EXPECT_TRUE(find_key_owner(world.state(), key_named("east").public_key()));
}

class Recovery : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.join("store", Role::store, "east"), Errc::ok); }

  Errc propose(const std::string& key) {
    return world_.run("east", ProposeRecovery{party_named("store"), key_named(key).public_key(),
                                              possession(key, "store")});
  }
  Errc approve(const std::string& key = "new") {
    return world_.run("auditor",
                      ApproveRecovery{party_named("store"), key_named(key).public_key()});
  }
  bool can_sign(const std::string& key) {
    world_.use_key("store", key);
    const auto transaction = world_.sign("store", {OpenLane{Lane(1)}});
    return check_admission(world_.state(), world_.next_height(), transaction).has_value();
  }
  std::uint64_t delay() const { return parameters(world_.state()).recovery_delay_ms; }

  World world_;
};

TEST_F(Recovery, TakesEffectAfterTheDelay) {
  ASSERT_EQ(propose("new"), Errc::ok);
  ASSERT_EQ(approve(), Errc::ok);
  world_.wait(delay() - 1);
  EXPECT_TRUE(can_sign("store"));
  EXPECT_FALSE(can_sign("new"));
  world_.wait(1);
  EXPECT_FALSE(can_sign("store"));
  EXPECT_TRUE(can_sign("new"));
  EXPECT_FALSE(find_recovery(world_.state(), party_named("store")));
  const auto system = world_.entries_of<SystemEntry>();
  ASSERT_EQ(system.size(), 1u);
}

TEST_F(Recovery, TheOldKeyObjects) {
  ASSERT_EQ(propose("new"), Errc::ok);
  ASSERT_EQ(approve(), Errc::ok);
  ASSERT_EQ(world_.run("store", ObjectToRecovery{party_named("store")}), Errc::ok);
  world_.wait(delay());
  EXPECT_TRUE(can_sign("store"));
  EXPECT_FALSE(can_sign("new"));
  EXPECT_TRUE(world_.entries_of<SystemEntry>().empty());
}

TEST_F(Recovery, ASecondOneWaitsItsOwnDelay) {
  ASSERT_EQ(propose("new"), Errc::ok);
  ASSERT_EQ(approve(), Errc::ok);
  ASSERT_EQ(world_.run("store", ObjectToRecovery{party_named("store")}), Errc::ok);
  world_.wait(delay() / 2);
  ASSERT_EQ(propose("newer"), Errc::ok);
  ASSERT_EQ(approve("newer"), Errc::ok);
  world_.wait(delay() / 2 + 1);  // The first one's time comes: it was objected to.
  EXPECT_FALSE(can_sign("newer"));
  world_.wait(delay() / 2);
  EXPECT_TRUE(can_sign("newer"));
}

TEST_F(Recovery, NobodyElseRegistersTheKeyMeanwhile) {
  ASSERT_EQ(propose("kiosk"), Errc::ok);
  EXPECT_EQ(world_.join("kiosk", Role::store, "east"), Errc::key_invalid);
  EXPECT_EQ(world_.run("east", rotation("east", "east", "kiosk", world_.next_height().next())),
            Errc::key_invalid);
  EXPECT_FALSE(can_sign("kiosk")) << "not yet";
  world_.use_key("store", "store");
  ASSERT_EQ(approve("kiosk"), Errc::ok);
  world_.wait(delay());
  EXPECT_TRUE(can_sign("kiosk"));
}

TEST_F(Recovery, TheAuditorApprovesTheKeyThatItNames) {
  ASSERT_EQ(propose("new"), Errc::ok);
  ASSERT_EQ(propose("another"), Errc::ok);  // In its place, before the approval is ordered.
  EXPECT_EQ(approve("new"), Errc::recovery_unknown);
  EXPECT_EQ(approve("another"), Errc::ok);
}

// Whatever became of it: a key that had to be given up must not come back.
TEST_F(Recovery, AKeyIsProposedOnceAndNeverOneOfTheParty) {
  EXPECT_EQ(propose("store"), Errc::key_invalid);
  ASSERT_EQ(propose("new"), Errc::ok);
  EXPECT_EQ(propose("new"), Errc::key_invalid);
  ASSERT_EQ(approve("new"), Errc::ok);
  ASSERT_EQ(world_.run("store", ObjectToRecovery{party_named("store")}), Errc::ok);
  EXPECT_EQ(propose("new"), Errc::key_invalid);
  // Its first key is no longer in its Record after so many.
  std::string current = "store";
  for (std::size_t i = 0; i <= kPartyKeysMax; ++i) {
    const std::string next = "key " + std::to_string(i);
    ASSERT_EQ(world_.run("store", rotation("store", current, next, world_.next_height().next())),
              Errc::ok)
        << i;
    world_.use_key("store", next);
    world_.wait(1);
    current = next;
  }
  EXPECT_EQ(propose("store"), Errc::key_invalid);
}

TEST_F(Recovery, IsRefused) {
  ProposeRecovery proposal{party_named("store"), key_named("new").public_key(),
                           possession("new", "store")};
  EXPECT_EQ(world_.run("brand", proposal), Errc::not_authorized);  // The grandparent.
  proposal.possession = possession("new", "east");
  EXPECT_EQ(world_.run("east", proposal), Errc::key_invalid) << "proved for the parent";
  EXPECT_EQ(propose("brand"), Errc::key_invalid);
  EXPECT_EQ(approve(), Errc::recovery_unknown);
  EXPECT_EQ(world_.run("store", ObjectToRecovery{party_named("store")}), Errc::recovery_unknown);
  ASSERT_EQ(propose("new"), Errc::ok);
  EXPECT_EQ(propose("other"), Errc::ok);  // Not approved yet: replaced.
  EXPECT_EQ(
      world_.run("brand", ApproveRecovery{party_named("store"), key_named("other").public_key()}),
      Errc::role_not_allowed);
  EXPECT_EQ(world_.run("east", ObjectToRecovery{party_named("store")}), Errc::not_authorized);
  EXPECT_EQ(approve("other"), Errc::ok);
  EXPECT_EQ(approve("other"), Errc::already_signed);
  EXPECT_EQ(propose("newest"), Errc::recovery_pending);
}

// Parties that have nobody above them, and all others too.
class RecoveryByGovernance : public testing::Test {
 protected:
  ProposeChange proposal(const std::string& party, const std::string& key) const {
    return {RecoverParty{party_named(party), key_named(key).public_key(), possession(key, party)},
            Height(world_.next_height().value() + 1'000)};
  }
  Errc approve(const std::string& name, const ProposeChange& change) {
    return world_.run(name, ApproveChange{proposal_digest(change)});
  }
  // East proposes, the auditor and the custodian approve.
  Errc decide(const ProposeChange& change) {
    if (const Errc code = world_.run("east", change); code != Errc::ok) return code;
    if (const Errc code = approve("auditor", change); code != Errc::ok) return code;
    return approve("custodian", change);
  }
  // East does, of a store that it has just taken in.
  Errc propose_by_parent() {
    EXPECT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
    return world_.run("east", ProposeRecovery{party_named("store"), parents_key_,
                                              possession("parent's", "store")});
  }
  Errc object(const std::string& party) {
    return world_.run(party, ObjectToRecovery{party_named(party)});
  }
  bool can_sign(const std::string& party, const std::string& key) {
    world_.use_key(party, key);
    const auto transaction = world_.sign(party, {OpenLane{Lane(1)}});
    return check_admission(world_.state(), world_.next_height(), transaction).has_value();
  }
  std::optional<fenrun::Recovery> pending(const std::string& party) const {
    return find_recovery(world_.state(), party_named(party));
  }
  std::uint64_t delay() const { return parameters(world_.state()).recovery_delay_ms; }

  const PublicKey parents_key_ = key_named("parent's").public_key();
  World world_;
};

TEST_F(RecoveryByGovernance, GivesABrandThatLostItsKeyAnotherAfterTheDelay) {
  const auto change = proposal("brand", "new");
  ASSERT_EQ(world_.run("custodian", change), Errc::ok);
  ASSERT_EQ(approve("east", change), Errc::ok);
  EXPECT_FALSE(pending("brand"));
  ASSERT_EQ(approve("auditor", change), Errc::ok);

  const auto recovery = pending("brand");
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->new_key, key_named("new").public_key());
  EXPECT_EQ(recovery->proposer, party_named("custodian"));
  EXPECT_EQ(recovery->approver, party_named("auditor"));
  EXPECT_EQ(recovery->due->value(), world_.time().value() + delay());

  world_.wait(delay() - 1);
  EXPECT_TRUE(can_sign("brand", "brand"));
  EXPECT_FALSE(can_sign("brand", "new"));
  world_.wait(1);
  EXPECT_FALSE(can_sign("brand", "brand"));
  EXPECT_TRUE(can_sign("brand", "new"));
  EXPECT_FALSE(pending("brand"));
}

// Whoever decides on the delay as well cannot do away with it.
TEST_F(RecoveryByGovernance, WaitsADayWhateverTheDelayOfOthers) {
  auto hasty = parameters(world_.state());
  hasty.recovery_delay_ms = 1;
  ASSERT_EQ(world_.decide(SetParameters{hasty}), Errc::ok);
  ASSERT_EQ(decide(proposal("brand", "new")), Errc::ok);
  EXPECT_EQ(pending("brand")->due->value(), world_.time().value() + kGovernedRecoveryMsMin);
  world_.wait(kGovernedRecoveryMsMin - 2'000);
  EXPECT_TRUE(can_sign("brand", "brand"));
  ASSERT_EQ(object("brand"), Errc::ok);
  world_.wait(2'000);
  EXPECT_FALSE(can_sign("brand", "new"));
}

TEST_F(RecoveryByGovernance, AnObjectionEndsAllThatWasProposedBefore) {
  const auto first = proposal("brand", "new");
  const auto second = proposal("brand", "newer");
  ASSERT_EQ(world_.run("east", second), Errc::ok);
  ASSERT_EQ(approve("auditor", second), Errc::ok);
  ASSERT_EQ(decide(first), Errc::ok);
  EXPECT_EQ(approve("custodian", second), Errc::recovery_pending);

  ASSERT_EQ(object("brand"), Errc::ok);
  EXPECT_TRUE(find_party(world_.state(), party_named("brand"))->objected_at);
  EXPECT_EQ(approve("custodian", second), Errc::proposal_unknown);
  EXPECT_FALSE(pending("brand"));
  world_.wait(delay());
  EXPECT_TRUE(can_sign("brand", "brand"));

  // What is proposed anew counts.
  EXPECT_EQ(decide(proposal("brand", "new")), Errc::key_invalid);
  ASSERT_EQ(decide(proposal("brand", "newest")), Errc::ok);
  EXPECT_TRUE(pending("brand"));
}

TEST_F(RecoveryByGovernance, WhoWasToObjectMayHaveRotatedItsKey) {
  ASSERT_EQ(world_.run("brand", rotation("brand", "brand", "second", world_.next_height().next())),
            Errc::ok);
  ASSERT_EQ(decide(proposal("brand", "new")), Errc::ok);
  world_.use_key("brand", "second");
  ASSERT_EQ(object("brand"), Errc::ok);
  EXPECT_FALSE(pending("brand"));
  EXPECT_TRUE(can_sign("brand", "second"));
}

TEST_F(RecoveryByGovernance, NobodyElseRegistersTheKeyOnceItIsProposed) {
  const auto change = proposal("brand", "till");
  ASSERT_EQ(world_.run("east", change), Errc::ok);
  EXPECT_EQ(world_.join("till", Role::store, "east"), Errc::key_invalid);
  ASSERT_EQ(approve("auditor", change), Errc::ok);
  ASSERT_EQ(approve("custodian", change), Errc::ok);
  world_.wait(delay());
  EXPECT_TRUE(can_sign("brand", "till"));
}

TEST_F(RecoveryByGovernance, TakesThePlaceOfWhatNoAuditorApproved) {
  ASSERT_EQ(propose_by_parent(), Errc::ok);
  ASSERT_EQ(decide(proposal("store", "new")), Errc::ok);
  EXPECT_EQ(world_.run("auditor", ApproveRecovery{party_named("store"), parents_key_}),
            Errc::recovery_unknown);
  world_.wait(delay());
  EXPECT_TRUE(can_sign("store", "new"));
  EXPECT_FALSE(can_sign("store", "parent's"));
}

TEST_F(RecoveryByGovernance, WaitsForOneThatWasApproved) {
  ASSERT_EQ(propose_by_parent(), Errc::ok);
  ASSERT_EQ(world_.run("auditor", ApproveRecovery{party_named("store"), parents_key_}), Errc::ok);
  const auto change = proposal("store", "new");
  EXPECT_EQ(decide(change), Errc::recovery_pending);
  const auto record = find_proposal(world_.state(), proposal_digest(change));
  EXPECT_EQ(record->state, ProposalState::open);
  EXPECT_EQ(record->approvals.size(), 2u);
  world_.wait(delay());
  EXPECT_TRUE(can_sign("store", "parent's"));
}

TEST_F(RecoveryByGovernance, IsRefusedWhenItIsProposed) {
  EXPECT_EQ(world_.run("east", proposal("nobody", "new")), Errc::party_unknown);
  EXPECT_EQ(world_.run("east", proposal("brand", "east")), Errc::key_invalid);
  EXPECT_EQ(world_.run("east", proposal("brand", "brand")), Errc::key_invalid);
  auto change = proposal("brand", "new");
  std::get<RecoverParty>(change.change).new_key = PublicKey{};
  EXPECT_EQ(world_.run("east", change), Errc::key_invalid);
  change = proposal("brand", "new");
  std::get<RecoverParty>(change.change).possession = possession("new", "east");
  EXPECT_EQ(world_.run("east", change), Errc::key_invalid);
  // Refused, it leaves the key to others.
  ASSERT_EQ(world_.join("store", Role::store, "east"), Errc::ok);
  EXPECT_EQ(world_.run("store", proposal("brand", "kiosk")), Errc::not_authorized);
  EXPECT_EQ(world_.join("kiosk", Role::store, "east"), Errc::ok);
  EXPECT_EQ(object("brand"), Errc::recovery_unknown);
}

TEST(OpenLane, UpToItsNumber) {
  World world;
  EXPECT_EQ(world.run("east", OpenLane{Lane(0)}), Errc::lane_exists);
  EXPECT_EQ(world.run("east", OpenLane{Lane(15)}), Errc::ok);
  EXPECT_EQ(world.run("east", OpenLane{Lane(15)}), Errc::lane_exists);
  EXPECT_EQ(world.run("east", OpenLane{Lane(16)}), Errc::limit_exceeded);
  EXPECT_EQ(next_sequence(world.state(), party_named("east"), Lane(15)), Sequence(0));
  EXPECT_EQ(next_sequence(world.state(), party_named("east"), Lane(1)), std::nullopt);
}

}  // namespace
}  // namespace fenrun::test
