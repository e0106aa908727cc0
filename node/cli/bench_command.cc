// fenrun bench: nodes of this program under load.
#include <unistd.h>

#include "node/bench/bench.h"
#include "node/bench/plot.h"
#include "node/cli/commands.h"

namespace fenrun::cli {
namespace {

struct BenchCommand {
  std::string workload = "signed";
  std::string home;
  std::string out;
  std::string plot;
  std::string growth_plot;
  bench::BenchOptions options;
};

constexpr std::size_t kBenchNodesMax = 16;
constexpr unsigned kDelayMsMax = 1'000;

Result<bench::BenchOptions> options_of(const BenchCommand& command) {
  auto options = command.options;
  const auto workload = bench::workload_named(command.workload);
  if (!workload) {
    return Error{Errc::usage,
                 "--workload: " + command.workload +
                     " is none of signed, batched, payouts, mixed, claims, attested, reads"};
  }
  options.workload = *workload;
  options.home = command.home.empty() ? std::filesystem::temp_directory_path() /
                                            ("fenrun-bench-" + std::to_string(::getpid()))
                                      : Path(command.home);
  if (options.nodes < 1 || options.nodes > kBenchNodesMax) {
    return Error{Errc::usage, "--nodes: 1 to " + std::to_string(kBenchNodesMax)};
  }
  if (!(options.seconds >= 1 && options.seconds <= 3'600)) {
    return Error{Errc::usage, "--seconds: 1 to 3600"};
  }
  if (options.delay_ms > kDelayMsMax) {
    return Error{Errc::usage, "--delay-ms: at most " + std::to_string(kDelayMsMax)};
  }
  if (bench::is_of_codes(options.workload) && !options.entries.empty()) {
    return Error{Errc::usage, "--entries: not with codes, which run out"};
  }
  if (!command.growth_plot.empty() && options.entries.size() < 2) {
    return Error{Errc::usage, "--growth-plot: of which sizes? add two, as --entries 10000,1000000"};
  }
  if (!(options.held_operations_per_s >= 0)) {
    return Error{Errc::usage, "--rate: operations a second, more than 0"};
  }
  const bool has_rates = options.overloads || options.held_operations_per_s > 0 ||
                         !options.entries.empty() || !command.plot.empty();
  if (options.workload == bench::Workload::reads && has_rates) {
    return Error{Errc::usage, "--rate, --overload, --entries, --plot: not with --workload reads"};
  }
  if (options.accounts < 1 || options.accounts > 1'000'000) {
    return Error{Errc::usage, "--accounts: 1 to 1000000"};
  }
  return options;
}

void print_load(std::ostream& out, const std::string& title, const Json& load) {
  out << title << ": " << load.at("committed_per_s") << " operations committed a second\n";
  print_table(out, Json::array({load}),
              {{"p50 ms", "latency_ms.p50"},
               {"p90 ms", "latency_ms.p90"},
               {"p99 ms", "latency_ms.p99"},
               {"max ms", "latency_ms.max"},
               {"CPU s/1000", "cpu_s_per_1000_ops"},
               {"disk B/op", "disk_bytes_per_op"},
               {"wire B/op", "wire_bytes_per_op"},
               {"memory B", "memory_bytes"}});
  Json stages = Json::array();
  for (const auto& [name, stage] : load.at("stages").items()) {
    stages.push_back(stage);
    stages.back()["stage"] = name;
  }
  print_table(out, stages,
              {{"stage", "stage"},
               {"count", "count"},
               {"p50 ms", "p50_ms"},
               {"p90 ms", "p90_ms"},
               {"p99 ms", "p99_ms"},
               {"CPU s/1000 ops", "cpu_s_per_1000_ops"}});
  out << "\n";
}

void print_report(std::ostream& out, const Json& report) {
  out << report.at("workload").get<std::string>() << ", " << report.at("nodes")
      << " nodes: " << report.at("committed_per_s") << " operations a second, "
      << report.at("ratio_to_limit")
      << " of what signatures alone would allow\n\nlimits of this machine\n";
  print_fields(out, report.at("limits"), "  ");
  out << "\n";
  const bool is_held = report.contains("held_per_s");
  for (const auto& [member, title] :
       {std::pair("saturated", "saturation"),
        std::pair("half_load", is_held ? "at the rate asked for" : "half of it"),
        std::pair("overload", "three times as much"),
        std::pair("after_overload", is_held ? "at the rate asked for again" : "half again")}) {
    if (report.contains(member)) print_load(out, title, report.at(member));
  }
  for (const auto* table : {"ladder", "growth"}) {
    if (!report.contains(table)) continue;
    out << table << "\n";
    print_table(out, report.at(table),
                {{"entries", "entries"},
                 {"offered/s", "offered_per_s"},
                 {"committed/s", "committed_per_s"},
                 {"p50 ms", "latency_ms.p50"},
                 {"p99 ms", "latency_ms.p99"},
                 {"disk B/op", "disk_bytes_per_op"},
                 {"disk B/entry", "disk_bytes_per_entry"},
                 {"memory B", "memory_bytes"},
                 {"start-up s", "start_up_s"},
                 {"proof ms", "proof_ms"}});
    out << "\n";
  }
  if (report.contains("reads")) print_fields(out, report.at("reads"));
}

Result<Exit> run_command(const Session& session, const BenchCommand& command) {
  FENRUN_TRY(const auto options, options_of(command));
  FENRUN_TRY(const auto report, bench::run_bench(options, [&](const std::string& line) {
               session.err << line << std::endl;
             }));
  if (!command.out.empty()) {
    FENRUN_OK(write_file_text(session, command.out, report.dump(1) + "\n"));
  }
  session.show(report, [&](std::ostream& out) { print_report(out, report); });
  if (!command.plot.empty()) {
    FENRUN_TRY(const auto picture, bench::plot_of(report));
    FENRUN_OK(write_file_text(session, command.plot, picture));
  }
  if (!command.growth_plot.empty()) {
    FENRUN_TRY(const auto picture, bench::growth_plot_of(report));
    FENRUN_OK(write_file_text(session, command.growth_plot, picture));
  }
  return Exit::ok;
}

}  // namespace

void add_bench_command(CLI::App& app, Session& session) {
  const auto command = std::make_shared<BenchCommand>();
  auto& options = command->options;
  CLI::App* const bench = add_command(
      app, "bench", "Measure nodes of this program under load on this machine",
      "fenrun bench --workload signed --nodes 4 --seconds 20\n"
      "fenrun bench --workload batched --accounts 100000 --out batched.json --plot batched.svg\n"
      "fenrun bench --workload batched --nodes 1 --entries 10000,1000000 --growth-plot g.svg\n"
      "fenrun bench --delay-ms 50\n"
      "  First saturation, then a ladder of rates; latency is that at half of saturation.");
  bench
      ->add_option("--workload", command->workload,
                   "signed: payouts, each signed by itself\n"
                   "batched: transactions of 1,000 budget lines on accounts that exist\n"
                   "payouts: transactions of 1,000 payouts, each a new Record\n"
                   "mixed: goods events with what they earn, and payouts\n"
                   "claims: transactions of 250 codes used by their own keys\n"
                   "attested: transactions of 1,000 codes used by their gateway\n"
                   "reads: proof files, statements, Records")
      ->capture_default_str();
  bench->add_option("--nodes", options.nodes, "How many validators")->capture_default_str();
  bench->add_option("--seconds", options.seconds, "Of saturation, and of half load")
      ->capture_default_str();
  bench->add_option("--accounts", options.accounts, "Accounts: stores that are paid, or budgets")
      ->capture_default_str();
  bench
      ->add_option("--delay-ms", options.delay_ms,
                   "One-way delay between any two nodes, by relays on loopback")
      ->capture_default_str();
  bench->add_option("--rate", options.held_operations_per_s,
                    "Operations a second to hold after saturation, instead of the ladder");
  bench->add_flag("--overload", options.overloads, "Also offer three times what saturates");
  bench->add_option("--entries", options.entries, "First saturate journals of N,N,... entries")
      ->delimiter(',');
  bench->add_option("--base-port", options.base_port, "Of the nodes: P, P+1, ...")
      ->capture_default_str();
  bench->add_option("--home", command->home, "Folder of the nodes, on the disk to be measured")
      ->type_name("DIR");
  bench->add_flag("--keep", options.keep, "Leave the folder behind");
  bench->add_option("--out", command->out, "Also writes the report as JSON")->type_name("FILE");
  bench->add_option("--plot", command->plot, "Writes latency against load as SVG")
      ->type_name("FILE");
  bench
      ->add_option("--growth-plot", command->growth_plot,
                   "Writes what each size of --entries cost as SVG")
      ->type_name("FILE");
  bench->callback([&session, command] {
    session.command = [&session, command] { return run_command(session, *command); };
  });
}

}  // namespace fenrun::cli
