#include "node/thread_verifier.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace fenrun {

struct ThreadVerifier::Pool {
  boost::asio::io_context& io;
  boost::asio::thread_pool threads;
};

ThreadVerifier::ThreadVerifier(boost::asio::io_context& io, std::uint32_t threads)
    : pool_(std::make_unique<Pool>(io, threads)) {}

ThreadVerifier::~ThreadVerifier() {
  pool_->threads.stop();
  pool_->threads.join();
}

void ThreadVerifier::check(std::shared_ptr<const TxBatch> batch, std::function<void(bool)> done) {
  auto& io = pool_->io;
  boost::asio::post(pool_->threads,
                    [&io, batch = std::move(batch), done = std::move(done)]() mutable {
                      const bool valid = std::ranges::all_of(batch->transactions, verify_signature);
                      boost::asio::post(io, [done = std::move(done), valid] { done(valid); });
                    });
}

}  // namespace fenrun
