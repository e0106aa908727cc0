// BCS, the one canonical encoding of everything that is hashed, signed, stored or sent.
// Specification: docs/spec/encoding.md (Binary Canonical Serialization, as published by Diem).
//
//   bool, u8..u64, i64        little-endian, fixed width
//   Strong<>, Amount          as their number
//   Errc                      its number as u16
//   enum class (u8)           one ULEB128 variant index; kEnumCount<E> values, from 0
//   FixedBytes, std::array    the elements, no length
//   List<T, Max>, Blob, Text  ULEB128 length, then the elements
//   std::optional             0, or 1 and the value
//   std::variant              ULEB128 index of the alternative, then its value
//   a struct                  its fields in the order of FENRUN_FIELDS
//
// Decoding is strict: it consumes all input, refuses every second spelling, and checks each length
// against its limit before it allocates.  encode(decode(b)) == b and decode(encode(x)) == x.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/amount.h"
#include "core/bytes.h"
#include "core/result.h"
#include "core/strong.h"
#include "core/text.h"

namespace fenrun {

// Declares the encoding of a struct: the named members, in this order.  fields(visitor) calls
// visitor(a, b, c) with them, in place: templates, which cost a source only what it encodes itself.
// field_names() is their list, "a, b, c": what views of the struct (JSON) call them.
#define FENRUN_FIELDS(...)                                                           \
  [[gnu::always_inline]] void fields(auto&& visitor) { visitor(__VA_ARGS__); }       \
  [[gnu::always_inline]] void fields(auto&& visitor) const { visitor(__VA_ARGS__); } \
  static constexpr std::string_view field_names() { return #__VA_ARGS__; }

// The number of values of an enum that is encoded; specialise it beside the enum.
template <class E>
inline constexpr std::uint8_t kEnumCount = 0;

// A vector that never holds more than Max elements where it is encoded or decoded.
template <class T, std::size_t Max>
struct List : std::vector<T> {
  using std::vector<T>::vector;
  List() = default;
  List(std::vector<T> items) : std::vector<T>(std::move(items)) {}  // NOLINT: a vector is a list
  static constexpr std::size_t kMax = Max;
};

template <std::size_t Max>
using Blob = List<std::uint8_t, Max>;

// UTF-8 of at most Max bytes.
template <std::size_t Max>
struct Text {
  std::string value;
  static constexpr std::size_t kMax = Max;
  friend auto operator<=>(const Text&, const Text&) = default;
};

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

// Writes BCS.  REQUIRES: every list within its limit; a longer one is a bug of ours.
//
// Most of what is written is small: it is put together here and allocated once, in take().
class Encoder {
 public:
  Encoder() = default;
  explicit Encoder(std::size_t expected_bytes) {
    if (expected_bytes > kSmallBytes) spill(expected_bytes);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  void raw(ByteView bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  void uleb(std::uint32_t value);
  template <std::unsigned_integral U>
  void fixed(U value) {
    std::memcpy(extend(sizeof(U)), &value, sizeof(U));
  }

  std::size_t size() const { return size_; }
  // The bytes; the encoder is empty again.
  Bytes take();

 private:
  static constexpr std::size_t kSmallBytes = 512;

  // Room for so many bytes more, at the end.
  std::uint8_t* extend(std::size_t bytes) {
    if (size_ + bytes > capacity_) spill(size_ + bytes);
    std::uint8_t* const at = (large_.empty() ? small_.data() : large_.data()) + size_;
    size_ += bytes;
    return at;
  }
  void spill(std::size_t bytes);

  std::array<std::uint8_t, kSmallBytes> small_;
  Bytes large_;  // In its place, once that is full.
  std::size_t capacity_ = kSmallBytes;
  std::size_t size_ = 0;
};

// Reads BCS.  The view must outlive the decoder.
class Decoder {
 public:
  explicit Decoder(ByteView in) : rest_(in) {}

  Status raw(std::span<std::uint8_t> out);
  Status uleb(std::uint32_t& out);
  template <std::unsigned_integral U>
  Status fixed(U& out) {
    if (rest_.size() < sizeof(U)) return Errc::truncated;
    std::memcpy(&out, rest_.data(), sizeof(U));
    rest_ = rest_.subspan(sizeof(U));
    return {};
  }
  // A length of at most `max` elements, of at least one byte each.
  Status length(std::size_t& out, std::size_t max);
  Status skip(std::size_t bytes);

  std::size_t remaining() const { return rest_.size(); }
  Status finish() const;  // Errc::trailing_bytes unless all input is consumed.

 private:
  ByteView rest_;
};

namespace codec {

template <class T>
inline constexpr bool kIsFixedBytes = false;
template <class Tag, std::size_t N>
inline constexpr bool kIsFixedBytes<FixedBytes<Tag, N>> = true;

template <class T>
inline constexpr bool kIsStrong = false;
template <class Tag, class Rep>
inline constexpr bool kIsStrong<Strong<Tag, Rep>> = true;

template <class T>
inline constexpr bool kIsList = false;
template <class T, std::size_t Max>
inline constexpr bool kIsList<List<T, Max>> = true;

template <class T>
inline constexpr bool kIsText = false;
template <std::size_t Max>
inline constexpr bool kIsText<Text<Max>> = true;

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
inline constexpr bool kIsVariant = false;
template <class... Ts>
inline constexpr bool kIsVariant<std::variant<Ts...>> = true;

template <class T>
inline constexpr bool kIsArray = false;
template <class T, std::size_t N>
inline constexpr bool kIsArray<std::array<T, N>> = true;

struct AnyFields {
  void operator()(const auto&...) const {}
};
template <class T>
concept HasFields = requires(T& value) {
  value.fields(AnyFields{});
};

// A struct may say what its fields allow; asked after decoding.
template <class T>
concept HasValidate = requires(const T& value) {
  { value.validate() } -> std::same_as<Status>;
};

template <class T>
void write(Encoder& out, const T& value);
template <class T>
Status read(Decoder& in, T& value);

template <class T>
void write_list(Encoder& out, const T& list) {
  CHECK(list.size() <= T::kMax);
  out.uleb(static_cast<std::uint32_t>(list.size()));
  if constexpr (std::is_same_v<typename T::value_type, std::uint8_t>) {
    out.raw(list);
  } else {
    for (const auto& item : list) write(out, item);
  }
}

template <class T>
Status read_list(Decoder& in, T& list) {
  std::size_t size = 0;
  FENRUN_OK(in.length(size, T::kMax));
  list.clear();
  if constexpr (std::is_same_v<typename T::value_type, std::uint8_t>) {
    list.resize(size);
    return in.raw(list);
  } else {
    list.reserve(size);
    for (std::size_t i = 0; i < size; ++i) FENRUN_OK(read(in, list.emplace_back()));
    return {};
  }
}

template <std::size_t I, class Variant>
Status read_alternative(Decoder& in, Variant& value, std::uint32_t index) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return Error{Errc::variant_unknown, std::to_string(index)};
  } else {
    if (index == I) return read(in, value.template emplace<I>());
    return read_alternative<I + 1>(in, value, index);
  }
}

inline Status read_i64(Decoder& in, std::int64_t& value) {
  std::uint64_t bits = 0;
  FENRUN_OK(in.fixed(bits));
  value = static_cast<std::int64_t>(bits);
  return {};
}

template <class T>
Status read_text(Decoder& in, T& text) {
  std::size_t size = 0;
  FENRUN_OK(in.length(size, T::kMax));
  text.value.resize(size);
  FENRUN_OK(in.raw({reinterpret_cast<std::uint8_t*>(text.value.data()), size}));
  if (!is_utf8(text.value)) return Error{Errc::text_invalid, "not UTF-8"};
  return {};
}

template <class T>
Status read_struct(Decoder& in, T& value) {
  Status status;
  value.fields([&](auto&... field) {
    static_cast<void>(((status = read(in, field), status.has_value()) && ...));
  });
  if (!status) return status;
  if constexpr (HasValidate<T>) return value.validate();
  return {};
}

template <class T>
void write(Encoder& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out.fixed<std::uint8_t>(value ? 1 : 0);
  } else if constexpr (std::unsigned_integral<T>) {
    out.fixed(value);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    out.fixed(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, Amount>) {
    out.fixed(static_cast<std::uint64_t>(value.units()));
  } else if constexpr (std::is_same_v<T, Errc>) {
    out.fixed(static_cast<std::uint16_t>(value));
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(kEnumCount<T> > 0 && kEnumCount<T> < 128, "specialise kEnumCount");
    CHECK(static_cast<std::uint8_t>(value) < kEnumCount<T>);
    out.fixed(static_cast<std::uint8_t>(value));
  } else if constexpr (kIsStrong<T>) {
    out.fixed(value.value());
  } else if constexpr (kIsFixedBytes<T>) {
    out.raw(value.bytes);
  } else if constexpr (kIsArray<T>) {
    if constexpr (std::is_same_v<typename T::value_type, std::uint8_t>) {
      out.raw(value);
    } else {
      for (const auto& item : value) write(out, item);
    }
  } else if constexpr (kIsList<T>) {
    write_list(out, value);
  } else if constexpr (kIsText<T>) {
    CHECK(value.value.size() <= T::kMax);
    out.uleb(static_cast<std::uint32_t>(value.value.size()));
    out.raw(bytes_of(value.value));
  } else if constexpr (kIsOptional<T>) {
    out.fixed<std::uint8_t>(value ? 1 : 0);
    if (value) write(out, *value);
  } else if constexpr (kIsVariant<T>) {
    out.uleb(static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& alternative) { write(out, alternative); }, value);
  } else {
    static_assert(HasFields<const T>, "declare FENRUN_FIELDS");
    value.fields([&](const auto&... field) { (write(out, field), ...); });
  }
}

template <class T>
Status read(Decoder& in, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    std::uint8_t byte = 0;
    FENRUN_OK(in.fixed(byte));
    if (byte > 1) return Error{Errc::encoding_not_canonical, "bool above 1"};
    value = byte == 1;
    return {};
  } else if constexpr (std::unsigned_integral<T>) {
    return in.fixed(value);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return read_i64(in, value);
  } else if constexpr (std::is_same_v<T, Amount>) {
    std::int64_t units = 0;
    FENRUN_OK(read_i64(in, units));
    value = Amount::minor(units);
    return {};
  } else if constexpr (std::is_same_v<T, Errc>) {
    std::uint16_t number = 0;
    FENRUN_OK(in.fixed(number));
    const auto code = errc_from_number(number);
    if (!code) return Error{Errc::variant_unknown, "error " + std::to_string(number)};
    value = *code;
    return {};
  } else if constexpr (std::is_enum_v<T>) {
    std::uint8_t byte = 0;
    FENRUN_OK(in.fixed(byte));
    if (byte >= kEnumCount<T>) return Error{Errc::variant_unknown, std::to_string(byte)};
    value = static_cast<T>(byte);
    return {};
  } else if constexpr (kIsStrong<T>) {
    typename T::rep number = 0;
    FENRUN_OK(in.fixed(number));
    value = T(number);
    return {};
  } else if constexpr (kIsFixedBytes<T>) {
    return in.raw(value.bytes);
  } else if constexpr (kIsArray<T>) {
    if constexpr (std::is_same_v<typename T::value_type, std::uint8_t>) {
      return in.raw(value);
    } else {
      for (auto& item : value) FENRUN_OK(read(in, item));
      return {};
    }
  } else if constexpr (kIsList<T>) {
    return read_list(in, value);
  } else if constexpr (kIsText<T>) {
    return read_text(in, value);
  } else if constexpr (kIsOptional<T>) {
    bool present = false;
    FENRUN_OK(read(in, present));
    if (!present) {
      value.reset();
      return {};
    }
    return read(in, value.emplace());
  } else if constexpr (kIsVariant<T>) {
    std::uint32_t index = 0;
    FENRUN_OK(in.uleb(index));
    return read_alternative<0>(in, value, index);
  } else {
    static_assert(HasFields<T>, "declare FENRUN_FIELDS");
    return read_struct(in, value);
  }
}

}  // namespace codec

// The BCS of `value`.
template <class T>
Bytes encode(const T& value) {
  Encoder out;
  codec::write(out, value);
  return out.take();
}

// The value whose BCS is exactly `bytes`; errors 100..107 otherwise.
template <class T>
Result<T> decode(ByteView bytes) {
  Decoder in(bytes);
  T value{};
  FENRUN_OK(codec::read(in, value));
  FENRUN_OK(in.finish());
  return value;
}

}  // namespace fenrun
