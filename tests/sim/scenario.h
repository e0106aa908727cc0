// What random clusters go through: faults, then a network that heals.  A seed fixes everything.
#pragma once

#include <vector>

#include "tests/sim/cluster.h"

namespace fenrun::sim {

// Byzantine members, timing and all else that a seed decides.
ClusterOptions random_options(std::uint64_t seed, std::size_t validators);

// Some seconds of lost, late and doubled messages, partitions, crashes and power cuts; with epochs
// that end if `last_permille` of the blocks end theirs.
void break_things(Cluster& cluster, std::uint64_t last_permille = 0);

// The network is good again.  Only a quorum of honest validators goes on; in half the runs the
// faulty ones as well.  Returns the places of those whose progress can be demanded.
std::vector<std::size_t> heal(Cluster& cluster);

// The same where epochs end: whoever is to validate next must live, so all honest ones do.
std::vector<std::size_t> heal_all(Cluster& cluster);

}  // namespace fenrun::sim
