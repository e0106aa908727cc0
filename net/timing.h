// How long a link may take, be silent and stay away.
#pragma once

#include <chrono>

namespace fenrun::net {

struct Timing {
  std::chrono::milliseconds handshake_max{5'000};  // From dialling, or being dialled, to open.
  std::chrono::milliseconds keep_alive{3'000};     // Longest time without sending anything.
  std::chrono::milliseconds silence_max{10'000};   // Longest time without receiving anything.
  std::chrono::milliseconds redial_min{100};       // Pause before a dial, doubled after each one,
  std::chrono::milliseconds redial_max{5'000};     // up to this,
  std::chrono::milliseconds redial_reset{10'000};  // and forgotten after a link lived this long.
};

}  // namespace fenrun::net
