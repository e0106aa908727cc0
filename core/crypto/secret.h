// Bytes that must not outlive their use: wiped when destroyed or moved from, never copied, never
// printed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fenrun {

// Overwrites the bytes with zeros, in a way that no optimiser removes.
void wipe(std::span<std::uint8_t> bytes);
// The same for text, which is empty afterwards.
void wipe(std::string& text);

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

// Text of any length: a passphrase, the contents of a key file.
class SecretText {
 public:
  SecretText() = default;
  // A copy; the caller wipes the original.
  explicit SecretText(std::string_view text);
  // Takes the text over and wipes the original.
  static SecretText take(std::string& text);

  ~SecretText() { wipe(bytes_); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  SecretText(SecretText&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
      other.bytes_.clear();
    }
    return *this;
  }

  // Lives as long as the secret is neither moved nor assigned to.
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool empty() const { return bytes_.empty(); }

 private:
  // A vector, not a string: moving a short string leaves its characters behind.
  std::vector<std::uint8_t> bytes_;
};

using Passphrase = SecretText;

}  // namespace fenrun
