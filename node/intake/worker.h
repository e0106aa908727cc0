// A thread for what takes long or waits for a disk, so that the event loop does neither.  Whoever
// owns it stops it before anything ends that the work uses; after its own end nothing is told.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "node/intake/lifetime.h"

namespace fenrun {

class Worker {
 public:
  // REQUIRES: io outlives the worker.
  explicit Worker(boost::asio::io_context& io) : io_(&io) {}
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `work()` on the thread, one after another; then `then(its result)` on the event loop.
  template <class Work, class Then>
  void run(Work work, Then then) {
    boost::asio::post(pool_, [io = io_, work = std::move(work),
                              then = lifetime_.within(std::move(then))]() mutable {
      auto result = work();
      boost::asio::post(*io, [then = std::move(then), result = std::move(result)]() mutable {
        then(std::move(result));
      });
    });
  }

  // Waits for what is being done; what is waiting is not done any more.
  void stop() {
    pool_.stop();
    pool_.join();
  }

 private:
  boost::asio::io_context* io_;
  Lifetime lifetime_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace fenrun
