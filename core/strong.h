// A number with a meaning has a type: a Height handed to a function of a View does not compile.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

namespace fenrun {

template <class Tag, std::unsigned_integral Rep = std::uint64_t>
class Strong {
 public:
  using rep = Rep;

  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}

  constexpr Rep value() const { return value_; }

  // The next number.  REQUIRES: it exists; counters of this system never reach 2^64.
  constexpr Strong next() const { return Strong(static_cast<Rep>(value_ + 1)); }

  friend constexpr auto operator<=>(Strong, Strong) = default;

 private:
  Rep value_ = 0;
};

}  // namespace fenrun
