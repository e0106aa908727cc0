// fenrun capture: goods events of EPCIS documents, signed and sent.
#include "core/text.h"
#include "node/cli/capture_check.h"
#include "node/cli/commands.h"
#include "node/cli/signing.h"
#include "node/epcis/operation_groups.h"

namespace fenrun::cli {
namespace {

constexpr std::size_t kPlacesBytesMax = 8 * 1024 * 1024;

struct CaptureOptions {
  std::vector<std::string> files;
  std::string key;
  std::string party;
  std::string places;
  std::string behaviour = "rollback";
  std::optional<std::uint32_t> batch;
  std::uint64_t wait_s = 10;
  bool check = false;
};

Json event_view(const std::string& file, std::size_t index, const epcis::CapturedEvent& event) {
  Json view = {{"file", file}, {"event", index}};
  if (!event.flags.empty()) {
    for (const auto flag : event.flags) view["flags"].push_back(std::string(name_of(flag)));
  }
  if (!event.operations) {
    view["result"] = "refused";
    view["error"] = error_view(event.operations.error());
    return view;
  }
  view["result"] = "accepted";
  for (const auto& operation : *event.operations) {
    view["operations"].push_back(to_json(operation));
  }
  return view;
}

// "1000 earned, 500 budget_exhausted"; of minor units.
std::string cell_of_earnings(const Json& earnings) {
  std::string cell;
  for (const auto& earning : earnings) {
    cell +=
        (cell.empty() ? "" : ", ") + cell_of(earning["amount"]) + " " + cell_of(earning["outcome"]);
  }
  return cell.empty() ? "-" : cell;
}

// Why somebody gets less than a rule promises; null if nobody does.
const char* shortfall_of(const Json& earning) {
  if (earning["outcome"] == "budget_exhausted") return "the budget does not cover it";
  if (earning["outcome"] == "no_payee") return "the place has no parent to be paid";
  if (earning["outcome"] == "owed_back") return "it was taken back, and its payee cannot repay it";
  return nullptr;
}

class Capture {
 public:
  Capture(const Session& session, const CaptureOptions& options)
      : session_(session), options_(options) {}

  Result<Exit> run() {
    if (options_.behaviour != "rollback" && options_.behaviour != "proceed") {
      return Error{Errc::usage, "--error-behaviour must be rollback or proceed"};
    }
    if (!options_.check && options_.key.empty()) {
      return Error{Errc::usage, "give --key to sign with, or --check to look only"};
    }
    if (!options_.places.empty()) {
      FENRUN_TRY(const auto text, read_file_text(options_.places, kPlacesBytesMax));
      FENRUN_TRY(places_, epcis::Places::parse(text, options_.places));
    }
    if (options_.check) return check();
    FENRUN_TRY(auto client, ApiClient::create(session_));
    client_ = std::move(client);
    FENRUN_TRY(auto key, open_key(session_, options_.key));
    key_.emplace(std::move(key));
    for (const auto& file : options_.files) {
      const auto status = capture(file);
      // What was captured before stays captured: say what, then why it went no further.
      if (!status) {
        print();
        return Error{status.error().code, file + ": " + status.error().detail};
      }
    }
    print();
    return exit_;
  }

 private:
  std::optional<UnitBatchId> batch() const {
    return options_.batch ? std::optional(UnitBatchId(*options_.batch)) : std::nullopt;
  }

  Exit check() const {
    const bool has_places = !options_.places.empty();
    return check_captures(session_, {options_.files, has_places ? &places_ : nullptr, batch()});
  }

  Status capture(const std::string& file) {
    FENRUN_TRY(const auto bytes, read_file_text(file, epcis::kDocumentBytesMax));
    FENRUN_TRY(const auto document, epcis::capture_document(bytes, {&places_, batch()}));
    const std::size_t first = rows_.size();
    bool is_any_refused = false;
    for (std::size_t i = 0; i < document.events.size(); ++i) {
      rows_.push_back(event_view(file, i, document.events[i]));
      is_any_refused = is_any_refused || !document.events[i].operations;
    }
    if (is_any_refused) exit_ = Exit::refused;
    const bool is_rollback = options_.behaviour == "rollback";
    if (is_rollback && is_any_refused) {
      for (std::size_t i = first; i < rows_.size(); ++i) {
        if (rows_[i]["result"] == "accepted") rows_[i]["result"] = "rolled back";
      }
      return {};
    }
    auto groups = epcis::operation_groups(document);
    if (is_rollback && groups.size() > 1) {
      return Error{Errc::transaction_too_large,
                   "more events than one transaction holds: give --error-behaviour proceed"};
    }
    for (auto& group : groups) FENRUN_OK(submit(group, first));
    return {};
  }

  Status submit(epcis::OperationGroup& group, std::size_t first) {
    TransactionDraft draft;
    draft.operations = std::move(group.operations);
    draft.mode =
        options_.behaviour == "rollback" ? TransactionMode::atomic : TransactionMode::independent;
    FENRUN_TRY(const auto transaction,
               sign_draft(*client_, std::move(draft), *key_, options_.party));
    FENRUN_TRY(const auto answer, client_->submit(transaction, options_.wait_s));
    FENRUN_TRY(const auto full, with_outcomes(*client_, answer));
    if (const Exit exit = exit_of_transaction(full); exit != Exit::ok) exit_ = exit;
    for (std::size_t i = 0; i < group.events.size(); ++i) {
      Json& row = rows_[first + group.events[i]];
      if (row["result"] == "refused") continue;  // An earlier part of it was.
      const bool is_first = !row.contains("transaction");
      if (is_first) row["transaction"] = full["id"];
      row["result"] = full["status"];
      if (!full.contains("operations") || i >= full["operations"].size()) continue;
      const Json& operation = full["operations"][i];
      if (is_first) row["position"] = operation["position"];
      row["outcome"] = operation["outcome"];
      if (operation["outcome"] != "ok") {
        row["result"] = "refused";
        const auto detail = operation.contains("detail") ? cell_of(operation["detail"]) : "";
        row["error"] = error_view({errc_from_name(cell_of(operation["outcome"])), detail});
      }
      for (const char* const member : {"earnings", "taken_back"}) {
        if (!operation.contains(member)) continue;
        for (const auto& earning : operation[member]) row[member].push_back(earning);
      }
    }
    return {};
  }

  void print() const {
    session_.show(rows_, [&](std::ostream& out) {
      Json rows = rows_;
      for (auto& row : rows) {
        if (row.contains("earnings")) row["earned"] = cell_of_earnings(row["earnings"]);
      }
      print_table(out, rows,
                  {{"file", "file"},
                   {"event", "event"},
                   {"result", "result"},
                   {"position", "position"},
                   {"earned", "earned"},
                   {"code", "error.code"},
                   {"detail", "error.detail"}});
    });
    for (const auto& row : rows_) warn_of_shortfalls(row);
  }

  // Recorded all the same: the exit code stays.
  void warn_of_shortfalls(const Json& row) const {
    for (const char* const member : {"earnings", "taken_back"}) {
      if (!row.contains(member)) continue;
      for (const auto& earning : row[member]) {
        const char* const reason = shortfall_of(earning);
        if (reason == nullptr) continue;
        session_.err << "warning: event " << cell_of(row["event"]) << " of " << cell_of(row["file"])
                     << ": " << cell_of(earning["amount"]) << " by policy "
                     << cell_of(earning["policy"]) << ", rule " << cell_of(earning["rule"]) << ": "
                     << reason << "\n";
      }
    }
  }

  const Session& session_;
  const CaptureOptions& options_;
  epcis::Places places_;
  std::optional<ApiClient> client_;
  std::optional<SigningKey> key_;
  Json rows_ = Json::array();
  Exit exit_ = Exit::ok;
};

}  // namespace

void add_capture_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<CaptureOptions>();
  CLI::App* const capture =
      add_command(app, "capture", "Record the goods events of EPCIS 2.0 documents",
                  "fenrun capture receiving.jsonld --places places.json --key store.key \\\n"
                  "    --node http://127.0.0.1:7103 --token-file net/south/token\n"
                  "  fenrun capture --check receiving.jsonld shipping.jsonld --json");
  capture->add_option("file", options->files, "EPCIS documents, JSON or JSON-LD")->required();
  capture->add_option("--key", options->key, "Key file of the party that reports");
  capture->add_option("--party", options->party, "The party; else whose key it is");
  capture->add_option("--places", options->places, "JSON object: place URI -> party id")
      ->type_name("FILE");
  capture->add_option("--batch", options->batch, "Code batch of what is commissioned");
  capture->add_option("--error-behaviour", options->behaviour,
                      "rollback: a document as a whole; proceed: each event for itself");
  capture->add_option("--wait", options->wait_s, "Seconds to wait until it is final");
  capture->add_flag("--check", options->check,
                    "Read and hash only, offline: no key, node or places needed");
  capture->callback([&session, options] {
    session.command = [&session, options] { return Capture(session, *options).run(); };
  });
}

}  // namespace fenrun::cli
