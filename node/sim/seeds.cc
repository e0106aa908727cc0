#include "node/sim/seeds.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/check.h"
#include "core/text.h"
#include "node/storage/file.h"

namespace fenrun::sim {
namespace {

std::string line_of(const SeedOutcome& outcome) { return to_hex(encode(outcome)) + '\n'; }

// REQUIRES: a line that line_of() made, without its end.
SeedOutcome read_line(const std::string& line) {
  const auto bytes = from_hex(line);
  CHECK(bytes.has_value());
  auto outcome = decode<SeedOutcome>(*bytes);
  CHECK(outcome.has_value());
  return *std::move(outcome);
}

// Kept by the kernel in KiB: getrusage(2).
std::uint64_t peak_memory_bytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1'024;
}

// A child that runs every n-th seed and writes a line for each into its pipe.
struct Worker {
  std::uint64_t next = 0;  // The seed that it is busy with.
  pid_t process = -1;
  int pipe = -1;
  std::string received;  // The beginning of a line.
};

[[noreturn]] void work(const SeedsOptions& options, std::uint64_t first, int pipe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (std::uint64_t seed = first; seed <= options.seeds.last; seed += options.jobs) {
    auto simulation = options.simulation;
    simulation.seed = seed;
    if (options.each_hour) {
      simulation.each_hour = [&](const SimulationResult& result) {
        options.each_hour(outcome_of(seed, result));
      };
    }
    const auto line = line_of(outcome_of(seed, Simulation(simulation).run()));
    for (std::size_t done = 0; done < line.size();) {
      const auto count = ::write(pipe, line.data() + done, line.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) ::_exit(1);
      done += static_cast<std::size_t>(count);
    }
  }
  ::_exit(0);
}

Status start(const SeedsOptions& options, Worker& worker) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return system_error("a pipe", "make");
  worker.process = ::fork();
  if (worker.process < 0) return system_error("a process", "start");
  if (worker.process == 0) {
    ::close(ends[0]);
    work(options, worker.next, ends[1]);
  }
  ::close(ends[1]);
  worker.pipe = ends[0];
  worker.received.clear();
  return {};
}

std::string how_it_ended(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return std::string("the process died: ") + ::strsignal(WTERMSIG(status));
  return "the process ended too early";
}

class Runner {
 public:
  Runner(const SeedsOptions& options, const std::function<void(const SeedOutcome&)>& report)
      : options_(options), report_(report) {}

  Status run() {
    for (std::uint64_t i = 0; i < options_.jobs && i < options_.seeds.count(); ++i) {
      workers_.push_back({});
      workers_.back().next = options_.seeds.first + i;
      FENRUN_OK(start(options_, workers_.back()));
    }
    while (!stop_ && wait()) {
      for (std::size_t i = 0; i < polled_.size(); ++i) {
        if (polled_[i].revents != 0) FENRUN_OK(read(workers_[indices_[i]]));
      }
    }
    for (auto& worker : workers_) {
      if (worker.pipe < 0) continue;
      ::kill(worker.process, SIGKILL);
      ::close(worker.pipe);
      static_cast<void>(how_it_ended(worker.process));
    }
    return {};
  }

 private:
  // False when nobody works any more.
  bool wait() {
    polled_.clear();
    indices_.clear();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i].pipe < 0) continue;
      polled_.push_back({workers_[i].pipe, POLLIN, 0});
      indices_.push_back(i);
    }
    if (polled_.empty()) return false;
    ::poll(polled_.data(), polled_.size(), -1);
    return true;
  }

  Status read(Worker& worker) {
    std::array<char, 4'096> buffer{};
    const auto count = ::read(worker.pipe, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return {};
    if (count <= 0) return end(worker);
    worker.received.append(buffer.data(), static_cast<std::size_t>(count));
    for (auto end = worker.received.find('\n'); end != std::string::npos;
         end = worker.received.find('\n')) {
      report(read_line(worker.received.substr(0, end)));
      worker.received.erase(0, end + 1);
      worker.next += options_.jobs;
    }
    return {};
  }

  // What it was busy with when it died is reported; another goes on behind it.
  Status end(Worker& worker) {
    ::close(worker.pipe);
    worker.pipe = -1;
    const auto how = how_it_ended(worker.process);
    if (worker.next > options_.seeds.last) return {};
    report({worker.next, 1, {how}, {}, 0, {}});
    worker.next += options_.jobs;
    if (worker.next > options_.seeds.last || stop_) return {};
    return start(options_, worker);
  }

  void report(const SeedOutcome& outcome) {
    if (stop_) return;
    report_(outcome);
    stop_ = options_.stop_at_violation && outcome.violations > 0;
  }

  const SeedsOptions& options_;
  const std::function<void(const SeedOutcome&)>& report_;
  std::vector<Worker> workers_;
  std::vector<pollfd> polled_;
  std::vector<std::size_t> indices_;
  bool stop_ = false;
};

}  // namespace

SeedOutcome outcome_of(std::uint64_t seed, const SimulationResult& result) {
  SeedOutcome outcome{seed,          result.violations.size(), {},
                      result.counts, peak_memory_bytes(),      result.story};
  if (!result.violations.empty()) {
    auto& text = outcome.first_violation.value;
    text = result.violations.front().substr(0, kViolationBytesMax);
    // One line, of UTF-8 wherever it was cut.
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, ' ');
  }
  return outcome;
}

Status run_seeds(const SeedsOptions& options,
                 const std::function<void(const SeedOutcome&)>& report) {
  return Runner(options, report).run();
}

}  // namespace fenrun::sim
