// How the set of validators of a simulation is changed, and their keys are replaced.
#include <algorithm>

#include "contracts/key_owners.h"
#include "contracts/limits.h"
#include "contracts/members.h"
#include "contracts/records.h"
#include "node/sim/cast.h"
#include "node/sim/simulation.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kAwaitEpochMs = 200;

}  // namespace

// As far as some node knows.
bool Simulation::may_replace_keys(const std::string& name) {
  const auto* other = any_honest();
  if (other == nullptr) return false;
  const auto member = find_member(other->journal().state(), name);
  if (!member) return true;
  // No simulation lasts as long as the count of replacements does.
  if (member->member.replacements.size() == kKeyReplacementsMax) return false;
  const auto replaced_at = member->member.keys_replaced_at;
  return !replaced_at ||
         other->journal().tip().height.value() >= replaced_at->value() + kSetChangeHeightsMin;
}

void Simulation::rejoin(Machine& machine) {
  const auto number = machine.number().value();
  if (removed_ == machine.name() || changing_ || !may_replace_keys(machine.name())) return;
  if (lost_journals_.contains(number)) return;
  if (!lost_votes_.contains(number) && !may_lose_one()) return;
  changing_ = true;
  lost_votes_.insert(number);  // Until its new key is registered.
  if (machine.is_up()) stop(machine, Stop::kill);
  machine.disk().set_space(VirtualDisk::kUnlimited);
  old_votes_.erase(machine.place());
  machine.take_keys(machine.generation() + 1);
  judge_.owns(machine.consensus_key().public_key(), number);
  start(machine);
  const auto make = [this, &machine] {
    const NameText name{machine.name()};
    const ValidatorKeysStatement statement{chain_id(genesis_), name,
                                           machine.consensus_key().public_key(),
                                           machine.checkpoint_key().public_key(), Height(0)};
    return ReplaceValidatorKeys{
        name,
        statement.consensus_key,
        statement.checkpoint_key,
        named_key(machine.name() + " transport").public_key(),
        machine.consensus_key().sign(Domain::validator_keys, encode(statement)),
        prove_possession(machine.checkpoint_key(), statement.chain_id, named_party(name.value),
                         KeyPurpose::checkpoint),
        std::nullopt};
  };
  clients_->enqueue(machine.name(), make, [this, &machine, epochs = judge_.epochs()](Errc outcome) {
    const bool is_done = has_begun(epochs, outcome == Errc::ok);
    if (is_done) {
      members_[machine.name()] = machine.consensus_key().public_key();
      expect_members();
    }
    await_epoch([this, &machine, is_done] {
      if (is_done) has_new_keys(machine);
    });
  });
}

// One change at a time: until a quorum is in the epoch that the last one began, whoever gives up an
// old key could be missed at the handover.
void Simulation::await_epoch(std::function<void()> then) {
  const auto begun = std::ranges::count_if(machines_, [&](const auto& machine) {
    return machine->is_up() && is_honest(*machine) &&
           machine->node().status().epoch.value() + 1 == judge_.epochs();
  });
  if (static_cast<std::size_t>(begun) >= validators_now_ - faulty_max()) {
    changing_ = false;
    return then();
  }
  agenda_.in(kAwaitEpochMs, [this, then = std::move(then)] { await_epoch(then); });
}

void Simulation::change_validators() {
  if (changing_) return;
  if (removed_) return add_again(*removed_);
  auto* machine = any_honest();
  if (machine == nullptr) return;
  if (random_.chance(300)) {
    if (const auto convict = removable_adversary()) return remove(*convict);
  }
  const std::size_t faulty = faulty_now();
  const bool may_shrink = validators_now_ > 4 || faulty == 0;
  if (may_shrink && (validators_now_ - 2) / 3 >= faulty && random_.chance(500)) {
    return remove(machine->name());
  }
  rejoin(*machine);
}

// A Byzantine validator without which the others are enough; none if there is no such one.  Of
// twins it is not told here which of them would come back.
std::optional<std::string> Simulation::removable_adversary() const {
  for (const auto& [number, adversary] : adversaries_) {
    if (adversary.fault() == Fault::twin || (validators_now_ - 2) / 3 < faulty_now() - 1) continue;
    return genesis_.validators[number].name.value;
  }
  return std::nullopt;
}

std::vector<std::string> Simulation::deciders() const {
  std::vector<std::string> names;
  for (const auto& validator : genesis_.validators) {
    if (validator.name.value != removed_) names.push_back(validator.name.value);
  }
  return names;
}

// Proposed by a validator, approved by the others; whom it is about takes no part.
void Simulation::decide(const Change& change, std::function<void(bool)> then) {
  const auto proposal = std::make_shared<ProposeChange>();  // Shared by those who approve.
  proposal->change = change;
  const auto make = [this, proposal] {
    proposal->valid_until = Height(judge_.height() + 400);
    return *proposal;
  };
  const auto epochs = judge_.epochs();
  const auto approve = [this, proposal, epochs, then](Errc outcome) {
    if (outcome != Errc::ok) return then(has_begun(epochs, false));
    struct Answers {
      std::size_t awaited = 0;
      bool all_agreed = true;
    };
    // Shared by those who approve.
    const auto answers = std::make_shared<Answers>(Answers{options_.validators - 2, true});
    for (const auto& name : deciders()) {
      if (name == deciders().front()) continue;
      clients_->enqueue(
          name, [proposal] { return ApproveChange{proposal_digest(*proposal)}; },
          [this, answers, epochs, then](Errc answer) {
            // Those who come last find it done.
            const bool agrees = answer == Errc::ok || answer == Errc::already_signed;
            answers->all_agreed = answers->all_agreed && agrees;
            if (--answers->awaited == 0) then(has_begun(epochs, answers->all_agreed));
          });
    }
  };
  clients_->enqueue(deciders().front(), make, approve);
}

// A change to which all agreed ends the epoch in the block that has the last approval needed.
bool Simulation::has_begun(std::size_t epochs_before, bool all_agreed) {
  const bool has_begun = judge_.epochs() > epochs_before;
  ++(has_begun ? incidents_.changes_made : incidents_.changes_refused);
  if (!has_begun && all_agreed) {
    judge_.object("a change of the validators was agreed to, and no epoch began with it");
  }
  return has_begun;
}

void Simulation::expect_members() {
  std::vector<PublicKey> keys;
  for (const auto& [name, key] : members_) keys.push_back(key);
  std::ranges::sort(keys);
  if (keys != judge_.members()) judge_.object("an epoch began with other validators than agreed");
}

void Simulation::remove(const std::string& name) {
  changing_ = true;
  --validators_now_;  // As if it had happened: no more may fail than the smaller set can bear.
  removed_ = name;
  story_.tell(deciders().front(), "removes", name);
  decide(RemoveValidator{{name}}, [this, name](bool is_done) {
    if (!is_done) {
      ++validators_now_;
      removed_.reset();
      changing_ = false;
      return;
    }
    members_.erase(name);
    expect_members();
    await_epoch([] {});
  });
}

void Simulation::add_again(const std::string& name) {
  changing_ = true;
  auto& node = machine(name);
  if (node.is_up()) stop(node, Stop::kill);
  node.disk().set_space(VirtualDisk::kUnlimited);
  old_votes_.erase(node.place());
  node.take_keys(node.generation() + 1);
  judge_.owns(node.consensus_key().public_key(), node.number().value());
  start(node);
  const auto make = [this, &node] {
    const Height height(node.is_up() ? node.journal().tip().height.value() : 0);
    const NameText own{node.name()};
    const ValidatorKeysStatement statement{chain_id(genesis_), own,
                                           node.consensus_key().public_key(),
                                           node.checkpoint_key().public_key(), height};
    return ReportReady{own,
                       statement.consensus_key,
                       statement.checkpoint_key,
                       height,
                       node.is_up() ? node.journal().tip_id() : Digest{},
                       node.consensus_key().sign(Domain::validator_keys, encode(statement)),
                       prove_possession(node.checkpoint_key(), statement.chain_id,
                                        named_party(own.value), KeyPurpose::checkpoint)};
  };
  clients_->enqueue(name, make, [this, name](Errc outcome) {
    if (outcome != Errc::ok) {
      ++incidents_.changes_refused;
      changing_ = false;
      return;
    }
    story_.tell(deciders().front(), "adds", name);
    decide(AddValidator{{name}}, [this, name](bool is_done) {
      if (!is_done) {
        changing_ = false;
        return;
      }
      members_[name] = machine(name).consensus_key().public_key();
      expect_members();
      await_epoch([this, name] {
        ++validators_now_;
        removed_.reset();
        has_new_keys(machine(name));
      });
    });
  });
}

}  // namespace fenrun::sim
