// What follows from a number alone, so that loads are the same each time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fenrun::bench {

// SplitMix64 (Steele, Lea and Flood, 2014): well mixed, and of its argument alone.
inline std::uint64_t mixed_bits(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// Bytes that look random.
template <class Bytes>
Bytes filled(std::uint64_t number) {
  Bytes out;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    if (i % 8 == 0) number = mixed_bits(number + i);
    out.bytes[i] = static_cast<std::uint8_t>(number >> (8 * (i % 8)));
  }
  return out;
}

}  // namespace fenrun::bench
