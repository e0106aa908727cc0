#include "node/api/epcis_answers.h"

namespace fenrun::api {
namespace {

constexpr const char* kSpoken = "2.0.0";  // Of EPCIS, and of the CBV.

HttpResponse with_versions(HttpResponse response) {
  response.headers.emplace_back("GS1-EPCIS-Version", kSpoken);
  response.headers.emplace_back("GS1-CBV-Version", kSpoken);
  return response;
}

unsigned epcis_status(Errc code) {
  if (code == Errc::event_duplicate || code == Errc::activity_exists) return 409;
  return code == Errc::version_unsupported ? 406 : http_status(code);
}

bool wants_json(const Call& call) {
  const auto accept = call.request.header("accept");
  if (accept.empty()) return true;
  for (const auto* type : {"json", "*/*", "application/*"}) {
    if (accept.find(type) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

HttpResponse epcis_response(std::string body, unsigned status) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return with_versions(std::move(response));
}

Headers epcis_discovery(Headers further) {
  for (const auto* name : {"GS1-EPCIS-Version", "GS1-EPCIS-Min", "GS1-EPCIS-Max", "GS1-CBV-Version",
                           "GS1-CBV-Min", "GS1-CBV-Max"}) {
    further.emplace_back(name, kSpoken);
  }
  for (const auto* name : {"GS1-EPC-Format", "GS1-CBV-XML-Format"}) {
    further.emplace_back(name, "Never_Translates");
  }
  return further;
}

HttpResponse epcis_problem(const Error& error) {
  return with_versions(problem(epcis_status(error.code), error, epcis_exception(error.code)));
}

HttpResponse query_problem(const Error& error) {
  const bool is_form = static_cast<unsigned>(error.code) / 100 == 1;
  if (!is_form) return epcis_problem(error);
  return with_versions(problem(400, error, "epcisException:QueryParameterException"));
}

Handler epcis_handler(const Intake& intake, EpcisHandler handler) {
  return [desk = intake.captures, handler = std::move(handler)](const Call& call, HttpReply reply) {
    if (!desk) return reply(epcis_problem({Errc::not_ready, kNoIntakeKey}));
    if (!wants_json(call)) {
      const Error error{Errc::value_invalid, "answers are application/json"};
      return reply(problem(406, error, "epcisException:NotAcceptableException"));
    }
    handler(*desk, call, std::move(reply));
  };
}

Result<std::size_t> epcis_page_size(const Call& call) {
  FENRUN_TRY(const auto size, call.number("perPage", kEpcisPageMax));
  if (size == 0U) return Error{Errc::value_invalid, "'perPage' must be at least 1"};
  return static_cast<std::size_t>(size.value_or(kEpcisPageDefault));
}

Result<std::uint64_t> epcis_page_start(const Call& call, std::uint64_t otherwise) {
  constexpr std::uint64_t kTokenMax = std::uint64_t{1} << 53;
  FENRUN_TRY(const auto token, call.number("nextPageToken", kTokenMax));
  return token.value_or(otherwise);
}

void link_next(HttpResponse& response, const Call& call, std::uint64_t token) {
  const auto target = call.request.target;
  std::string link = "<" + target.substr(0, target.find('?')) + "?";
  for (const auto& [name, value] : call.query) {
    if (name != "nextPageToken") {
      link += percent_encoded(name) + "=" + percent_encoded(value) + "&";
    }
  }
  link += "nextPageToken=" + std::to_string(token) + ">; rel=\"next\"";
  response.headers.emplace_back("Link", std::move(link));
}

std::vector<Parameter> epcis_page_parameters(std::vector<Parameter> further) {
  further.push_back({"perPage", "Items of a page: 1 to 100, else 30."});
  further.push_back({"nextPageToken", "That of the Link header of the page before."});
  return further;
}

}  // namespace fenrun::api
