#include "node/api/http.h"

#include <array>

#include "core/text.h"

namespace fenrun::api {
namespace {

struct Reason {
  unsigned status;
  std::string_view text;
};

constexpr auto kReasons = std::to_array<Reason>({
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
});

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { is_plus, is_space };

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
        return Error{Errc::value_invalid, "percent-encoding in the address"};
      }
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else if (text[i] == '+' && plus == Plus::is_space) {
      out.push_back(' ');
    } else {
      out.push_back(text[i]);
    }
  }
  for (const char c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return Error{Errc::value_invalid, "a control character in the address"};
    }
  }
  if (!is_utf8(out)) return Error{Errc::value_invalid, "the address is not UTF-8"};
  return out;
}

Status parse_query(std::string_view text, Target& target) {
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    FENRUN_TRY(auto name, percent_decode(pair.substr(0, equals), Plus::is_space));
    std::string value;
    if (equals != std::string_view::npos) {
      FENRUN_TRY(value, percent_decode(pair.substr(equals + 1), Plus::is_space));
    }
    if (!target.query.emplace(name, std::move(value)).second) {
      return Error{Errc::value_invalid, "parameter '" + name + "' is given twice"};
    }
  }
  return {};
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto it = headers.find(std::string(name));
  return it == headers.end() ? std::string_view() : std::string_view(it->second);
}

std::string_view reason_of(unsigned status) {
  for (const auto& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return "Status";
}

Result<Target> parse_target(std::string_view text) {
  if (text.empty() || text.front() != '/') {
    return Error{Errc::value_invalid, "the address must start with '/'"};
  }
  Target target;
  const auto question = text.find('?');
  target.path = std::string(text.substr(0, question));
  if (question != std::string_view::npos) {
    FENRUN_OK(parse_query(text.substr(question + 1), target));
  }
  std::string_view rest(target.path);
  while (!rest.empty()) {
    rest.remove_prefix(1);  // The slash.
    const auto part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    FENRUN_TRY(auto segment, percent_decode(part, Plus::is_plus));
    if (segment == "." || segment == ".." || (segment.empty() && target.path != "/")) {
      return Error{Errc::value_invalid, "an empty or dot segment in the path"};
    }
    if (!segment.empty()) target.segments.push_back(std::move(segment));
  }
  return target;
}

}  // namespace fenrun::api
