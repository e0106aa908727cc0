#include "node/bench/cluster.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "core/text.h"

namespace fenrun::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kPollPause{2};
constexpr std::size_t kDiskBlockBytes = 512;

std::string name_of_node(std::size_t i, std::size_t count) {
  if (i == 0) return "brand";
  if (i + 1 == count && count > 2) return "auditor";
  return "distributor-" + std::to_string(i);
}

Result<std::string> first_word(const Path& path) {
  std::ifstream in(path);
  std::string word;
  if (!(in >> word)) return Error{Errc::io_error, path.string()};
  return word;
}

// Processor time of a process, from the 14th and 15th field of /proc/PID/stat (proc(5)).
double cpu_s_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t resident_bytes_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// What the files take on the disk.  They come and go while they are listed.
std::uint64_t disk_bytes_under(const Path& folder) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error)) {
    struct stat status {};
    if (::stat(it->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      sum += static_cast<std::uint64_t>(status.st_blocks) * kDiskBlockBytes;
    }
  }
  return sum;
}

// One line of Prometheus's text format: `name{label="value",...} number`.
struct MetricLine {
  std::string_view name;
  std::string_view stage;
  std::string_view le;
  double value = 0;
};

std::string_view label_of(std::string_view labels, std::string_view name) {
  const auto at = labels.find(name);
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size();
  return labels.substr(begin, labels.find('"', begin) - begin);
}

std::optional<MetricLine> parse_metric(std::string_view line) {
  const auto space = line.rfind(' ');
  if (line.empty() || line[0] == '#' || space == std::string_view::npos) return std::nullopt;
  const auto brace = line.find('{');
  MetricLine out;
  out.name = line.substr(0, std::min(brace, space));
  if (brace != std::string_view::npos) {
    const auto labels = line.substr(brace, space - brace);
    out.stage = label_of(labels, "stage=\"");
    out.le = label_of(labels, "le=\"");
  }
  out.value = std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
  return out;
}

void add_metric(const MetricLine& line, Sample& sample, std::map<std::string, std::size_t>& at) {
  const auto count = static_cast<std::uint64_t>(line.value);
  if (line.name == "fenrun_peer_sent_bytes_total") sample.wire_bytes += count;
  if (line.stage.empty()) return;
  auto& stage = sample.stages[std::string(line.stage)];
  if (line.name == "fenrun_stage_seconds_sum") stage.sum_s += line.value;
  if (line.name == "fenrun_stage_seconds_count") stage.count += count;
  if (line.name == "fenrun_stage_cpu_seconds_total") stage.cpu_s += line.value;
  if (line.name != "fenrun_stage_seconds_bucket" || line.le == "+Inf") return;
  auto& next = at[std::string(line.stage)];
  if (stage.bounds_s.size() == next) {
    stage.bounds_s.push_back(std::strtod(std::string(line.le).c_str(), nullptr));
    stage.counts.push_back(0);
  }
  stage.counts[next++] += count;
}

void add_metrics(std::string_view text, Sample& sample) {
  std::map<std::string, std::size_t> at;  // The next bucket of each stage.
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (const auto metric = parse_metric(line)) add_metric(*metric, sample, at);
  }
}

}  // namespace

double own_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Result<std::unique_ptr<Cluster>> Cluster::start(const ClusterOptions& options) {
  PosixFileSystem files;
  FENRUN_TRY(const bool is_taken, files.holds(options.home));
  if (is_taken) {
    return Error{Errc::usage, options.home.string() + " exists already"};
  }
  std::unique_ptr<Cluster> cluster(new Cluster());
  LocalNetworkOptions network{options.home, {}, options.base_port, {}};
  if (options.delay_ms > 0) {
    FENRUN_TRY(cluster->links_,
               DelayLinks::open({options.nodes, options.base_port, options.delay_ms}));
    network.dial_port = [&](std::size_t from, std::size_t to) {
      return cluster->links_->port(from, to);
    };
  }
  for (std::size_t i = 0; i < options.nodes; ++i) {
    const auto name = name_of_node(i, options.nodes);
    network.validators.push_back({name, guessed_role(name)});
  }
  FENRUN_TRY(auto made, create_local_network(network, nullptr));
  cluster->genesis_ = std::move(made.genesis);
  for (auto& local : made.nodes) {
    FENRUN_TRY(auto token, first_word(local.home / "token"));
    cluster->nodes_.push_back({std::move(local), std::move(token), 0});
  }
  for (auto& node : cluster->nodes_) FENRUN_OK(cluster->start_node(node));
  FENRUN_OK(cluster->wait_until_ready());
  return cluster;
}

Cluster::~Cluster() {
  for (auto& node : nodes_) {
    if (node.pid > 0) ::kill(node.pid, SIGTERM);
  }
  for (auto& node : nodes_) stop_node(node);
}

Status Cluster::start_node(BenchNode& node) {
  const Path log = node.local.home.parent_path() / (node.local.name + ".log");
  FENRUN_TRY(node.pid, start_local_node(node.local.home, {}, log));
  return {};
}

void Cluster::stop_node(BenchNode& node) {
  if (node.pid <= 0) return;
  ::kill(node.pid, SIGTERM);
  ::waitpid(node.pid, nullptr, 0);
  node.pid = 0;
}

// It stays to be waited for, so that its number is nobody else's.
bool Cluster::has_ended(const BenchNode& node) {
  siginfo_t ended{};
  constexpr int kOptions = WEXITED | WNOHANG | WNOWAIT;
  return ::waitid(P_PID, static_cast<id_t>(node.pid), &ended, kOptions) == 0 &&
         ended.si_pid == node.pid;
}

Status Cluster::wait_for(const BenchNode& node, const std::string& target) const {
  const auto begin = Clock::now();
  for (;;) {
    const auto answer = ask(node.local.api_port, node.get(target));
    if (answer && answer->status == 200) return {};
    const bool ended = has_ended(node);
    if (ended || Clock::now() - begin > kPatience) {
      return Error{Errc::timeout, node.local.name +
                                      (ended ? " ended" : " does not answer " + target) + ": see " +
                                      node.local.home.string() + ".log"};
    }
    std::this_thread::sleep_for(kPollPause);
  }
}

Status Cluster::wait_until_ready() const {
  for (const auto& node : nodes_) {
    FENRUN_OK(wait_for(node, "/readyz"));
    if (get(node, "/v1/status")) continue;  // Asked with the token of this network.
    return Error{Errc::unreachable,
                 "another program answers at port " + std::to_string(node.local.api_port) +
                     ", perhaps another bench: end it, or choose others with --base-port"};
  }
  return {};
}

Status Cluster::wait_until_level() const {
  for (const auto begin = Clock::now(); Clock::now() - begin < kPatience;) {
    std::set<std::uint64_t> heights;
    for (const auto& node : nodes_) {
      FENRUN_TRY(const auto status, get(node, "/v1/status"));
      heights.insert(status.at("height").get<std::uint64_t>());
    }
    if (heights.size() == 1) return {};
    std::this_thread::sleep_for(kPollPause);
  }
  return Error{Errc::timeout, "the nodes do not come to one height"};
}

Result<Json> Cluster::get(const BenchNode& node, const std::string& target) {
  FENRUN_TRY(const auto answer, ask(node.local.api_port, node.get(target)));
  if (answer.status != 200) return Error{Errc::not_found, target + ": " + answer.body};
  return parse_json(answer.body);
}

Result<Sample> Cluster::sample() const {
  Sample sample;
  for (const auto& node : nodes_) {
    sample.cpu_s += cpu_s_of(node.pid);
    sample.disk_bytes += disk_bytes_under(node.local.home / "data");
    sample.resident_bytes_max = std::max(sample.resident_bytes_max, resident_bytes_of(node.pid));
    FENRUN_TRY(const auto metrics, ask(node.local.api_port, node.get("/metrics")));
    add_metrics(metrics.body, sample);
  }
  FENRUN_TRY(const auto status, get(watched(), "/v1/status"));
  sample.entries = status.at("entries").get<std::uint64_t>();
  sample.height = status.at("height").get<std::uint64_t>();
  return sample;
}

Result<double> Cluster::restart(std::size_t number) {
  auto& node = nodes_.at(number);
  stop_node(node);
  const auto begin = Clock::now();
  FENRUN_OK(start_node(node));
  FENRUN_OK(wait_for(node, "/healthz"));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  FENRUN_OK(wait_until_ready());
  return seconds;
}

}  // namespace fenrun::bench
