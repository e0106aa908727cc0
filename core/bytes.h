// Sequences of bytes: owned, viewed, and of a fixed size with a meaning.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace fenrun {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// The characters of `text` as bytes.  The view lives as long as the text.
inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The bytes as characters.  The view lives as long as the bytes.
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }

inline void append(Bytes& out, ByteView view) { out.insert(out.end(), view.begin(), view.end()); }

inline bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

// N bytes with a meaning: identifiers, digests, keys.  Ordered bytewise.
template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t kSize = N;

  std::array<std::uint8_t, N> bytes{};

  // Errc::length_wrong unless the view has exactly N bytes.
  static Result<FixedBytes> from(ByteView view) {
    if (view.size() != N) {
      return Error{Errc::length_wrong,
                   "expected " + std::to_string(N) + " bytes, got " + std::to_string(view.size())};
    }
    FixedBytes out;
    std::copy(view.begin(), view.end(), out.bytes.begin());
    return out;
  }

  constexpr ByteView view() const { return bytes; }
  constexpr bool is_zero() const {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
  }

  friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;
};

}  // namespace fenrun
