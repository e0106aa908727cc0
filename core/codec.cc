#include "core/codec.h"

#include <algorithm>
#include <limits>

namespace fenrun {

void Encoder::uleb(std::uint32_t value) {
  while (value >= 0x80) {
    fixed(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  fixed(static_cast<std::uint8_t>(value));
}

void Encoder::spill(std::size_t bytes) {
  const bool was_small = large_.empty();
  capacity_ = std::max(bytes, 2 * capacity_);
  large_.resize(capacity_);
  if (was_small) std::memcpy(large_.data(), small_.data(), size_);
}

Bytes Encoder::take() {
  Bytes out;
  if (large_.empty()) {
    out.assign(small_.data(), small_.data() + size_);
  } else {
    large_.resize(size_);
    out = std::exchange(large_, {});
  }
  capacity_ = kSmallBytes;
  size_ = 0;
  return out;
}

Status Decoder::raw(std::span<std::uint8_t> out) {
  if (rest_.size() < out.size()) return Errc::truncated;
  std::copy_n(rest_.begin(), out.size(), out.begin());
  rest_ = rest_.subspan(out.size());
  return {};
}

Status Decoder::skip(std::size_t bytes) {
  if (rest_.size() < bytes) return Errc::truncated;
  rest_ = rest_.subspan(bytes);
  return {};
}

Status Decoder::uleb(std::uint32_t& out) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    std::uint8_t byte = 0;
    FENRUN_OK(fixed(byte));
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    if (shift > 0 && byte == 0) return Error{Errc::encoding_not_canonical, "over-long ULEB128"};
    if (value > std::numeric_limits<std::uint32_t>::max()) break;
    out = static_cast<std::uint32_t>(value);
    return {};
  }
  return Error{Errc::encoding_not_canonical, "ULEB128 above 2^32 - 1"};
}

Status Decoder::length(std::size_t& out, std::size_t max) {
  std::uint32_t value = 0;
  FENRUN_OK(uleb(value));
  if (value > max) {
    return Error{Errc::limit_exceeded,
                 std::to_string(value) + " elements, at most " + std::to_string(max)};
  }
  // Every element takes at least a byte: a length that the input cannot hold allocates nothing.
  if (value > rest_.size()) return Errc::truncated;
  out = value;
  return {};
}

Status Decoder::finish() const {
  if (rest_.empty()) return {};
  return Error{Errc::trailing_bytes, std::to_string(rest_.size()) + " bytes"};
}

}  // namespace fenrun
