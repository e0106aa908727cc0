#include "node/bench/reads.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

#include "contracts/keys.h"
#include "core/text.h"

namespace fenrun::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kConnectionsPerNode = 4;
constexpr unsigned kAnswered = 200;
constexpr std::size_t kProofsTimed = 201;

class Reader {
 public:
  Reader(const Cluster& cluster, const Market& market, Read what,
         const std::vector<std::uint64_t>& sequences)
      : cluster_(&cluster), market_(&market), what_(what), sequences_(&sequences) {}

  Result<ReadOutcome> run(double seconds) {
    for (std::size_t i = 0; i < kConnectionsPerNode; ++i) {
      for (const auto& node : cluster_->nodes()) {
        FENRUN_TRY(auto pipe, HttpPipe::connect(io_, node.local.api_port,
                                                [this](const Error& error) { stop(error); }));
        connections_.push_back({&node, std::move(pipe)});
      }
    }
    begin_ = Clock::now();
    end_ = begin_ +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (auto& connection : connections_) next(connection);
    io_.run();
    if (error_) return *error_;
    outcome_.answered = outcome_.latencies_ms.size();
    outcome_.per_s = static_cast<double>(outcome_.answered) / seconds;
    return std::move(outcome_);
  }

 private:
  struct Connection {
    const BenchNode* node;
    std::unique_ptr<HttpPipe> pipe;
  };

  std::string target() {
    const auto payout = [this] {
      const auto i = static_cast<std::uint16_t>(random_() % sequences_->size());
      const Lane lane(static_cast<std::uint16_t>(i + 1));
      const Sequence sequence(random_() % (*sequences_)[i]);
      return to_hex(payout_key(Market::payout_id(lane, sequence, 0)));
    };
    switch (what_) {
      case Read::proof:
        return "/v1/proofs/record/" + payout();
      case Read::statement:
        return "/v1/parties/" + to_hex(market_->account(random_()).view()) + "/statements";
      case Read::record:
        return "/v1/records/" + payout();
    }
    UNREACHABLE();
  }

  void next(Connection& connection) {
    const auto asked = Clock::now();
    if (asked >= end_ || error_) {
      if (++idle_ == connections_.size()) io_.stop();
      return;
    }
    connection.pipe->send(
        connection.node->get(target()), [this, &connection, asked](const HttpAnswer& answer) {
          if (answer.status != kAnswered) return stop({Errc::value_invalid, answer.body});
          outcome_.answer_bytes = answer.body.size();
          outcome_.latencies_ms.push_back(
              std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
          next(connection);
        });
  }

  void stop(const Error& error) {
    if (!error_) error_ = error;
    io_.stop();
  }

  const Cluster* cluster_;
  const Market* market_;
  Read what_;
  const std::vector<std::uint64_t>* sequences_;
  boost::asio::io_context io_;
  std::vector<Connection> connections_;
  std::mt19937_64 random_{1};
  Clock::time_point begin_;
  Clock::time_point end_;
  std::size_t idle_ = 0;
  ReadOutcome outcome_;
  std::optional<Error> error_;
};

}  // namespace

Result<ReadOutcome> read_for(const Cluster& cluster, const Market& market, Read what,
                             double seconds, const std::vector<std::uint64_t>& sequences) {
  return Reader(cluster, market, what, sequences).run(seconds);
}

Result<double> proof_ms(const Cluster& cluster, const Market& market) {
  const auto& node = cluster.watched();
  std::vector<std::string> targets{to_hex(party_key(market.sender()))};
  for (std::uint16_t i = 0; i < Market::kLanes; ++i) {
    targets.push_back(to_hex(lane_key(market.sender(), Lane(i))));
  }
  for (auto& target : targets) {
    target.insert(0, "/v1/proofs/record/");
    FENRUN_OK(cluster.wait_for(node, target));  // Until its checkpoint has a quorum.
  }
  boost::asio::io_context io;
  std::optional<Error> broken;
  FENRUN_TRY(const auto pipe, HttpPipe::connect(io, node.local.api_port,
                                                [&](const Error& error) { broken = error; }));
  std::vector<double> times;
  while (times.size() < kProofsTimed) {
    std::optional<HttpAnswer> answer;
    const auto asked = Clock::now();
    pipe->send(node.get(targets[times.size() % targets.size()]),
               [&](const HttpAnswer& got) { answer = got; });
    while (!answer && !broken) io.run_one();
    if (broken) return *broken;
    if (answer->status != kAnswered) return Error{Errc::value_invalid, answer->body};
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
  }
  const auto middle = times.begin() + kProofsTimed / 2;
  std::ranges::nth_element(times, middle);
  return *middle;
}

}  // namespace fenrun::bench
