// JSON of every type that has an encoding, by the names that FENRUN_FIELDS gives.
//
//   bool                     true, false
//   numbers, Amount          an integer; beyond 2^53 a decimal string.  Read: either.
//   TimeMs                   RFC 3339 in UTC with milliseconds; beyond the year 9999 as a number
//   Errc, enums              their names
//   FixedBytes, Blob         lower-case hex
//   Text                     a string
//   List, std::array         an array
//   a struct                 an object; a member without value is absent.  Read: absent or null.
//   a variant                its alternative's object, with "type" before the members
//
// Reading is strict: every member known, none missing, every list within its limit.  Errors are
// json_invalid with the place, as in "operations[2].keys[0].purpose: ...".
#pragma once

#include <charconv>

#include "core/codec.h"
#include "node/json/json.h"
#include "node/json/names.h"
#include "node/json/time.h"

namespace fenrun::json {

// Where in the document, for errors.
struct Place {
  const Place* parent = nullptr;
  std::string_view member;
  std::size_t index = 0;

  std::string to_string() const;
};

Error wrong(const Place& place, const std::string& what);

// Integers of up to 64 bits.
Json integer(std::uint64_t value);
Json integer(std::int64_t value);
Result<std::uint64_t> read_unsigned(const Json& json, const Place& place, std::uint64_t max);
Result<std::int64_t> read_signed(const Json& json, const Place& place);
Result<std::string> read_string(const Json& json, const Place& place, std::size_t max);
Result<Bytes> read_hex(const Json& json, const Place& place, std::size_t max);
// Errors unless it is an object whose members are all among `names` ("a, b, c").
Status check_members(const Json& json, const Place& place, std::string_view names, bool with_type);

// Takes the first name off "a, b, c".
std::string_view next_name(std::string_view& names);

template <class T>
Json write(const T& value);
template <class T>
Status read(const Json& json, const Place& place, T& out);

template <class T>
void write_members(Json& object, const T& value) {
  std::string_view names = T::field_names();
  const auto one = [&](const auto& field) {
    const std::string name(next_name(names));
    using Field = std::decay_t<decltype(field)>;
    if constexpr (codec::kIsOptional<Field>) {
      if (field) object[name] = write(*field);
    } else {
      object[name] = write(field);
    }
  };
  value.fields([&](const auto&... field) { (one(field), ...); });
}

template <class T>
Status read_members(const Json& object, const Place& place, T& out) {
  std::string_view names = T::field_names();
  Status status;
  const auto one = [&](auto& field) {
    const auto name = next_name(names);
    const Place inner{&place, name};
    const auto it = object.find(std::string(name));
    const bool present = it != object.end() && !it->is_null();
    using Field = std::decay_t<decltype(field)>;
    if constexpr (codec::kIsOptional<Field>) {
      field.reset();
      if (present) status = read(*it, inner, field.emplace());
    } else {
      status = present ? read(*it, inner, field) : Status(wrong(inner, "is missing"));
    }
    return status.has_value();
  };
  out.fields([&](auto&... field) { static_cast<void>((one(field) && ...)); });
  return status;
}

template <std::size_t I, class V>
Status read_alternative(const Json& json, const Place& place, std::string_view type, V& out) {
  if constexpr (I == std::variant_size_v<V>) {
    std::string known;
    for (const auto name : kAlternativeNames<V>)
      known += (known.empty() ? "" : ", ") + std::string(name);
    return wrong(Place{&place, "type"}, "must be one of " + known);
  } else {
    if (type != kAlternativeNames<V>[I]) return read_alternative<I + 1>(json, place, type, out);
    auto& alternative = out.template emplace<I>();
    using Alternative = std::decay_t<decltype(alternative)>;
    FENRUN_OK(check_members(json, place, Alternative::field_names(), true));
    return read_members(json, place, alternative);
  }
}

template <class V>
Status read_variant(const Json& json, const Place& place, V& out) {
  if (!json.is_object()) return wrong(place, "must be an object");
  const auto it = json.find("type");
  if (it == json.end()) return wrong(Place{&place, "type"}, "is missing");
  FENRUN_TRY(const auto type, read_string(*it, Place{&place, "type"}, 64));
  return read_alternative<0>(json, place, type, out);
}

template <class E>
Status read_enum(const Json& json, const Place& place, E& out) {
  FENRUN_TRY(const auto text, read_string(json, place, 64));
  std::string known;
  for (std::size_t i = 0; i < kEnumNames<E>.size(); ++i) {
    if (text == kEnumNames<E>[i]) {
      out = static_cast<E>(i);
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(kEnumNames<E>[i]);
  }
  return wrong(place, "must be one of " + known);
}

Json write_time(TimeMs time);
Status read_time(const Json& json, const Place& place, TimeMs& out);
Status read_errc(const Json& json, const Place& place, Errc& out);

template <class T>
inline constexpr bool kIsByteArray = false;
template <std::size_t N>
inline constexpr bool kIsByteArray<std::array<std::uint8_t, N>> = true;

template <class T>
Json write(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value;
  } else if constexpr (std::unsigned_integral<T>) {
    return integer(std::uint64_t{value});
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return integer(value);
  } else if constexpr (std::is_same_v<T, Amount>) {
    return integer(value.units());
  } else if constexpr (std::is_same_v<T, TimeMs>) {
    return write_time(value);
  } else if constexpr (std::is_same_v<T, Errc>) {
    return std::string(name_of(value));
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(kEnumNames<T>.size() > 0, "name the values in node/json/names.h");
    return std::string(kEnumNames<T>.at(static_cast<std::size_t>(value)));
  } else if constexpr (codec::kIsStrong<T>) {
    return integer(std::uint64_t{value.value()});
  } else if constexpr (codec::kIsFixedBytes<T>) {
    return to_hex(value.view());
  } else if constexpr (codec::kIsText<T>) {
    return value.value;
  } else if constexpr (kIsByteArray<T>) {
    return to_hex(value);
  } else if constexpr (codec::kIsList<T> || codec::kIsArray<T>) {
    if constexpr (std::is_same_v<typename T::value_type, std::uint8_t>) {
      return to_hex(value);
    } else {
      Json array = Json::array();
      for (const auto& item : value) array.push_back(write(item));
      return array;
    }
  } else if constexpr (codec::kIsVariant<T>) {
    Json object = {{"type", std::string(kAlternativeNames<T>.at(value.index()))}};
    std::visit([&](const auto& alternative) { write_members(object, alternative); }, value);
    return object;
  } else {
    Json object = Json::object();
    write_members(object, value);
    return object;
  }
}

template <class T>
Status read_items(const Json& json, const Place& place, T& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    FENRUN_OK(read(json[i], Place{&place, {}, i}, out[i]));
  }
  return {};
}

template <class T>
Status read_list(const Json& json, const Place& place, T& out) {
  if (!json.is_array()) return wrong(place, "must be an array");
  if constexpr (codec::kIsArray<T>) {
    if (json.size() != out.size()) {
      return wrong(place, "must have " + std::to_string(out.size()) + " items");
    }
  } else {
    if (json.size() > T::kMax) {
      return wrong(place, "has more than " + std::to_string(T::kMax) + " items");
    }
    out.resize(json.size());
  }
  return read_items(json, place, out);
}

// What is written as hex.
template <class T>
Status read_bytes(const Json& json, const Place& place, T& out) {
  if constexpr (codec::kIsList<T>) {
    FENRUN_TRY(auto bytes, read_hex(json, place, T::kMax));
    out.assign(bytes.begin(), bytes.end());
  } else {
    FENRUN_TRY(const auto bytes, read_hex(json, place, T::kSize));
    if (bytes.size() != T::kSize) {
      return wrong(place, "must be " + std::to_string(2 * T::kSize) + " hex digits");
    }
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  }
  return {};
}

template <class T>
Status read(const Json& json, const Place& place, T& out) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) return wrong(place, "must be true or false");
    out = json.template get<bool>();
    return {};
  } else if constexpr (std::unsigned_integral<T>) {
    FENRUN_TRY(const auto value, read_unsigned(json, place, std::numeric_limits<T>::max()));
    out = static_cast<T>(value);
    return {};
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    FENRUN_TRY(out, read_signed(json, place));
    return {};
  } else if constexpr (std::is_same_v<T, Amount>) {
    FENRUN_TRY(const auto units, read_signed(json, place));
    out = Amount::minor(units);
    return {};
  } else if constexpr (std::is_same_v<T, TimeMs>) {
    return read_time(json, place, out);
  } else if constexpr (std::is_same_v<T, Errc>) {
    return read_errc(json, place, out);
  } else if constexpr (std::is_enum_v<T>) {
    return read_enum(json, place, out);
  } else if constexpr (codec::kIsStrong<T>) {
    using Rep = typename T::rep;
    FENRUN_TRY(const auto value, read_unsigned(json, place, std::numeric_limits<Rep>::max()));
    out = T(static_cast<Rep>(value));
    return {};
  } else if constexpr (codec::kIsText<T>) {
    FENRUN_TRY(out.value, read_string(json, place, T::kMax));
    return {};
  } else if constexpr (codec::kIsFixedBytes<T>) {
    return read_bytes(json, place, out);
  } else if constexpr (codec::kIsList<T> || codec::kIsArray<T>) {
    if constexpr (std::is_same_v<typename T::value_type, std::uint8_t>) {
      return read_bytes(json, place, out);
    } else {
      return read_list(json, place, out);
    }
  } else if constexpr (codec::kIsVariant<T>) {
    return read_variant(json, place, out);
  } else {
    FENRUN_OK(check_members(json, place, T::field_names(), false));
    return read_members(json, place, out);
  }
}

}  // namespace fenrun::json
