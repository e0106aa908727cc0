#include "node/thread_verifier.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>

#include "contracts/claims.h"
#include "node/clock.h"

namespace fenrun {

namespace {

using Clock = std::chrono::steady_clock;

// To check so little takes less than to wake a thread and to be woken by it.
constexpr std::size_t kOperationsHereMax = 2;
// The event loop's thread then checks nothing for so many times as long: a fifth of its time at
// most.
constexpr int kPauseFactor = 4;

// An operation may hold a signature of its own.
bool is_small(const TxBatch& batch) {
  std::size_t operations = 0;
  for (const auto& transaction : batch.transactions) operations += transaction.operations.size();
  return operations <= kOperationsHereMax;
}

}  // namespace

struct ThreadVerifier::Pool {
  Pool(boost::asio::io_context& context, std::uint32_t count) : io(context), threads(count) {}

  bool verify(const TxBatch& batch) {
    const auto begin = thread_cpu_us();
    const bool valid = std::ranges::all_of(batch.transactions, verify_signatures);
    cpu_us += thread_cpu_us() - begin;
    return valid;
  }

  boost::asio::io_context& io;
  std::atomic<std::uint64_t> cpu_us{0};
  Clock::time_point none_here_until;
  boost::asio::thread_pool threads;  // Ends first: its work refers to the rest.
};

ThreadVerifier::ThreadVerifier(boost::asio::io_context& io, std::uint32_t threads)
    : pool_(std::make_unique<Pool>(io, threads)) {}

ThreadVerifier::~ThreadVerifier() {
  pool_->threads.stop();
  pool_->threads.join();
}

void ThreadVerifier::check(std::shared_ptr<const TxBatch> batch, std::function<void(bool)> done) {
  auto& pool = *pool_;
  if (const auto begin = Clock::now(); begin >= pool.none_here_until && is_small(*batch)) {
    const bool valid = pool.verify(*batch);
    const auto end = Clock::now();
    pool.none_here_until = end + kPauseFactor * (end - begin);
    boost::asio::post(pool.io, [done = std::move(done), valid] { done(valid); });
    return;
  }
  boost::asio::post(pool.threads,
                    [&pool, batch = std::move(batch), done = std::move(done)]() mutable {
                      const bool valid = pool.verify(*batch);
                      boost::asio::post(pool.io, [done = std::move(done), valid] { done(valid); });
                    });
}

std::uint64_t ThreadVerifier::cpu_us() const { return pool_->cpu_us; }

}  // namespace fenrun
