#include "node/api/problem.h"

namespace fenrun::api {
namespace {

// Codes that differ from what their hundred says.
struct Row {
  Errc code;
  unsigned status;
};

constexpr auto kRows = std::to_array<Row>({
    {Errc::ok, 200},
    {Errc::limit_exceeded, 413},
    {Errc::signer_unknown, 403},
    {Errc::signature_invalid, 403},
    {Errc::sequence_stale, 409},
    {Errc::sequence_gap, 409},
    {Errc::lane_unknown, 409},
    {Errc::transaction_too_large, 413},
    {Errc::mempool_full, 503},
    {Errc::duplicate, 409},
    {Errc::dropped, 503},
    {Errc::unreachable, 503},
    {Errc::not_found, 404},
    {Errc::unauthorized, 401},
    {Errc::rate_limited, 429},
    {Errc::timeout, 504},
    {Errc::usage, 400},
    {Errc::not_ready, 503},
    {Errc::memory_short, 503},
});

// Seconds after which a second try is worth it.
constexpr const char* kRetryAfterS = "1";

std::string type_of(Errc code) { return "urn:fenrun:problem:" + std::string(name_of(code)); }

}  // namespace

unsigned http_status(Errc code) {
  for (const auto& row : kRows) {
    if (row.code == code) return row.status;
  }
  const unsigned hundred = static_cast<unsigned>(code) / 100;
  if (hundred == 1) return 400;  // Form.
  return hundred == 5 ? 500 : 422;
}

HttpResponse problem(const Error& error) { return problem(http_status(error.code), error); }

HttpResponse problem(const Error& error, const Json& members) {
  return problem(http_status(error.code), error, type_of(error.code), members);
}

HttpResponse problem(unsigned status, const Error& error) {
  return problem(status, error, type_of(error.code));
}

HttpResponse problem(unsigned status, const Error& error, std::string_view type,
                     const Json& members) {
  const std::string name(name_of(error.code));
  Json document = {{"type", std::string(type)}, {"title", reason_of(status)},
                   {"status", status},          {"code", name},
                   {"detail", error.detail},    {"hint", hint_of(error.code)}};
  document.update(members);
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (status == 503 || status == 429) response.headers.emplace_back("Retry-After", kRetryAfterS);
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace fenrun::api
