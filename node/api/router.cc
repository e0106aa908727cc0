#include "node/api/router.h"

#include <algorithm>

#include "core/text.h"
#include "node/api/problem.h"

namespace fenrun::api {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    parts.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(parts.back().size());
  }
  return parts;
}

// The values of the pattern's braces, if the segments fit it.
std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& parts,
                                                        const std::vector<std::string>& segments) {
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& part = parts[i];
    if (i >= segments.size()) return std::nullopt;
    if (!part.starts_with('{')) {
      if (part != segments[i]) return std::nullopt;
    } else if (part.ends_with("...}")) {
      std::string rest = segments[i];
      for (std::size_t j = i + 1; j < segments.size(); ++j) rest += "/" + segments[j];
      values[part.substr(1, part.size() - 5)] = std::move(rest);
      return values;
    } else {
      values[part.substr(1, part.size() - 2)] = segments[i];
    }
  }
  if (parts.size() != segments.size()) return std::nullopt;
  return values;
}

// "GET, HEAD, POST, OPTIONS"
template <class Matches>
std::string methods_of(const Matches& found) {
  std::string methods;
  for (const auto& [route, values] : found) {
    const std::string name = route->method == "GET" ? "GET, HEAD" : route->method;
    if (methods.find(name) == std::string::npos) methods += name + ", ";
  }
  return methods + "OPTIONS";
}

Result<std::uint64_t> bounded(const std::string& name, const std::string& text, std::uint64_t max) {
  const auto value = from_decimal(text);
  if (!value || *value > max) {
    return Error{Errc::value_invalid,
                 "'" + name + "' must be a whole number of at most " + std::to_string(max)};
  }
  return *value;
}

}  // namespace

Result<std::optional<std::uint64_t>> Call::number(const std::string& name,
                                                  std::uint64_t max) const {
  const auto* value = text(name);
  if (!value) return std::optional<std::uint64_t>();
  FENRUN_TRY(const auto parsed, bounded(name, *value, max));
  return std::optional<std::uint64_t>(parsed);
}

Result<std::uint64_t> Call::path_number(const std::string& name, std::uint64_t max) const {
  return bounded(name, path.at(name), max);
}

const std::string* Call::text(const std::string& name) const {
  const auto it = query.find(name);
  return it == query.end() ? nullptr : &it->second;
}

Router::Router(std::vector<Route> routes, TokenTable tokens)
    : routes_(std::move(routes)), tokens_(std::move(tokens)) {
  for (const auto& route : routes_) patterns_.push_back(split(route.pattern));
}

Router::Matches Router::matches(const Target& target) const {
  Matches found;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (auto values = match(patterns_[i], target.segments)) {
      found.emplace_back(&routes_[i], *std::move(values));
    }
  }
  return found;
}

Result<std::string> Router::authorize(const HttpRequest& request) {
  if (tokens_.empty()) {
    return Error{Errc::unauthorized, "this node has no member tokens: write its tokens file"};
  }
  constexpr std::string_view kScheme = "Bearer ";
  const auto header = request.header("authorization");
  if (header.empty()) return Error{Errc::unauthorized, "no Authorization: Bearer header"};
  if (header.starts_with(kScheme) && header.size() <= kScheme.size() + kTokenBytesMax) {
    if (auto name = tokens_.find(header.substr(kScheme.size()))) {
      failures_.succeeded(request.remote);
      return *std::move(name);
    }
  }
  // Only who is wrong waits: whoever shares the address with a guesser has a token of their own.
  const auto now = FailureLimiter::Clock::now();
  if (const auto wait = failures_.wait(request.remote, now); wait.count() > 0) {
    return Error{Errc::rate_limited,
                 "too many wrong tokens: wait " + std::to_string(wait.count()) + " s"};
  }
  failures_.failed(request.remote, now);
  return Error{Errc::unauthorized, "the token is not known here"};
}

HttpResponse Router::options(const Matches& found) {
  HttpResponse response;
  response.status = 204;
  response.content_type.clear();
  response.headers.emplace_back("Allow", methods_of(found));
  for (const auto& [route, values] : found) {
    if (route->discovery.empty()) continue;
    response.headers.insert(response.headers.end(), route->discovery.begin(),
                            route->discovery.end());
    break;
  }
  return response;
}

HttpResponse Router::not_allowed(const Matches& found) {
  const auto allowed = methods_of(found);
  auto response = problem(405, {Errc::value_invalid, "this address takes " + allowed});
  response.headers.emplace_back("Allow", allowed);
  return response;
}

void Router::handle(const HttpRequest& request, HttpReply reply) {
  auto target = parse_target(request.target);
  if (!target) return reply(problem(target.error()));
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  auto found = matches(*target);
  if (found.empty()) return reply(problem({Errc::not_found, "no such address: see /openapi.json"}));

  if (method == "OPTIONS") return reply(options(found));
  const auto match = std::ranges::find(
      found, method, [](const auto& candidate) { return candidate.first->method; });
  if (match == found.end()) return reply(not_allowed(found));
  const Route* const route = match->first;

  Call call{request, std::move(match->second), std::move(target->query), {}};
  if (route->access == Access::member) {
    auto member = authorize(request);
    if (!member) return reply(problem(member.error()));
    call.member = *std::move(member);
  }
  for (auto it = call.query.begin(); it != call.query.end();) {
    const auto is_it = [&](const Parameter& parameter) { return parameter.name == it->first; };
    if (std::any_of(route->query.begin(), route->query.end(), is_it)) {
      ++it;
    } else if (route->unknown_query == UnknownQuery::ignored) {
      it = call.query.erase(it);
    } else {
      return reply(problem({Errc::value_invalid, "unknown parameter '" + it->first + "'"}));
    }
  }
  route->handler(call, std::move(reply));
}

}  // namespace fenrun::api
