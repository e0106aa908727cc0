// A network of numbered places that carries bytes: delays, loses, doubles, reorders, and splits.
//
// It knows nothing of what it carries.  A place is an address: a node, or one of two twins of a
// key.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/bytes.h"
#include "node/sim/random.h"

namespace fenrun::sim {

struct NetworkFaults {
  std::uint64_t delay_ms_min = 5;
  std::uint64_t delay_ms_max = 5;
  std::uint64_t loss_permille = 0;
  std::uint64_t duplicate_permille = 0;
};

struct Delivery {
  std::size_t from = 0;
  std::size_t to = 0;
  Bytes bytes;
};

class Network {
 public:
  Network(std::size_t places, Random& random) : places_(places), random_(random) {}

  NetworkFaults faults;
  // Asked of each message before anything else; it may alter the bytes, and false drops it.
  std::function<bool(std::size_t from, std::size_t to, Bytes& bytes)> filter;

  void send(std::uint64_t now, std::size_t from, std::size_t to, Bytes bytes);
  // The next message due at or before `now`, in order of arrival.
  std::optional<Delivery> receive(std::uint64_t now);

  // Cuts the link in one direction; what is under way still arrives.
  void cut(std::size_t from, std::size_t to) { cut_.insert({from, to}); }
  // Only places of one group hear one another; places in no group hear nobody.
  void partition(const std::vector<std::vector<std::size_t>>& groups);
  void heal() { cut_.clear(); }
  // Loses everything under way.
  void flush() { queue_.clear(); }

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // Arrival, then order of sending.

  std::size_t places_;
  Random& random_;
  std::uint64_t sent_ = 0;
  std::map<Key, Delivery> queue_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
};

}  // namespace fenrun::sim
