// Whose batches are checked next: docs/spec/network.md §9.
#include "node/check_queue.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace fenrun {
namespace {

constexpr net::PeerIndex kFlood(1);
constexpr net::PeerIndex kOther(2);

// Answers when it is told to.
class SlowVerifier final : public BatchVerifier {
 public:
  void check(BatchPiece piece, std::function<void(bool)> done) override {
    given.push_back({std::move(piece), std::move(done)});
  }
  std::size_t parallel() const override { return 2; }

  // The oldest piece that it was given.
  void answer() {
    ASSERT_FALSE(given.empty());
    const auto [piece, done] = std::move(given.front());
    given.pop_front();
    transactions += piece.count;
    done(piece.is_right());
  }

  std::deque<std::pair<BatchPiece, std::function<void(bool)>>> given;
  std::size_t transactions = 0;
};

class CheckQueueTest : public testing::Test {
 protected:
  std::shared_ptr<TxBatch> batch_of(std::size_t count) {
    auto batch = std::make_shared<TxBatch>();
    for (std::size_t i = 0; i < count; ++i) {
      batch->transactions.push_back(
          world_.sign("brand", {OpenLane{Lane(1)}}, TransactionMode::independent, i));
    }
    return batch;
  }
  CheckQueue::Ticket add(net::PeerIndex sender, std::shared_ptr<const TxBatch> batch,
                         std::optional<bool>& answer) {
    return queue_.add(sender, std::move(batch), world_.point().chain_id, [&](bool right) {
      ASSERT_FALSE(answer.has_value()) << "it is answered once";
      answer = right;
    });
  }
  // Pieces that are answered until that one is.
  std::size_t pieces_until(const std::optional<bool>& answer) {
    std::size_t pieces = 0;
    for (; !answer && !verifier_.given.empty(); ++pieces) verifier_.answer();
    return pieces;
  }

  test::World world_;
  SlowVerifier verifier_;
  CheckQueue queue_{verifier_};
};

TEST_F(CheckQueueTest, AFloodKeepsOnlyItsSenderWaiting) {
  std::optional<bool> flood[4];
  const auto large = batch_of(2'000);
  for (auto& answer : flood) add(kFlood, large, answer);
  EXPECT_EQ(queue_.waiting(kFlood), 4u);
  std::optional<bool> other;
  add(kOther, batch_of(3), other);
  EXPECT_EQ(verifier_.given.size(), verifier_.parallel());
  EXPECT_LE(pieces_until(other), verifier_.parallel() + 2);
  EXPECT_EQ(other, true);
  EXPECT_EQ(queue_.waiting(kOther), 0u);
  pieces_until(flood[3]);
  for (const auto& answer : flood) EXPECT_EQ(answer, true);
  EXPECT_EQ(verifier_.transactions, 4 * 2'000u + 3);
  EXPECT_EQ(queue_.waiting(kFlood), 0u);
}

TEST_F(CheckQueueTest, WhatAProposalWaitsForGoesAhead) {
  std::optional<bool> before[2];
  std::optional<bool> wanted;
  for (auto& answer : before) add(kFlood, batch_of(2'000), answer);
  const auto ticket = add(kFlood, batch_of(1'000), wanted);
  queue_.hurry(ticket);
  pieces_until(wanted);
  EXPECT_EQ(wanted, true);
  EXPECT_LE(verifier_.transactions, 1'300u) << "but for what was being checked";
  EXPECT_FALSE(before[0]);
  queue_.hurry(ticket);
  pieces_until(before[1]);
  EXPECT_EQ(before[0], true);
  EXPECT_EQ(before[1], true);
}

TEST_F(CheckQueueTest, AfterTheFirstThatIsWrongTheRestIsNotLookedAt) {
  auto batch = batch_of(2'000);
  batch->transactions[0].signature.bytes[0] ^= 1;
  std::optional<bool> answer;
  add(kOther, batch, answer);
  pieces_until(answer);
  EXPECT_EQ(answer, false);
  EXPECT_LT(verifier_.transactions, 1'000u);
  EXPECT_TRUE(verifier_.given.empty());
}

TEST_F(CheckQueueTest, AnotherChainsTransactionIsWrong) {
  auto batch = batch_of(1);
  std::optional<bool> answer;
  queue_.add(kOther, batch, sha256(bytes_of("another")), [&](bool right) { answer = right; });
  pieces_until(answer);
  EXPECT_EQ(answer, false);
}

TEST_F(CheckQueueTest, NothingIsAnsweredLaterAsWell) {
  std::optional<bool> answer;
  add(kOther, std::make_shared<TxBatch>(), answer);
  EXPECT_FALSE(answer);
  verifier_.answer();
  EXPECT_EQ(answer, true);
}

}  // namespace
}  // namespace fenrun
