// The nodes of a measurement: processes of this program on loopback, with keys of their own, and
// what they say and cost.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "node/bench/delay_links.h"
#include "node/bench/http_pipe.h"
#include "node/json/json.h"
#include "node/local_network.h"

namespace fenrun::bench {

struct ClusterOptions {
  Path home;  // Made; must not exist.
  std::size_t nodes = 4;
  unsigned base_port = 0;
  unsigned delay_ms = 0;  // Between any two nodes, each way.
};

// A stage as a node's metrics tell it, all nodes together.
struct StageSample {
  std::vector<double> bounds_s;       // Upper bounds of the buckets.
  std::vector<std::uint64_t> counts;  // Cumulative.
  std::uint64_t count = 0;
  double sum_s = 0;
  double cpu_s = 0;
};

// All nodes together, since their start, unless said otherwise.
struct Sample {
  double cpu_s = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t wire_bytes = 0;          // Between peers, counted where sent.
  std::uint64_t resident_bytes_max = 0;  // Of the largest node, at present.
  std::uint64_t entries = 0;             // Of the journal.
  std::uint64_t height = 0;
  std::map<std::string, StageSample> stages;
};

struct BenchNode {
  LocalNode local;
  std::string token;
  pid_t pid = 0;

  std::string get(const std::string& target) const { return http_request("GET", target, token); }
};

// Processor time of this process.
double own_cpu_s();

class Cluster {
 public:
  // Makes the network, starts its nodes and waits until all are ready.  Errors of
  // create_local_network(); Errc::timeout with where the nodes' logs are; Errc::unreachable if
  // another program answers in the place of a node.
  static Result<std::unique_ptr<Cluster>> start(const ClusterOptions& options);
  // Ends the nodes.  Their files stay.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  const Genesis& genesis() const { return genesis_; }
  const std::vector<BenchNode>& nodes() const { return nodes_; }
  // Whose state tells what is final.
  const BenchNode& watched() const { return nodes_.back(); }

  // The answer's JSON.  Errc::unreachable; Errc::not_found for any status but 200.
  static Result<Json> get(const BenchNode& node, const std::string& target);
  // Asks until the answer is 200.  Errc::timeout after a minute.
  Status wait_for(const BenchNode& node, const std::string& target) const;
  // Until all nodes have what any of them had when this was called.  REQUIRES: nothing is being
  // submitted.  Errc::timeout after a minute.
  Status wait_until_level() const;
  Result<Sample> sample() const;

  // Ends a node in order and starts it again; seconds from then until it answers.
  Result<double> restart(std::size_t node);

 private:
  Cluster() = default;
  static bool has_ended(const BenchNode& node);
  Status start_node(BenchNode& node);
  void stop_node(BenchNode& node);
  Status wait_until_ready() const;

  std::unique_ptr<DelayLinks> links_;  // Null: without delay.
  Genesis genesis_;
  std::vector<BenchNode> nodes_;
};

}  // namespace fenrun::bench
