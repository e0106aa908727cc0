// Load on a testnet, from one process, over HTTP as any client would.
//
//   fenrun_load limits FOLDER                  what this machine can do at best
//   fenrun_load single COUNT HOME...           one transaction after the other, ?wait= until final
//   fenrun_load flow COUNT RATE WINDOW HOME... COUNT transactions, RATE a second; 0: at once
//
// HOME... are the nodes' home directories.  Every node's party sends through its own node on
// kLanes lanes, each on a connection of its own.  All is signed beforehand.  A transaction is due
// at a time fixed in advance, and its latency counts from then, however late it is sent: a node
// that stalls is not spared the load.  With RATE 0 latency counts from sending.  At most WINDOW
// transactions of a lane are sent and not final.  Commits are seen at the last node, at a grain of
// kPoll.
//
// Prints one JSON object.
#include <sys/resource.h>

#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>

#include "contracts/keys.h"
#include "contracts/operations.h"
#include "contracts/records.h"
#include "ledger/state.h"
#include "node/config.h"
#include "node/home.h"
#include "tests/bench/http_pipe.h"
#include "tests/bench/limits.h"

namespace fenrun {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kLanes = 4;  // Of each party, from 1.
constexpr std::size_t kPipelined = 128;
constexpr std::chrono::milliseconds kStep{1};
constexpr std::chrono::milliseconds kPoll{2};
constexpr std::chrono::seconds kPatience{30};
constexpr CampaignId kCampaign{1};
constexpr AssetId kAsset{0};
constexpr Amount kOneFen = Amount::minor(1);

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return std::nan("");
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

Json latency_view(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"p50", quantile(values, 0.5)},
          {"p90", quantile(values, 0.9)},
          {"p99", quantile(values, 0.99)},
          {"max", quantile(values, 1)}};
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
    std::exit(1);
  }
  return *std::move(result);
}

std::string word_in(const Path& path) {
  std::ifstream in(path);
  std::string word;
  CHECK(static_cast<bool>(in >> word));
  return word;
}

// ---- A party and its node ----------------------------------------------------------------------

struct Member {
  explicit Member(const Path& home)
      : config(must(load_config(home))),
        card(must(card_from_json(must(parse_json(text(home / "card.json")))))),
        key(must(load_signing_key(config.key_path("operator"),
                                  [](const Path& path) -> Result<Passphrase> {
                                    return Error{Errc::usage, path.string() + " is sealed"};
                                  }))),
        token(word_in(home / "token")) {}

  static std::string text(const Path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Config config;
  ValidatorCard card;
  SigningKey key;
  std::string token;
};

// One request at a time.
Json ask(const Member& member, const std::string& method, const std::string& target,
         std::string_view body = {}) {
  asio::io_context io;
  HttpPipe pipe(io, member.config.api_port);
  Json answer;
  bool is_done = false;
  pipe.send(http_request(method, target, member.token, body),
            [&](unsigned status, const std::string& text) {
              is_done = true;
              if (status < 300) answer = Json::parse(text);
            });
  while (!is_done) io.run_one();
  return answer;
}

std::string lane_target(const Member& member, Lane lane) {
  return "/v1/records/" + to_hex(lane_key(member.card.party, lane));
}

// What the finalized state holds of a lane; none without the lane.
std::optional<LaneState> lane_in(const Json& record) {
  if (!record.is_object()) return std::nullopt;
  const auto bytes = must(from_hex(record.at("value").get<std::string>()));
  return must(decode<Linked<LaneState>>(bytes)).value;
}

// The network and its members, with what the load needs on the ledger.
struct Bench {
  explicit Bench(std::span<char*> homes) {
    for (const char* home : homes) members.push_back(std::make_unique<Member>(home));
    const auto status = ask(watched(), "GET", "/v1/status");
    chain_id = must(Digest::from(must(from_hex(status.at("chain_id").get<std::string>()))));
    valid_until = Height(status.at("height").get<std::uint64_t>() + kValidityHeightsMax / 2);
    prepare();
  }

  const Member& watched() const { return *members.back(); }

  Bytes signed_bytes(const Member& member, Lane lane, std::uint64_t sequence,
                     const Operation& operation) const {
    TransactionBody body;
    body.chain_id = chain_id;
    body.signer = PartySigner{member.card.party, member.key.public_key()};
    body.lane = lane;
    body.sequence = Sequence(sequence);
    body.valid_until = valid_until;
    return encode(sign_transaction(body, {{must(encode_operation(operation))}}, member.key));
  }

  // What each transaction asks for: the funder's budget, with a posting; the auditor attests it.
  Operation operation_of(const Member& member) const {
    if (member.card.role != Role::auditor) return DeclareBudget{kCampaign, kAsset, kOneFen};
    return AttestBacking{members.front()->card.party, kCampaign, kAsset, kOneFen, Digest()};
  }

  std::uint64_t next_sequence(const Member& member, Lane lane) const {
    return lane_in(ask(watched(), "GET", lane_target(member, lane))).value().next.value();
  }

  void submit(const Member& member, const Operation& operation) const {
    const Lane lane(0);
    const auto bytes = signed_bytes(member, lane, next_sequence(member, lane), operation);
    const auto answer = ask(member, "POST", "/v1/transactions?wait=30", text_of(bytes));
    CHECK(answer.is_object() && answer.at("status") == "committed");
    const auto position = answer.at("position").get<std::uint64_t>();
    while (ask(watched(), "GET", "/v1/status").at("entries").get<std::uint64_t>() <= position) {
    }
  }

  void prepare() const {
    if (ask(watched(), "GET", lane_target(watched(), Lane(kLanes))).is_object()) return;
    submit(*members.front(), OpenCampaign{kCampaign, Digest()});
    submit(*members.front(), DeclareBudget{kCampaign, kAsset, Amount::minor(1'000'000'000'000)});
    for (const auto& member : members) {
      for (std::uint16_t i = 1; i <= kLanes; ++i) submit(*member, OpenLane{Lane(i)});
    }
  }

  std::vector<std::unique_ptr<Member>> members;
  Digest chain_id;
  Height valid_until;
};

// ---- One after the other -----------------------------------------------------------------------

Json run_single(const Bench& bench, std::uint64_t count) {
  asio::io_context io;
  std::vector<std::unique_ptr<HttpPipe>> pipes;
  std::vector<std::uint64_t> sequences;
  for (const auto& member : bench.members) {
    pipes.push_back(std::make_unique<HttpPipe>(io, member->config.api_port));
    sequences.push_back(bench.next_sequence(*member, Lane(1)));
  }
  std::vector<double> latencies;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto which = static_cast<std::size_t>(i % pipes.size());
    const auto& member = *bench.members[which];
    const auto bytes =
        bench.signed_bytes(member, Lane(1), sequences[which]++, bench.operation_of(member));
    const auto start = Clock::now();
    bool is_done = false;
    pipes[which]->send(
        http_request("POST", "/v1/transactions?wait=30", member.token, text_of(bytes)),
        [&](unsigned status, const std::string&) {
          CHECK(status == 200);
          is_done = true;
        });
    while (!is_done) io.run_one();
    latencies.push_back(ms_between(start, Clock::now()));
  }
  return {{"transactions", count}, {"latency_ms", latency_view(std::move(latencies))}};
}

// ---- A flow ------------------------------------------------------------------------------------

class Flow {
 public:
  struct Options {
    std::uint64_t count = 0;
    double rate = 0;  // A second; 0: as fast as the windows allow.
    std::size_t window = 0;
  };

  Flow(const Bench& bench, Options options)
      : bench_(bench),
        options_(options),
        steps_(io_),
        polls_(io_),
        watch_(io_, bench.watched().config.api_port) {
    for (std::uint16_t i = 1; i <= kLanes; ++i) {
      for (const auto& member : bench.members) add_line(*member, Lane(i));
    }
    for (std::uint64_t i = 0; i < options_.count; ++i) sign(i);
  }

  Json run() {
    start_ = Clock::now();
    last_commit_ = start_;
    step();
    poll();
    io_.run();
    return report();
  }

 private:
  // A lane with its connection.
  struct Line {
    Line(asio::io_context& io, const Member& owner, Lane number, std::uint64_t next)
        : member(&owner), lane(number), first(next), pipe(io, owner.config.api_port) {}

    const Member* member;
    Lane lane;
    std::uint64_t first;
    std::string record;  // Asks how far the lane is final.
    HttpPipe pipe;
    std::vector<std::string> requests;
    std::vector<double> due_ms;
    std::size_t sent = 0;
    std::size_t committed = 0;
    bool is_broken = false;  // One was refused: what follows it would be a gap.
  };

  void add_line(const Member& member, Lane lane) {
    lines_.push_back(std::make_unique<Line>(io_, member, lane, bench_.next_sequence(member, lane)));
    lines_.back()->record = http_request("GET", lane_target(member, lane), bench_.watched().token);
  }

  void sign(std::uint64_t i) {
    auto& line = *lines_[static_cast<std::size_t>(i % lines_.size())];
    const auto bytes =
        bench_.signed_bytes(*line.member, line.lane, line.first + line.requests.size(),
                            bench_.operation_of(*line.member));
    transaction_bytes_ = bytes.size();
    line.requests.push_back(
        http_request("POST", "/v1/transactions", line.member->token, text_of(bytes)));
    line.due_ms.push_back(options_.rate > 0 ? static_cast<double>(i) * 1'000 / options_.rate : 0);
  }

  double now_ms() const { return ms_between(start_, Clock::now()); }

  void step() {
    for (auto& line : lines_) advance(*line);
    if (is_over()) return stop();
    steps_.expires_after(kStep);
    steps_.async_wait([this](boost::system::error_code error) {
      if (!error) step();
    });
  }

  void advance(Line& line) {
    while (!line.is_broken && line.sent < line.requests.size() &&
           line.sent - line.committed < options_.window && line.pipe.in_flight() < kPipelined &&
           line.due_ms[line.sent] <= now_ms()) {
      if (options_.rate <= 0) line.due_ms[line.sent] = now_ms();
      line.pipe.send(line.requests[line.sent++],
                     [this, &line](unsigned status, const std::string& body) {
                       if (status == 202 || status == 200) return;
                       line.is_broken = true;
                       --line.sent;
                       ++refused_[body.substr(0, 200)];
                     });
    }
  }

  // The height first; the lanes only when it has risen.
  void poll() {
    watch_.send(http_request("GET", "/v1/status", bench_.watched().token),
                [this](unsigned status, const std::string& body) {
                  CHECK(status == 200);
                  const auto height = Json::parse(body).at("height").get<std::uint64_t>();
                  if (height != height_) {
                    height_ = height;
                    ++blocks_;
                    for (auto& line : lines_) ask_for(*line);
                  }
                  polls_.expires_after(kPoll);
                  polls_.async_wait([this](boost::system::error_code error) {
                    if (!error) poll();
                  });
                });
  }

  void ask_for(Line& line) {
    watch_.send(line.record, [this, &line](unsigned status, const std::string& body) {
      CHECK(status == 200);
      const auto next = lane_in(Json::parse(body)).value().next.value();
      const double time = now_ms();
      for (; line.first + line.committed < next; ++line.committed) {
        latencies_.push_back(time - line.due_ms[line.committed]);
        last_commit_ = Clock::now();
      }
    });
  }

  bool is_over() const {
    const bool is_done = std::ranges::all_of(lines_, [](const auto& line) {
      return line->pipe.in_flight() == 0 && line->committed == line->sent &&
             (line->is_broken || line->sent == line->requests.size());
    });
    if (is_done) return true;
    const double planned =
        options_.rate > 0 ? static_cast<double>(options_.count) * 1'000 / options_.rate : 0;
    return now_ms() > planned && Clock::now() - last_commit_ > kPatience;
  }

  void stop() {
    polls_.cancel();
    io_.stop();
  }

  // The last transaction of each lane stands for those before it: their operations are alike.
  std::uint64_t failed_lanes() const {
    std::uint64_t failed = 0;
    for (const auto& line : lines_) {
      if (line->committed == 0) continue;
      const auto record = ask(bench_.watched(), "GET", lane_target(*line->member, line->lane));
      const auto state = lane_in(record).value();
      const auto answer =
          ask(bench_.watched(), "GET", "/v1/transactions/" + to_hex(state.last.view()));
      if (!answer.is_object() || answer.at("outcome") != "ok") ++failed;
    }
    return failed;
  }

  Json report() {
    std::uint64_t sent = 0;
    for (const auto& line : lines_) sent += line->sent;
    const double seconds = ms_between(start_, last_commit_) / 1'000;
    const auto committed = latencies_.size();
    return {{"offered_per_second", options_.rate},
            {"committed_per_second", static_cast<double>(committed) / seconds},
            {"seconds", seconds},
            {"transactions", options_.count},
            {"sent", sent},
            {"committed", committed},
            {"refused", refused_},
            {"failed_lanes", failed_lanes()},
            {"blocks_seen", blocks_},
            {"transaction_bytes", transaction_bytes_},
            {"latency_ms", latency_view(std::move(latencies_))}};
  }

  const Bench& bench_;
  Options options_;
  asio::io_context io_;
  asio::steady_timer steps_;
  asio::steady_timer polls_;
  HttpPipe watch_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<double> latencies_;
  std::map<std::string, std::uint64_t> refused_;
  Clock::time_point start_;
  Clock::time_point last_commit_;
  std::uint64_t height_ = 0;
  std::uint64_t blocks_ = 0;
  std::size_t transaction_bytes_ = 0;
};

double cpu_seconds() {
  rusage usage{};
  CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int run(std::span<char*> arguments) {
  const auto number = [&](std::size_t i) { return std::strtoull(arguments[i], nullptr, 10); };
  const std::string_view mode = arguments.empty() ? "" : arguments[0];
  Json result;
  if (mode == "limits" && arguments.size() == 2) {
    result = measure_limits(arguments[1]);
  } else if (mode == "single" && arguments.size() > 2) {
    result = run_single(Bench(arguments.subspan(2)), number(1));
  } else if (mode == "flow" && arguments.size() > 4) {
    const Bench bench(arguments.subspan(4));
    Flow flow(bench, {.count = number(1),
                      .rate = static_cast<double>(number(2)),
                      .window = static_cast<std::size_t>(number(3))});
    const double before = cpu_seconds();  // Signing is not part of the load.
    result = flow.run();
    result["load_cpu_seconds"] = cpu_seconds() - before;
  } else {
    std::fputs(
        "fenrun_load limits FOLDER | single COUNT HOME... | "
        "flow COUNT RATE WINDOW HOME...\n",
        stderr);
    return 2;
  }
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace fenrun

int main(int argc, char** argv) {
  return fenrun::run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
}
