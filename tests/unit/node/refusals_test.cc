#include "node/refusals.h"

#include <gtest/gtest.h>

#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

TEST(Refusals, RemembersTheLatest) {
  Refusals refusals;
  for (std::uint64_t i = 0; i < kRefusalsRemembered + 2; ++i) {
    refusals.add({{Position(i), "no. " + std::to_string(i)}});
  }
  EXPECT_EQ(refusals.detail_of(Position(1)), "");
  EXPECT_EQ(refusals.detail_of(Position(2)), "no. 2");
}

// The ledger holds a number; who made the mistake needs to know where it is.
TEST(Node, TellsWhyAnOperationFailed) {
  NodeCluster cluster(kFourNames);
  OpenUnitBatch open;
  open.product = {"06901234567891"};  // The check digit is 2.
  const auto id = cluster.submit(0, cluster.transaction("brand", 0, open));
  ASSERT_TRUE(id) << id.error().to_string();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }));
  const auto position = cluster.node(0).transaction_status(*id).position;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    EXPECT_EQ(cluster.node(i).refusal_detail(position->next()), "GTIN check digit: 06901234567891");
  }
  EXPECT_EQ(cluster.node(0).refusal_detail(*position), "");
}

}  // namespace
}  // namespace fenrun
