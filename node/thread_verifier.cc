#include "node/thread_verifier.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "node/clock.h"

namespace fenrun {

struct ThreadVerifier::Pool {
  Pool(boost::asio::io_context& context, std::uint32_t count) : io(context), threads(count) {}

  boost::asio::io_context& io;
  std::atomic<std::uint64_t> cpu_us{0};
  boost::asio::thread_pool threads;  // Ends first: its work refers to the rest.
};

ThreadVerifier::ThreadVerifier(boost::asio::io_context& io, std::uint32_t threads)
    : pool_(std::make_unique<Pool>(io, threads)), parallel_(2 * std::size_t{threads}) {}

ThreadVerifier::~ThreadVerifier() {
  pool_->threads.stop();
  pool_->threads.join();
}

void ThreadVerifier::check(BatchPiece piece, std::function<void(bool)> done) {
  auto& pool = *pool_;
  boost::asio::post(pool.threads,
                    [&pool, piece = std::move(piece), done = std::move(done)]() mutable {
                      const auto begin = thread_cpu_us();
                      const bool right = piece.is_right();
                      pool.cpu_us += thread_cpu_us() - begin;
                      boost::asio::post(pool.io, [done = std::move(done), right] { done(right); });
                    });
}

std::uint64_t ThreadVerifier::cpu_us() const { return pool_->cpu_us; }

}  // namespace fenrun
