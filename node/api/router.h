// From a request to a handler: which route, who may ask, which parameters.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/api/http.h"
#include "node/api/tokens.h"
#include "node/json/json.h"

namespace fenrun::api {

enum class Access { public_, member };

// A request that has found its route.
struct Call {
  const HttpRequest& request;
  std::map<std::string, std::string> path;   // {name} -> decoded segment.
  std::map<std::string, std::string> query;  // Declared ones only.
  std::string member;                        // Name of the token; empty on public routes.

  // Errc::value_invalid naming the parameter, if it is there and no number of at most `max`.
  Result<std::optional<std::uint64_t>> number(const std::string& name, std::uint64_t max) const;
  Result<std::uint64_t> path_number(const std::string& name, std::uint64_t max) const;
  const std::string* text(const std::string& name) const;
};

using Handler = std::function<void(const Call&, HttpReply)>;

struct Parameter {
  std::string name;
  std::string description;
};

// What becomes of parameters that a route does not declare.  ignored: where others append some to
// an address that we printed.
enum class UnknownQuery { refused, ignored };

// One route.  `pattern` segments: literal, {name}, or {name...} which takes the rest of the path.
struct Route {
  std::string method;  // GET or POST.  HEAD is answered wherever GET is.
  std::string pattern;
  Access access = Access::member;
  std::string summary;
  std::vector<Parameter> path = {};
  std::vector<Parameter> query = {};
  UnknownQuery unknown_query = UnknownQuery::refused;
  Json body = {};  // Of a POST: what OpenAPI calls the request's content; null: any object.
  std::string content_type = "application/json";  // Of the answer.
  std::vector<unsigned> statuses = {200};         // Of success; problems are the same everywhere.
  Headers discovery = {};  // What OPTIONS tells of the address besides Allow.
  Handler handler;
};

class Router {
 public:
  Router(std::vector<Route> routes, TokenTable tokens);

  const std::vector<Route>& routes() const { return routes_; }

  // Replies exactly once: at once with a problem, or when the handler does.  OPTIONS is answered
  // for every address, to anybody: its methods are in /openapi.json as well.
  void handle(const HttpRequest& request, HttpReply reply);

 private:
  using PathValues = std::map<std::string, std::string>;

  // The routes whose pattern fits, with what their braces take.
  using Matches = std::vector<std::pair<const Route*, PathValues>>;
  Matches matches(const Target& target) const;
  static HttpResponse options(const Matches& found);
  static HttpResponse not_allowed(const Matches& found);
  Result<std::string> authorize(const HttpRequest& request);

  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> patterns_;  // Of the routes, cut into segments.
  TokenTable tokens_;
  FailureLimiter failures_;
};

}  // namespace fenrun::api
