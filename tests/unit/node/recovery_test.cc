// Whole nodes after a recovery by their operators.  docs/spec/recovery.md, §3 and §4.
#include "node/recovery.h"

#include <gtest/gtest.h>

#include "contracts/keys.h"
#include "contracts/members.h"
#include "contracts/records.h"
#include "contracts/recovery.h"
#include "ledger/proof/verify.h"
#include "ledger/proof_making.h"
#include "node/epoch_chain.h"
#include "tests/support/epoch_links.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

class Recovering : public testing::Test {
 protected:
  Recovering() : cluster({"brand", "distributor-east", "distributor-west", "auditor"}) {}

  void open_campaign(std::size_t via) {
    const auto id = cluster.submit(
        via, cluster.transaction("brand", sequence_++, OpenCampaign{CampaignId(sequence_), {}}));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(via, *id); }))
        << cluster.node(via).status().diagnosis.text();
  }

  bool is_level(const std::set<std::size_t>& nodes) {
    return std::ranges::all_of(
        nodes, [&](std::size_t i) { return cluster.height(i) == cluster.height(*nodes.begin()); });
  }

  // All nodes stop, and get other keys; each operator states the tip of the first one.
  NetworkRecovery state(std::size_t furthest = 0) {
    auto recovery = begin_recovery(cluster.journal(furthest));
    CHECK(recovery.has_value());
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      if (cluster.is_up(i)) cluster.crash(i);
      cluster.renew_keys(i);
    }
    sign(*recovery);
    return *recovery;
  }

  void sign(NetworkRecovery& recovery) {
    for (const auto& validator : recovery.validators) {
      const auto i = cluster.index_of(validator.name.value);
      RecoveryStatement statement{validator.name,
                                  RecoveryLoss::votes,
                                  std::nullopt,
                                  cluster.consensus_key(i).public_key(),
                                  cluster.checkpoint_key(i).public_key(),
                                  TimeMs(1),
                                  {},
                                  {}};
      const auto bytes = signed_bytes(recovery, statement);
      statement.possession = cluster.consensus_key(i).sign(Domain::recovery, bytes);
      statement.signature =
          test_key(validator.name.value + " operator").sign(Domain::recovery, bytes);
      recovery.statements.push_back(statement);
    }
  }

  // On the node's disk, as `fenrun recover apply` does it.
  Status apply(std::size_t i, const NetworkRecovery& recovery) {
    const auto journal = *Journal::open(cluster.store(i));
    return append_recovery(*journal, "fenrun-test", recovery);
  }

  bool in_epoch(std::uint64_t epoch) {
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      if (cluster.is_up(i) && cluster.node(i).status().epoch != Epoch(epoch)) return false;
    }
    return true;
  }

  NodeCluster cluster;

 private:
  std::uint32_t sequence_ = 0;
};

TEST_F(Recovering, TheNetworkGoesOnAndALateNodeFollows) {
  open_campaign(0);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 1, 2, 3}); }));
  cluster.crash(3);  // Is behind from now on.
  open_campaign(0);
  open_campaign(1);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 1, 2}); }));
  const auto recovery = state();
  ASSERT_TRUE(recovery.anchor);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(apply(i, recovery));
    cluster.start(i);
  }
  open_campaign(2);
  EXPECT_TRUE(in_epoch(1));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(cluster.node(i).is_voting());

  cluster.start(3);  // Knows nothing of it.
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 3}) && in_epoch(1); }));
  EXPECT_TRUE(cluster.node(3).is_voting());
  EXPECT_TRUE(holds_recovery(cluster.journal(3), recovery));
  cluster.crash(1);
  open_campaign(3);  // Its vote counts.
  cluster.start(1);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 1, 2, 3}); }));
  EXPECT_TRUE(cluster.agree());

  // From genesis, as a node that lost its disk: through the recovery by itself.
  cluster.crash(2);
  cluster.store(2) = MemoryStore();
  cluster.start(2);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 2}) && in_epoch(1); }));
  EXPECT_TRUE(cluster.agree());

  // And whoever holds the trust file of genesis is led there by any of them.
  for (const std::size_t i : {0u, 2u, 3u}) {
    ASSERT_TRUE(cluster.run_until([&] {
      const auto checkpoint = cluster.node(i).checkpoint();
      return checkpoint && cluster.journal(i).header(checkpoint->height)->epoch == Epoch(1);
    }));
    const auto checkpoint = cluster.node(i).checkpoint();
    const auto prover = Prover::at(cluster.journal(i), checkpoint->height, checkpoint->note);
    const auto proof = made_at_once(prover->begin_record(parameters_key()));
    ASSERT_TRUE(proof) << proof.error().to_string();
    const auto policy = TrustPolicy::parse(trust_policy_of(cluster.genesis()));
    const auto verdict = verify(*proof, *policy, {});
    ASSERT_TRUE(verdict) << verdict.error().to_string();
    ASSERT_EQ(verdict->changes.size(), 1u);
    EXPECT_TRUE(verdict->changes[0].by_recovery);
  }
}

TEST_F(Recovering, ACrashBeforeTheBlockChangesNothing) {
  open_campaign(0);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 1, 2, 3}); }));
  const auto recovery = state();
  // The handover is durable first: a node that has it and not the block is where it was.
  const auto next = trust_policy_text("fenrun-test", recovery.chain_id, validators_after(recovery));
  {
    const auto journal = *Journal::open(cluster.store(0));
    ASSERT_TRUE(journal->save_handover(Epoch(0), {{print_recovery(recovery)}, {next}, {}, {}}));
    EXPECT_FALSE(holds_recovery(*journal, recovery));
  }
  cluster.start(0);
  EXPECT_EQ(cluster.node(0).status().epoch, Epoch(0));
  cluster.crash(0);
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(apply(i, recovery));
    cluster.start(i);
  }
  open_campaign(0);
  EXPECT_TRUE(cluster.agree());
}

TEST_F(Recovering, AHandoverThatIsMissingIsFetchedAgain) {
  open_campaign(0);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 1, 2, 3}); }));
  const auto recovery = state();
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(apply(i, recovery));
  {  // The block alone.
    const auto journal = *Journal::open(cluster.store(3));
    auto block = *execute_recovery(*journal->point(journal->tip_id()), journal->tip(), recovery);
    const auto& header = block.header;
    const Certificate certificate{
        {VoteKind::finalize, header.epoch, header.view, header.parent_view, block.id}, 0, {}};
    const Digest id = block.id;
    journal->add(std::make_unique<ExecutedBlock>(std::move(block)));
    ASSERT_TRUE(journal->commit(std::span(&id, 1), encode(certificate)));
    EXPECT_FALSE(holds_recovery(*journal, recovery));
  }
  for (std::size_t i = 0; i < 4; ++i) cluster.start(i);
  EXPECT_EQ(cluster.node(3).status().epoch, Epoch(0));
  ASSERT_TRUE(cluster.run_until([&] { return in_epoch(1); }));
  EXPECT_TRUE(holds_recovery(cluster.journal(3), recovery));
}

// Its block has no finalization: who comes from before follows by blocks.
TEST_F(Recovering, NoLinkLeadsOverIt) {
  for (std::size_t via = 0; via < 3; ++via) open_campaign(via);
  ASSERT_TRUE(cluster.run_until([&] { return is_level({0, 1, 2, 3}); }));
  cluster.run_ms(2'000);  // Until a checkpoint has its cosignatures.
  const auto recovery = state();
  ASSERT_TRUE(recovery.anchor);
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    ASSERT_TRUE(apply(i, recovery));
    cluster.start(i);
  }
  open_campaign(2);
  EXPECT_TRUE(links_of(cluster, 0, 1).empty());

  const auto& journal = cluster.journal(0);
  const auto kept = journal.store().handover(Epoch(0));
  const auto step = prove_handover(journal, Epoch(0));
  ASSERT_TRUE(kept && step);
  const auto& genesis = cluster.genesis();
  EpochChain chain(*journal.header(Height(0)), genesis.network.value, genesis.validators);
  const auto added = chain.add({*step, kept->certificate, kept->next_validators});
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().detail.find("a recovery ended it"), std::string::npos)
      << added.error().to_string();
}

TEST_F(Recovering, FromBelowAFinalBlockItIsRefused) {
  open_campaign(0);
  auto early = *begin_recovery(cluster.journal(0));
  for (std::size_t i = 0; i < 4; ++i) {
    cluster.crash(i);
    cluster.renew_keys(i);
  }
  sign(early);
  // The same network, and its old keys: it has not lost a vote, and one block more is final.
  NodeCluster other({"brand", "distributor-east", "distributor-west", "auditor"});
  const auto submit = [&](std::uint32_t number) {
    const auto id = other.submit(
        0, other.transaction("brand", number, OpenCampaign{CampaignId(number + 1), {}}));
    ASSERT_TRUE(other.run_until([&] { return other.is_committed_everywhere(*id); }));
  };
  submit(0);
  submit(1);
  const Height height = other.height(1);
  ASSERT_GT(height, early.tip.height);
  ASSERT_TRUE(check_recovery(early));
  other.inject(0, 1, Handover{Epoch(0), {print_recovery(early)}});
  other.run_ms(500);
  EXPECT_EQ(other.node(1).status().epoch, Epoch(0));
  EXPECT_FALSE(other.node(1).has_failed());
  const auto journal = *Journal::open(other.store(1));
  EXPECT_EQ(append_recovery(*journal, "fenrun-test", early).error().code, Errc::recovery_mismatch);
}

TEST_F(Recovering, WhatMayBeFinalIsFoundInTheLog) {
  open_campaign(0);
  const auto& journal = cluster.journal(0);
  const auto vote = [&](VoteKind kind, std::uint64_t epoch, std::uint64_t view) {
    Subject subject{kind, Epoch(epoch), View(view), View(view - 1), Digest{}};
    subject.block_id.bytes[0] = static_cast<std::uint8_t>(view);
    return VoteLogRecord{kConsensusLogRecord, Epoch(epoch),
                         encode(LogRecord(Vote{subject, ValidatorIndex(0), {}}))};
  };
  const auto found = [&](const std::vector<VoteLogRecord>& records) {
    const auto block = unfinished_block(journal, records);
    return block && *block ? (*block)->view.value() : 0;
  };
  EXPECT_EQ(found({}), 0u);
  EXPECT_EQ(found({vote(VoteKind::notarize, 0, 250)}), 0u);
  EXPECT_EQ(found({vote(VoteKind::finalize, 1, 250)}), 0u);
  EXPECT_EQ(found({vote(VoteKind::finalize, 0, 1)}), 0u);  // Below the tip's.
  EXPECT_EQ(found({vote(VoteKind::finalize, 0, 250), vote(VoteKind::finalize, 0, 251),
                   vote(VoteKind::finalize, 0, 249), vote(VoteKind::notarize, 0, 252)}),
            251u);
  EXPECT_TRUE(*is_above_tip(journal, {View(250), {}}));
  EXPECT_FALSE(*is_above_tip(journal, {View(1), {}}));
}

}  // namespace
}  // namespace fenrun
