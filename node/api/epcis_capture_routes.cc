// POST /epcis/v2/capture and /epcis/v2/events: documents come in and become jobs.
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "node/api/epcis_answers.h"
#include "node/api/routes.h"
#include "node/json/time.h"

namespace fenrun::api {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kEventTimeout{25};
constexpr std::uint64_t kBatchMax = 0xffff'ffff;

std::string job_address(const std::string& id) { return "/epcis/v2/capture/" + id; }

// application/json or application/ld+json, whatever its parameters.
bool is_json_body(const Call& call) {
  const auto header = call.request.header("content-type");
  std::string type(header.substr(0, header.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  for (auto& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return type == "application/json" || type == "application/ld+json";
}

HttpResponse wrong_body_type() {
  return problem(415,
                 {Errc::value_invalid,
                  "Content-Type must be application/json or application/ld+json; XML is not taken"},
                 "epcisException:UnsupportedMediaTypeException");
}

Result<CaptureRequest> request_of(const Call& call) {
  CaptureRequest request;
  request.body = call.request.body;
  const auto version = call.request.header("gs1-epcis-version");
  if (!version.empty() && version != "2.0" && !version.starts_with("2.0.")) {
    return Error{Errc::version_unsupported, "GS1-EPCIS-Version: 2.0 is spoken"};
  }
  const auto behaviour = call.request.header("gs1-capture-error-behaviour");
  if (!behaviour.empty()) {
    const auto known = error_behaviour(behaviour);
    if (!known) {
      return Error{Errc::value_invalid, "GS1-Capture-Error-Behaviour must be rollback or proceed"};
    }
    request.behaviour = *known;
  }
  FENRUN_TRY(const auto batch, call.number("batch", kBatchMax));
  if (batch) request.batch = UnitBatchId(static_cast<std::uint32_t>(*batch));
  return request;
}

void post_capture(CaptureDesk& desk, const Call& call, HttpReply reply) {
  if (!is_json_body(call)) return reply(wrong_body_type());
  auto request = request_of(call);
  if (!request) return reply(epcis_problem(request.error()));
  desk.capture(*std::move(request),
               [reply = std::move(reply)](const Result<std::string>& id) {
                 if (!id) return reply(epcis_problem(id.error()));
                 auto response = epcis_response("", 202);
                 response.content_type.clear();
                 response.headers.emplace_back("Location", job_address(*id));
                 reply(std::move(response));
               },
               {});
}

// One event, which is answered when it is recorded, or when time is up.  Lives in its callbacks.
class EventReply final : public std::enable_shared_from_this<EventReply> {
 public:
  EventReply(asio::io_context& io, std::string body, HttpReply reply)
      : body_(std::move(body)), reply_(std::move(reply)), timer_(io) {}

  void on_accepted(const Result<std::string>& id) {
    if (!id) return reply(epcis_problem(id.error()));
    job_ = *id;
    timer_.expires_after(kEventTimeout);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->reply(epcis_problem({Errc::timeout, "it may still be recorded: see the capture job " +
                                                    job_address(self->job_)}));
    });
  }

  void on_finished(const CaptureJob& job) {
    timer_.cancel();
    if (job.error) return reply(epcis_problem(*job.error));
    const auto& event = job.events.at(0);
    if (event.outcome != Errc::ok) return reply(epcis_problem({event.outcome, event.detail}));
    auto response = epcis_response(std::move(body_), 201);
    response.headers.emplace_back("Location",
                                  "/epcis/v2/events/" + percent_encoded(event.event_id));
    reply(std::move(response));
  }

 private:
  void reply(HttpResponse response) {
    if (reply_) std::exchange(reply_, nullptr)(std::move(response));
  }

  std::string body_;
  HttpReply reply_;
  asio::steady_timer timer_;
  std::string job_;
};

void post_event(asio::io_context& io, CaptureDesk& desk, const Call& call, HttpReply reply) {
  if (!is_json_body(call)) return reply(wrong_body_type());
  auto request = request_of(call);
  if (!request) return reply(epcis_problem(request.error()));
  request->behaviour = ErrorBehaviour::rollback;
  request->form = CaptureForm::one_event;
  // Shared by the two callbacks of the desk, and by its own timer.
  const auto waiting = std::make_shared<EventReply>(io, request->body, std::move(reply));
  desk.capture(
      *std::move(request), [waiting](const Result<std::string>& id) { waiting->on_accepted(id); },
      [waiting](const CaptureJob& job) { waiting->on_finished(job); });
}

Json summary_json(const CaptureJobSummary& job) {
  Json out = {{"captureID", job.id},
              {"createdAt", to_rfc3339(job.created)},
              {"running", !job.finished.has_value()},
              {"success", job.is_success},
              {"captureErrorBehaviour", std::string(name_of(job.behaviour))},
              {"errors", Json::array()}};
  if (job.finished) out["finishedAt"] = to_rfc3339(*job.finished);
  if (!job.is_success) {
    out["errors"].push_back({{"type", "epcisException:ValidationException"},
                             {"title", "Something was refused"},
                             {"detail", "see " + job_address(job.id)}});
  }
  return out;
}

Headers capture_limits() {
  return {{"GS1-EPCIS-Capture-File-Size-Limit", std::to_string(HttpLimits{}.body_bytes)},
          {"GS1-EPCIS-Capture-Limit", std::to_string(epcis::kDocumentEventsMax)}};
}

Headers capture_discovery() {
  auto headers = epcis_discovery(capture_limits());
  headers.emplace_back("GS1-Capture-Error-Behaviour", "all");
  return headers;
}

Result<HttpResponse> get_jobs(const CaptureDesk& desk, const Call& call) {
  FENRUN_TRY(const auto limit, epcis_page_size(call));
  FENRUN_TRY(const auto before, epcis_page_start(call, ~std::uint64_t{0}));
  const auto page = desk.jobs(before, limit);
  Json list = Json::array();
  for (const auto& job : page.jobs) list.push_back(summary_json(job));
  auto response = epcis_response(print_json(list) + "\n");
  for (auto& header : capture_limits()) response.headers.push_back(std::move(header));
  if (page.next) link_next(response, call, *page.next);
  return response;
}

Json document_body() {
  const Json any = {{"schema", {{"type", "object"}}}};
  return {{"application/json", any}, {"application/ld+json", any}};
}

void reply_with_text(const Result<std::string>& text, const HttpReply& reply) {
  reply(text ? epcis_response(*text) : epcis_problem(text.error()));
}

}  // namespace

std::vector<Route> epcis_capture_routes(asio::io_context& io, const Intake& intake) {
  const std::vector<Parameter> batch = {{"batch", "Code batch of what is commissioned."}};
  return {
      {.method = "POST",
       .pattern = "/epcis/v2/capture",
       .summary = "Takes an EPCIS 2.0 document: a capture job, whose address is in Location.",
       .query = batch,
       .body = document_body(),
       .statuses = {202},
       .discovery = capture_discovery(),
       .handler = epcis_handler(intake, post_capture)},
      {.method = "GET",
       .pattern = "/epcis/v2/capture",
       .summary = "Capture jobs, newest first.",
       .query = epcis_page_parameters(),
       .handler = epcis_handler(intake,
                                [](CaptureDesk& desk, const Call& call, const HttpReply& reply) {
                                  auto response = get_jobs(desk, call);
                                  reply(response ? *std::move(response)
                                                 : query_problem(response.error()));
                                })},
      {.method = "GET",
       .pattern = "/epcis/v2/capture/{captureID}",
       .summary = "What became of a capture job, event by event.",
       .path = {{"captureID", "As the job's address ends."}},
       .discovery = epcis_discovery(),
       .handler = epcis_handler(intake,
                                [](CaptureDesk& desk, const Call& call, HttpReply reply) {
                                  desk.job(call.path.at("captureID"),
                                           [reply = std::move(reply)](const auto& text) {
                                             reply_with_text(text, reply);
                                           });
                                })},
      {.method = "POST",
       .pattern = "/epcis/v2/events",
       .summary = "Takes one EPCIS event, and answers when it is recorded.",
       .query = batch,
       .body = document_body(),
       .statuses = {201},
       .discovery = epcis_discovery(),
       .handler = epcis_handler(intake,
                                [&io](CaptureDesk& desk, const Call& call, HttpReply reply) {
                                  post_event(io, desk, call, std::move(reply));
                                })},
      {.method = "GET",
       .pattern = "/epcis/v2/documents/{sha256}",
       .summary = "The exact bytes of a document, whose digest the ledger holds.",
       .path = {{"sha256", "64 hex digits."}},
       .discovery = epcis_discovery(),
       .handler = epcis_handler(intake,
                                [](CaptureDesk& desk, const Call& call, HttpReply reply) {
                                  const auto id = fixed_at<Digest>(call, "sha256");
                                  if (!id) return reply(epcis_problem(id.error()));
                                  desk.document(*id, [reply = std::move(reply)](const auto& text) {
                                    reply_with_text(text, reply);
                                  });
                                })},
  };
}

}  // namespace fenrun::api
