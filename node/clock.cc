#include "node/clock.h"

#include <chrono>

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

}  // namespace fenrun
