#include "node/clock.h"

#include <time.h>

#include <chrono>

#include "core/check.h"

namespace fenrun {
namespace {

template <class Clock>
TimeMs now() {
  const auto since_origin = Clock::now().time_since_epoch();
  return TimeMs(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_origin).count()));
}

}  // namespace

TimeMs wall_clock() { return now<std::chrono::system_clock>(); }
TimeMs steady_clock() { return now<std::chrono::steady_clock>(); }

std::uint64_t steady_us() {
  const auto since_origin = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(since_origin).count());
}

std::uint64_t thread_cpu_us() {
  timespec time{};
  CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1'000;
}

}  // namespace fenrun
