// Lets a bounded number of log lines through: strangers cause them.
// Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fenrun::net {

class EventGate {
 public:
  explicit EventGate(unsigned per_second_max) : per_second_max_(per_second_max) {}

  // The line to log in this second, if any; the first one of a later second says how many were
  // suppressed.  Seconds of any origin that does not go back.
  std::optional<std::string> pass(std::uint64_t second, std::string line) {
    if (second != second_) {
      second_ = second;
      passed_ = 0;
    }
    if (passed_ == per_second_max_) {
      ++suppressed_;
      return std::nullopt;
    }
    ++passed_;
    if (suppressed_ > 0) line += " (and " + std::to_string(suppressed_) + " more events before)";
    suppressed_ = 0;
    return line;
  }

 private:
  unsigned per_second_max_;
  unsigned passed_ = 0;
  std::uint64_t second_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace fenrun::net
