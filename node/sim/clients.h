// The organisations of a simulation as clients: each submits one transaction after the other at any
// node, asks any node what became of it, and submits it again where it is unknown.
//
// Each uses lane 0 of its party.  What is to be done first waits in a queue; with nothing in it an
// organisation goes about its business.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contracts/operations.h"
#include "node/sim/agenda.h"
#include "node/sim/commerce.h"
#include "node/sim/judge.h"
#include "node/sim/machine.h"
#include "node/sim/random.h"
#include "node/sim/story.h"

namespace fenrun::sim {

class Clients {
 public:
  // Any node that is up, or null.
  using Chooser = std::function<Machine*()>;

  struct Surroundings {
    Agenda* agenda = nullptr;
    Story* story = nullptr;
    Judge* judge = nullptr;
    Chooser choose;
    const CodeBook* codes = nullptr;  // Where codes are printed.
  };

  // REQUIRES: everything outlives the clients.
  Clients(const Genesis& genesis, Surroundings surroundings, std::uint64_t seed);

  // How long an organisation rests after each transaction, on average; 0: it does only what is
  // queued.
  void set_pause_ms(std::uint64_t pause_ms) { pause_ms_ = pause_ms; }

  // Made when its turn comes.  `done` is told the outcome; Errc::timeout if it expired.
  using Maker = std::function<Operation()>;
  using Done = std::function<void(Errc)>;
  void enqueue(const std::string& organisation, Maker maker, Done done = {});

  // From now on: has each organisation so many transactions more committed?
  void expect_each(std::uint64_t transactions);
  bool expectation_met() const;

  std::uint64_t committed() const { return committed_; }
  // From submission to final, summed up, of all committed.
  std::uint64_t latency_ms() const { return latency_ms_; }
  void reset_latency() { latency_ms_ = committed_ = 0; }

 private:
  struct Pending {
    SignedTransaction transaction;
    Digest id;
    std::uint64_t since = 0;
    std::uint64_t asked = 0;
    Done done;
  };
  struct Organisation {
    std::string name;
    PartyId party;
    SigningKey key;
    Role role{};
    std::uint64_t next = 0;  // Sequence of the lane.
    std::uint64_t committed = 0;
    std::uint64_t expected = 0;
    std::deque<std::pair<Maker, Done>> queue;
    std::optional<Pending> pending;
    std::uint64_t rests_until = 0;
  };

  void step();
  void step(Organisation& organisation);
  void begin(Organisation& organisation, Machine& machine);
  void submit(Organisation& organisation, Machine& machine);
  void follow_up(Organisation& organisation, Machine& machine);
  void conclude(Organisation& organisation, const Machine& machine,
                const TransactionStatus& status);
  void settle(Organisation& organisation, Errc outcome);

  const Genesis* genesis_;
  Digest chain_id_;
  Surroundings with_;
  Random random_;
  Commerce commerce_;
  std::vector<std::unique_ptr<Organisation>> organisations_;
  std::uint64_t pause_ms_ = 200;
  std::uint64_t committed_ = 0;
  std::uint64_t latency_ms_ = 0;
};

}  // namespace fenrun::sim
