// The nodes of a network, and how consensus addresses them.
//
// A member has a number that is never given to another; links are numbered by it
// (net/transport.h).  Consensus knows the validators of one epoch, by their index in the sorted
// set; a member that does not validate in the epoch, an observer, is addressed by kValidatorsMax +
// its number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/crypto/sign.h"
#include "core/types.h"
#include "net/transport.h"

namespace fenrun {

struct MemberContact {
  std::string name;
  net::PeerIndex number;
  PublicKey transport_key;
};

// The members as of one epoch.
class MemberTable {
 public:
  // Nobody.
  MemberTable() = default;
  // `validators` are the members that validate, in index order; `observers` all others.
  // REQUIRES: no number twice.
  MemberTable(std::vector<MemberContact> validators, std::vector<MemberContact> observers);

  std::size_t validator_count() const { return validator_count_; }
  // Validators in index order, then observers in the order given.
  const std::vector<MemberContact>& all() const { return all_; }

  // None for a number that no member has.
  std::optional<ValidatorIndex> address_of(net::PeerIndex number) const;
  // The same, for a validator only.
  std::optional<ValidatorIndex> validator_of(net::PeerIndex number) const;
  // None for an address that is neither a validator's nor an observer's.
  std::optional<net::PeerIndex> number_of(ValidatorIndex address) const;
  // "unknown" for a number or an address that no member has.
  const std::string& name_of(net::PeerIndex number) const;
  const std::string& name_of(ValidatorIndex address) const;

 private:
  std::vector<MemberContact> all_;
  std::size_t validator_count_ = 0;
};

}  // namespace fenrun
