// The page that a printed code opens.  docs/spec/api.md, "Claims"; node/web/claim.
#include "node/api/answers.h"
#include "node/api/routes.h"
#include "node/web/pages.h"

namespace fenrun::api {
namespace {

// Its own script and style, its own node, and nothing else; no page of anybody around it.
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

void protect(HttpResponse& response) {
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Content-Security-Policy", kPagePolicy},
           {"Referrer-Policy", "no-referrer"},
           {"X-Content-Type-Options", "nosniff"},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           {"Cross-Origin-Resource-Policy", "same-origin"},
           {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"}}) {
    response.headers.emplace_back(name, value);
  }
}

Result<HttpResponse> get_page(const Call&) {
  auto response = text_response(std::string(web::kClaimPage), "text/html; charset=utf-8");
  response.headers.emplace_back("Cache-Control", "no-cache");
  protect(response);
  return response;
}

// The page names the file with its digest, so a copy never grows old.
Result<HttpResponse> get_part(const Call& call) {
  const auto& file = call.path.at("file");
  HttpResponse response;
  if (file == "claim.js") {
    response = text_response(std::string(web::kClaimScript), "text/javascript; charset=utf-8");
  } else if (file == "claim.css") {
    response = text_response(std::string(web::kClaimStyle), "text/css; charset=utf-8");
  } else {
    return Error{Errc::not_found, "the page has claim.js and claim.css"};
  }
  response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  protect(response);
  return response;
}

}  // namespace

std::vector<Route> page_routes() {
  return {
      {.method = "GET",
       .pattern = "/01/{gtin}/21/{serial}",
       .access = Access::public_,
       .summary = "The page that a printed code opens.",
       .path = {{"gtin", "14 digits."}, {"serial", "As printed."}},
       .query = {{"store", "The store of the scan: 32 hex digits."}},
       .unknown_query = UnknownQuery::ignored,
       .content_type = "text/html",
       .handler = answer(get_page)},
      {.method = "GET",
       .pattern = "/claim/{file}",
       .access = Access::public_,
       .summary = "What that page is made of.",
       .path = {{"file", "claim.js or claim.css."}},
       .query = {{"v", "Its digest, as the page names it."}},
       .content_type = "text/javascript",
       .handler = answer(get_part)},
  };
}

}  // namespace fenrun::api
