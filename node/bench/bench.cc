#include "node/bench/bench.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "contracts/keys.h"
#include "core/text.h"
#include "node/bench/limits.h"
#include "node/bench/load.h"
#include "node/bench/reads.h"

namespace fenrun::bench {
namespace {

constexpr std::size_t kWindowOperations = 2'000;  // Of a lane, in saturation.
constexpr std::size_t kWindowMin = 2;
constexpr std::size_t kWindowMax = 256;
constexpr std::size_t kWindowOpen = 20'000;  // At a rate: as good as none.
// Of what saturates: the ladder that is climbed after saturation, and the one that counts.
constexpr std::array<double, 6> kLadder{0.1, 0.25, 0.5, 0.75, 0.9, 1.0};
constexpr double kHalf = 0.5;
constexpr double kOverload = 3;
constexpr std::size_t kReadTransactions = 8'000;
constexpr double kFillSeconds = 3'600;  // At most, for one size of the journal.

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

double rounded(double value) { return std::round(value * 1'000) / 1'000; }

Json latency_view(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"p50", rounded(quantile(values, 0.5))},
          {"p90", rounded(quantile(values, 0.9))},
          {"p99", rounded(quantile(values, 0.99))},
          {"max", rounded(quantile(values, 1))}};
}

// Where the quantile lies within its bucket nobody knows: in proportion.
double quantile_of(const std::vector<double>& bounds, const std::vector<std::uint64_t>& counts,
                   std::uint64_t all, double q) {
  const double rank = q * static_cast<double>(all);
  double lower = 0;
  double below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto up_to = static_cast<double>(counts[i]);
    if (up_to >= rank && up_to > below) {
      return lower + (bounds[i] - lower) * (rank - below) / (up_to - below);
    }
    lower = bounds[i];
    below = up_to;
  }
  return lower;
}

Json stage_view(const StageSample& before, const StageSample& after, double operations) {
  StageSample span = after;
  for (std::size_t i = 0; i < before.counts.size(); ++i) span.counts[i] -= before.counts[i];
  span.count -= before.count;
  const auto at = [&](double q) {
    return rounded(1'000 * quantile_of(span.bounds_s, span.counts, span.count, q));
  };
  Json view = {
      {"count", span.count}, {"p50_ms", at(0.5)}, {"p90_ms", at(0.9)}, {"p99_ms", at(0.99)}};
  const double cpu = after.cpu_s - before.cpu_s;
  if (cpu > 0) view["cpu_s_per_1000_ops"] = rounded(1'000 * cpu / operations);
  return view;
}

Json limits_view(const Limits& limits) {
  return {{"cores", limits.cores},
          {"verifications_per_s", rounded(limits.verifications_per_s)},
          {"verifications_per_s_one_core", rounded(limits.verifications_per_s_one_core)},
          {"sha256_65_bytes_ns", rounded(limits.sha256_65_bytes_ns)},
          {"fdatasync_us", rounded(limits.fdatasync_us)}};
}

Json machine_view() {
  std::string model = "unknown";
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("model name")) continue;
    model = line.substr(std::min(line.size(), line.find(':') + 2));
    break;
  }
  return {{"processor", model}};
}

std::string per_second(double value) {
  return std::to_string(static_cast<std::uint64_t>(std::llround(value))) + " a second";
}

// One measurement, from limits to report.
class Bench {
 public:
  Bench(const BenchOptions& options, const Progress& progress)
      : options_(options), progress_(progress) {}

  Result<Json> run() {
    PosixFileSystem files;
    FENRUN_OK(files.make_folder(options_.home.parent_path()));
    progress_("measuring the machine's limits");
    FENRUN_TRY(limits_, measure_limits(options_.home.parent_path()));
    FENRUN_OK(check_held_rate());
    progress_("starting " + std::to_string(options_.nodes) + " nodes");
    FENRUN_TRY(cluster_, Cluster::start({options_.home, options_.nodes, options_.base_port,
                                         options_.delay_ms}));
    FENRUN_TRY(auto market,
               Market::open(*cluster_, {content(), options_.accounts, codes()}, progress_));
    market_.emplace(std::move(market));
    FENRUN_TRY(load_, Load::open(*cluster_, *market_));
    report_ = {{"workload", std::string(name_of(options_.workload))},
               {"nodes", options_.nodes},
               {"delay_ms", options_.delay_ms},
               {"seconds", options_.seconds},
               {"accounts", options_.accounts},
               {"codes", codes()},
               {"machine", machine_view()},
               {"limits", limits_view(limits_)},
               {"signature_bound_per_s", rounded(bound())}};
    FENRUN_OK(options_.workload == Workload::reads ? measure_reads() : measure_writes());
    return std::move(report_);
  }

 private:
  // Of all nodes: each verifies every signature, and they share the cores.
  double bound() const { return limits_.verifications_per_s / static_cast<double>(options_.nodes); }
  Content content() const {
    switch (options_.workload) {
      case Workload::signed_:
      case Workload::reads:
        return Content::payout;
      case Workload::batched:
        return Content::budgets;
      case Workload::payouts:
        return Content::payouts;
      case Workload::mixed:
        return Content::mixed;
      case Workload::claims:
        return Content::claims;
      case Workload::attested:
        return Content::attested;
    }
    UNREACHABLE();
  }
  // As many as may be used.  Where they have no keys to be derived, as many as there may be.
  std::uint32_t codes() const {
    if (options_.workload == Workload::attested) return kCodesMax;
    if (options_.workload != Workload::claims) return 0;
    constexpr double kSetUp = 6;  // Seconds: warming up, and the shortest rungs.
    const double seconds = kSetUp + (options_.overloads ? 4.2 : 3) * options_.seconds;
    return static_cast<std::uint32_t>(std::min<double>(kCodesMax, bound() * seconds));
  }
  double operations() const { return static_cast<double>(Market::operations_of(content())); }

  LoadPlan plan(double rate_per_s, double seconds) const {
    const auto window = kWindowOperations / Market::operations_of(content());
    LoadPlan plan;
    plan.content = content();
    plan.rate_per_s = rate_per_s;
    plan.seconds = seconds;
    plan.window = rate_per_s > 0 ? kWindowOpen : std::clamp(window, kWindowMin, kWindowMax);
    // No node goes beyond one core's signatures, nor, so far, beyond this many operations.
    constexpr double kOperationsPerS = 250'000;
    double most = std::min(limits_.verifications_per_s, kOperationsPerS / operations());
    if (options_.workload == Workload::claims) most = bound() / operations();
    plan.transactions_max = static_cast<std::size_t>(most * seconds);
    return plan;
  }

  // Everything is signed beforehand.
  Status check_held_rate() const {
    if (options_.held_operations_per_s <= 0) return {};
    const double most = static_cast<double>(plan(0, 1).transactions_max) * operations();
    if (options_.held_operations_per_s >= operations() && options_.held_operations_per_s <= most) {
      return {};
    }
    return Error{Errc::usage, "--rate: " + std::to_string(std::llround(operations())) + " to " +
                                  std::to_string(std::llround(most)) +
                                  " operations a second of this workload, on this machine"};
  }

  // A load, and what it cost.
  Result<Json> measure(const std::string& name, double rate_per_s, double seconds) {
    progress_(name + ": " +
              (rate_per_s > 0 ? per_second(rate_per_s * operations()) : "as much as possible"));
    FENRUN_TRY(const auto before, cluster_->sample());
    FENRUN_TRY(auto outcome, load_->run(plan(rate_per_s, seconds)));
    FENRUN_TRY(const auto after, cluster_->sample());
    const double done = operations() * static_cast<double>(outcome.committed);
    const double nodes = static_cast<double>(options_.nodes);
    last_per_s_ = outcome.committed_per_s;
    Json stages = Json::object();
    for (const auto& [stage, times] : after.stages) {
      const auto earlier = before.stages.find(stage);
      stages[stage] =
          stage_view(earlier == before.stages.end() ? StageSample{} : earlier->second, times, done);
    }
    const double committed_per_s = outcome.committed_per_s * operations();
    progress_("  " + per_second(committed_per_s) + " committed, " +
              std::to_string(outcome.refused) + " refused");
    return Json{
        {"offered_per_s", rate_per_s > 0 ? Json(rounded(rate_per_s * operations())) : Json()},
        {"committed_per_s", rounded(committed_per_s)},
        {"transactions_per_s", rounded(outcome.committed_per_s)},
        {"transaction_bytes", outcome.transaction_bytes},
        {"transactions", outcome.committed},
        {"refused", outcome.refused},
        {"blocks", after.height - before.height},
        {"entries", after.entries},
        {"latency_ms", latency_view(std::move(outcome.latencies_ms))},
        {"stages", std::move(stages)},
        {"cpu_s_per_1000_ops", rounded(1'000 * (after.cpu_s - before.cpu_s) / done)},
        {"load_cpu_s_per_1000_ops", rounded(1'000 * outcome.cpu_s / done)},
        {"disk_bytes_per_op", rounded(grown(before.disk_bytes, after.disk_bytes) / done / nodes)},
        {"wire_bytes_per_op", rounded(grown(before.wire_bytes, after.wire_bytes) / done)},
        {"memory_bytes", after.resident_bytes_max}};
  }

  // Compactions give space back.
  static double grown(std::uint64_t before, std::uint64_t after) {
    return after > before ? static_cast<double>(after - before) : 0;
  }

  Status measure_writes() {
    FENRUN_OK(measure_growth());
    FENRUN_TRY(const auto warm, measure("warming up", 0, std::min(2.0, options_.seconds / 4)));
    FENRUN_TRY(auto saturated, measure("saturation", 0, options_.seconds));
    const double most = last_per_s_;
    const double held =
        options_.held_operations_per_s > 0 ? options_.held_operations_per_s / operations() : 0;
    const double half_rate = held > 0 ? held : kHalf * most;
    Json ladder = Json::array();
    Json half;
    for (const double step : kLadder) {
      const bool is_half = step == kHalf;
      if (held > 0 && !is_half) continue;
      const double rate = is_half ? half_rate : most * step;
      const double seconds = is_half ? options_.seconds : std::max(0.5, options_.seconds / 5);
      FENRUN_TRY(auto rung, measure(std::to_string(std::lround(100 * rate / most)) + " % of it",
                                    std::max(1.0, rate), seconds));
      if (is_half) half = rung;
      ladder.push_back(std::move(rung));
    }
    if (held > 0) report_["held_per_s"] = rounded(options_.held_operations_per_s);
    for (const auto* name :
         {"committed_per_s", "transactions_per_s", "transaction_bytes", "cpu_s_per_1000_ops",
          "disk_bytes_per_op", "wire_bytes_per_op", "memory_bytes"}) {
      report_[name] = saturated.at(name);
    }
    report_["ratio_to_limit"] = rounded(saturated.at("committed_per_s").get<double>() / bound());
    report_["latency_ms"] = half.at("latency_ms");
    report_["latency_at_per_s"] = half.at("offered_per_s");
    report_["saturated"] = std::move(saturated);
    report_["half_load"] = std::move(half);
    report_["ladder"] = std::move(ladder);
    if (options_.overloads) {
      FENRUN_TRY(report_["overload"],
                 measure("three times as much", kOverload * most, options_.seconds));
      FENRUN_TRY(report_["after_overload"],
                 measure("that again", half_rate, std::max(0.5, options_.seconds / 5)));
    }
    return {};
  }

  // The same load on journals of the sizes asked for, filled by transactions of 1,000 payouts.
  Status measure_growth() {
    Json rows = Json::array();
    for (const auto size : options_.entries) {
      FENRUN_OK(fill(size));
      FENRUN_TRY(auto row, measure("saturation at " + std::to_string(size) + " entries", 0,
                                   options_.seconds));
      FENRUN_TRY(const auto grown, cluster_->sample());
      const auto all = static_cast<double>(options_.nodes * grown.entries);
      row["disk_bytes_per_entry"] = rounded(static_cast<double>(grown.disk_bytes) / all);
      load_.reset();  // Its connections end with the node.
      FENRUN_TRY(row["start_up_s"], cluster_->restart(options_.nodes - 1));
      FENRUN_TRY(const auto proof, proof_ms(*cluster_, *market_));
      row["proof_ms"] = rounded(proof);
      FENRUN_TRY(load_, Load::open(*cluster_, *market_));
      rows.push_back(std::move(row));
    }
    if (!rows.empty()) report_["growth"] = std::move(rows);
    return {};
  }

  Status fill(std::uint64_t entries) {
    for (;;) {
      FENRUN_TRY(const auto now, cluster_->sample());
      if (now.entries >= entries) return {};
      progress_("filling the journal: " + std::to_string(now.entries) + " of " +
                std::to_string(entries) + " entries");
      LoadPlan filling;
      filling.content =
          options_.workload == Workload::batched ? Content::budgets : Content::payouts;
      filling.window = kWindowMin;
      filling.seconds = kFillSeconds;
      constexpr std::uint64_t kEntriesPerTransaction = 5'000;
      constexpr std::uint64_t kPiece = 400;
      filling.transactions_max =
          std::min(kPiece, (entries - now.entries) / kEntriesPerTransaction + 1);
      FENRUN_TRY([[maybe_unused]] const auto filled, load_->run(filling));
    }
  }

  // What is final is provable when a checkpoint above it has its cosignatures.
  Status wait_for_proofs(const std::vector<std::uint64_t>& sequences) const {
    for (const auto& node : cluster_->nodes()) {
      for (std::uint16_t i = 0; i < sequences.size(); ++i) {
        const Lane lane(static_cast<std::uint16_t>(i + 1));
        const auto last = Market::payout_id(lane, Sequence(sequences[i] - 1), 0);
        FENRUN_OK(cluster_->wait_for(node, "/v1/proofs/record/" + to_hex(payout_key(last))));
      }
    }
    return {};
  }

  Status measure_reads() {
    auto setting = plan(0, kFillSeconds);
    setting.transactions_max = kReadTransactions;
    progress_("payouts to read");
    FENRUN_TRY([[maybe_unused]] const auto payouts, load_->run(setting));
    load_.reset();
    std::vector<std::uint64_t> sequences;
    for (std::uint16_t i = 0; i < Market::kLanes; ++i) {
      // Lane 0 began with what set all up; its later ones are payouts.
      FENRUN_TRY(const auto state, Market::lane_state(*cluster_, market_->sender(), Lane(i)));
      if (i > 0) sequences.push_back(state.next.value());
    }
    FENRUN_OK(wait_for_proofs(sequences));
    FENRUN_TRY(const auto before, cluster_->sample());
    Json kinds = Json::object();
    std::vector<double> latencies;
    double answered = 0;
    for (const auto& [what, name] :
         {std::pair(Read::proof, "proof_files"), std::pair(Read::statement, "statements"),
          std::pair(Read::record, "records")}) {
      progress_(std::string("reading ") + name);
      FENRUN_TRY(auto outcome,
                 read_for(*cluster_, *market_, what, options_.seconds / 3, sequences));
      answered += static_cast<double>(outcome.answered);
      latencies.insert(latencies.end(), outcome.latencies_ms.begin(), outcome.latencies_ms.end());
      kinds[name] = {{"per_s", rounded(outcome.per_s)},
                     {"answer_bytes", outcome.answer_bytes},
                     {"latency_ms", latency_view(std::move(outcome.latencies_ms))}};
    }
    FENRUN_TRY(const auto after, cluster_->sample());
    const double per_s = answered / options_.seconds;
    report_["committed_per_s"] = rounded(per_s);
    report_["ratio_to_limit"] = rounded(per_s / bound());
    report_["latency_ms"] = latency_view(std::move(latencies));
    report_["cpu_s_per_1000_ops"] = rounded(1'000 * (after.cpu_s - before.cpu_s) / answered);
    report_["disk_bytes_per_op"] = 0;
    report_["memory_bytes"] = after.resident_bytes_max;
    report_["reads"] = std::move(kinds);
    return {};
  }

  const BenchOptions& options_;
  const Progress& progress_;
  Limits limits_;
  std::unique_ptr<Cluster> cluster_;
  std::optional<Market> market_;
  std::unique_ptr<Load> load_;
  Json report_;
  double last_per_s_ = 0;  // Transactions, of the last measurement.
};

}  // namespace

std::string_view name_of(Workload workload) {
  switch (workload) {
    case Workload::signed_:
      return "signed";
    case Workload::batched:
      return "batched";
    case Workload::payouts:
      return "payouts";
    case Workload::mixed:
      return "mixed";
    case Workload::claims:
      return "claims";
    case Workload::attested:
      return "attested";
    case Workload::reads:
      return "reads";
  }
  UNREACHABLE();
}

std::optional<Workload> workload_named(std::string_view name) {
  for (const auto workload :
       {Workload::signed_, Workload::batched, Workload::payouts, Workload::mixed, Workload::claims,
        Workload::attested, Workload::reads}) {
    if (name_of(workload) == name) return workload;
  }
  return std::nullopt;
}

Result<Json> run_bench(const BenchOptions& options, const Progress& progress) {
  auto report = Bench(options, progress).run();
  if (report && !options.keep) {
    PosixFileSystem files;
    FENRUN_OK(files.remove_folder(options.home));
  }
  return report;
}

}  // namespace fenrun::bench
