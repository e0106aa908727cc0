// What nodes make of transactions with claims: a claim that its code did not sign never reaches the
// journal, whoever brings it.
#include <gtest/gtest.h>

#include "contracts/codes.h"
#include "ledger/proof/entry.h"
#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

class NodeClaims : public testing::Test {
 protected:
  // Of a batch that nobody printed: it is journaled and refused, if its signature is right.
  ClaimCode signed_claim(std::uint32_t index) const {
    const auto code = test_key("code " + std::to_string(index));
    ClaimCode out;
    out.claim.batch = UnitBatchId(9);
    out.claim.index = index;
    out.key = code.public_key();
    out.signature =
        code.sign(Domain::code_claim, claim_message(chain_id(cluster_.genesis()), out.claim));
    return out;
  }
  static ClaimCode stolen(ClaimCode claim) {
    claim.claim.claimant.bytes[0] ^= 1;
    return claim;
  }
  // A Byzantine peer pushes a batch of this one transaction to all others.
  void push(const SignedTransaction& transaction) {
    constexpr std::size_t kPeer = 3;
    const auto bytes = encode(NodeMessage(TxBatch{{transaction}}));
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      if (i == kPeer) continue;
      cluster_.node(i).on_message(net::PeerIndex(kPeer), net::Channel::bulk, bytes);
    }
  }
  void commit(const SignedTransaction& transaction) {
    const auto id = cluster_.submit(0, transaction);
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(cluster_.run_until([&] { return cluster_.is_committed_everywhere(*id); }));
  }
  Errc outcome(const SignedTransaction& transaction) {
    const auto position = cluster_.node(0).transaction_status(transaction.id()).position;
    if (!position) return Errc::not_found;
    const auto bytes = cluster_.journal(0).store().entry(position->next());
    return std::get<OperationEntry>(*decode_entry(*bytes)).outcome;
  }

  NodeCluster cluster_{kFourNames};
};

TEST_F(NodeClaims, AClientIsToldThatASignatureIsWrong) {
  const auto good = signed_claim(0);
  const auto forged = cluster_.submit(0, cluster_.transaction("brand", 0, stolen(good)));
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().code, Errc::signature_invalid);
  const auto transaction = cluster_.transaction("brand", 0, good);
  commit(transaction);
  EXPECT_EQ(outcome(transaction), Errc::batch_unknown);
  // Nothing is verified for strangers.
  auto body = transaction.body;
  body.signer = PartySigner{test_party("stranger"), test_key("stranger").public_key()};
  const auto strangers =
      sign_transaction(body, {*encode_operation(stolen(good))}, test_key("stranger"));
  EXPECT_EQ(cluster_.submit(0, strangers).error().code, Errc::signer_unknown);
}

TEST_F(NodeClaims, APeersBatchWithAForgedClaimIsDropped) {
  const auto forged = cluster_.transaction("brand", 0, stolen(signed_claim(0)));
  const auto good = cluster_.transaction("distributor-east", 0, signed_claim(0));
  push(forged);
  push(good);
  commit(cluster_.transaction("auditor", 0, OpenLane{Lane(1)}));
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.is_committed(0, good.id()); }));
  EXPECT_EQ(outcome(good), Errc::batch_unknown);
  cluster_.run_ms(5'000);
  EXPECT_FALSE(cluster_.is_committed(0, forged.id()));
  // Its sequence is free, and the network goes on.
  commit(cluster_.transaction("brand", 0, OpenCampaign{CampaignId(1), {}}));
  EXPECT_TRUE(cluster_.agree());
}

}  // namespace
}  // namespace fenrun
