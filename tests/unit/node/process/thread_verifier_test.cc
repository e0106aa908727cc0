#include "node/thread_verifier.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <thread>

#include "tests/support/world.h"

namespace fenrun {
namespace {

// Every size of batch, whichever thread takes it, one at a time and many at once.
class ThreadVerifierTest : public testing::Test {
 protected:
  std::shared_ptr<const TxBatch> batch_of(std::size_t operations, bool valid) {
    auto transaction = world_.sign("brand", std::vector<Operation>(operations, OpenLane{Lane(1)}));
    if (!valid) transaction.signature.bytes[0] ^= 1;
    return std::make_shared<const TxBatch>(TxBatch{std::vector{std::move(transaction)}});
  }
  void check(const std::shared_ptr<const TxBatch>& batch, bool expected) {
    ++open_;
    const auto answered = std::make_shared<int>(0);
    const BatchPiece piece{batch, 0, batch->transactions.size(), world_.point().chain_id};
    verifier_.check(piece, [this, answered, expected](bool valid) {
      EXPECT_EQ(valid, expected);
      EXPECT_EQ(std::this_thread::get_id(), loop_);
      EXPECT_EQ(++*answered, 1);
      if (--open_ == 0) work_.reset();
    });
    EXPECT_EQ(*answered, 0);  // Later, never from within the call.
  }
  void run() {
    io_.run_for(std::chrono::seconds(60));
    EXPECT_EQ(open_, 0);
  }

  test::World world_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  ThreadVerifier verifier_{io_, 2};
  const std::thread::id loop_ = std::this_thread::get_id();
  int open_ = 0;
};

TEST_F(ThreadVerifierTest, FindsTheBatchThatHasAWrongSignature) {
  for (const std::size_t operations : {1u, 2u, 3u, 100u}) {
    check(batch_of(operations, true), true);
    check(batch_of(operations, false), false);
  }
  run();
  EXPECT_GT(verifier_.cpu_us(), 0u);
}

TEST_F(ThreadVerifierTest, AnswersEachOfManyOnce) {
  const auto good = batch_of(1, true);
  const auto wrong = batch_of(1, false);
  for (int i = 0; i < 300; ++i) check(i % 7 == 0 ? wrong : good, i % 7 != 0);
  run();
}

}  // namespace
}  // namespace fenrun
