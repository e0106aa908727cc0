#include "node/cli/capture_check.h"

#include "node/epcis/event_hash.h"
#include "node/json/names.h"
#include "node/json/views.h"

namespace fenrun::cli {
namespace {

class CaptureCheck {
 public:
  explicit CaptureCheck(const CaptureCheckOptions& options) : options_(options) {}

  void check(const std::string& file) {
    const auto document = checked(file);
    if (!document) {
      rows_.push_back(
          {{"file", file}, {"result", "refused"}, {"error", error_view(document.error())}});
      worsen(exit_of(document.error().code));
      return;
    }
    for (std::size_t i = 0; i < document->events.size(); ++i) {
      rows_.push_back(row(file, i, document->events[i]));
    }
  }

  const Json& rows() const { return rows_; }
  Exit exit() const { return exit_; }

 private:
  Result<epcis::CapturedDocument> checked(const std::string& file) const {
    FENRUN_TRY(const auto bytes, read_file_text(file, epcis::kDocumentBytesMax));
    // Without a batch, any will do.
    return epcis::capture_document(bytes,
                                   {options_.places, options_.batch.value_or(UnitBatchId())});
  }

  Json row(const std::string& file, std::size_t index, const epcis::CapturedEvent& event) {
    Json row = {{"file", file}, {"event", index}, {"type", event.type}};
    const auto refusal = refusal_of(event);
    row["result"] = refusal ? "refused" : "accepted";
    if (event.hash) row["hash"] = epcis::event_hash_uri(*event.hash);
    row["recorded"] = std::string(recorded_as(event));
    row["flags"] = Json::array();
    for (const auto flag : event.flags) row["flags"].push_back(std::string(name_of(flag)));
    if (refusal) {
      row["error"] = error_view(*refusal);
      worsen(Exit::refused);
    }
    if (refusal || !is_known_whole(event)) return row;
    for (const auto& operation : *event.operations) {
      row["operations"].push_back(to_json(operation));
    }
    return row;
  }

  // The kind of what is recorded, or the code for which it is not.
  static std::string_view recorded_as(const epcis::CapturedEvent& event) {
    if (!event.operations) return name_of(event.operations.error().code);
    const auto& first = event.operations->front();
    if (const auto* const record = std::get_if<RecordEvent>(&first)) {
      return json::kEnumNames<EventKind>.at(static_cast<std::size_t>(record->kind));
    }
    if (const auto* const activity = std::get_if<RecordActivity>(&first)) {
      return json::kEnumNames<ActivityKind>.at(static_cast<std::size_t>(activity->id.kind));
    }
    return name_of(first);
  }

  // By form and identifiers, and for what cannot be recorded.
  static std::optional<Error> refusal_of(const epcis::CapturedEvent& event) {
    if (event.refusal || event.operations) return event.refusal;
    return event.operations.error();
  }

  // True if what would be sent holds nothing that was not given.
  bool is_known_whole(const epcis::CapturedEvent& event) const {
    if (!event.operations || !options_.places) return false;
    const auto* const record = std::get_if<RecordEvent>(&event.operations->front());
    return !record || record->kind != EventKind::commissioning || options_.batch;
  }

  void worsen(Exit exit) {
    if (exit_ == Exit::ok || exit != Exit::refused) exit_ = exit;
  }

  const CaptureCheckOptions& options_;
  Json rows_ = Json::array();
  Exit exit_ = Exit::ok;
};

// A table for people: one flag a cell is enough.
Json for_people(Json rows) {
  for (auto& row : rows) {
    if (!row.contains("flags")) continue;
    std::string flags;
    for (const auto& flag : row["flags"]) flags += (flags.empty() ? "" : ", ") + cell_of(flag);
    row["flags"] = flags.empty() ? Json() : Json(flags);
  }
  return rows;
}

}  // namespace

Exit check_captures(const Session& session, const CaptureCheckOptions& options) {
  CaptureCheck check(options);
  for (const auto& file : options.files) check.check(file);
  session.show(check.rows(), [&](std::ostream& out) {
    print_table(out, for_people(check.rows()),
                {{"file", "file"},
                 {"event", "event"},
                 {"type", "type"},
                 {"result", "result"},
                 {"recorded", "recorded"},
                 {"hash", "hash"},
                 {"flags", "flags"},
                 {"code", "error.code"},
                 {"detail", "error.detail"}});
  });
  return check.exit();
}

}  // namespace fenrun::cli
