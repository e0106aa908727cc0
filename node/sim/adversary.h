// What a Byzantine validator does: an honest node runs behind it, and the adversary, who has the
// node's keys, decides what others hear from it and what it hears.
//
//   silent      says nothing
//   withholder  proposes to some only, and keeps to itself what others ask for
//   nuller      votes to give every view up, also where it notarized
//   miser       helps no block to become final: keeps its finalize votes and what finalizations it
//               has, and hears so little of others' that it seldom has one
//   liar        signs votes and blocks that contradict its own, different ones for different peers,
//               and proposes earlier blocks again
//   forger      sends certificates with signers who did not sign, or sign twice, and proposals, its
//               own and other leaders', with justifications cut, copied or altered
//   replayer    repeats what anybody ever said, in views and epochs long past
//   amnesiac    loses its votes with every crash and votes on with the same key
//   twin        runs two nodes under one key, which know nothing of each other
//   front_runner  submits claims of the codes that it sees used, for itself: front_runner.h
//   schemer      carries out a plan with the help of the network, then says no more: schemer.h
//
// Amnesiacs and twins are made of honest nodes alone, which do not look whether their key was seen
// to vote elsewhere.
#pragma once

#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "consensus/messages.h"
#include "node/messages.h"
#include "node/sim/front_runner.h"
#include "node/sim/machine.h"
#include "node/sim/random.h"
#include "node/sim/schemer.h"

namespace fenrun::sim {

enum class Fault : std::uint8_t {
  none,
  silent,
  withholder,
  nuller,
  miser,
  liar,
  forger,
  replayer,
  amnesiac,
  twin,
  front_runner,
  schemer,
};
inline constexpr std::uint64_t kFaultCount = 12;
// Those that need no codes and no hold on the network: what other profiles than `claims` and
// `schemes` draw from.
inline constexpr std::uint64_t kDrawnFaultCount = 10;

std::string_view name_of(Fault fault);
// none for a word that names no fault.
std::optional<Fault> fault_named(std::string_view name);

class Adversary {
 public:
  struct Setup {
    Fault fault{};
    Digest chain_id;
    net::PeerIndex self;
    std::vector<net::PeerIndex> peers;  // All others.
    std::uint64_t seed = 0;
  };

  explicit Adversary(Setup setup)
      : setup_(std::move(setup)),
        random_(setup_.seed),
        front_runner_(setup_.chain_id, setup_.seed) {
    if (setup_.fault == Fault::schemer) {
      schemer_.emplace(Schemer::Setup{setup_.chain_id, setup_.self, setup_.peers, setup_.seed});
    }
  }

  Fault fault() const { return setup_.fault; }
  // Adds what it has done.
  void count(Incidents& incidents) const {
    incidents.ranges_forged += ranges_forged_;
    if (schemer_ && schemer_->has_acted()) ++incidents.schemes;
  }

  // What it sends instead.  `machine` is whose node wanted to send.
  std::vector<Outgoing> replace(const Machine& machine, const std::vector<Outgoing>& sent);
  // False: its node never hears the message.
  bool lets_in(const Bytes& message);
  // True: a message of others is lost.  Asked for each message, in the order of time.
  bool stops(const Passing& passing) { return schemer_ && schemer_->stops(passing); }
  // What it says to what it has just heard.
  std::vector<Outgoing> reply(const Machine& machine, const Bytes& message);
  // What it says of its own accord, now and then.
  std::vector<Outgoing> speak(const Machine& machine);

 private:
  using Sends = std::vector<Outgoing>;

  bool half() { return random_.chance(500); }
  net::PeerIndex any_peer() { return setup_.peers[random_.below(setup_.peers.size())]; }
  void to_some(Sends& out, const NodeMessage& message, std::uint64_t permille);
  void vote(Sends& out, const Machine& machine, const Vote& own, const Subject& subject);

  void withhold(Sends& out, const Outgoing& outgoing, const NodeMessage& message);
  void nullify(Sends& out, const Machine& machine, const NodeMessage& message);
  void remember(const Payload& payload);
  void lie(Sends& out, const Machine& machine, const NodeMessage& message);
  void forge(Sends& out, const Machine& machine, const NodeMessage& message);
  void forge_range(Sends& out, RangeAnswer answer);
  void forge_certificate(Sends& out, const Certificate& certificate);
  Propose variant_of(const Machine& machine, const Propose& propose);
  Propose badly_justified(const Propose& propose);
  const Payload* sibling_of(const Propose& propose) const;
  Propose with_block(const Machine& machine, const Propose& propose, const Payload& payload);

  Setup setup_;
  Random random_;
  std::deque<Bytes> heard_;       // For the replayer.
  std::deque<Payload> payloads_;  // Proposed lately, by anybody: for the liar.
  std::uint64_t ranges_forged_ = 0;
  FrontRunner front_runner_;
  std::optional<Schemer> schemer_;
};

}  // namespace fenrun::sim
