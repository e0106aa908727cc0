// The organisations of a NodeCluster: they sign transactions, and change who validates.
#pragma once

#include <gtest/gtest.h>

#include "contracts/keys.h"
#include "ledger/proof/verify.h"
#include "ledger/proof_making.h"
#include "tests/support/node_cluster.h"

namespace fenrun {

inline bool in_epoch(NodeCluster& cluster, std::uint64_t epoch) {
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    if (cluster.is_up(i) && cluster.node(i).status().epoch != Epoch(epoch)) return false;
  }
  return true;
}

// Signs in the name of parties and keeps count of their lanes.
class Organisations {
 public:
  explicit Organisations(NodeCluster& cluster) : cluster_(&cluster) {}

  // Submits at a node and waits until it is final there.  The outcome of the operation.
  Errc run(const std::string& party, const Operation& operation, std::size_t via = 0) {
    const auto id = cluster_->submit(via, cluster_->transaction(party, next_[party]++, operation));
    EXPECT_TRUE(id) << id.error().to_string();
    if (!id || !cluster_->run_until([&] { return cluster_->is_committed(via, *id); })) {
      ADD_FAILURE() << "not committed: " << cluster_->node(via).status().diagnosis.text();
      return Errc::timeout;
    }
    const auto position = cluster_->node(via).transaction_status(*id).position;
    const auto bytes = cluster_->journal(via).store().entry(position->next());
    return std::get<OperationEntry>(*decode_entry(*bytes)).outcome;
  }

  // Proposes in the brand's name, approves in those of the others until it takes effect.
  void change(const Change& change, const std::vector<std::string>& approvers,
              std::size_t via = 0) {
    const ProposeChange proposal{change, Height(50'000)};
    EXPECT_EQ(run("brand", proposal, via), Errc::ok);
    for (const auto& approver : approvers) {
      EXPECT_EQ(run(approver, ApproveChange{proposal_digest(proposal)}, via), Errc::ok) << approver;
    }
  }

  // Of the five of these names, and until all are in the epoch that this begins.
  void remove_south(std::size_t via) {
    change(RemoveValidator{{"distributor-south"}},
           {"distributor-east", "distributor-west", "auditor"}, via);
    ASSERT_TRUE(cluster_->run_until([&] { return in_epoch(*cluster_, 1); }));
  }

  void open_campaign(std::size_t via = 0) {
    EXPECT_EQ(run("brand", OpenCampaign{CampaignId(++campaigns_), {}}, via), Errc::ok);
  }

 private:
  NodeCluster* cluster_;
  std::map<std::string, std::uint64_t> next_;
  std::uint32_t campaigns_ = 0;
};

// Whoever holds the trust file of genesis is led to the epoch by a proof that this node makes.
inline void expect_proofs_from_genesis(NodeCluster& cluster, std::size_t i, std::uint64_t epoch) {
  const auto& journal = cluster.journal(i);
  ASSERT_TRUE(cluster.run_until([&] {
    const auto checkpoint = cluster.node(i).checkpoint();
    return checkpoint && journal.header(checkpoint->height)->epoch == Epoch(epoch);
  }));
  const auto checkpoint = cluster.node(i).checkpoint();
  const auto prover = Prover::at(journal, checkpoint->height, checkpoint->note);
  ASSERT_TRUE(prover) << prover.error().to_string();
  const auto proof = made_at_once(prover->begin_record(parameters_key()));
  ASSERT_TRUE(proof) << proof.error().to_string();
  const auto policy = TrustPolicy::parse(trust_policy_of(cluster.genesis()));
  const auto verdict = verify(*proof, *policy, {});
  ASSERT_TRUE(verdict) << verdict.error().to_string();
  EXPECT_EQ(verdict->changes.size(), epoch);
  EXPECT_EQ(verdict->policy.print(), cluster.node(i).trust_policy());
}

}  // namespace fenrun
