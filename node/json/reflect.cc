#include "node/json/reflect.h"

#include "core/text.h"

namespace fenrun::json {
namespace {

constexpr std::uint64_t kExactMax = std::uint64_t{1} << 53;

// The value of a JSON integer or of a decimal string, as digits with an optional minus.
Result<std::string> digits_of(const Json& json, const Place& place) {
  if (json.is_number_integer()) return json.dump();
  if (!json.is_string()) return wrong(place, "must be an integer, or a string of one");
  auto text = json.get<std::string>();
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.size() > 20 || (digits[0] == '0' && text.size() > 1) ||
      digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return wrong(place, "is no decimal integer");
  }
  return text;
}

template <class T>
Result<T> number_of(const Json& json, const Place& place) {
  FENRUN_TRY(const auto text, digits_of(json, place));
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return wrong(place, "is out of range");
  return value;
}

}  // namespace

std::string Place::to_string() const {
  std::string before = parent ? parent->to_string() : "";
  if (member.empty()) return parent ? before + "[" + std::to_string(index) + "]" : before;
  return before.empty() ? std::string(member) : before + "." + std::string(member);
}

Error wrong(const Place& place, const std::string& what) {
  const std::string where = place.to_string();
  return {Errc::json_invalid, (where.empty() ? "the document" : where) + " " + what};
}

Json integer(std::uint64_t value) {
  if (value > kExactMax) return std::to_string(value);
  return value;
}

Json integer(std::int64_t value) {
  const auto exact = static_cast<std::int64_t>(kExactMax);
  if (value > exact || value < -exact) return std::to_string(value);
  return value;
}

Result<std::uint64_t> read_unsigned(const Json& json, const Place& place, std::uint64_t max) {
  FENRUN_TRY(const auto value, number_of<std::uint64_t>(json, place));
  if (value > max) return wrong(place, "must be at most " + std::to_string(max));
  return value;
}

Result<std::int64_t> read_signed(const Json& json, const Place& place) {
  return number_of<std::int64_t>(json, place);
}

Result<std::string> read_string(const Json& json, const Place& place, std::size_t max) {
  if (!json.is_string()) return wrong(place, "must be a string");
  auto text = json.get<std::string>();
  if (text.size() > max) {
    return wrong(place, "is longer than " + std::to_string(max) + " bytes");
  }
  return text;
}

Result<Bytes> read_hex(const Json& json, const Place& place, std::size_t max) {
  FENRUN_TRY(const auto text, read_string(json, place, 2 * max));
  auto bytes = from_hex(text);
  if (!bytes) return wrong(place, "is no lower-case hex");
  return bytes;
}

std::string_view next_name(std::string_view& names) {
  const auto name = names.substr(0, names.find(','));
  names.remove_prefix(std::min(names.size(), name.size() + 2));  // The comma and the space.
  return name;
}

Status check_members(const Json& json, const Place& place, std::string_view names, bool with_type) {
  if (!json.is_object()) return wrong(place, "must be an object");
  for (const auto& [name, value] : json.items()) {
    if (with_type && name == "type") continue;
    std::string_view rest = names;
    bool known = false;
    while (!rest.empty() && !known) known = next_name(rest) == name;
    if (!known) return wrong(place, "has an unknown member '" + name.substr(0, 80) + "'");
  }
  return {};
}

Json write_time(TimeMs time) {
  if (time > kRfc3339Max) return integer(time.value());
  return to_rfc3339(time);
}

Status read_time(const Json& json, const Place& place, TimeMs& out) {
  // Only times that have no other spelling are numbers.
  auto number = number_of<std::uint64_t>(json, place);
  if (number && TimeMs(*number) > kRfc3339Max) {
    out = TimeMs(*number);
    return {};
  }
  FENRUN_TRY(const auto text, read_string(json, place, 32));
  auto time = from_rfc3339(text);
  if (!time) return wrong(place, "must be a time such as 2026-03-01T08:00:00.000Z");
  out = *time;
  return {};
}

Status read_errc(const Json& json, const Place& place, Errc& out) {
  FENRUN_TRY(const auto text, read_string(json, place, 64));
  for (std::uint32_t number = 0; number < 1'000; ++number) {
    const auto code = errc_from_number(static_cast<std::uint16_t>(number));
    if (code && name_of(*code) == text) {
      out = *code;
      return {};
    }
  }
  return wrong(place, "is no code of docs/spec/errors.md");
}

}  // namespace fenrun::json
