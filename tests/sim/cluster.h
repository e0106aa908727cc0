// A cluster of replicas in one process, each with a driver, a vote log and a chain of its own, on a
// simulated network under simulated time.  One seed fixes everything.
//
// The drivers keep the duties of consensus/io.h to the letter, and check that replicas keep theirs:
// nothing is built on or verified before its parent was.  A place is a running replica; a Byzantine
// validator may have two (twins of one key), an honest one has one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/replica.h"
#include "tests/sim/checker.h"
#include "tests/sim/network.h"

namespace fenrun::sim {

// How a validator misbehaves.  A twin is two honest replicas of one key; an amnesiac loses its log
// with each crash; a liar signs contradictory votes and proposals beside its own.
enum class Fault { none, silent, twin, amnesiac, liar };

struct DriverFaults {
  std::uint64_t crash_per_100000 = 0;      // A crash at any one output.
  std::uint64_t unavailable_permille = 0;  // A verification that lacks a batch.
  std::uint64_t rewrite_permille = 0;      // Of steps, after which the log is rewritten.
  std::uint64_t verify_ms_max = 3;
  std::uint64_t down_ms_max = 2'000;  // How long a crashed node stays down.
};

struct ClusterOptions {
  std::uint64_t seed = 1;
  std::size_t validators = 4;
  std::map<std::uint16_t, Fault> byzantine;
  Timing timing;
};

// What survives a crash.
struct Disk {
  std::vector<Bytes> log;
  std::vector<Bytes> log_unsynced;
  std::vector<Propose> chain;  // Committed, from height 1.
  FinalizedTip tip;
};

struct Node {
  std::size_t place = 0;
  ValidatorIndex index;
  Fault fault = Fault::none;
  Disk disk;
  std::unique_ptr<Replica> replica;    // None while crashed.
  std::uint64_t starts_at = 0;         // When a crashed node comes back; 0: by hand only.
  std::uint64_t life = 0;              // Counts starts: what an earlier life ordered is void.
  std::map<Digest, Propose> executed;  // Overlays: lost with a crash.
  std::optional<Certificate> range_wanted;
};

// What the observer of a cluster is told, in the order in which it happens.
struct Event {
  std::uint64_t now = 0;
  const Node* node = nullptr;
  const Output* output = nullptr;  // Being carried out; null: `text` says what happened.
  std::string text;
};

class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options);

  void run(std::uint64_t ms);
  std::uint64_t now() const { return now_; }

  std::vector<Node>& nodes() { return nodes_; }
  Node& node(std::size_t place) { return nodes_[place]; }
  Network& network() { return network_; }
  Random& random() { return random_; }
  Checker& checker() { return checker_; }
  const ValidatorSet& validators() const { return validators_; }
  const SigningKey& key(ValidatorIndex index) const { return keys_[index.value()]; }
  const ReplicaConfig& config() const { return config_; }

  void crash(Node& node, std::uint64_t down_ms);  // 0: until start().
  void start(Node& node);
  void set_work(bool pending);
  void inject(std::size_t place, ValidatorIndex from, const Message& message);
  // A Propose of the same view and parent with other content, signed by its leader.
  Propose variant_of(const Propose& propose, std::uint64_t salt) const;

  DriverFaults faults;
  std::function<void(const Event&)> observer;
  // Whether a node can get a block's batches and execute it; overrides the faults.
  std::function<std::optional<Verdict>(const Node&, const Propose&)> judge;
  // Whether a node hides the blocks it holds from peers who ask.
  std::function<bool(const Node&)> withholds;

  // The lowest committed height of these places.
  std::uint64_t height_of(const std::vector<std::size_t>& places) const;

 private:
  struct Later {
    std::size_t place = 0;
    std::uint64_t life = 0;
    Input input;
  };

  void step(Node& node, const Input& input);
  bool carry_out(Node& node, const Output& output);  // False: it crashed instead.
  void sync(Node& node);
  void send(Node& node, const Send& output);
  void lie(Node& node, const Message& message);
  void deliver(const Delivery& delivery);
  void answer_range(Node& node, std::size_t from, const GetRange& question);
  void take_range(Node& node, const Bytes& bytes);
  void build(Node& node, const Build& output);
  void verify(Node& node, const Verify& output);
  void commit(Node& node, const std::vector<Propose>& blocks, const Certificate& certificate);
  Verdict execute(Node& node, const Verify& output);
  void later(Node& node, std::uint64_t delay_ms, Input input);
  void tell(const Node& node, const std::string& text);
  std::vector<std::size_t> places_of(ValidatorIndex index) const;

  ClusterOptions options_;
  Random random_;
  std::vector<SigningKey> keys_;
  ValidatorSet validators_;
  ReplicaConfig config_;
  Network network_;
  Checker checker_;
  std::vector<Node> nodes_;
  std::multimap<std::uint64_t, Later> later_;
  bool work_ = false;
  std::uint64_t now_ = 0;
  std::uint64_t built_ = 0;
};

}  // namespace fenrun::sim
