// The market's transactions at a given rate, and when each became final.
//
// Open loop: a transaction is due at a time fixed in advance, and its latency counts from then,
// however late it is sent: a node that stalls is not spared the load.  Without a rate latency
// counts from sending.
//
// A connection to each node, and lanes and nodes in turn.  As long as an answer is due on a
// connection, what comes due for it is gathered, and goes in one request once the answer is there,
// or when it makes a full one: Nagle's rule (RFC 896).  What is final is asked of the last node,
// whenever its event stream says that a block has come.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "node/bench/market.h"

namespace fenrun::bench {

struct LoadPlan {
  Content content{};
  double rate_per_s = 0;  // Transactions; 0: as many as the windows allow.
  // For which transactions are sent; with a rate, what is due and not sent a second later is
  // dropped.
  double seconds = 0;
  std::size_t window = 0;  // Of a lane: sent and not final, at most.
  // Of all lanes: what a plan without a rate signs beforehand.
  std::size_t transactions_max = 0;
};

struct LoadOutcome {
  std::uint64_t committed = 0;  // Transactions, until all that was accepted was final.
  std::uint64_t refused = 0;    // By a node, for want of room or behind such a one; sent again.
  // Transactions a second that became final after the first quarter and before the end of sending;
  // where none did, from the beginning to the last commit.
  double committed_per_s = 0;
  double cpu_s = 0;  // Of sending; signing is not part of it.
  std::size_t transaction_bytes = 0;
  std::vector<double> latencies_ms;
};

class Load {
 public:
  // REQUIRES: both outlive the load.
  static Result<std::unique_ptr<Load>> open(const Cluster& cluster, const Market& market);

  // Signs, sends, and waits for what was sent.  Errc::timeout if nothing becomes final any more,
  // Errc::unreachable if a connection breaks; value_invalid if a transaction failed.
  Result<LoadOutcome> run(const LoadPlan& plan);

 private:
  using Clock = std::chrono::steady_clock;
  struct LaneQueue {
    Lane lane;
    std::string record;       // Asks how far the lane is final.
    std::uint64_t first = 0;  // The sequence of transactions[0].
    std::vector<Bytes> transactions;
    std::vector<double> due_ms;
    std::size_t sent = 0;
    std::size_t committed = 0;
    std::uint64_t attempt = 0;  // Answers to what was sent before a refusal mean nothing.
    double resume_ms = 0;
  };
  struct Connection {
    const BenchNode* node = nullptr;
    std::unique_ptr<HttpPipe> pipe;
    std::vector<LaneQueue*> lanes;
    std::size_t turn = 0;  // The lane that is asked first next time.
  };
  // A transaction of a request.
  struct Item {
    LaneQueue* lane = nullptr;
    std::size_t index = 0;
    std::uint64_t attempt = 0;
  };
  struct Request {
    std::vector<Item> items;
    bool is_full = false;
  };

  Load(const Cluster& cluster, const Market& market)
      : cluster_(&cluster), market_(&market), steps_(io_) {}

  Status sign(const LoadPlan& plan);
  void step();
  void advance(Connection& connection);
  Request due_on(const Connection& connection) const;
  void send(Connection& connection, const std::vector<Item>& items);
  void take_answer(const std::vector<Item>& items, const HttpAnswer& answer);
  double sends_until_ms() const;
  void look_for_commits();
  void ask_for(LaneQueue& lane);
  bool is_over() const;
  void stop(const Error& error);
  double now_ms() const;
  Status check_outcomes() const;
  double rate() const;
  LoadOutcome outcome() const;

  const Cluster* cluster_;
  const Market* market_;
  boost::asio::io_context io_;
  boost::asio::steady_timer steps_;
  std::unique_ptr<HttpPipe> watch_;
  std::unique_ptr<EventPipe> events_;
  std::vector<std::unique_ptr<LaneQueue>> lanes_;
  std::vector<Connection> connections_;  // One a node.

  // Of the present run.
  LoadPlan plan_;
  Clock::time_point start_;
  double cpu_s_ = 0;  // Of this process, when sending began.
  double last_commit_ms_ = 0;
  double sending_ms_ = 0;    // When the last one was sent.
  std::size_t looking_ = 0;  // Questions under way.
  bool look_again_ = false;
  std::uint64_t refused_ = 0;
  std::size_t transaction_bytes_ = 0;
  std::vector<double> committed_at_ms_;  // Rising.
  std::vector<double> latencies_ms_;
  std::optional<Error> error_;
};

}  // namespace fenrun::bench
