// The network of a simulation: it delays, loses, doubles and reorders messages, cuts links, in one
// direction or both, and stalls them.
//
// Places are running nodes by number.  A link is up while both ends are; taking it down loses what
// is under way.  Without faults the messages of one channel arrive in the order in which they were
// sent, as net/transport.h promises.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "net/transport.h"
#include "node/sim/agenda.h"
#include "node/sim/random.h"

namespace fenrun::sim {

using Place = std::size_t;

struct WireFaults {
  std::uint64_t delay_ms_min = 1;
  std::uint64_t delay_ms_max = 3;
  std::uint64_t loss_permille = 0;
  std::uint64_t double_permille = 0;
  std::uint64_t reorder_permille = 0;  // Messages that do not wait for those before them.
};

class Wire {
 public:
  using Receiver = std::function<void(Place to, Place from, net::Channel, const net::Payload&)>;

  // REQUIRES: both outlive the wire.
  Wire(Agenda& agenda, Random& random, Receiver receiver)
      : agenda_(&agenda), random_(&random), receiver_(std::move(receiver)) {}

  WireFaults faults;

  // A link between two places, or none any more.  A new one loses what the old one carried.
  void link(Place a, Place b);
  void unlink(Place a, Place b);
  bool is_linked(Place a, Place b) const { return links_.contains(ordered(a, b)); }

  // What leaves from one place towards the other is lost, though the link stays up.
  void deafen(Place from, Place to) { deaf_.insert({from, to}); }
  void hear_again() { deaf_.clear(); }
  // What leaves from one place towards the other arrives after this moment at the earliest, then in
  // order: as over a connection that goes on where it was.
  void stall(Place from, Place to, std::uint64_t until) { stalled_until_[{from, to}] = until; }
  void flow_again() { stalled_until_.clear(); }  // As far as it was not sent yet.

  // Leaves at `departure`, now or later.  Lost if there is no link then or on arrival.
  void send(Place from, Place to, net::Channel channel, const net::Payload& payload,
            std::uint64_t departure);

 private:
  using Pair = std::pair<Place, Place>;
  static Pair ordered(Place a, Place b) { return a < b ? Pair(a, b) : Pair(b, a); }
  void deliver(Place from, Place to, net::Channel channel, const net::Payload& payload,
               std::uint64_t arrival);

  Agenda* agenda_;
  Random* random_;
  Receiver receiver_;
  std::map<Pair, std::uint64_t> links_;  // Which link of the two it is.
  std::uint64_t links_made_ = 0;
  std::set<Pair> deaf_;
  std::map<Pair, std::uint64_t> stalled_until_;
  std::map<std::pair<Pair, net::Channel>, std::uint64_t> last_arrival_;
};

}  // namespace fenrun::sim
