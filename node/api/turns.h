// Whose work is done next: the askers take turns, each with the oldest of its own.
//
// The event loop belongs to consensus as well.  So what clients ask for is done in slices, between
// which the loop sees to the rest; and who asks much waits for itself alone.
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace fenrun::api {

class Turns {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  using Work = std::function<void()>;

  explicit Turns(Clock clock) : clock_(std::move(clock)) {}

  // May be called from within work.
  void add(const std::string& asker, Work work);

  // Does one piece of work after the other until the slice is over: what is begun is ended, so that
  // one piece is done in any case.  Whether more is left.
  bool run(std::chrono::microseconds slice);

  // Drops what waits.
  void clear();

  std::size_t waiting() const { return waiting_; }

 private:
  Clock clock_;
  std::map<std::string, std::deque<Work>> work_;  // Of each asker; none is empty.
  std::deque<std::string> order_;                 // Every asker with work, once.
  std::size_t waiting_ = 0;
};

}  // namespace fenrun::api
