// What goes wrong in a simulation, and how it is made good again.
#include <algorithm>

#include "core/check.h"
#include "node/sim/simulation.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kDrawMs = 600'000;
constexpr std::uint64_t kCalmDoublingsMax = 7;  // From a fault a second to one in two minutes.
constexpr std::uint64_t kDiskFullBytes = 32 * 1024;
constexpr std::uint64_t kAwaitMs = 200;
constexpr std::uint64_t kPauseMsMax = 10'000;
constexpr std::uint64_t kStallMsMin = 1'000;
constexpr std::uint64_t kStallMsMax = 30'000;
constexpr std::uint64_t kSeenByAllMs = 1'000;  // Where no link is cut nor any message lost.
constexpr std::uint64_t kTellStaleMs = 2'000;  // To a node that has started, by its peers.
constexpr std::uint64_t kProgressMsMax = 300'000;
constexpr std::uint64_t kVoteMsMax = 60'000;
constexpr std::uint64_t kProgressTransactions = 2;  // Of each organisation.

}  // namespace

void Simulation::begin_faults() {
  validators_now_ = options_.validators;
  faults_go_on_ = true;
  draw_faults();
  judge_.expects_order(options_.profile->provocations);
  for (auto& machine : machines_) {
    const auto adversary = adversaries_.find(machine->number().value());
    if (adversary == adversaries_.end() || adversary->second.fault() != Fault::amnesiac) continue;
    forget_again(*machine);
  }
  agenda_.in(1, [this] { fault(); });
}

// An amnesiac is killed now and then in every profile; bring_back() takes its votes.
void Simulation::forget_again(Machine& machine) {
  agenda_.in(random_.between(1'000, 5'000) * calm_, [this, &machine] {
    if (!faults_go_on_) return;
    if (machine.is_up()) stop_for(machine, Stop::kill, random_.below(500));
    forget_again(machine);
  });
}

// How much of each the seed wants, for the next minutes.  What comes after the first draw may be
// calmer: a long run is to see quiet networks, too, and what grows in them.
void Simulation::draw_faults() {
  const auto& profile = *options_.profile;
  if (profile.network) {
    wire_.faults = {.delay_ms_min = 1,
                    .delay_ms_max = random_.between(5, 200),
                    .loss_permille = random_.below(150),
                    .double_permille = random_.below(80),
                    .reorder_permille = random_.below(300)};
  }
  if (profile.backups) wire_.faults.delay_ms_max = random_.between(20, 150);
  for (auto& machine : machines_) {
    auto& faults = machine->faults;
    faults.verify_ms_max = random_.below(50);
    if (profile.crashes && random_.chance(700)) {
      faults.end_per_million = random_.below(2'000 / calm_);
      faults.end_at_start_permille = random_.below(300);
      faults.cut_per_million = random_.below(500 / calm_);
    }
    if (profile.disks && random_.chance(500)) faults.sync_ms_max = random_.below(60);
    if (profile.disks && random_.chance(300))
      faults.sync_error_per_million = random_.below(500 / calm_);
  }
  clients_->set_pause_ms(random_.between(20, 400));
  agenda_.in(kDrawMs, [this] {
    if (!faults_go_on_) return;
    calm_ = std::uint64_t{1} << random_.below(kCalmDoublingsMax + 1);
    draw_faults();
  });
}

// The next fault of those that the profile has, and the one after it.
void Simulation::fault() {
  if (!faults_go_on_) return;
  const auto& profile = *options_.profile;
  auto* machine = any_honest();
  switch (random_.below(8)) {
    case 0:
    case 1:
      if (!profile.network) break;
      if (random_.chance(150)) {
        stall_some();
      } else {
        partition();
      }
      break;
    case 2:
      if (profile.crashes) stop_some();
      break;
    case 3:
      if (!profile.disks || machine == nullptr) break;
      if (random_.chance(250)) {
        lose_journal(*machine);
      } else {
        hurt_disk(*machine);
      }
      break;
    case 4:
      if (machine == nullptr) break;
      if (profile.backups || (profile.disks && random_.chance(300))) hurt_votes(*machine);
      break;
    case 5:
      if (!profile.clocks || machine == nullptr) break;
      if (random_.chance(500)) {
        wrong_clock(*machine);
      } else {
        pause(*machine);
      }
      break;
    case 6:
      if (profile.epochs) change_validators();
      break;
    default:
      keep_backups();
      break;
  }
  agenda_.in(random_.between(100, 1'500) * calm_, [this] { fault(); });
}

Machine* Simulation::any_honest() {
  std::vector<Machine*> up;
  for (const auto& machine : machines_) {
    if (machine->is_up() && is_honest(*machine)) up.push_back(machine.get());
  }
  return up.empty() ? nullptr : up[random_.below(up.size())];
}

// Links that hold back what they carry, in one direction, and deliver it then.
void Simulation::stall_some() {
  const auto until = agenda_.now() + random_.between(kStallMsMin, kStallMsMax);
  for (const auto& from : machines_) {
    for (const auto& to : machines_) {
      if (!random_.chance(150)) continue;
      wire_.stall(from->place(), to->place(), until);
      ++incidents_.stalls;
    }
  }
  story_.tell("wire", "stalls", "some links in one direction");
}

// Two sides, or links that carry one direction only; now and then the twins talk to others.
void Simulation::partition() {
  mend();
  wire_.hear_again();
  const auto count = static_cast<std::uint16_t>(options_.validators);
  if (random_.chance(350)) {
    story_.tell("wire", "mends", "all links");
  } else if (random_.chance(300)) {
    for (const auto& from : machines_) {
      for (const auto& to : machines_) {
        if (random_.chance(250)) wire_.deafen(from->place(), to->place());
      }
    }
    story_.tell("wire", "deafens", "some links in one direction");
    ++incidents_.cuts;
  } else {
    std::set<std::uint16_t> side;
    for (std::uint16_t i = 0; i < count; ++i) {
      if (random_.chance(500)) side.insert(i);
    }
    std::string names;
    for (std::uint16_t a = 0; a < count; ++a) {
      if (side.contains(a))
        names += (names.empty() ? "" : ", ") + genesis_.validators[a].name.value;
      for (std::uint16_t b = 0; b < a; ++b) {
        if (side.contains(a) != side.contains(b)) cut(a, b);
      }
    }
    story_.tell("wire", "cuts off", names);
    ++incidents_.cuts;
  }
  for (const auto& [number, adversary] : adversaries_) {
    if (adversary.fault() != Fault::twin) continue;
    for (const Place place : places_.at(number)) {
      for (std::uint16_t peer = 0; peer < count; ++peer) {
        attached_.erase({place, peer});
        if (random_.chance(600)) attached_.insert({place, peer});
      }
    }
  }
  connect();
}

void Simulation::stop_some() {
  const bool all = random_.chance(150);
  for (auto& machine : machines_) {
    if (!machine->is_up() || (!all && !random_.chance(300))) continue;
    const Stop how = all || random_.chance(600) ? Stop::power : Stop::kill;
    stop_for(*machine, how, random_.chance(500) ? 1 + random_.below(300) : random_.below(8'000));
  }
}

void Simulation::hurt_disk(Machine& machine) {
  ++incidents_.disks_hurt;
  if (random_.chance(500)) {
    story_.tell(machine.name(), "disk", "is nearly full");
    machine.disk().set_space(random_.below(kDiskFullBytes));
    agenda_.in(random_.between(500, 8'000),
               [&machine] { machine.disk().set_space(VirtualDisk::kUnlimited); });
  } else {
    story_.tell(machine.name(), "disk", "will fail a sync");
    machine.fail_a_sync();
  }
}

// Its journal is gone, its vote log is not.  Until it has what it had it counts as faulty: a quorum
// relied on its having the blocks.
void Simulation::lose_journal(Machine& machine) {
  const auto number = machine.number().value();
  if (!may_lose_one() || !is_whole(machine) || removed_ == machine.name()) return;
  const Height height = machine.journal().tip().height;
  lost_journals_.insert(number);
  ++incidents_.journals_lost;
  stop(machine, Stop::kill);
  story_.tell(machine.name(), "disk", "has lost the journal");
  machine.lose_journal();
  judge_.set_back(machine);
  agenda_.in(random_.below(3'000), [this, &machine, life = machine.life()] {
    if (machine.life() == life) bring_back(machine);
  });
  await_height(machine, height);
}

void Simulation::await_height(Machine& machine, Height height) {
  if (machine.is_up() && machine.journal().tip().height >= height) {
    lost_journals_.erase(machine.number().value());
    return;
  }
  agenda_.in(kAwaitMs, [this, &machine, height] { await_height(machine, height); });
}

void Simulation::pause(Machine& machine) {
  const auto ms = random_.chance(500) ? random_.below(500) : random_.below(kPauseMsMax);
  story_.tell(machine.name(), "pauses", std::to_string(ms) + " ms");
  ++incidents_.pauses;
  machine.pause(ms);
}

void Simulation::wrong_clock(Machine& machine) {
  const auto hour = static_cast<std::int64_t>(kHourMs);
  const std::int64_t skew =
      random_.chance(300) ? 0 : static_cast<std::int64_t>(random_.below(2 * kHourMs)) - hour;
  ++incidents_.clocks_set;
  story_.tell(machine.name(), "clock", std::to_string(skew) + " ms wrong");
  machine.set_wall_skew(skew);
}

void Simulation::keep_backups() {
  for (auto& machine : machines_) {
    if (!machine->is_up() || !random_.chance(300)) continue;
    old_votes_[machine->place()] = {machine->disk().durable_bytes(machine->vote_log_path()),
                                    judge_.last_vote(*machine, machine->now().steady)};
  }
}

bool Simulation::may_lose_one() const { return faulty_now() < faulty_max(); }

// Has its votes and its journal.
bool Simulation::is_whole(const Machine& machine) const {
  const auto number = machine.number().value();
  return !lost_votes_.contains(number) && !lost_journals_.contains(number);
}

void Simulation::hurt_votes(Machine& machine) {
  const auto number = machine.number().value();
  if (!may_lose_one() || !is_whole(machine) || removed_ == machine.name()) return;
  lost_votes_.insert(number);
  // Between two events the log is whole: what is bad in it then is damage and no torn write.
  stop(machine, Stop::kill);
  auto& bytes = machine.disk().bytes(machine.vote_log_path());
  const auto backup = old_votes_.find(machine.place());
  const bool is_backup = backup != old_votes_.end() && random_.chance(600);
  bool may_vote = false;
  if (is_backup) {
    story_.tell(machine.name(), "votes", "are an older copy now");
    ++incidents_.votes_restored;
    // It may contradict a vote that too few peers have seen to tell it: so it counts as Byzantine.
    judge_.excuse(number, machine.consensus_key().public_key());
    // What all peers have seen for long it must hear of.
    const TimeMs seen(machine.now().steady.value() - kSeenByAllMs);
    may_vote =
        !options_.profile->backups || judge_.last_vote(machine, seen) <= backup->second.last_vote;
    bytes = backup->second.log;
  } else {
    const auto last =
        std::find_if(bytes.rbegin(), bytes.rend(), [](auto byte) { return byte != 0; });
    const auto used = static_cast<std::uint64_t>(bytes.rend() - last);
    const auto reach = random_.chance(700) ? std::min<std::uint64_t>(used, 1'024) : used;
    bytes[used - 1 - random_.below(reach)] ^= static_cast<std::uint8_t>(1U << random_.below(8));
    story_.tell(machine.name(), "votes", "are damaged");
    ++incidents_.votes_damaged;
  }
  agenda_.in(random_.below(options_.profile->backups ? 100 : 3'000),
             [this, &machine, is_backup, may_vote, life = machine.life()] {
               if (machine.life() != life) return;
               start(machine);
               if (may_vote || !machine.is_up()) return;
               agenda_.in(is_backup ? kTellStaleMs : 0, [this, &machine, life = machine.life()] {
                 if (machine.life() != life || !machine.node().is_voting()) return;
                 judge_.object(machine.name() + " votes with a log that lacks votes");
               });
             });
  if (options_.profile->epochs) rejoin_later(machine);
}

// Tried again until its new key is registered.
void Simulation::rejoin_later(Machine& machine) {
  agenda_.in(15'000 + random_.below(5'000), [this, &machine] {
    if (!faults_go_on_ || !lost_votes_.contains(machine.number().value())) return;
    rejoin(machine);
    rejoin_later(machine);
  });
}

void Simulation::has_new_keys(Machine& machine) {
  lost_votes_.erase(machine.number().value());
  judge_.trust(machine.number().value());
}

void Simulation::bring_back(Machine& machine) {
  if (machine.is_up() || stays_down_.contains(machine.place())) return;
  const auto adversary = adversaries_.find(machine.number().value());
  if (adversary != adversaries_.end() && adversary->second.fault() == Fault::amnesiac) {
    CHECK(machine.disk().remove(machine.vote_log_path()).has_value());
    CHECK(VoteLog::create(machine.disk(), machine.vote_log_path(),
                          machine.consensus_key().public_key(), Epoch(0))
              .has_value());
  }
  start(machine);
}

// ---------------------------------------------------------------------------------------- phase 2

// Those whose votes are counted on.  Where validators change everybody honest is up, else a random
// quorum, and the others are down for good.
std::vector<Machine*> Simulation::heal() {
  faults_go_on_ = false;
  healed_ms_ = agenda_.now();
  judge_.expects_order(false);
  // Now and then all lose their power in one moment: what only memories held is gone everywhere.
  if (options_.profile->crashes && random_.chance(300)) {
    story_.tell("simulation", "darkens", "everything");
    for (auto& machine : machines_) {
      if (machine->is_up()) stop_for(*machine, Stop::power, 1);
    }
  }
  wire_.faults = {};
  wire_.hear_again();
  wire_.flow_again();
  mend();
  std::vector<Machine*> live;
  for (auto& machine : machines_) {
    machine->faults = {};
    machine->set_wall_skew(0);
    machine->disk().set_space(VirtualDisk::kUnlimited);
    machine->disk().forgive();
    const bool counts = is_whole(*machine) || options_.profile->epochs;
    if (is_honest(*machine) && counts) live.push_back(machine.get());
  }
  random_.shuffle(live);
  const std::size_t quorum = options_.validators - (options_.validators - 1) / 3;
  if (!options_.profile->epochs) live.resize(std::min(live.size(), quorum));
  const bool faulty_stay = random_.chance(500);
  for (auto& machine : machines_) {
    const bool lives = std::ranges::find(live, machine.get()) != live.end();
    if (lives && !machine->is_up()) bring_back(*machine);
    if (lives || (!is_honest(*machine) && faulty_stay)) continue;
    if (machine->is_up()) stop(*machine, Stop::power);
    stays_down_.insert(machine->place());
  }
  story_.tell("simulation", "heals",
              std::to_string(live.size()) + " validators" +
                  (faulty_stay && !adversaries_.empty() ? "; who is Byzantine goes on" : ""));
  connect();
  return live;
}

bool Simulation::makes_progress(const std::vector<Machine*>& live) {
  clients_->set_pause_ms(50);
  clients_->expect_each(kProgressTransactions);
  const auto all_committed = [&] { return clients_->expectation_met(); };
  if (!run_until(all_committed, kProgressMsMax)) {
    for (const auto* machine : live) {
      if (!machine->is_up()) continue;
      story_.tell(machine->name(), "waits", machine->node().status().diagnosis.text());
    }
    return false;
  }
  const std::uint64_t height = judge_.height();
  if (!run_until([&] { return lowest_height(live) >= height; }, kProgressMsMax)) return false;
  expect_votes(live, healed_ms_);
  recovery_ms_ = agenda_.now() - healed_ms_;
  return true;
}

// A quorum makes progress without the others: so each is asked for a vote.
void Simulation::expect_votes(const std::vector<Machine*>& live, std::uint64_t since_ms) {
  const auto is_silent = [&](const Machine* machine) {
    const auto since = machine->now().steady.value() - (agenda_.now() - since_ms);
    return is_whole(*machine) && removed_ != machine->name() &&
           !judge_.has_voted_since(*machine, TimeMs(since));
  };
  run_until([&] { return std::ranges::none_of(live, is_silent); }, kVoteMsMax);
  for (const auto* machine : live) {
    if (is_silent(machine)) judge_.object(machine->name() + " is there and votes no more");
  }
}

}  // namespace fenrun::sim
