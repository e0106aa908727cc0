// How batches get from the node that sealed them into a block: docs/spec/network.md §9.
#include <gtest/gtest.h>

#include "tests/support/organisations.h"

namespace fenrun {
namespace {

const std::vector<std::string> kNames{"brand", "distributor-east", "distributor-west", "auditor",
                                      "distributor-south"};

class Batches : public testing::Test {
 protected:
  // Of whom a Propose names any, seen on the way to anyone.
  void watch(const Digest& digest) {
    cluster_.set_tamper([this, digest](std::size_t, std::size_t, net::Payload bytes) {
      const auto message = *decode<NodeMessage>(*bytes);
      const auto* said = std::get_if<Message>(&message);
      const auto* propose = said == nullptr ? nullptr : std::get_if<Propose>(said);
      if (propose != nullptr) {
        const auto& named = propose->payload.batches;
        is_named_ = is_named_ || std::ranges::find(named, digest) != named.end();
      }
      return bytes;
    });
  }

  NodeCluster cluster_{kNames};
  Organisations parties_{cluster_};
  const std::size_t brand_ = cluster_.index_of("brand");
  const std::size_t east_ = cluster_.index_of("distributor-east");
  const std::size_t south_ = cluster_.index_of("distributor-south");
  bool is_named_ = false;
};

// Whoever is linked could fill the blocks with what has no effect, and say of any lane what is
// next.
TEST_F(Batches, OfStrangersAreNoUse) {
  parties_.open_campaign(brand_);
  auto body = cluster_.transaction("brand", 7, OpenLane{Lane(1)}).body;
  body.signer = PartySigner{test_party("brand"), test_key("a stranger").public_key()};
  const auto forged =
      sign_transaction(body, {*encode_operation(OpenLane{Lane(1)})}, test_key("a stranger"));
  const TxBatch batch{std::vector{forged}};
  watch(batch.digest());
  for (std::size_t to = 0; to < cluster_.size(); ++to) {
    if (to != south_) cluster_.inject(south_, to, batch);
  }
  for (std::size_t via = 0; via < cluster_.size(); ++via) parties_.open_campaign(via);
  EXPECT_FALSE(is_named_);
  EXPECT_EQ(*cluster_.node(east_).next_sequence(test_party("brand"), Lane(0)),
            Sequence(1 + cluster_.size()));
}

// A member goes while its batch is being checked; what others send of the same is taken.
TEST_F(Batches, OfAMemberThatGoesAreTakenFromOthers) {
  parties_.remove_south(brand_);
  const auto transaction = cluster_.transaction("distributor-south", 0, OpenLane{Lane(1)});
  const TxBatch batch{std::vector{transaction}};
  cluster_.hold_checks(east_, test_party("distributor-south"));
  cluster_.inject(south_, east_, batch);
  cluster_.run_ms(50);
  parties_.change(RemoveMember{{"distributor-south"}}, {"distributor-east", "distributor-west"},
                  brand_);
  cluster_.run_ms(100);
  cluster_.hold_checks(east_, std::nullopt);
  cluster_.run_ms(50);
  EXPECT_FALSE(cluster_.is_committed(brand_, transaction.id()));
  cluster_.inject(brand_, east_, batch);
  EXPECT_TRUE(cluster_.run_until([&] { return cluster_.is_committed(brand_, transaction.id()); }));
}

// It names none in a block of its own, and nobody else knows that they are.
TEST_F(Batches, OfAnObserverAreSentUntilTheyAreHeld) {
  parties_.remove_south(brand_);
  bool is_lost = true;
  cluster_.set_tamper([&](std::size_t from, std::size_t, net::Payload bytes) {
    const auto message = *decode<NodeMessage>(*bytes);
    if (!is_lost || from != south_ || !std::holds_alternative<TxBatch>(message)) return bytes;
    return std::make_shared<const Bytes>(encode(NodeMessage(Message(Echo{}))));
  });
  const auto id =
      cluster_.submit(south_, cluster_.transaction("distributor-south", 0, OpenLane{Lane(1)}));
  ASSERT_TRUE(id);
  cluster_.run_ms(1'000);
  is_lost = false;
  EXPECT_TRUE(cluster_.run_until([&] { return cluster_.is_committed(south_, *id); }, 5'000));
}

}  // namespace
}  // namespace fenrun
