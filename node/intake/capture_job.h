// A document on its way into the ledger, event by event, and what became of it.
// docs/spec/api.md, "EPCIS".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contracts/words.h"
#include "node/json/json.h"

namespace fenrun {

// GS1-Capture-Error-Behaviour: a document as a whole or not at all, or each event for itself.
enum class ErrorBehaviour { rollback, proceed };

struct CaptureJobEvent {
  std::string type;      // As the document has it.
  std::string event_id;  // As the document has it, else the URI of the hash; may be empty.
  std::vector<std::string> flags;
  bool is_final = false;
  Errc outcome = Errc::ok;  // Once final; of a refusal at the intake, and of the ledger's.
  std::string detail;
  std::optional<Digest> transaction;
  std::optional<Position> position;  // Of the Operation; of the first, if it came in parts.
};

struct CaptureJob {
  std::string id;  // 32 hex digits.
  Digest document;
  TimeMs created;
  std::optional<TimeMs> finished;
  ErrorBehaviour behaviour{};
  std::optional<UnitBatchId> batch;
  std::vector<CaptureJobEvent> events;
  std::optional<Error> error;  // What concerns the job as a whole.

  bool is_running() const { return !finished.has_value(); }
  // No error so far.
  bool is_success() const;
};

// As GS1 has it: captureID, createdAt, finishedAt, running, success, captureErrorBehaviour, errors;
// and besides: document, batch, events.
Json to_json(const CaptureJob& job);
// What to_json() wrote.  Errc::json_invalid.
Result<CaptureJob> capture_job_from_json(const Json& json);

std::string_view name_of(ErrorBehaviour behaviour);
std::optional<ErrorBehaviour> error_behaviour(std::string_view name);

// A GS1 problem (RFC 7807): "epcisException:..." by the code.
std::string_view epcis_exception(Errc code);

}  // namespace fenrun
