#include "node/intake/capture_desk.h"

#include <algorithm>
#include <set>

#include "contracts/records.h"
#include "core/text.h"
#include "node/epcis/event_hash.h"
#include "node/epcis/event_view.h"

namespace fenrun {
namespace {

constexpr std::size_t kJobFileBytesMax = 64 * 1024 * 1024;
constexpr JsonLimits kJobLimits{
    .bytes = kJobFileBytesMax, .depth = 8, .values = 2'000'000, .object_members = 64};

std::string new_job_id() {
  std::array<std::uint8_t, 16> bytes{};
  random_bytes(bytes);
  return to_hex(bytes);
}

bool is_job_id(const std::string& id) { return id.size() == 32 && from_hex(id).has_value(); }

std::vector<CaptureJobEvent> job_events(const epcis::CapturedDocument& captured) {
  std::vector<CaptureJobEvent> out;
  for (const auto& event : captured.events) {
    CaptureJobEvent item;
    item.type = event.type;
    if (event.hash) item.event_id = epcis::event_hash_uri(*event.hash);
    if (event.event && event.event->event_id) item.event_id = *event.event->event_id;
    for (const auto flag : event.flags) item.flags.emplace_back(epcis::name_of(flag));
    if (!event.operations) {
      item.is_final = true;
      item.outcome = event.operations.error().code;
      item.detail = event.operations.error().detail;
    }
    out.push_back(std::move(item));
  }
  return out;
}

// Nothing of the document is taken.
void roll_back(CaptureJob& job) {
  for (auto& event : job.events) {
    if (event.is_final) continue;
    event.is_final = true;
    event.outcome = Errc::atomic_aborted;
    event.detail = "the document is taken as a whole or not at all";
  }
}

bool is_recorded(const CaptureJobEvent& event) {
  return event.is_final && event.outcome == Errc::ok;
}

// The events that were recorded.
void add_to_catalogue(const CaptureJob& job, const epcis::CapturedDocument& captured,
                      EventCatalogue& catalogue) {
  for (std::size_t i = 0; i < job.events.size() && i < captured.events.size(); ++i) {
    const auto& event = captured.events[i];
    if (!is_recorded(job.events[i]) || !event.event || !event.hash) continue;
    const EventId id{job.document, static_cast<std::uint32_t>(i), 0};
    catalogue.add({id, job.finished.value_or(job.created), *event.hash}, *event.event);
  }
}

// Whether something may be refused because it was recorded before.
bool tells_of_an_earlier_one(Errc outcome) {
  return outcome == Errc::event_duplicate || outcome == Errc::activity_exists ||
         outcome == Errc::activity_withdrawn || outcome == Errc::atomic_aborted;
}

CaptureJobSummary summary_of(const CaptureJob& job) {
  const bool is_fruitless = !job.is_running() && std::ranges::none_of(job.events, is_recorded);
  return {job.id, job.created, job.finished, job.behaviour, job.is_success(), is_fruitless};
}

}  // namespace

Result<std::unique_ptr<CaptureDesk>> CaptureDesk::open(boost::asio::io_context& io,
                                                       const NodeService& node,
                                                       Submitter& submitter,
                                                       CaptureDeskOptions options) {
  FENRUN_TRY(auto store,
             DocumentStore::open(*options.files, options.documents, options.documents_bytes_max));
  FENRUN_OK(options.files->make_folder(options.jobs));
  std::unique_ptr<CaptureDesk> desk(
      new CaptureDesk(io, node, submitter, std::move(options), std::move(store)));
  auto* const self = desk.get();
  desk->worker_.run([self] { return self->read_kept(); },
                    [self](Result<Kept> kept) {
                      if (!kept) return self->fail(kept.error());
                      self->take_over(*std::move(kept));
                    });
  return desk;
}

CaptureDesk::CaptureDesk(boost::asio::io_context& io, const NodeService& node, Submitter& submitter,
                         CaptureDeskOptions options, DocumentStore store)
    : node_(&node),
      submitter_(&submitter),
      options_(std::move(options)),
      store_(std::move(store)),
      worker_(io) {}

// What its thread uses ends after the thread, and what others call back after it does nothing.
CaptureDesk::~CaptureDesk() { worker_.stop(); }

Status CaptureDesk::check_ready() const {
  if (failure_) return *failure_;
  if (is_ready_) return {};
  return Error{Errc::not_ready, "the intake reads what it has kept"};
}

void CaptureDesk::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  options_.on_fatal(error);
}

// ---- From a document to a job ------------------------------------------------------------------

void CaptureDesk::capture(CaptureRequest request, Accepted accepted, Finished finished) {
  if (const auto ready = check_ready(); !ready) return accepted(ready.error());
  if (preparing_ + running_.size() >= kRunningMax) {
    return accepted(Error{Errc::mempool_full, "as many capture jobs run as may"});
  }
  ++preparing_;
  worker_.run([this, request = std::move(request)] { return prepare(request); },
              [this, accepted = std::move(accepted),
               finished = std::move(finished)](Result<Draft> draft) mutable {
                --preparing_;
                if (!draft && draft.error().code == Errc::io_error) fail(draft.error());
                if (!draft) return accepted(draft.error());
                note(draft->job);
                accepted(draft->job.id);
                begin(*std::move(draft), false, std::move(finished));
              });
}

Result<CaptureDesk::Draft> CaptureDesk::prepare(const CaptureRequest& request) {
  CaptureJob job;
  job.id = new_job_id();
  job.created = options_.clock();
  job.behaviour = request.behaviour;
  job.batch = request.batch;
  FENRUN_TRY(auto draft, draft_of(std::move(job), request.body));
  FENRUN_OK(check_form(draft.captured.kind, request.form));
  if (draft.groups.empty()) {
    draft.job.finished = options_.clock();
  } else {
    FENRUN_OK(store_.put(draft.job.document, request.body));
  }
  FENRUN_OK(write(draft.job));
  return draft;
}

Status CaptureDesk::check_form(epcis::DocumentKind kind, CaptureForm form) {
  switch (form) {
    case CaptureForm::epcis:
      if (kind != epcis::DocumentKind::activities) return {};
      return Error{Errc::value_invalid, "/type: send an ActivityDocument to /v1/activities"};
    case CaptureForm::one_event:
      if (kind == epcis::DocumentKind::event) return {};
      return Error{Errc::value_invalid, "/: must be one event, without a document around it"};
    case CaptureForm::activities:
      if (kind == epcis::DocumentKind::activities) return {};
      return Error{Errc::value_invalid, "/type: must be ActivityDocument"};
  }
  return {};
}

Result<CaptureDesk::Draft> CaptureDesk::draft_of(CaptureJob job, const std::string& body) const {
  Draft draft;
  FENRUN_TRY(draft.captured, epcis::capture_document(body, {&options_.places, job.batch}));
  job.document = draft.captured.document;
  job.events = job_events(draft.captured);
  const bool is_any_refused = std::ranges::any_of(job.events, &CaptureJobEvent::is_final);
  if (job.behaviour == ErrorBehaviour::rollback && is_any_refused) {
    roll_back(job);
  } else {
    draft.groups = epcis::operation_groups(draft.captured);
  }
  if (job.behaviour == ErrorBehaviour::rollback && draft.groups.size() > 1) {
    job.error = Error{Errc::transaction_too_large,
                      "one transaction does not hold the document: let it proceed"};
    roll_back(job);
    draft.groups.clear();
  }
  draft.job = std::move(job);
  return draft;
}

Status CaptureDesk::write(const CaptureJob& job) {
  const std::string text = to_json(job).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return replace_file(*options_.files, path_of(job.id), bytes_of(text));
}

// ---- From a job to the ledger ------------------------------------------------------------------

void CaptureDesk::begin(Draft draft, bool is_resumed, Finished finished) {
  if (!draft.job.is_running()) {
    if (finished) finished(draft.job);
    return;
  }
  const std::string id = draft.job.id;
  const auto mode = draft.job.behaviour == ErrorBehaviour::rollback ? TransactionMode::atomic
                                                                    : TransactionMode::independent;
  auto groups = draft.groups;
  const std::size_t open = groups.size();
  running_.emplace(id, Running{std::move(draft), open, is_resumed, std::move(finished)});
  for (std::size_t i = 0; i < groups.size(); ++i) {
    submitter_->submit(
        std::move(groups[i].operations), mode,
        lifetime_.within([this, id, i](const Result<std::vector<IntakeOutcome>>& outcomes) {
          on_outcomes(id, i, outcomes);
        }));
  }
}

void CaptureDesk::on_outcomes(const std::string& id, std::size_t group,
                              const Result<std::vector<IntakeOutcome>>& outcomes) {
  const auto it = running_.find(id);
  if (it == running_.end()) return;
  auto& running = it->second;
  const auto events = running.draft.groups[group].events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (outcomes) {
      settle(running, events[i], (*outcomes)[i], "");
    } else {
      const IntakeOutcome refused{{}, std::nullopt, outcomes.error().code};
      settle(running, events[i], refused, outcomes.error().detail);
    }
  }
  if (--running.open == 0) finish(id);
}

// An event in parts is recorded once all of them are; it is told of by its first.
void CaptureDesk::settle(Running& running, std::size_t event, const IntakeOutcome& outcome,
                         const std::string& detail) const {
  auto& item = running.draft.job.events[event];
  if (item.is_final && item.outcome != Errc::ok) return;
  const bool is_first = !item.is_final;
  item.is_final = true;
  item.outcome = outcome.outcome;
  item.detail = detail;
  if (is_first && !outcome.transaction.is_zero()) item.transaction = outcome.transaction;
  if (is_first) item.position = outcome.position;
  if (!running.is_resumed || !tells_of_an_earlier_one(outcome.outcome)) return;
  if (const auto position = recorded_at(running.draft, event)) {
    item.outcome = Errc::ok;
    item.position = *position;
    item.transaction.reset();
  }
}

// Where the ledger holds what the event says, under the event's own name.
std::optional<Position> CaptureDesk::recorded_at(const Draft& draft, std::size_t event) const {
  const auto& state = node_->journal().state();
  const EventId id{draft.job.document, static_cast<std::uint32_t>(event), 0};
  const auto& operation = draft.captured.events[event].operations->front();
  if (const auto* const activity = std::get_if<RecordActivity>(&operation)) {
    const auto record = find_activity(state, activity->id);
    if (!record || record->activity.source != id) return std::nullopt;
    return record->recorded_at;
  }
  if (const auto* const withdrawal = std::get_if<WithdrawActivity>(&operation)) {
    const auto record = find_activity(state, withdrawal->id);
    return record ? record->withdrawn_at : std::nullopt;
  }
  const auto record = find_event(state, id);
  return record ? std::optional(record->recorded_at) : std::nullopt;
}

void CaptureDesk::finish(const std::string& id) {
  auto& job = running_.at(id).draft.job;
  job.finished = options_.clock();
  worker_.run([this, job] { return write(job); },
              [this, id](const Status& status) {
                if (!status) return fail(status.error());
                auto ended = std::move(running_.extract(id).mapped());
                const auto& done = ended.draft.job;
                add_to_catalogue(done, ended.draft.captured, catalogue_);
                note(done);
                if (ended.finished) ended.finished(done);
              });
}

// Of a new job, or of one that is finished now.
void CaptureDesk::note(const CaptureJob& job) {
  const auto [it, is_new] = numbers_.emplace(job.id, next_number_);
  if (is_new) ++next_number_;
  const auto summary = summary_of(job);
  jobs_.insert_or_assign(it->second, summary);
  if (!summary.is_fruitless) return;
  fruitless_.push_back(job.id);
  forget_fruitless();
}

void CaptureDesk::forget_fruitless() {
  while (fruitless_.size() > kFruitlessMax) {
    const std::string id = fruitless_.front();
    fruitless_.pop_front();
    const auto it = numbers_.find(id);
    jobs_.erase(it->second);
    numbers_.erase(it);
    worker_.run(
        [this, path = path_of(id)]() -> Status {
          FENRUN_TRY(const bool is_there, options_.files->holds(path));
          return is_there ? options_.files->remove(path) : Status();
        },
        [this](const Status& status) {
          if (!status) fail(status.error());
        });
  }
}

// ---- After a restart ---------------------------------------------------------------------------

Result<CaptureJob> CaptureDesk::read_job(const std::string& name) const {
  FENRUN_TRY(const auto bytes, read_file(*options_.files, options_.jobs / name, kJobFileBytesMax));
  FENRUN_TRY(const auto json, parse_json(text_of(bytes), kJobLimits));
  return capture_job_from_json(json);
}

void CaptureDesk::catalogue_kept(const CaptureJob& job, EventCatalogue& catalogue) const {
  if (std::ranges::none_of(job.events, is_recorded)) return;
  const auto body = store_.get(job.document);
  // The document was in order when it was taken, and needs no places to be read.
  const auto captured = body ? epcis::capture_document(*body, {nullptr, job.batch})
                             : Result<epcis::CapturedDocument>(body.error());
  if (captured) return add_to_catalogue(job, *captured, catalogue);
  options_.log("the document of job " + job.id + ": " + captured.error().to_string());
}

Result<CaptureDesk::Kept> CaptureDesk::read_kept() {
  Kept kept;
  std::vector<CaptureJob> jobs;
  FENRUN_TRY(const auto names, options_.files->list(options_.jobs));
  for (const auto& name : names) {
    if (!name.ends_with(".json")) continue;
    auto job = read_job(name);
    if (!job && job.error().code == Errc::io_error) return job.error();
    if (job && job->id + ".json" == name) {
      jobs.push_back(*std::move(job));
    } else {
      options_.log("the job file " + name + " is damaged, and passed over");
    }
  }
  std::ranges::sort(jobs, {}, [](const CaptureJob& job) { return std::pair(job.created, job.id); });
  for (auto& job : jobs) {
    kept.jobs.push_back(summary_of(job));
    if (!job.is_running()) {
      catalogue_kept(job, kept.catalogue);
      continue;
    }
    const auto body = store_.get(job.document);
    auto draft = body ? draft_of(job, *body) : Result<Draft>(body.error());
    if (draft) {
      kept.running.push_back(*std::move(draft));
    } else {
      options_.log("job " + job.id + " cannot go on: " + draft.error().to_string());
    }
  }
  return kept;
}

void CaptureDesk::take_over(Kept kept) {
  catalogue_ = std::move(kept.catalogue);
  for (auto& summary : kept.jobs) {
    numbers_.emplace(summary.id, next_number_);
    if (summary.is_fruitless) fruitless_.push_back(summary.id);
    jobs_.emplace(next_number_++, std::move(summary));
  }
  forget_fruitless();
  is_ready_ = true;
  for (auto& draft : kept.running) {
    if (draft.groups.empty()) {
      // It was in order once, and is not any more: its places are unknown now.
      draft.job.finished = options_.clock();
      note(draft.job);
      worker_.run([this, job = draft.job] { return write(job); },
                  [this](const Status& status) {
                    if (!status) fail(status.error());
                  });
    } else {
      begin(std::move(draft), true, {});
    }
  }
}

// ---- Answers -----------------------------------------------------------------------------------

CaptureDesk::JobPage CaptureDesk::jobs(std::uint64_t before, std::size_t limit) const {
  JobPage page;
  auto it = jobs_.lower_bound(before);
  while (it != jobs_.begin()) {
    --it;
    if (page.jobs.size() == limit) {
      page.next = it->first + 1;
      break;
    }
    page.jobs.push_back(it->second);
  }
  return page;
}

void CaptureDesk::job(const std::string& id, Text reply) {
  if (!is_job_id(id)) return reply(Error{Errc::not_found, "no capture job has this id"});
  worker_.run(
      [this, id]() -> Result<std::string> {
        const auto bytes = read_file(*options_.files, path_of(id), kJobFileBytesMax);
        if (bytes) return std::string(text_of(*bytes));
        if (bytes.error().code != Errc::not_found) return bytes.error();
        return Error{Errc::not_found, "no capture job has this id"};
      },
      std::move(reply));
}

void CaptureDesk::document(const Digest& id, Text reply) {
  worker_.run(
      [this, id]() -> Result<std::string> {
        auto body = store_.get(id);
        if (body || body.error().code != Errc::not_found) return body;
        return Error{Errc::not_found, "no document with this digest is kept here"};
      },
      std::move(reply));
}

void CaptureDesk::events(const EventQuery& query, std::size_t from, std::size_t limit,
                         std::function<void(Result<Events>)> reply) {
  if (const auto ready = check_ready(); !ready) return reply(ready.error());
  auto page = catalogue_.find(query, from, limit);
  worker_.run([this, page = std::move(page)] { return answer(page); }, std::move(reply));
}

Result<CaptureDesk::Events> CaptureDesk::answer(const EventCatalogue::Page& page) const {
  Json out = epcis::query_document(options_.clock());
  Json& list = epcis::event_list(out);
  std::optional<epcis::Document> document;  // Neighbours are often of one document.
  Digest of;
  std::size_t bytes = 0;
  Events events;
  for (const auto& found : page.events) {
    if (!document || of != found.id.document) {
      FENRUN_TRY(const auto body, store_.get(found.id.document));
      FENRUN_TRY(document, epcis::Document::read(body));
      of = found.id.document;
    }
    if (found.id.index >= document->size()) return Error{Errc::corruption, "a document's events"};
    auto view = epcis::event_view(*document, found.id.index, {found.recorded, found.hash});
    bytes += epcis::print_document(view).size();
    if (events.count > 0 && bytes > kAnswerBytesMax) break;
    list.push_back(std::move(view));
    ++events.count;
  }
  events.next =
      events.count < page.events.size() ? std::optional(page.numbers[events.count]) : page.next;
  events.document = epcis::print_document(out) + "\n";
  return events;
}

}  // namespace fenrun
