// fenrun audit: a stopped node's journal, executed again.  docs/operating.md, "Audit by replay".
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "core/text.h"
#include "node/audit/audit.h"
#include "node/bench/limits.h"
#include "node/cli/commands.h"
#include "node/cli/progress.h"
#include "node/json/reflect.h"
#include "node/json/views.h"
#include "node/network.h"
#include "node/storage/data_dir.h"

namespace fenrun::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMebibyte = 1024 * 1024;
constexpr unsigned kThreadsMax = 256;

struct AuditCommand {
  std::string data;
  std::string genesis;
  std::string trust;
  std::string checkpoint;
  std::string scratch;
  std::string unpaid;
  std::size_t memory_mib = 1'024;
  unsigned threads = 0;
};

// What the machine did meanwhile.
struct Pace {
  double seconds = 0;
  unsigned threads = 0;
  unsigned cores = 0;  // That the audit used.
  double verifications_per_s = 0;
};

// ---- Views -------------------------------------------------------------------------------------

Json view_of_sum(audit::Sum sum) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (-kMax <= sum && sum <= kMax) return json::integer(static_cast<std::int64_t>(sum));
  std::string digits;
  for (audit::Sum rest = sum < 0 ? -sum : sum; rest > 0; rest /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  return (sum < 0 ? "-" : "") + digits;
}

Json view_of(const audit::Outcomes& outcomes) {
  Json refused = Json::object();
  for (const auto& [code, count] : outcomes.refused) refused[std::string(name_of(code))] = count;
  return {{"accepted", outcomes.accepted}, {"refused", std::move(refused)}};
}

Json view_of(const audit::AssetTotals& asset) {
  const auto moved = [&](PostingKind kind) { return view_of_sum(asset.moved_by(kind)); };
  return {{"asset", asset.asset.value()},
          {"promised", view_of_sum(asset.declared)},
          {"backed", view_of_sum(asset.backed)},
          {"earned", view_of_sum(asset.earned)},
          {"paid", view_of_sum(asset.settled)},
          {"owed", view_of_sum(asset.earned - asset.settled)},
          {"instructed", moved(PostingKind::instruct)},
          {"failed", moved(PostingKind::fail)},
          {"reversed", moved(PostingKind::reversal)},
          {"debits", view_of_sum(asset.debits)},
          {"credits", view_of_sum(asset.credits)},
          {"conserved", asset.is_conserved()}};
}

Json view_of(const audit::CheckedCheckpoint& checkpoint, const Header& tip) {
  return {
      {"source", checkpoint.source},       {"epoch", checkpoint.epoch.value()},
      {"size", checkpoint.size},           {"root", to_base64(checkpoint.root.view())},
      {"cosigners", checkpoint.cosigners}, {"is_tip", checkpoint.size == tip.position.value() + 1}};
}

Json view_of_entry(const Bytes& bytes) {
  if (bytes.empty()) return nullptr;
  const auto entry = decode_entry(bytes);
  return entry ? to_json(*entry) : Json{{"bytes", to_hex(bytes)}};
}

Json view_of(const audit::Divergence& divergence) {
  Json view = error_view(divergence.error);
  view["height"] = divergence.height.value();
  if (divergence.position) view["position"] = divergence.position->value();
  view["recorded"] = view_of_entry(divergence.recorded);
  view["recomputed"] = view_of_entry(divergence.recomputed);
  return view;
}

void add_pace(Json& view, const audit::AuditReport& report, const Pace& pace) {
  const auto per_s = [&](std::uint64_t count) {
    return static_cast<double>(count) / std::max(pace.seconds, 1e-6);
  };
  const double signatures_per_s = per_s(report.tally.transactions.count());
  view["seconds"] = pace.seconds;
  view["transactions_per_s"] = signatures_per_s;
  view["operations_per_s"] = per_s(report.tally.operations.count());
  view["entries_per_s"] = per_s(report.tally.entry_count());
  view["threads"] = pace.threads;
  view["cores"] = pace.cores;
  view["verifications_per_s"] = pace.verifications_per_s;
  view["ratio_to_limit"] = signatures_per_s / pace.verifications_per_s;
}

Json view_of(const audit::AuditReport& report, const Pace& pace) {
  const auto kind = [&](std::size_t number) { return report.tally.entries.at(number); };
  Json checkpoints = Json::array();
  for (const auto& item : report.checkpoints) checkpoints.push_back(view_of(item, report.tip));
  Json assets = Json::array();
  for (const auto& asset : report.assets) assets.push_back(view_of(asset));
  Json view = {{"valid", !report.divergence},
               {"chain_id", to_hex(report.chain_id.view())},
               {"height", report.tip.height.value()},
               {"block", to_hex(report.tip_id.view())},
               {"size", report.tip.position.value() + 1},
               {"root", to_base64(report.root.view())},
               {"first_time", json::write(std::min(report.first_time, kRfc3339Max))},
               {"last_time", json::write(std::min(report.tip.time, kRfc3339Max))},
               {"epochs", report.tip.epoch.value() + 1},
               {"recoveries", report.recoveries},
               {"blocks", report.blocks},
               {"entries", report.tally.entry_count()},
               {"transactions", view_of(report.tally.transactions)},
               {"operations", view_of(report.tally.operations)},
               {"system_works", kind(0)},
               {"postings", kind(3)},
               {"records", kind(4)},
               {"finalizations", report.finalizations},
               {"checkpoints", std::move(checkpoints)},
               {"assets", std::move(assets)},
               {"unpaid_earnings",
                {{"budget_exhausted", report.unpaid.budget_exhausted()},
                 {"no_payee", report.unpaid.no_payee()},
                 {"owed_back", report.unpaid.owed_back()}}},
               {"is_torn", report.is_torn},
               {"is_state_on_disk", report.is_state_on_disk},
               {"divergence", nullptr}};
  if (report.divergence) view["divergence"] = view_of(*report.divergence);
  add_pace(view, report, pace);
  return view;
}

void print_audit(std::ostream& out, const Json& view) {
  if (view.at("valid")) {
    out << "The journal is what its transactions give, up to height " << view.at("height") << ".\n";
  } else {
    out << "The journal differs at height " << view.at("divergence").at("height") << ".\n";
    print_fields(out, view.at("divergence"), "  ");
    out << "Before that:\n";
  }
  Json fields = view;
  for (const auto* member : {"valid", "divergence", "assets", "checkpoints"}) fields.erase(member);
  print_fields(out, fields);
  print_table(out, view.at("assets"),
              {{"asset", "asset"},
               {"promised", "promised"},
               {"backed", "backed"},
               {"earned", "earned"},
               {"paid", "paid"},
               {"owed", "owed"},
               {"conserved", "conserved"}});
  print_table(out, view.at("checkpoints"),
              {{"checkpoint", "source"}, {"epoch", "epoch"}, {"size", "size"}, {"tip", "is_tip"}});
}

// ---- Unpaid earnings, as a table -------------------------------------------------------------

// A new CSV file, a row for each: there only once it is whole.
class UnpaidTable {
 public:
  // Errc::file_exists, io_error.
  static Result<UnpaidTable> create(const Path& path) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return Error{Errc::file_exists, path.string()};
    UnpaidTable table;
    table.path_ = path;
    table.partial_ = path;
    table.partial_ += ".partial";
    table.out_.open(table.partial_, std::ios::trunc);
    table.out_ << "outcome,height,time,operation,taken_back_at,place,campaign,asset,policy,version,"
                  "rule,units,amount,payee,period\n";
    FENRUN_OK(table.check());
    return table;
  }

  Status add(const UnpaidEarning& unpaid) {
    const auto& earning = unpaid.earning;
    out_ << json::write(earning.outcome).get<std::string>() << ',' << unpaid.height.value() << ','
         << to_rfc3339(std::min(unpaid.time, kRfc3339Max)) << ',' << unpaid.operation.value()
         << ',';
    if (unpaid.taken_back_at) out_ << unpaid.taken_back_at->value();
    out_ << ',' << to_hex(unpaid.place.view()) << ',' << unpaid.campaign.value() << ','
         << unpaid.asset.value() << ',' << earning.policy.value() << ',' << earning.version << ','
         << earning.rule << ',' << earning.units << ',' << earning.amount.units() << ','
         << (earning.payee.is_zero() ? "" : to_hex(earning.payee.view())) << ','
         << earning.period.value() << '\n';
    return check();
  }

  Status finish() {
    out_.close();
    FENRUN_OK(check());
    std::error_code error;
    std::filesystem::rename(partial_, path_, error);
    return error ? Status(Error{Errc::io_error, path_.string() + ": " + error.message()})
                 : Status();
  }

  UnpaidTable() = default;
  UnpaidTable(UnpaidTable&&) = default;
  UnpaidTable& operator=(UnpaidTable&&) = default;
  // What was not finished is of an audit that did not come to the journal's end.
  ~UnpaidTable() {
    if (!out_.is_open()) return;
    out_.close();
    std::error_code error;
    std::filesystem::remove(partial_, error);
  }

 private:
  Status check() const {
    return out_ ? Status()
                : Status(Error{Errc::io_error, partial_.string() + ": cannot be written"});
  }

  Path path_;
  Path partial_;
  std::ofstream out_;
};

// ---- The command -------------------------------------------------------------------------------

Result<Genesis> load_genesis(const AuditCommand& command) {
  const Path data = std::filesystem::absolute(command.data).lexically_normal();
  // With or without a slash at its end.
  const Path home = data.has_filename() ? data.parent_path() : data.parent_path().parent_path();
  const Path path = command.genesis.empty() ? home / "genesis.bin" : Path(command.genesis);
  FENRUN_TRY(const bool is_there, PosixFileSystem().holds(path));
  if (command.genesis.empty() && !is_there) {
    return Error{Errc::usage, "--genesis: name the genesis.bin of the network; there is none at " +
                                  path.string()};
  }
  FENRUN_TRY(const auto bytes, read_file_text(path, kGenesisBytesMax));
  return read_genesis(bytes_of(bytes));
}

Result<audit::AuditOptions> options_of(const AuditCommand& command) {
  if (command.threads > kThreadsMax) {
    return Error{Errc::usage, "--threads: 1 to " + std::to_string(kThreadsMax)};
  }
  audit::AuditOptions options;
  options.data = command.data;
  FENRUN_TRY(options.genesis, load_genesis(command));
  if (!command.trust.empty()) {
    FENRUN_TRY(const auto text, read_file_text(command.trust, kTrustPolicyBytesMax));
    FENRUN_TRY(options.trust, TrustPolicy::parse(text));
  }
  if (!command.checkpoint.empty()) {
    FENRUN_TRY(options.checkpoint, read_file_text(command.checkpoint, kNoteBytesMax));
    options.checkpoint_source = command.checkpoint;
  }
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  options.threads = command.threads == 0 ? cores : command.threads;
  options.memory_bytes_max = command.memory_mib * kMebibyte;
  options.scratch =
      (command.scratch.empty() ? std::filesystem::temp_directory_path() : Path(command.scratch)) /
      ("fenrun-audit-" + std::to_string(::getpid()));
  return options;
}

// The lock is the proof that no node writes while the journal is read.
Result<DataDir> lock_stopped(const Path& data) {
  FENRUN_TRY(const bool has_journal, PosixFileSystem().holds(data / "journal"));
  if (!has_journal) {
    return Error{Errc::file_missing, "--data: " + data.string() + " holds no journal"};
  }
  auto lock = DataDir::lock(data);
  if (lock || lock.error().code != Errc::locked) return lock;
  return Error{Errc::locked, data.string() + ": stop the node, or audit a copy of the folder"};
}

Result<Exit> run_command(const Session& session, const AuditCommand& command) {
  FENRUN_TRY(const auto lock, lock_stopped(command.data));
  FENRUN_TRY(auto options, options_of(command));
  std::optional<UnpaidTable> table;
  if (!command.unpaid.empty()) {
    FENRUN_TRY(table, UnpaidTable::create(command.unpaid));
    options.on_unpaid = [&table](const UnpaidEarning& unpaid) { return table->add(unpaid); };
  }
  const auto begin = Clock::now();
  ProgressBar bar(session.err);
  FENRUN_TRY(const auto report, audit::run_audit(options, [&](const audit::AuditProgress& done) {
               bar.show(done.blocks, done.blocks_total,
                        "blocks, " + std::to_string(done.transactions) + " transactions");
             }));
  Pace pace{.seconds = std::chrono::duration<double>(Clock::now() - begin).count(),
            .threads = options.threads};
  // The threads that verify, and the one that executes, as far as there are cores for them.
  pace.cores = std::min(options.threads + 1, std::max(1U, std::thread::hardware_concurrency()));
  pace.verifications_per_s = bench::verifications_per_s(pace.cores);
  const Json view = view_of(report, pace);
  session.show(view, [&](std::ostream& out) { print_audit(out, view); });
  if (table && !report.divergence) FENRUN_OK(table->finish());
  return report.divergence ? Exit::refused : Exit::ok;
}

}  // namespace

void add_audit_command(CLI::App& app, Session& session) {
  const auto command = std::make_shared<AuditCommand>();
  CLI::App* const audit = add_command(
      app, "audit",
      "Execute a stopped node's whole journal again, from genesis on, and compare every entry",
      "fenrun audit --data brand/data --trust network.policy\n"
      "  fenrun audit --data copy --genesis genesis.bin --checkpoint checkpoint.txt --json\n"
      "  Signatures, certificates, postings, Records, roots: nothing in the folder is believed.\n"
      "  Exit code 1 with the first difference, if there is one.");
  audit->add_option("--data", command->data, "A node's data folder, or a copy of it")
      ->required()
      ->type_name("DIR");
  audit
      ->add_option("--genesis", command->genesis,
                   "What the network began with; else genesis.bin beside the data folder")
      ->type_name("FILE");
  audit
      ->add_option(
          "--trust", command->trust,
          "A trust file: an epoch must have had its validators, and --checkpoint its quorum")
      ->type_name("FILE");
  audit
      ->add_option("--checkpoint", command->checkpoint,
                   "A cosigned checkpoint (GET /checkpoint) that the journal must lead to")
      ->type_name("FILE");
  audit->add_option("--threads", command->threads,
                    "Threads that verify signatures, besides the one that executes; 0: all cores");
  audit->add_option("--memory", command->memory_mib, "MiB of the state, before it goes to disk")
      ->capture_default_str();
  audit->add_option("--scratch", command->scratch, "Where the state goes beyond that; else /tmp")
      ->type_name("DIR");
  audit
      ->add_option(
          "--unpaid", command->unpaid,
          "Writes each promise that was not kept, and each earning that could not be taken "
          "back, as CSV")
      ->type_name("FILE");
  audit->callback([&session, command] {
    session.command = [&session, command] { return run_command(session, *command); };
  });
}

}  // namespace fenrun::cli
