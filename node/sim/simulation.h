// A network of whole nodes in one process, under virtual time, from one seed.
//
// Consensus, vote logs, journals with their index, contracts, catching up, snapshots, mempools and
// checkpoints are those of production; a machine's disk, clocks and links are simulated, and so are
// clients.  In the first phase faults are drawn from the profile, and safety is judged.  In the
// second a random quorum of honest validators is healed, the rest stays as it is or down, and new
// transactions must become final within a bound.
//
// Equal options give equal runs, byte for byte of the story.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "node/sim/adversary.h"
#include "node/sim/agenda.h"
#include "node/sim/clients.h"
#include "node/sim/code_book.h"
#include "node/sim/incidents.h"
#include "node/sim/judge.h"
#include "node/sim/machine.h"
#include "node/sim/profile.h"
#include "node/sim/story.h"
#include "node/sim/wire.h"

namespace fenrun::sim {

inline constexpr std::uint64_t kHourMs = 3'600'000;

// What happened, in numbers.
struct SimulationCounts {
  std::uint64_t events = 0;
  std::uint64_t virtual_ms = 0;
  std::uint64_t height = 0;
  std::uint64_t transactions = 0;
  std::uint64_t payments = 0;  // Settled, by funder.
  std::uint64_t claims = 0;    // Codes used.
  std::uint64_t epochs = 0;
  std::uint64_t restarts = 0;
  std::uint64_t disk_bytes = 0;   // Of all machines' files, at the end.
  std::uint64_t recovery_ms = 0;  // What the second phase took.
  Incidents incidents;

  FENRUN_FIELDS(events, virtual_ms, height, transactions, payments, claims, epochs, restarts,
                disk_bytes, recovery_ms, incidents)
};

struct SimulationResult {
  std::vector<std::string> violations;  // In the order in which they were seen; empty: none.
  SimulationCounts counts;
  Digest story;
};

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::size_t validators = 4;
  const Profile* profile = profile_named("mixed");
  // Byzantine validators by their number; drawn from the seed where the profile has them.
  std::map<std::uint16_t, Fault> faults;
  std::uint64_t block_interval_ms = 50;
  std::uint64_t idle_interval_ms = 2'000;
  std::ostream* story = nullptr;  // Where it is told, if anywhere.
  std::uint64_t faults_ms = 0;    // How long the first phase lasts; 0: as the seed decides.
  // Told where it stands, each simulated hour of the first phase.
  std::function<void(const SimulationResult&)> each_hour;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  ~Simulation();

  // Both phases.
  SimulationResult run();

  // What run() is made of, for tests of single scenarios.
  void run_ms(std::uint64_t ms);
  // True as soon as the condition holds, checked each 10 ms.
  bool run_until(const std::function<bool()>& condition, std::uint64_t ms_max);
  SimulationResult result() const;

  Agenda& agenda() { return agenda_; }
  Wire& wire() { return wire_; }
  Judge& judge() { return judge_; }
  Clients& clients() { return *clients_; }
  Random& random() { return random_; }
  const Genesis& genesis() const { return genesis_; }

  std::vector<std::unique_ptr<Machine>>& machines() { return machines_; }
  // The (first) machine of the validator with this name.
  Machine& machine(const std::string& name);
  bool is_honest(const Machine& machine) const {
    return !adversaries_.contains(machine.number().value());
  }
  std::uint64_t lowest_height(const std::vector<Machine*>& machines) const;

  // Starts a machine that is down; a refusal is judged.
  void start(Machine& machine);
  void stop(Machine& machine, Stop how);
  void stop_for(Machine& machine, Stop how, std::uint64_t ms);
  // The pair of identities hears nothing of each other, and knows it.
  void cut(std::uint16_t a, std::uint16_t b) { cuts_.insert(std::minmax(a, b)); }
  void mend() { cuts_.clear(); }
  // Brings the links in line with who is up, cut off, or talks to which twin.
  void connect();

  // Steps of the two phases (simulation_faults.cc).
  void begin_faults();
  std::vector<Machine*> heal();
  bool makes_progress(const std::vector<Machine*>& live);
  // Each of them that can must let out a vote that is cast after this moment.
  void expect_votes(const std::vector<Machine*>& live, std::uint64_t since_ms);
  // What `fenrun rejoin` does: new keys with new logs, and a transaction that registers them.
  void rejoin(Machine& machine);
  // Removes the validator; or, where one was removed before, brings that one back.
  void change_validators();
  // Its vote log is damaged, or replaced by an older copy of itself.
  void hurt_votes(Machine& machine);

 private:
  using Pair = std::pair<std::uint16_t, std::uint16_t>;
  // The copy of a vote log, as a backup has it.
  struct OldVotes {
    Bytes log;
    VotedView last_vote;
  };

  void make_machines();
  void print_codes();
  Machine::Observer observer();
  std::vector<Place> places_of(net::PeerIndex number) const;
  bool is_attached(const Machine& twin, std::uint16_t to) const;
  bool is_stopped(const Passing& passing);
  void route(Machine& from, const std::vector<Outgoing>& sent, std::uint64_t departure);
  void went_down(Machine& machine, const std::string& why, Stop how);
  void accuse(Machine& machine, const RecordEvidence& piece);
  void speak();
  void report_hour();
  Incidents count_incidents() const;

  // Faults (simulation_faults.cc, simulation_epochs.cc).
  void draw_faults();
  void fault();
  void forget_again(Machine& machine);
  void partition();
  void stop_some();
  void hurt_disk(Machine& machine);
  void pause(Machine& machine);
  void stall_some();
  void wrong_clock(Machine& machine);
  void keep_backups();
  void remove(const std::string& name);
  void add_again(const std::string& name);
  std::optional<std::string> removable_adversary() const;
  void lose_journal(Machine& machine);
  void await_height(Machine& machine, Height height);
  // All validators but the one that is removed.
  std::vector<std::string> deciders() const;
  // `then` is told whether the change has taken effect.
  void decide(const Change& change, std::function<void(bool)> then);
  bool has_begun(std::size_t epochs_before, bool all_agreed);
  void expect_members();
  void await_epoch(std::function<void()> then);
  bool may_replace_keys(const std::string& name);
  void rejoin_later(Machine& machine);
  void has_new_keys(Machine& machine);
  void bring_back(Machine& machine);
  Machine* any_honest();
  // Validators that may still become faulty, besides those who are.
  bool may_lose_one() const;
  std::size_t faulty_now() const {
    return adversaries_.size() + lost_votes_.size() + lost_journals_.size();
  }
  bool is_whole(const Machine& machine) const;
  std::size_t faulty_max() const { return (validators_now_ - 1) / 3; }

  SimulationOptions options_;
  Agenda agenda_;
  Random random_;
  Story story_;
  Genesis genesis_;
  std::map<std::uint16_t, Adversary> adversaries_;
  std::optional<CodeBook> codes_;
  Wire wire_;
  Judge judge_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::map<std::uint16_t, std::vector<Place>> places_;
  std::set<Pair> cuts_;
  std::set<std::pair<Place, std::uint16_t>> attached_;  // Of twins: to whom each one talks.
  std::set<Place> stays_down_;                          // Nobody starts it again.
  std::set<std::uint16_t> lost_votes_;                  // Honest, but their key votes no more.
  std::set<std::uint16_t> lost_journals_;               // Honest, but not yet where they were.
  std::set<PublicKey> accused_;                         // Of whom evidence goes on the ledger.
  std::unique_ptr<Clients> clients_;
  std::uint64_t restarts_ = 0;
  std::uint64_t recovery_ms_ = 0;
  Incidents incidents_;  // As far as they are counted here: count_incidents().
  bool faults_go_on_ = false;
  std::uint64_t healed_ms_ = 0;  // When they ended.
  bool is_spoilt_ = false;       // Something was violated by the end of an hour.
  std::uint64_t calm_ = 1;       // How many times rarer faults are than at the beginning.
  std::map<Place, OldVotes> old_votes_;
  std::size_t validators_now_ = 0;
  std::optional<std::string> removed_;        // A validator that only observes.
  bool changing_ = false;                     // The set of validators is being changed.
  std::map<std::string, PublicKey> members_;  // As the set of validators must be.
};

}  // namespace fenrun::sim
