// Bytes that must not outlive their use: wiped when destroyed or moved from, never copied, never
// printed, compared in constant time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fenrun {

void wipe(std::span<std::uint8_t> bytes);

template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  ~Secret() { wipe(bytes_); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }

  std::span<std::uint8_t, N> mutable_view() { return bytes_; }
  std::span<const std::uint8_t, N> view() const { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

using Seed = Secret<32>;

}  // namespace fenrun
