#include "node/json/json.h"

#include <vector>

#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53);

// Builds the value from the parser's events and stops at the first that breaks a rule.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override {
    if (value >= -kIntegerMax) return add(value);
    if (limits_.numbers == JsonNumbers::texts) return add_text(std::to_string(value));
    return refuse("a number below -2^53: write it as a string");
  }
  bool number_unsigned(std::uint64_t value) override {
    if (value <= static_cast<std::uint64_t>(kIntegerMax)) return add(value);
    if (limits_.numbers == JsonNumbers::texts) return add_text(std::to_string(value));
    return refuse("a number above 2^53: write it as a string");
  }
  bool number_float(double, const std::string& text) override {
    if (limits_.numbers == JsonNumbers::texts) return add_text(text);
    return refuse("'" + text.substr(0, 40) + "' is no integer: amounts are in minor units");
  }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Json::binary_t&) override { return refuse("binary data"); }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    Json& object = *open_.back();
    if (object.contains(name))
      return refuse("member '" + beginning_of(name, 80) + "' is given twice");
    if (object.size() >= limits_.object_members) return exceed("members of an object");
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    return refuse("no JSON at byte " + std::to_string(position));
  }

  Result<Json> take() {
    if (error_) return *error_;
    return std::move(root_);
  }

 private:
  bool refuse(std::string why) {
    if (!error_) error_ = Error{Errc::json_invalid, std::move(why)};
    return false;
  }
  bool exceed(const std::string& what) {
    if (!error_) error_ = Error{Errc::limit_exceeded, "too many " + what};
    return false;
  }

  Json* place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  bool add(Json value) {
    if (++values_ > limits_.values) return exceed("values");
    place(std::move(value));
    return true;
  }

  // JSON has no binary values: here they hold the text of a number.
  bool add_text(const std::string& number) {
    return add(Json::binary(Json::binary_t::container_type(number.begin(), number.end())));
  }

  bool open(Json value) {
    if (++values_ > limits_.values) return exceed("values");
    if (open_.size() >= limits_.depth) return exceed("levels of nesting");
    // Stays where it is until it is closed: its parent takes no other member before that.
    open_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  JsonLimits limits_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
  std::size_t values_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) return Error{Errc::limit_exceeded, "the JSON text"};
  Builder builder(limits);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::optional<std::string> number_text(const Json& value) {
  if (value.is_number()) return value.dump();
  if (!value.is_binary()) return std::nullopt;
  const auto& text = value.get_binary();
  return std::string(text.begin(), text.end());
}

std::string print_json(const Json& value) { return value.dump(); }

}  // namespace fenrun
