#include "contracts/governance.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace fenrun::test {
namespace {

ProposeChange slower(const World& world) {
  auto changed = parameters(world.state());
  changed.block_interval_ms = 200;
  return {SetParameters{changed}, Height(world.next_height().value() + 10)};
}

TEST(Governance, AQuorumOfOperatorsChangesParameters) {
  World world;
  ASSERT_EQ(governance_quorum(4), 3u);
  const auto proposal = slower(world);
  const Digest id = proposal_digest(proposal);
  EXPECT_EQ(world.run("brand", proposal), Errc::ok);
  EXPECT_EQ(world.run("brand", ApproveChange{id}), Errc::already_signed);
  EXPECT_EQ(world.run("east", ApproveChange{id}), Errc::ok);
  EXPECT_EQ(parameters(world.state()), default_parameters());
  EXPECT_EQ(world.run("auditor", ApproveChange{id}), Errc::ok);
  EXPECT_EQ(parameters(world.state()).block_interval_ms, 200u);
  EXPECT_EQ(find_proposal(world.state(), id)->state, ProposalState::applied);
  EXPECT_EQ(world.run("custodian", ApproveChange{id}), Errc::already_signed);
  EXPECT_EQ(world.run("brand", proposal), Errc::proposal_exists);
}

TEST(Governance, AdmitsWhomNoPartyMayRegister) {
  World world;
  const auto registration_of_auditor = registration("second auditor", Role::auditor, "");
  const ProposeChange proposal{AdmitParty{std::get<RegisterParty>(registration_of_auditor)},
                               Height(world.next_height().value() + 10)};
  ASSERT_EQ(world.run("brand", proposal), Errc::ok);
  ASSERT_EQ(world.run("east", ApproveChange{proposal_digest(proposal)}), Errc::ok);
  ASSERT_EQ(world.run("auditor", ApproveChange{proposal_digest(proposal)}), Errc::ok);
  const auto party = find_party(world.state(), party_named("second auditor"));
  ASSERT_TRUE(party);
  EXPECT_EQ(party->role, Role::auditor);
  EXPECT_EQ(party->registered_by, std::nullopt);
  EXPECT_EQ(world.run("second auditor", OpenLane{Lane(1)}), Errc::ok);
}

TEST(Governance, AChangeThatFailsLeavesTheProposalOpen) {
  World world;
  const auto store = registration("store", Role::store, "east");
  const ProposeChange proposal{AdmitParty{std::get<RegisterParty>(store)},
                               Height(world.next_height().value() + 10)};
  ASSERT_EQ(world.run("brand", proposal), Errc::ok);
  ASSERT_EQ(world.run("east", ApproveChange{proposal_digest(proposal)}), Errc::ok);
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  EXPECT_EQ(world.run("auditor", ApproveChange{proposal_digest(proposal)}), Errc::party_exists);
  const auto record = find_proposal(world.state(), proposal_digest(proposal));
  EXPECT_EQ(record->state, ProposalState::open);
  EXPECT_EQ(record->approvals.size(), 2u);
}

TEST(Governance, IsRefused) {
  World world;
  ASSERT_EQ(world.join("store", Role::store, "east"), Errc::ok);
  EXPECT_EQ(world.run("store", slower(world)), Errc::not_authorized);
  EXPECT_EQ(world.run("east", ApproveChange{digest_named("x")}), Errc::proposal_unknown);
  auto proposal = slower(world);
  proposal.valid_until = world.point().height;
  EXPECT_EQ(world.run("east", proposal), Errc::value_invalid);
  proposal = slower(world);
  std::get<SetParameters>(proposal.change).parameters.block_interval_ms = 0;
  EXPECT_EQ(world.run("east", proposal), Errc::parameter_invalid);

  proposal = slower(world);
  proposal.valid_until = world.next_height();
  ASSERT_EQ(world.run("east", proposal), Errc::ok);
  EXPECT_EQ(world.run("brand", ApproveChange{proposal_digest(proposal)}), Errc::proposal_unknown);
}

TEST(Parameters, HaveRanges) {
  EXPECT_TRUE(check_parameters(default_parameters()));
  const auto refused = [](auto change) {
    auto parameters = default_parameters();
    change(parameters);
    const auto status = check_parameters(parameters);
    return !status && status.error().code == Errc::parameter_invalid;
  };
  EXPECT_TRUE(refused([](Parameters& p) { p.idle_interval_ms = p.block_interval_ms - 1; }));
  EXPECT_TRUE(refused([](Parameters& p) { p.recovery_delay_ms = 0; }));
  EXPECT_TRUE(refused([](Parameters& p) { p.block_bytes_max = kBlockBytesMax + 1; }));
  EXPECT_TRUE(refused([](Parameters& p) { p.block_bytes_max = kTransactionBytesMax - 1; }));
  EXPECT_TRUE(refused([](Parameters& p) { p.block_operations_max = kBlockOperationsMax + 1; }));
  EXPECT_TRUE(refused([](Parameters& p) { p.event_skew_ms = 3'600'001; }));
}

}  // namespace
}  // namespace fenrun::test
