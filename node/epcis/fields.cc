#include "node/epcis/fields.h"

#include "core/text.h"

namespace fenrun::epcis {
namespace {

constexpr std::size_t kTextBytesMax = 512;

}  // namespace

Error at(const Pointer& place, Errc code, const std::string& what) {
  return {code, (place.parent ? place.to_string() : "/") + ": " + what};
}
Error at(const Pointer& place, const Error& error) { return at(place, error.code, error.detail); }

std::string shortened(const std::string& text) { return beginning_of(text, 100); }

Result<std::string> string_of(const Json& value, const Pointer& place) {
  if (!value.is_string()) return at(place, Errc::value_invalid, "must be a string");
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.size() > kTextBytesMax) {
    return at(place, Errc::value_invalid,
              "must have 1 to " + std::to_string(kTextBytesMax) + " bytes");
  }
  return text;
}

Result<std::string> required_string(const Json& object, std::string_view name,
                                    const Pointer& place) {
  const Pointer inner{&place, name};
  const Json* const value = member_of(object, name);
  if (!value) return at(inner, Errc::value_invalid, "is missing");
  return string_of(*value, inner);
}

const Json* member_of(const Json& object, std::string_view name) {
  const auto it = object.find(std::string(name));
  return it == object.end() ? nullptr : &*it;
}

}  // namespace fenrun::epcis
