#include "node/thread_verifier.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "contracts/claims.h"
#include "node/clock.h"

namespace fenrun {

struct ThreadVerifier::Pool {
  Pool(boost::asio::io_context& context, std::uint32_t count) : io(context), threads(count) {}

  boost::asio::io_context& io;
  std::atomic<std::uint64_t> cpu_us{0};
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
  boost::asio::post(
      pool.threads, [&pool, batch = std::move(batch), done = std::move(done)]() mutable {
        const auto begin = thread_cpu_us();
        const bool valid = std::ranges::all_of(batch->transactions, verify_signatures);
        pool.cpu_us += thread_cpu_us() - begin;
        boost::asio::post(pool.io, [done = std::move(done), valid] { done(valid); });
      });
}

std::uint64_t ThreadVerifier::cpu_us() const { return pool_->cpu_us; }

}  // namespace fenrun
