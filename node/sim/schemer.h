// One Byzantine validator of four that has a plan, and the network on its side: until the plan is
// carried out it may also keep messages of others from one of them, its victim.  Then it is mute
// for good: what it began, the other three must end without it.
//
//   gaps    it votes for the blocks of two views in a row, of the first of which the victim hears
//           nothing, and makes neither final: the victim must ask for the certificate that it lacks
//   again   it proposes a block once more, with its header of the view before, which was given up:
//           the victim never saw it, and the others have executed it
//   twice   it names a batch of the block below once more, while that block is final everywhere but
//           at the victim
//
// Which plan and which victim the seed decides.  Where a plan fails it is begun again.
#pragma once

#include <optional>
#include <vector>

#include "node/messages.h"
#include "node/sim/machine.h"
#include "node/sim/random.h"

namespace fenrun::sim {

// A message on its way, at this moment of the simulation.
struct Passing {
  std::uint64_t now_ms = 0;
  net::PeerIndex from;
  net::PeerIndex to;
  const Bytes* payload = nullptr;
};

class Schemer {
 public:
  struct Setup {
    Digest chain_id;
    net::PeerIndex self;
    std::vector<net::PeerIndex> peers;  // All others.  REQUIRES: there is one.
    std::uint64_t seed = 0;
  };
  explicit Schemer(Setup setup);

  // Whether it has carried out its plan, and is mute.
  bool has_acted() const { return is_mute_; }

  // What it sends instead of what its node would.
  std::vector<Outgoing> replace(const Machine& machine, const std::vector<Outgoing>& sent);
  // False: its node never hears the message.
  bool lets_in(const NodeMessage& message) const;
  // True: the message is lost.  Asked for each message of anybody, in the order of time.
  bool stops(const Passing& passing);

 private:
  enum class Plan : std::uint8_t { gaps, again, twice };
  static constexpr std::uint64_t kPlanCount = 3;

  void choose(std::uint64_t now_ms, net::PeerIndex leader, View view);
  void notice(const Propose& propose);
  bool keeps_from_victim(const Message& message) const;
  bool keeps_to_itself(const Message& message) const;
  bool carries_out_gaps(const Message& message) const;
  bool carry_out_again(Propose& propose) const;
  bool carry_out_twice(const Machine& machine, Propose& propose) const;
  bool carry_out(const Machine& machine, Message& message) const;

  Setup setup_;
  Plan plan_;
  net::PeerIndex victim_;
  std::optional<View> view_;  // The plan concerns it and the one behind it; none: not chosen yet.
  std::uint64_t chosen_ms_ = 0;
  std::optional<Propose> proposed_;          // In that view.
  std::optional<Certificate> notarization_;  // Of that view, as its node has it.
  bool is_mute_ = false;
  std::optional<std::uint64_t> mute_since_ms_;
};

}  // namespace fenrun::sim
