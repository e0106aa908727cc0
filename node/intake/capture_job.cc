#include "node/intake/capture_job.h"

#include <algorithm>

#include "core/text.h"
#include "node/json/time.h"

namespace fenrun {
namespace {

Json error_json(const Error& error) {
  return {{"type", std::string(epcis_exception(error.code))},
          {"title", std::string(name_of(error.code))},
          {"detail", error.detail},
          {"hint", std::string(hint_of(error.code))}};
}

Json event_json(const CaptureJobEvent& event) {
  Json out = {{"type", event.type}};
  if (!event.event_id.empty()) out["eventID"] = event.event_id;
  if (!event.flags.empty()) out["flags"] = event.flags;
  if (!event.is_final) return out;
  out["outcome"] = std::string(name_of(event.outcome));
  if (!event.detail.empty()) out["detail"] = event.detail;
  if (event.transaction) out["transaction"] = to_hex(event.transaction->view());
  if (event.position) out["position"] = event.position->value();
  return out;
}

// What a file of ours must hold.
class JobReader {
 public:
  explicit JobReader(const Json& json) : json_(json) {}

  Result<CaptureJob> read() const {
    if (!json_.is_object() || !json_.contains("events") || !json_["events"].is_array()) {
      return damaged("events");
    }
    CaptureJob job;
    FENRUN_TRY(job.id, text(json_, "captureID"));
    FENRUN_TRY(const auto document, text(json_, "document"));
    FENRUN_TRY(job.document, fixed_from_hex<Digest>(document));
    FENRUN_TRY(const auto created, text(json_, "createdAt"));
    FENRUN_TRY(job.created, from_rfc3339(created));
    FENRUN_TRY(const auto behaviour, text(json_, "captureErrorBehaviour"));
    const auto known = error_behaviour(behaviour);
    if (!known) return damaged("captureErrorBehaviour");
    job.behaviour = *known;
    if (json_.contains("finishedAt")) {
      FENRUN_TRY(const auto finished, text(json_, "finishedAt"));
      FENRUN_TRY(job.finished, from_rfc3339(finished));
    }
    if (json_.contains("batch")) {
      if (!json_["batch"].is_number_unsigned()) return damaged("batch");
      job.batch = UnitBatchId(json_["batch"].get<std::uint32_t>());
    }
    for (const auto& item : json_["events"]) {
      FENRUN_TRY(auto event, read_event(item));
      job.events.push_back(std::move(event));
    }
    FENRUN_TRY(job.error, read_error());
    return job;
  }

 private:
  static Error damaged(const std::string& name) {
    return {Errc::json_invalid, "no capture job: " + name};
  }

  static Result<std::string> text(const Json& json, const std::string& name) {
    const auto it = json.find(name);
    if (it == json.end() || !it->is_string()) return damaged(name);
    return it->get<std::string>();
  }

  // That of the job: the events' errors say of which event they are.
  Result<std::optional<Error>> read_error() const {
    if (!json_.contains("errors") || !json_["errors"].is_array()) return damaged("errors");
    for (const auto& item : json_["errors"]) {
      if (!item.is_object()) return damaged("errors");
      if (item.contains("event")) continue;
      FENRUN_TRY(const auto title, text(item, "title"));
      FENRUN_TRY(auto detail, text(item, "detail"));
      const auto code = errc_named(title);
      if (!code) return damaged("errors");
      return std::optional(Error{*code, std::move(detail)});
    }
    return std::optional<Error>();
  }

  static Result<CaptureJobEvent> read_event(const Json& json) {
    if (!json.is_object()) return damaged("events");
    CaptureJobEvent event;
    FENRUN_TRY(event.type, text(json, "type"));
    if (json.contains("eventID")) {
      FENRUN_TRY(event.event_id, text(json, "eventID"));
    }
    if (json.contains("flags")) {
      for (const auto& flag : json["flags"]) {
        if (!flag.is_string()) return damaged("flags");
        event.flags.push_back(flag.get<std::string>());
      }
    }
    if (!json.contains("outcome")) return event;
    event.is_final = true;
    FENRUN_TRY(const auto outcome, text(json, "outcome"));
    const auto code = errc_named(outcome);
    if (!code) return damaged("outcome");
    event.outcome = *code;
    if (json.contains("detail")) {
      FENRUN_TRY(event.detail, text(json, "detail"));
    }
    if (json.contains("transaction")) {
      FENRUN_TRY(const auto id, text(json, "transaction"));
      FENRUN_TRY(event.transaction, fixed_from_hex<Digest>(id));
    }
    if (json.contains("position")) {
      if (!json["position"].is_number_unsigned()) return damaged("position");
      event.position = Position(json["position"].get<std::uint64_t>());
    }
    return event;
  }

  static std::optional<Errc> errc_named(std::string_view name) {
    for (std::uint16_t number = 0; number < 1'000; ++number) {
      const auto code = errc_from_number(number);
      if (code && name_of(*code) == name) return code;
    }
    return std::nullopt;
  }

  const Json& json_;
};

}  // namespace

bool CaptureJob::is_success() const {
  return !error && std::ranges::all_of(events, [](const CaptureJobEvent& event) {
    return !event.is_final || event.outcome == Errc::ok;
  });
}

Json to_json(const CaptureJob& job) {
  Json out = {{"captureID", job.id},
              {"createdAt", to_rfc3339(job.created)},
              {"running", job.is_running()},
              {"success", job.is_success()},
              {"captureErrorBehaviour", std::string(name_of(job.behaviour))},
              {"errors", Json::array()},
              {"document", to_hex(job.document.view())}};
  if (job.finished) out["finishedAt"] = to_rfc3339(*job.finished);
  if (job.batch) out["batch"] = job.batch->value();
  if (job.error) out["errors"].push_back(error_json(*job.error));
  out["events"] = Json::array();
  for (std::size_t i = 0; i < job.events.size(); ++i) {
    const auto& event = job.events[i];
    out["events"].push_back(event_json(event));
    if (!event.is_final || event.outcome == Errc::ok) continue;
    Json error = error_json({event.outcome, event.detail});
    error["event"] = i;
    out["errors"].push_back(std::move(error));
  }
  return out;
}

Result<CaptureJob> capture_job_from_json(const Json& json) { return JobReader(json).read(); }

std::string_view name_of(ErrorBehaviour behaviour) {
  switch (behaviour) {
    case ErrorBehaviour::rollback:
      return "rollback";
    case ErrorBehaviour::proceed:
      return "proceed";
  }
  return "";
}

std::optional<ErrorBehaviour> error_behaviour(std::string_view name) {
  for (const auto behaviour : {ErrorBehaviour::rollback, ErrorBehaviour::proceed}) {
    if (name == name_of(behaviour)) return behaviour;
  }
  return std::nullopt;
}

std::string_view epcis_exception(Errc code) {
  switch (static_cast<unsigned>(code) / 100) {
    case 1:
      return code == Errc::limit_exceeded ? "epcisException:CaptureLimitExceededException"
                                          : "epcisException:ValidationException";
    case 5:
      return code == Errc::not_found ? "epcisException:NoSuchResourceException"
                                     : "epcisException:ImplementationException";
    default:
      if (code == Errc::version_unsupported) return "epcisException:NotAcceptableException";
      return code == Errc::event_duplicate ? "epcisException:ResourceAlreadyExistsException"
                                           : "epcisException:ValidationException";
  }
}

}  // namespace fenrun
