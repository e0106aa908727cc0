#include "node/intake/lane_submitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_node.h"

namespace fenrun {
namespace {

using test::kCampaign;
using ::testing::Each;
using ::testing::ElementsAre;

class LaneSubmitterTest : public ::testing::Test {
 protected:
  using Outcomes = std::optional<Result<std::vector<IntakeOutcome>>>;

  OperationBytes declare(std::int64_t minor, CampaignId campaign = kCampaign) const {
    return *encode_operation(DeclareBudget{campaign, AssetId(0), Amount::minor(minor)});
  }

  // Where the answer to a submission will be.
  std::shared_ptr<Outcomes> submit(std::vector<OperationBytes> operations,
                                   TransactionMode mode = TransactionMode::independent) {
    auto answer = std::make_shared<Outcomes>();
    submitter_->submit(std::move(operations), mode,
                       [answer](auto outcomes) { *answer = std::move(outcomes); });
    return answer;
  }

  // All that does not wait for a timer.
  void turn() {
    io_.restart();
    io_.poll();
  }
  void wait() {
    io_.restart();
    io_.run_for(LaneSubmitter::kRetry * 2);
  }
  void commit() {
    turn();
    node_.commit_block();
    turn();
  }

  static std::vector<Errc> codes(const std::shared_ptr<Outcomes>& answer) {
    if (!answer->has_value()) return {Errc::not_ready};
    if (!**answer) return {(*answer)->error().code};
    std::vector<Errc> out;
    for (const auto& outcome : ***answer) out.push_back(outcome.outcome);
    return out;
  }

  boost::asio::io_context io_;
  test::FakeNode node_;
  SigningKey key_ = test::key_named("brand");
  std::optional<LaneSubmitter> submitter_{std::in_place, io_, node_, key_, Lane(0)};
};

TEST_F(LaneSubmitterTest, every_operation_has_an_outcome) {
  const auto answer = submit({declare(1), declare(1, CampaignId(99)), declare(2)});
  EXPECT_FALSE(answer->has_value());  // Never from within the call.
  commit();
  EXPECT_THAT(codes(answer), ElementsAre(Errc::ok, Errc::campaign_unknown, Errc::ok));
  for (const auto& outcome : ***answer) {
    ASSERT_TRUE(outcome.position);
    const auto entry = decode_entry(*node_.journal().store().entry(*outcome.position));
    const auto& operation = std::get<OperationEntry>(*entry);
    EXPECT_EQ(operation.outcome, outcome.outcome);
    EXPECT_EQ(node_.transaction_status(outcome.transaction).state, TransactionState::committed);
  }
  EXPECT_EQ(submitter_->pending(), 0U);
}

TEST_F(LaneSubmitterTest, transactions_follow_one_another_without_waiting_for_blocks) {
  std::vector<std::shared_ptr<Outcomes>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(submit({declare(1)}));
  turn();
  EXPECT_EQ(node_.pending(), 20U);
  commit();
  std::optional<Position> before;
  for (const auto& answer : answers) {
    EXPECT_THAT(codes(answer), ElementsAre(Errc::ok));
    const auto position = (***answer)[0].position;
    EXPECT_TRUE(!before || *before < *position);
    before = position;
  }
}

TEST_F(LaneSubmitterTest, what_one_transaction_does_not_hold_is_divided_or_refused) {
  const std::vector<OperationBytes> many(1'500, declare(1));
  EXPECT_THAT(codes(submit(many)), ElementsAre(Errc::not_ready));
  const auto atomic = submit(many, TransactionMode::atomic);
  const auto nothing = submit({});
  turn();
  EXPECT_THAT(codes(atomic), ElementsAre(Errc::transaction_too_large));
  EXPECT_THAT(codes(nothing), ElementsAre(Errc::value_invalid));
  EXPECT_EQ(node_.pending(), 2U);

  const auto all = submit(many);
  commit();
  EXPECT_EQ(codes(all).size(), 1'500U);
  EXPECT_THAT(codes(all), Each(Errc::ok));
}

TEST_F(LaneSubmitterTest, an_atomic_one_is_taken_whole_or_not_at_all) {
  const auto answer = submit({declare(1), declare(1, CampaignId(99))}, TransactionMode::atomic);
  commit();
  EXPECT_THAT(codes(answer), ElementsAre(Errc::atomic_aborted, Errc::campaign_unknown));
}

TEST_F(LaneSubmitterTest, what_the_mempool_forgets_is_submitted_again) {
  const auto answer = submit({declare(1)});
  turn();
  ASSERT_EQ(node_.pending(), 1U);
  node_.forget_pending();
  node_.commit_block();
  turn();
  EXPECT_EQ(node_.pending(), 1U);
  commit();
  EXPECT_THAT(codes(answer), ElementsAre(Errc::ok));
}

// Somebody else signs on the lane: whose sequence was taken is signed again.
TEST_F(LaneSubmitterTest, a_taken_sequence_is_no_loss) {
  const auto first = submit({declare(1)});
  const auto second = submit({declare(2)});
  turn();
  node_.forget_pending();
  node_.submit(node_.sign("brand", {DeclareBudget{kCampaign, AssetId(0), Amount::minor(5)}}),
               [](const Result<Digest>& id) { EXPECT_TRUE(id); });
  node_.commit_block();
  for (int i = 0; i < 4; ++i) commit();
  EXPECT_THAT(codes(first), ElementsAre(Errc::ok));
  EXPECT_THAT(codes(second), ElementsAre(Errc::ok));
}

TEST_F(LaneSubmitterTest, what_was_ordered_behind_another_of_its_sequence_is_signed_again) {
  node_.submit(node_.sign("brand", {DeclareBudget{kCampaign, AssetId(0), Amount::minor(5)}}),
               [](const Result<Digest>& id) { EXPECT_TRUE(id); });
  const auto answer = submit({declare(1)});
  commit();
  EXPECT_THAT(codes(answer), ElementsAre(Errc::ok));
}

TEST_F(LaneSubmitterTest, a_full_mempool_is_waited_for) {
  node_.refusal = Error{Errc::mempool_full, ""};
  const auto answer = submit({declare(1)});
  wait();
  EXPECT_FALSE(answer->has_value());
  node_.refusal.reset();
  wait();
  commit();
  EXPECT_THAT(codes(answer), ElementsAre(Errc::ok));
}

TEST_F(LaneSubmitterTest, what_will_not_pass_is_told) {
  node_.refusal = Error{Errc::signature_invalid, ""};
  const auto refused = submit({declare(1)});
  turn();
  EXPECT_THAT(codes(refused), ElementsAre(Errc::signature_invalid));

  node_.refusal.reset();
  const auto stranger = test::key_named("nobody");
  submitter_.emplace(io_, node_, stranger, Lane(0));
  const auto unknown = submit({declare(1)});
  turn();
  EXPECT_THAT(codes(unknown), ElementsAre(Errc::signer_unknown));

  submitter_.emplace(io_, node_, key_, Lane(7));
  const auto closed = submit({declare(1)});
  turn();
  EXPECT_THAT(codes(closed), ElementsAre(Errc::lane_unknown));
}

TEST_F(LaneSubmitterTest, nobody_is_told_after_its_end) {
  const auto answer = submit({declare(1)});
  turn();
  submitter_.reset();
  EXPECT_EQ(node_.listeners(), 0U);
  node_.commit_block();
  turn();
  EXPECT_FALSE(answer->has_value());
}

}  // namespace
}  // namespace fenrun
