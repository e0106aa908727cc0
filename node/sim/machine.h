// A simulated computer that runs one node: its disk, its clocks, its process.
//
// The process is a Host, opened and closed as in production.  It can be killed or lose its power
// between any two events, at any operation of the disk, those of a start included, or half-way
// through sending; while the disk syncs it is busy, and what is addressed to it waits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/host.h"
#include "node/sim/agenda.h"
#include "node/sim/incidents.h"
#include "node/sim/random.h"
#include "node/sim/virtual_disk.h"
#include "node/sim/wire.h"
#include "node/storage/index_environment.h"

namespace fenrun::sim {

// What a node sent, to one peer or to all.
struct Outgoing {
  std::optional<net::PeerIndex> to;
  net::Channel channel{};
  net::Payload payload;
};

struct MachineFaults {
  std::uint64_t sync_ms_max = 0;             // What a sync takes.
  std::uint64_t verify_ms_max = 2;           // What checking the signatures of a batch takes.
  std::uint64_t end_per_million = 0;         // Of events, soon after which it ends at its disk.
  std::uint64_t end_at_start_permille = 0;   // Of starts, likewise.
  std::uint64_t cut_per_million = 0;         // Of events, half-way through whose messages it dies.
  std::uint64_t sync_error_per_million = 0;  // Of events, one of whose syncs fails.
};

struct MachineSetup {
  Place place = 0;
  net::PeerIndex number;
  std::string name;
  std::uint64_t snapshot_interval = 0;
  std::uint64_t snapshot_behind = 5'000;
  LogCheck log_check = LogCheck::ask;
  std::uint64_t seed = 0;
};

enum class Stop : std::uint8_t {
  kill,   // The process dies; the operating system keeps what was written.
  power,  // What was not synced may be lost, or half written.
};

class Machine {
 public:
  struct Observer {
    // After each event: what the node sent, if anything, and when that leaves.
    std::function<void(Machine&, std::vector<Outgoing>, std::uint64_t departure)> on_sent;
    // The process has stopped by itself, or its power failed.
    std::function<void(Machine&, const std::string& why, Stop how)> on_down;
    std::function<void(Machine&, LogLevel, const std::string&)> on_log;
    std::function<void(Machine&, const RecordEvidence&)> on_evidence;
    std::function<void(Machine&, const Propose&, Verdict)> on_verdict;
    std::function<bool(const Machine&, net::PeerIndex)> is_linked;
  };

  // REQUIRES: everything given by reference outlives the machine.
  Machine(MachineSetup setup, const Genesis& genesis, Agenda& agenda, Observer observer);
  ~Machine();

  const MachineSetup& setup() const { return setup_; }
  Place place() const { return setup_.place; }
  net::PeerIndex number() const { return setup_.number; }
  const std::string& name() const { return setup_.name; }
  VirtualDisk& disk() { return disk_; }
  MachineFaults faults;

  bool is_up() const { return host_ != nullptr; }
  // REQUIRES: is_up().
  Node& node() { return host_->node(); }
  const Node& node() const { return host_->node(); }
  const Journal& journal() const { return host_->journal(); }

  // The keys of this generation, with a vote log and a guard of their own; used from the next start
  // on.  REQUIRES: it is down; no earlier generation comes back.
  void take_keys(unsigned generation);
  unsigned generation() const { return generation_; }
  const SigningKey& consensus_key() const { return *consensus_key_; }
  const SigningKey& checkpoint_key() const { return *checkpoint_key_; }
  Path vote_log_path() const;
  Path guard_path() const;

  // REQUIRES: it is down.  The error of a host that cannot be opened: it stays down.
  Status start();
  // REQUIRES: it is up.
  void stop(Stop how);
  // The next sync of its node fails, or one soon after.
  void fail_a_sync() { sync_is_to_fail_ = true; }
  // Whether its disk has answered with an error since it was started.
  bool has_faulty_disk() const { return disk_.faults() != faults_at_start_; }
  // How often it ended at an operation of its disk, and at which, and half-way through sending.
  const Incidents& incidents() const { return incidents_; }
  // Its process stands still for so long, and knows nothing of it.  REQUIRES: it is up.
  void pause(std::uint64_t ms);
  // Of all its files those of the consensus and checkpoint keys alone are left.  REQUIRES: it is
  // down.
  void lose_journal();
  // Counts starts.
  std::uint64_t life() const { return life_; }

  // Lets something happen to the process: at once, or when it is not busy any more; never in
  // another life.
  void act(std::function<void()> event);

  void set_wall_skew(std::int64_t ms) { wall_skew_ms_ = ms; }
  Now now() const;

 private:
  class Port;
  class Verifier;

  void perform(const std::function<void()>& event);
  void end(Stop how);
  void arm_faults();
  void end_within(std::uint64_t operations);
  Stop how_it_ends();
  void count_end(const Path& path);
  void tick(std::uint64_t life);
  HostOptions host_options();

  MachineSetup setup_;
  const Genesis* genesis_;
  Agenda* agenda_;
  Observer observer_;
  Random random_;
  VirtualDisk disk_;
  std::unique_ptr<IndexEnvironment> index_environment_;
  unsigned generation_ = 0;
  std::optional<SigningKey> consensus_key_;
  std::optional<SigningKey> checkpoint_key_;
  std::int64_t wall_skew_ms_ = 0;
  std::uint64_t steady_base_ms_;

  std::unique_ptr<Port> port_;
  std::unique_ptr<Verifier> verifier_;
  std::unique_ptr<Host> host_;
  std::uint64_t life_ = 0;
  std::uint64_t faults_at_start_ = 0;
  std::uint64_t busy_until_ = 0;
  bool turn_due_ = false;
  bool sync_is_to_fail_ = false;
  Incidents incidents_;
  bool cut_short_ = false;  // It dies half-way through this event's messages.
  std::optional<Error> fatal_;
  std::vector<Outgoing> outbox_;
};

}  // namespace fenrun::sim
