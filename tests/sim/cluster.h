// A cluster of replicas in one process, each with a driver, a vote log and a chain of its own, on a
// simulated network under simulated time.  One seed fixes everything.
//
// The drivers keep the duties of consensus/io.h to the letter, and check that replicas keep theirs:
// nothing is built on or verified before its parent was.  A place is a running replica; a Byzantine
// identity may have two (twins of one key), an honest one has one.  Whoever is no validator in an
// epoch observes it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consensus/replica.h"
#include "node/sim/checker.h"
#include "tests/sim/members.h"
#include "tests/sim/network.h"

namespace fenrun::sim {

// How a validator misbehaves.  A twin is two honest replicas of one key; an amnesiac loses its log
// with each crash; a liar signs contradictory votes and proposals beside its own.
enum class Fault { none, silent, twin, amnesiac, liar };

struct DriverFaults {
  std::uint64_t crash_per_100000 = 0;      // A crash at any one output.
  std::uint64_t unavailable_permille = 0;  // A verification that lacks a batch.
  std::uint64_t early_permille = 0;        // A block that is ahead of the clock.
  std::uint64_t rewrite_permille = 0;      // Of steps, after which the log is rewritten.
  std::uint64_t rollback_permille = 0;     // Of crashes of the identity that may be set back.
  std::uint64_t last_permille = 0;         // Of blocks built, which end their epoch.
  std::uint64_t handover_ms_max = 1;       // Between an epoch's end and the next one's beginning.
  std::uint64_t verify_ms_max = 3;
  std::uint64_t down_ms_max = 2'000;  // How long a crashed node stays down.
};

struct ClusterOptions {
  std::uint64_t seed = 1;
  std::size_t validators = 4;
  std::size_t observers = 0;  // Identities that are no validators at first.
  std::map<std::uint16_t, Fault> byzantine;
  // An honest identity whose journal may be set back in a crash, though its log is not.  It counts
  // as faulty, for what it alone knew to be final is lost; but it must break no rule.
  std::optional<std::uint16_t> set_back = std::nullopt;
  // Byzantine nodes of one key go on when they learn of one another's votes.
  bool twins_persist = true;
  Timing timing;
};

// What survives a crash.
struct Disk {
  std::map<std::uint16_t, std::vector<Bytes>> logs;  // By the generation of their keys.
  std::set<std::uint16_t> retired;                   // Generations whose key votes no more.
  std::vector<Propose> chain;                        // Committed, from height 1.
  FinalizedTip tip;
  EpochInfo epoch;
  std::map<Epoch, Certificate> ends;  // Finalizations of epochs' last blocks.
};

struct Node {
  std::size_t place;
  std::uint16_t identity;
  Fault fault;
  Disk disk;
  std::vector<Bytes> log_unsynced;     // Any prefix may survive a crash.
  std::unique_ptr<Replica> replica;    // None while crashed.
  std::uint64_t starts_at = 0;         // When a crashed node comes back; 0: by hand only.
  std::uint64_t life = 0;              // Counts starts: what an earlier life ordered is void.
  std::map<Digest, Propose> executed;  // Overlays: lost with a crash.
  std::vector<std::pair<FinalizedTip, EpochInfo>>
      backups;  // What the journal could be set back to.
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
  const Digest& chain_id() const { return chain_id_; }
  const SigningKey& key(const Member& member) { return keys_.key(member); }
  // The newest epoch that has begun anywhere, and any of them.
  const EpochInfo& newest_epoch() const { return epochs_.rbegin()->second; }
  const EpochInfo& epoch(Epoch number) const { return epochs_.at(number); }
  // The number by which a node knows an identity: docs of Received.
  ValidatorIndex number_of(const Node& node, std::uint16_t identity) const;
  std::uint16_t identity_of(const Node& node, ValidatorIndex number) const;

  void crash(Node& node, std::uint64_t down_ms);  // 0: until start().
  void start(Node& node);
  void set_work(bool pending);
  void inject(std::size_t place, ValidatorIndex from, const Message& message);
  // The next block that is built ends its epoch, and these follow.
  void end_epoch(const Members& next) { next_ = next; }
  // A Propose of the same view and parent with other content, signed by its leader.
  Propose variant_of(const Propose& propose, std::uint64_t salt);
  // A Propose of the same view for a block on the parent, which is the last of its epoch.
  Propose extension_of(const Propose& repetition);
  // A Propose of the same view that repeats its parent, if the node has it.
  std::optional<Propose> repetition_of(const Node& node, const Propose& propose);

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
    std::optional<Input> input;  // None: the next epoch begins.
  };

  std::vector<LogRecord> records(Node& node);
  void make_replica(Node& node, LogCheck check);
  void rewrite_log(Node& node);
  void roll_back(Node& node);
  const Member* member(const Node& node) const;
  std::vector<Bytes>* log(Node& node);
  void begin_epoch(Node& node);
  void give_up(Node& node, const Vote& vote);
  bool answer_for_the_past(Node& node, std::size_t from, const Message& message);
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
  void later(Node& node, std::uint64_t delay_ms, std::optional<Input> input);
  void sign(Propose& propose);
  Members choose_next(const Node& node);
  void tell(const Node& node, const std::string& text);

  ClusterOptions options_;
  Random random_;
  Keyring keys_;
  Digest chain_id_;
  std::map<Epoch, EpochInfo> epochs_;
  Network network_;
  Checker checker_;
  std::vector<Node> nodes_;
  std::multimap<std::uint64_t, Later> later_;
  bool work_ = false;
  std::uint64_t now_ = 0;
  std::uint64_t built_ = 0;
  Members next_;
};

}  // namespace fenrun::sim
