// The OpenAPI 3.1 document, made from the table of routes.
#include "node/api/answers.h"
#include "node/api/routes.h"

namespace fenrun::api {
namespace {

Json parameter_view(const Parameter& parameter, const char* in) {
  Json view = {{"name", parameter.name},
               {"in", in},
               {"description", parameter.description},
               {"schema", {{"type", "string"}}}};
  if (in == std::string_view("path")) view["required"] = true;
  return view;
}

// "{epc...}" is OpenAPI's "{epc}": it has no word for the rest of a path.
std::string openapi_path(std::string pattern) {
  if (const auto dots = pattern.find("...}"); dots != std::string::npos) pattern.erase(dots, 3);
  return pattern;
}

// "GET /v1/parties/{party}" -> "get_v1_parties_party".
std::string operation_id(const Route& route) {
  std::string id = route.method == "GET" ? "get" : "post";
  char before = '_';
  for (const char c : route.pattern) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const char out = is_word ? c : '_';
    if (out == '_' && before == '_' && id.back() == '_') continue;
    id.push_back(out);
    before = out;
  }
  while (id.ends_with('_')) id.pop_back();
  return id;
}

Json content(const std::string& type, const Json& schema) { return {{type, {{"schema", schema}}}}; }

Json schema_of(const std::string& content_type) {
  if (content_type.find("json") != std::string::npos) return {{"type", "object"}};
  return {{"type", "string"}};
}

Json operation_view(const Route& route) {
  Json view = {{"operationId", operation_id(route)}, {"summary", route.summary}};
  Json parameters = Json::array();
  for (const auto& parameter : route.path) parameters.push_back(parameter_view(parameter, "path"));
  for (const auto& parameter : route.query) {
    parameters.push_back(parameter_view(parameter, "query"));
  }
  if (!parameters.empty()) view["parameters"] = std::move(parameters);
  if (route.method == "POST") {
    const Json any = content("application/json", {{"type", "object"}});
    view["requestBody"] = {{"required", true},
                           {"content", route.body.is_null() ? any : route.body}};
  }
  Json responses = Json::object();
  for (const auto status : route.statuses) {
    responses[std::to_string(status)] = {
        {"description", std::string(reason_of(status))},
        {"content", content(route.content_type, schema_of(route.content_type))}};
  }
  responses["default"] = {{"$ref", "#/components/responses/Problem"}};
  view["responses"] = std::move(responses);
  if (route.access == Access::public_) {
    view["security"] = Json::array();
  }
  return view;
}

Json components() {
  const Json text = {{"type", "string"}};
  const Json problem = {
      {"type", "object"},
      {"required", {"type", "title", "status", "code", "detail", "hint"}},
      {"properties",
       {{"type", text},
        {"title", text},
        {"status", {{"type", "integer"}}},
        {"code", {{"type", "string"}, {"description", "Stable: see docs/spec/errors.md."}}},
        {"detail", text},
        {"hint", {{"type", "string"}, {"description", "What to do about it."}}}}}};
  return {{"schemas", {{"Problem", problem}}},
          {"responses",
           {{"Problem",
             {{"description", "Refused: RFC 7807."},
              {"content",
               content("application/problem+json", {{"$ref", "#/components/schemas/Problem"}})}}}}},
          {"securitySchemes", {{"member", {{"type", "http"}, {"scheme", "bearer"}}}}}};
}

Route bare_openapi_route() {
  Route route;
  route.method = "GET";
  route.pattern = "/openapi.json";
  route.access = Access::public_;
  route.summary = "This document.";
  return route;
}

}  // namespace

Json openapi_document(const std::vector<Route>& routes) {
  Json paths = Json::object();
  for (const auto& route : routes) {
    const std::string method = route.method == "GET" ? "get" : "post";
    paths[openapi_path(route.pattern)][method] = operation_view(route);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Fenrun node"},
            {"version", "1"},
            {"description",
             "The ledger that brand, distributors, stores and auditors share. "
             "Specification: docs/spec/api.md."}}},
          {"security", Json::array({{{"member", Json::array()}}})},
          {"paths", std::move(paths)},
          {"components", components()}};
}

Route openapi_route(const std::vector<Route>& others) {
  auto routes = others;
  routes.push_back(bare_openapi_route());
  Route route = bare_openapi_route();
  route.handler =
      answer([document = openapi_document(routes)](const Call&) -> Result<HttpResponse> {
        return json_response(document);
      });
  return route;
}

}  // namespace fenrun::api
