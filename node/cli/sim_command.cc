// fenrun sim: networks of whole nodes under simulated faults, one for each seed.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <thread>

#include "node/cli/commands.h"
#include "node/cli/progress.h"
#include "node/json/reflect.h"
#include "node/sim/seeds.h"

namespace fenrun::cli {
namespace {

struct SimOptions {
  std::string seeds = "1..100";
  std::size_t validators = 4;
  std::string profile = "mixed";
  std::vector<std::string> byzantine;
  std::uint64_t hours = 0;
  unsigned jobs = 0;
  bool trace = false;
  bool keep_going = true;
};

constexpr std::uint64_t kSeedsMax = 100'000'000;
constexpr std::size_t kViolationsShown = 10;
constexpr std::uint64_t kHoursMax = 10'000;
constexpr std::uint64_t kMiB = 1024 * 1024;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A..B or A.
Result<sim::SeedRange> range_of(const std::string& text) {
  const auto dots = text.find("..");
  const auto first = number_of(text.substr(0, dots));
  const auto last = dots == std::string::npos ? first : number_of(text.substr(dots + 2));
  if (!first || !last || *last < *first || *last - *first >= kSeedsMax) {
    return Error{Errc::usage, "--seeds: " + text + " is not A..B with A <= B"};
  }
  return sim::SeedRange{*first, *last};
}

// NUMBER=FAULT.
Status add_fault(const std::string& text, std::size_t validators,
                 std::map<std::uint16_t, sim::Fault>& faults) {
  const auto equals = text.find('=');
  const auto number = number_of(text.substr(0, equals));
  const auto fault = equals == std::string::npos
                         ? std::nullopt
                         : sim::fault_named(std::string_view(text).substr(equals + 1));
  if (!number || *number >= validators || !fault || *fault == sim::Fault::none) {
    return Error{Errc::usage, "--byzantine: " + text + " is not NUMBER=FAULT"};
  }
  faults[static_cast<std::uint16_t>(*number)] = *fault;
  return {};
}

Result<sim::SeedsOptions> options_of(const SimOptions& options) {
  sim::SeedsOptions out;
  FENRUN_TRY(out.seeds, range_of(options.seeds));
  if (options.validators < 1 || options.validators > kValidatorsMax) {
    return Error{Errc::usage, "--validators: 1 to " + std::to_string(kValidatorsMax)};
  }
  out.simulation.validators = options.validators;
  out.simulation.profile = sim::profile_named(options.profile);
  if (out.simulation.profile == nullptr) {
    return Error{Errc::usage, "--profile: there is no " + options.profile};
  }
  for (const auto& text : options.byzantine) {
    FENRUN_OK(add_fault(text, options.validators, out.simulation.faults));
  }
  if (options.hours > kHoursMax) {
    return Error{Errc::usage, "--hours: at most " + std::to_string(kHoursMax)};
  }
  out.simulation.faults_ms = options.hours * sim::kHourMs;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  out.jobs = options.jobs == 0 ? cores : options.jobs;
  out.stop_at_violation = !options.keep_going;
  return out;
}

// What all seeds came to.
struct Summary {
  std::uint64_t seeds = 0;
  std::uint64_t violations = 0;  // Seeds with at least one.
  std::vector<sim::SeedOutcome> violated;
  sim::SimulationCounts counts;    // Summed up; of disks and recoveries, the most of any seed.
  std::uint64_t memory_bytes = 0;  // Likewise the most.

  void add(const sim::SeedOutcome& outcome) {
    ++seeds;
    const auto& more = outcome.counts;
    counts.events += more.events;
    counts.virtual_ms += more.virtual_ms;
    counts.height += more.height;
    counts.transactions += more.transactions;
    counts.payments += more.payments;
    counts.claims += more.claims;
    counts.epochs += more.epochs;
    counts.restarts += more.restarts;
    counts.disk_bytes = std::max(counts.disk_bytes, more.disk_bytes);
    counts.recovery_ms = std::max(counts.recovery_ms, more.recovery_ms);
    counts.incidents.add(more.incidents);
    memory_bytes = std::max(memory_bytes, outcome.memory_bytes);
    if (outcome.violations == 0) return;
    ++violations;
    violated.push_back(outcome);
    std::ranges::sort(violated, {}, &sim::SeedOutcome::seed);
  }
};

// A line of a long run.
std::string hour_of(const sim::SeedOutcome& outcome) {
  return "hour " + std::to_string(outcome.counts.virtual_ms / sim::kHourMs) + " of seed " +
         std::to_string(outcome.seed) + ": height " + std::to_string(outcome.counts.height) + ", " +
         std::to_string(outcome.counts.transactions) + " transactions, " +
         std::to_string(outcome.counts.epochs) + " epochs, " +
         std::to_string(outcome.counts.restarts) + " starts, " +
         std::to_string(outcome.memory_bytes / kMiB) + " MiB of memory, " +
         std::to_string(outcome.counts.disk_bytes / kMiB) + " of it disks, " +
         std::to_string(outcome.violations) + " violations" +
         (outcome.violations > 0 ? ": " + outcome.first_violation.value : "") + "\n";
}

std::string repeat_of(const SimOptions& options, std::uint64_t seed) {
  std::string line = "fenrun sim --seeds " + std::to_string(seed) + " --validators " +
                     std::to_string(options.validators) + " --profile " + options.profile;
  for (const auto& text : options.byzantine) line += " --byzantine " + text;
  if (options.hours > 0) line += " --hours " + std::to_string(options.hours);
  return line + " --trace";
}

Json view_of(const Summary& summary, double seconds) {
  Json view = {{"seeds", summary.seeds},
               {"violations", summary.violations},
               {"first_violation", nullptr},
               {"events", summary.counts.events},
               {"virtual_s", summary.counts.virtual_ms / 1'000},
               {"blocks", summary.counts.height},
               {"transactions", summary.counts.transactions},
               {"payments", summary.counts.payments},
               {"claims", summary.counts.claims},
               {"epochs", summary.counts.epochs},
               {"starts", summary.counts.restarts},
               {"recovery_ms", summary.counts.recovery_ms},
               {"incidents", json::write(summary.counts.incidents)},
               {"disk_mib", summary.counts.disk_bytes / kMiB},
               {"memory_mib", summary.memory_bytes / kMiB},
               {"seconds", seconds}};
  if (!summary.violated.empty()) {
    const auto& first = summary.violated.front();
    view["first_violation"] = {{"seed", first.seed}, {"text", first.first_violation.value}};
  }
  return view;
}

void report(const Session& session, const SimOptions& options, const Summary& summary,
            double seconds) {
  auto view = view_of(summary, seconds);
  // A story is the same to the last byte each time it is told.
  if (options.trace) {
    view.erase("memory_mib");
    view.erase("seconds");
  }
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    const auto shown = std::min(summary.violated.size(), kViolationsShown);
    for (std::size_t i = 0; i < shown; ++i) {
      out << "seed " << summary.violated[i].seed << ": "
          << summary.violated[i].first_violation.value << "\n";
    }
    if (shown > 0) {
      out << "the story of the first: " << repeat_of(options, summary.violated[0].seed) << "\n";
    }
  });
}

// Its story, as it happens.
void tell_one(const Session& session, sim::SeedsOptions& seeds, Summary& summary) {
  seeds.simulation.seed = seeds.seeds.first;
  seeds.simulation.story = session.json ? &session.err : &session.out;
  summary.add(sim::outcome_of(seeds.seeds.first, sim::Simulation(seeds.simulation).run()));
}

Result<Exit> simulate(const Session& session, const SimOptions& options) {
  FENRUN_TRY(auto seeds, options_of(options));
  if (options.trace && seeds.seeds.count() > 1) {
    return Error{Errc::usage, "--trace tells the story of one seed"};
  }
  const auto begin = std::chrono::steady_clock::now();
  Summary summary;
  if (options.trace) {
    tell_one(session, seeds, summary);
  } else {
    ProgressBar progress(session.err);
    seeds.each_hour = [&](const sim::SeedOutcome& outcome) {
      session.err << hour_of(outcome) << std::flush;
    };
    FENRUN_OK(sim::run_seeds(seeds, [&](const sim::SeedOutcome& outcome) {
      summary.add(outcome);
      progress.show(summary.seeds, seeds.seeds.count(),
                    "seeds, " + std::to_string(summary.violations) + " violated");
    }));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  report(session, options, summary, seconds.count());
  return summary.violations == 0 ? Exit::ok : Exit::refused;
}

std::string profile_help() {
  std::string text = "Which faults, by the seed:";
  for (const auto& profile : sim::profiles()) {
    text += "\n  " + std::string(profile.name) + ": " + std::string(profile.purpose);
  }
  return text;
}

}  // namespace

void add_sim_command(CLI::App& app, Session& session) {
  const auto options = std::make_shared<SimOptions>();
  CLI::App* const command = add_command(
      app, "sim", "Try the protocol on whole nodes under simulated faults",
      "fenrun sim --seeds 1..1000\n"
      "fenrun sim --seeds 1 --hours 48\n"
      "fenrun sim --seeds 17 --profile epochs --trace\n"
      "fenrun sim --seeds 1..100 --validators 7 --byzantine 0=twin --byzantine 3=forger --json\n"
      "  Equal seeds give equal runs.  Exit 1: something that must hold did not.");
  command->add_option("--seeds", options->seeds, "One seed, or a range A..B")
      ->capture_default_str();
  command->add_option("--validators", options->validators, "How many")->capture_default_str();
  command->add_option("--profile", options->profile, profile_help())->capture_default_str();
  command->add_option(
      "--byzantine", options->byzantine,
      "NUMBER=FAULT: silent, withholder, nuller, miser, liar, forger, replayer, "
      "amnesiac, twin, front_runner, schemer; else drawn from the seed where the profile has any");
  command
      ->add_option("--hours", options->hours,
                   "Simulated hours for which faults go on; 0: some seconds, as the seed decides")
      ->capture_default_str();
  command->add_option("--jobs", options->jobs, "Seeds at a time; 0: as many as cores")
      ->capture_default_str();
  command->add_flag("--trace", options->trace, "Tell the story of one seed, a line an event");
  command->add_flag("!--stop-at-first", options->keep_going, "Stop at the first violation");
  command->callback([&session, options] {
    session.command = [&session, options] { return simulate(session, *options); };
  });
}

}  // namespace fenrun::cli
