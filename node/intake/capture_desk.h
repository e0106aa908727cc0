// Where documents come in, become jobs and operations, and are found again.
// docs/spec/api.md, "EPCIS".
//
// A document is read, kept and noted as a job before any of it is submitted; what became of it is
// noted before anybody is told.  After a restart, jobs that were under way are submitted again: an
// event that had been recorded by then is known by its id, and counts as recorded.
//
// What takes long or waits for the disk is done on a thread of its own.  A disk that fails to write
// ends the desk: it answers with the failure from then on, and tells nobody of jobs that are not
// noted (see `on_fatal`).
// Not thread-safe: every call and every callback on the thread of the event loop.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "node/epcis/operation_groups.h"
#include "node/intake/capture_job.h"
#include "node/intake/document_store.h"
#include "node/intake/event_catalogue.h"
#include "node/intake/submitter.h"
#include "node/intake/worker.h"
#include "node/service.h"

namespace fenrun {

struct CaptureDeskOptions {
  FileSystem* files = nullptr;  // Outlives the desk; used on the desk's thread only.
  Path documents;
  Path jobs;
  std::uint64_t documents_bytes_max = 0;
  epcis::Places places;
  std::function<TimeMs()> clock;                // From any thread.
  std::function<void(const std::string&)> log;  // From any thread.
  // The disk failed: the node must stop.  Once, on the event loop.
  std::function<void(const Error&)> on_fatal;
};

// What a body must be.
enum class CaptureForm {
  epcis,       // Any document of EPCIS.
  one_event,   // An event, and nothing around it.
  activities,  // An ActivityDocument.
};

struct CaptureRequest {
  std::string body;
  ErrorBehaviour behaviour{};
  std::optional<UnitBatchId> batch;
  CaptureForm form{};
};

// A job as lists have it.
struct CaptureJobSummary {
  std::string id;
  TimeMs created;
  std::optional<TimeMs> finished;
  ErrorBehaviour behaviour{};
  bool is_success = true;
  bool is_fruitless = false;  // Finished, and nothing was recorded.
};

class CaptureDesk {
 public:
  // Begins at once to read what is kept; until it has, requests are answered not_ready.
  // REQUIRES: io, node and submitter outlive the desk.  Errc::io_error.
  static Result<std::unique_ptr<CaptureDesk>> open(boost::asio::io_context& io,
                                                   const NodeService& node, Submitter& submitter,
                                                   CaptureDeskOptions options);
  // Nobody is told anything any more.
  ~CaptureDesk();
  CaptureDesk(const CaptureDesk&) = delete;
  CaptureDesk& operator=(const CaptureDesk&) = delete;

  // Calls `accepted` with the job's id once the document is read and kept, or with why it is not:
  // errors of epcis::capture_document(), mempool_full, not_ready, io_error.  Then, once the
  // job is finished, `finished`.
  using Accepted = std::function<void(Result<std::string>)>;
  using Finished = std::function<void(const CaptureJob&)>;
  void capture(CaptureRequest request, Accepted accepted, Finished finished);

  // Newest first, of those with a number below `before`.
  struct JobPage {
    std::vector<CaptureJobSummary> jobs;
    std::optional<std::uint64_t> next;  // `before` of the next page.
  };
  JobPage jobs(std::uint64_t before, std::size_t limit) const;

  using Text = std::function<void(Result<std::string>)>;
  // The JSON of a job, as capture_job.h has it.  Errc::not_found.
  void job(const std::string& id, Text reply);
  // The bytes of a document.  Errc::not_found, Errc::corruption.
  void document(const Digest& id, Text reply);

  // An EPCISQueryDocument of the recorded events that answer, from the event of this number on.
  struct Events {
    std::string document;
    std::size_t count = 0;
    std::optional<std::size_t> next;
  };
  void events(const EventQuery& query, std::size_t from, std::size_t limit,
              std::function<void(Result<Events>)> reply);

  bool is_ready() const { return check_ready().has_value(); }

  static constexpr std::size_t kRunningMax = 64;       // Jobs at one time.
  static constexpr std::size_t kFruitlessMax = 1'000;  // Of jobs that recorded nothing.
  static constexpr std::size_t kAnswerBytesMax = 4 * 1024 * 1024;

 private:
  // A job with what it still needs.
  struct Draft {
    CaptureJob job;
    epcis::CapturedDocument captured;
    std::vector<epcis::OperationGroup> groups;  // What is to be submitted.
  };
  struct Running {
    Draft draft;
    std::size_t open = 0;  // Groups that are not final.
    bool is_resumed = false;
    Finished finished;
  };
  // What was kept before the start.
  struct Kept {
    std::vector<CaptureJobSummary> jobs;
    std::vector<Draft> running;
    EventCatalogue catalogue;
  };

  CaptureDesk(boost::asio::io_context& io, const NodeService& node, Submitter& submitter,
              CaptureDeskOptions options, DocumentStore store);

  // On the desk's thread.
  Result<Draft> prepare(const CaptureRequest& request);
  Result<Draft> draft_of(CaptureJob job, const std::string& body) const;
  static Status check_form(epcis::DocumentKind kind, CaptureForm form);
  Status write(const CaptureJob& job);
  Result<Kept> read_kept();
  Result<CaptureJob> read_job(const std::string& name) const;
  void catalogue_kept(const CaptureJob& job, EventCatalogue& catalogue) const;
  Result<Events> answer(const EventCatalogue::Page& page) const;

  // On the event loop.
  Status check_ready() const;
  void fail(const Error& error);
  void take_over(Kept kept);
  void begin(Draft draft, bool is_resumed, Finished finished);
  void on_outcomes(const std::string& id, std::size_t group,
                   const Result<std::vector<IntakeOutcome>>& outcomes);
  void settle(Running& running, std::size_t event, const IntakeOutcome& outcome,
              const std::string& detail) const;
  std::optional<Position> recorded_at(const Draft& draft, std::size_t event) const;
  void finish(const std::string& id);
  void note(const CaptureJob& job);
  void forget_fruitless();
  Path path_of(const std::string& id) const { return options_.jobs / (id + ".json"); }

  const NodeService* node_;
  Submitter* submitter_;
  CaptureDeskOptions options_;
  DocumentStore store_;           // On the desk's thread.
  bool is_ready_ = false;         // What was kept is read.
  std::optional<Error> failure_;  // Of the disk.
  std::size_t preparing_ = 0;
  std::map<std::string, Running> running_;
  std::map<std::uint64_t, CaptureJobSummary> jobs_;  // By number, in the order of creation.
  std::map<std::string, std::uint64_t> numbers_;
  std::uint64_t next_number_ = 0;
  std::deque<std::string> fruitless_;
  EventCatalogue catalogue_;
  Worker worker_;
  Lifetime lifetime_;
};

}  // namespace fenrun
