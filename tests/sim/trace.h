// Writes down what the validators of a cluster do, one line of JSON an event, for
// tests/traces/judge.py, which judges it by docs/spec/consensus.md.
//
// Written are: who the members of an epoch are, starts, what is logged, what is sent of votes,
// proposals and certificates, views entered, commits, crashes and what the log then still holds.
#pragma once

#include <iosfwd>
#include <string>

#include "tests/sim/cluster.h"

namespace fenrun::sim {

class Trace {
 public:
  // From now on, whatever the cluster does.  Both must outlive this, and the cluster must have no
  // other observer.
  Trace(Cluster& cluster, std::ostream& out);

 private:
  void write(const Event& event);
  void write_output(const Event& event);
  void begin(const Node& node, const std::string& what, std::uint64_t now);
  void line(const Event& event, const std::string& what, const std::string& rest);
  std::string log_of(const Node& node) const;

  std::ostream& out_;
};

}  // namespace fenrun::sim
