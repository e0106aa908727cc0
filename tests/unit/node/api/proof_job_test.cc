// Large proofs, in turns.
#include "node/api/proof_job.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/fake_node.h"

namespace fenrun::api {
namespace {

using test::party_named;

// The brand's account has some hundred postings.
class ProofJobTest : public testing::Test {
 protected:
  static constexpr int kBudgets = 150;

  ProofJobTest() {
    std::vector<Operation> operations;
    for (int i = 1; i <= kBudgets; ++i) {
      operations.push_back(DeclareBudget{test::kCampaign, AssetId(0), Amount::minor(10'000 + i)});
    }
    node_.submit(node_.sign("brand", operations), [](const Result<Digest>& id) { CHECK(id); });
    node_.commit_block();
    node_.cosign();
    request_.later = [this](std::function<void()> work) { waiting_.push_back(std::move(work)); };
  }

  Prover prover() const {
    const auto checkpoint = *node_.checkpoint();
    return *Prover::at(node_.journal(), checkpoint.height, checkpoint.note);
  }
  ProofMaking begin() const { return *prover().begin_account(party_named("brand")); }
  std::string whole() const {
    return print_proof(*made_at_once(prover().begin_account(party_named("brand"))));
  }

  void start() {
    ProofJob::start(
        begin(), "account", request_,
        [this](HttpResponse response) { answers_.push_back(std::move(response)); }, seats_);
  }
  void take_turn() {
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    work();
  }

  test::FakeNode node_;
  HttpRequest request_;
  std::deque<std::function<void()>> waiting_;
  std::shared_ptr<ProofSeats> seats_ = std::make_shared<ProofSeats>();
  std::vector<HttpResponse> answers_;
};

TEST_F(ProofJobTest, NoTurnReadsMuch) {
  const auto whole_text = whole();
  const auto& store = node_.store();
  const auto bound = [&](std::uint64_t before) {
    // Of each piece an entry, or what few tiles there are.
    EXPECT_LE(store.reads() - before, ProofJob::kPieces + 8);
  };
  auto before = store.reads();
  start();
  EXPECT_LE(store.reads() - before, 2 * (ProofJob::kPieces + 8));
  std::size_t turns = 0;
  for (; answers_.empty(); ++turns) {
    before = store.reads();
    take_turn();
    bound(before);
  }
  EXPECT_GE(turns, 3u * kBudgets / ProofJob::kPieces) << "found, proved and printed";
  EXPECT_EQ(answers_[0].status, 200u);
  EXPECT_EQ(answers_[0].body, whole_text);
  EXPECT_TRUE(waiting_.empty());
}

TEST_F(ProofJobTest, TheJournalMayGrowMeanwhile) {
  const auto whole_text = whole();
  const Height height = node_.checkpoint()->height;
  start();
  while (answers_.empty()) {
    take_turn();
    node_.commit_block();
    node_.cosign();
    node_.release_below(node_.checkpoint()->height);
  }
  EXPECT_EQ(answers_[0].body, whole_text);
  // And lets go of what it was made at when it is made.
  node_.commit_block();
  node_.cosign();
  node_.release_below(node_.checkpoint()->height);
  EXPECT_EQ(node_.journal().active_at(height), nullptr);
}

TEST_F(ProofJobTest, FewAreMadeAtOnce) {
  for (std::size_t i = 0; i < ProofSeats::kMax; ++i) start();
  EXPECT_TRUE(answers_.empty());
  start();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status, 429u);
  while (!waiting_.empty()) take_turn();
  EXPECT_EQ(answers_.size(), 1 + ProofSeats::kMax);
  EXPECT_EQ(answers_.back().status, 200u);
  EXPECT_EQ(seats_->taken, 0u);
  start();
  EXPECT_EQ(seats_->taken, 1u);
  waiting_.clear();  // The server is gone.
  EXPECT_EQ(seats_->taken, 0u);
}

TEST_F(ProofJobTest, ASmallOneIsMadeAtOnce) {
  const auto key = parameters_key();
  ProofJob::start(
      *prover().begin_record(key), "record", request_,
      [this](HttpResponse response) { answers_.push_back(std::move(response)); }, seats_);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].body, print_proof(*made_at_once(prover().begin_record(key))));
  EXPECT_TRUE(waiting_.empty());
}

}  // namespace
}  // namespace fenrun::api
