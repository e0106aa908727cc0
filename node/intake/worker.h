// A thread for what takes long or waits for a disk, so that the event loop does neither.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>

namespace fenrun {

class Worker {
 public:
  // REQUIRES: io outlives the worker.
  explicit Worker(boost::asio::io_context& io) : io_(&io), alive_(std::make_shared<int>()) {}
  // Waits for what is being done; what is waiting is not done any more, and nothing is told.
  ~Worker() {
    pool_.stop();
    pool_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `work()` on the thread, one after another; then `then(its result)` on the event loop.
  template <class Work, class Then>
  void run(Work work, Then then) {
    boost::asio::post(pool_, [io = io_, alive = std::weak_ptr(alive_), work = std::move(work),
                              then = std::move(then)]() mutable {
      auto result = work();
      boost::asio::post(*io, [alive, then = std::move(then), result = std::move(result)]() mutable {
        if (!alive.expired()) then(std::move(result));
      });
    });
  }

 private:
  boost::asio::io_context* io_;
  std::shared_ptr<int> alive_;  // Held weakly by what comes back.
  boost::asio::thread_pool pool_{1};
};

}  // namespace fenrun
