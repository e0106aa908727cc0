// Who validates in which epoch of a simulated cluster.
//
// An identity is whoever runs a node.  It has a new key, and with it a new generation, each time it
// joins or replaces its key; a key that was given up never comes back.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "consensus/validator_set.h"
#include "core/codec.h"
#include "node/sim/random.h"

namespace fenrun::sim {

struct Member {
  std::uint16_t identity = 0;
  std::uint16_t generation = 0;  // The epoch with which the key came.

  FENRUN_FIELDS(identity, generation)
  friend auto operator<=>(const Member&, const Member&) = default;
};
using Members = List<Member, 64>;

// The keys of all identities.  Those of generation 0 are in the order of the identities, so that
// in epoch 0 an identity below the number of validators is its index.
class Keyring {
 public:
  explicit Keyring(std::size_t identities);

  const SigningKey& key(const Member& member);

 private:
  std::map<std::pair<std::uint16_t, std::uint16_t>, SigningKey> keys_;
};

// An epoch and its members by index.
struct EpochInfo {
  Epoch epoch;
  Digest first_block;
  Height first_height;
  std::vector<Member> members;
  ValidatorSet set;

  EpochInfo(Epoch number, const Digest& first, Height height, const Members& unsorted,
            Keyring& keys);

  std::optional<ValidatorIndex> index_of(std::uint16_t identity) const;
  std::size_t quorum() const { return set.quorum(); }
};

// The members of the next epoch, at random: keys are replaced, members leave and others join.  Of
// n members at most floor((n-1)/3) are faulty.
Members next_members(const EpochInfo& now, std::size_t identities,
                     const std::vector<std::uint16_t>& faulty, Random& random);

}  // namespace fenrun::sim
