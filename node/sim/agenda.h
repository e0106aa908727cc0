// What is to happen in virtual time, in one order: by time, and at one time as it was planned.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace fenrun::sim {

class Agenda {
 public:
  using Action = std::function<void()>;

  std::uint64_t now() const { return now_; }  // Milliseconds since the simulation began.
  std::uint64_t done() const { return done_; }

  // Plans the action in so many milliseconds; 0: after what is planned for this moment already.
  void in(std::uint64_t delay_ms, Action action) { at(now_ + delay_ms, std::move(action)); }
  void at(std::uint64_t time, Action action) {
    planned_.emplace(std::pair(time < now_ ? now_ : time, order_++), std::move(action));
  }

  // Lets what is planned up to this time happen, what it plans in turn included.
  void run_until(std::uint64_t end) {
    while (!planned_.empty() && planned_.begin()->first.first <= end) {
      auto first = planned_.extract(planned_.begin());
      now_ = first.key().first;
      ++done_;
      first.mapped()();
    }
    now_ = end;
  }

 private:
  std::map<std::pair<std::uint64_t, std::uint64_t>, Action> planned_;
  std::uint64_t now_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace fenrun::sim
