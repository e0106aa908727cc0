// Who validated in the epochs after one's own, learnt from others step by step.
// docs/spec/snapshots.md, §6.
//
// An epoch's last block names the set that follows, by its digest.  A link shows that block, the
// finalization by a quorum of the epoch's consensus keys, the checkpoint that a quorum of its
// checkpoint keys cosigned, and the set.  Both quorums are asked for: who has only one kind of a
// departed quorum's keys leads nobody astray, and nothing is believed here that would not be
// believed of blocks.
//
// Invariants: consecutive epochs; every one but the last has its ending; heights and positions of
// the endings ascend.  Pure, not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/validator_set.h"
#include "contracts/records.h"
#include "ledger/proof/trust_policy.h"
#include "node/messages.h"

namespace fenrun {

// More epochs than a proof may lead over are not learnt.
inline constexpr std::size_t kEpochsLearntMax = kHandoversMax;

class EpochChain {
 public:
  // The last block of an epoch.
  struct Ending {
    Digest id;
    Height height;
    Position position;
  };

  // Begins with the epoch that follows `tip`, whose validators are known.
  // REQUIRES: `validators` hash to the Header's next_validators.
  EpochChain(const Header& tip, std::string network, ValidatorList validators);

  Epoch first() const { return first_; }
  // The latest epoch whose validators are known.
  Epoch last() const { return Epoch(first_.value() + epochs_.size() - 1); }
  bool is_known(Epoch epoch) const { return first_ <= epoch && epoch <= last(); }
  bool is_full() const { return epochs_.size() > kEpochsLearntMax; }
  // REQUIRES for both: is_known(epoch).
  ValidatorSet consensus_set(Epoch epoch) const;
  const std::optional<Ending>& ending(Epoch epoch) const { return at(epoch).ending; }

  // Goes on to the next epoch, and hands over what there is to keep of the last.
  // Errc::handover_invalid: something is not as the validators of the last epoch signed it, or
  // they did not.  REQUIRES: !is_full().
  Result<EpochHandover> add(const EpochLink& link);

  // Of a link to an epoch that is known already: false if it shows the same ending, true if another
  // one that is just as well signed.  Then a quorum of the epoch's keys is in wrong hands.
  // REQUIRES: first() <= epoch < last().  Errc::handover_invalid if the link proves nothing.
  Result<bool> contradicts(Epoch epoch, const EpochLink& link) const;

  // That the Header, which the validators of its epoch finalized, has its place here: it names
  // them, and lies behind the ending before it and not behind that of its epoch.
  // Errc::handover_invalid.
  Status check_place(const Header& header, const Digest& id) const;

 private:
  struct Known {
    ValidatorList validators;
    std::optional<Ending> ending;
  };
  struct Step {
    Ending ending;
    ValidatorList next;
    Text<kTrustPolicyBytesMax> next_policy;
  };

  const Known& at(Epoch epoch) const { return epochs_.at(epoch.value() - first_.value()); }
  std::string policy_text(Epoch epoch) const;
  Status check_beginning(const Header& header) const;
  Result<Step> check(Epoch epoch, const EpochLink& link) const;

  Digest chain_id_;
  std::string network_;
  Epoch first_;
  Height begin_height_;  // Of the tip before the first epoch known.
  Position begin_position_;
  std::vector<Known> epochs_;
};

}  // namespace fenrun
