#include "node/sim/simulation.h"

#include <algorithm>

#include "core/check.h"
#include "node/sim/cast.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kGenesisMs = 1'790'000'000'000;
constexpr std::uint64_t kSpeakMs = 100;
constexpr std::uint64_t kCheckMs = 10;
constexpr std::uint64_t kSnapshotInterval = 16;
constexpr std::uint64_t kSnapshotBehindMin = 16;
constexpr std::uint64_t kSnapshotBehindMax = 48;

Parameters parameters_of(const SimulationOptions& options) {
  Parameters parameters = default_parameters();
  parameters.block_interval_ms = static_cast<std::uint32_t>(options.block_interval_ms);
  parameters.idle_interval_ms = static_cast<std::uint32_t>(options.idle_interval_ms);
  return parameters;
}

std::map<std::uint16_t, Adversary> make_adversaries(const SimulationOptions& options,
                                                    const Digest& chain, Random& random) {
  auto faults = options.faults;
  const std::size_t faulty_max = (options.validators - 1) / 3;
  const bool is_drawn = options.profile->adversaries || options.profile->provocations ||
                        options.profile->claims || options.profile->schemes;
  if (is_drawn && faults.empty()) {
    std::vector<std::uint16_t> order;
    for (std::size_t i = 0; i < options.validators; ++i) {
      order.push_back(static_cast<std::uint16_t>(i));
    }
    random.shuffle(order);
    const std::size_t count = options.profile->disks ? random.below(faulty_max + 1) : faulty_max;
    for (std::size_t i = 0; i < count; ++i) {
      faults[order[i]] = options.profile->claims ? Fault::front_runner
                         : options.profile->schemes
                             ? Fault::schemer
                             : static_cast<Fault>(1 + random.below(kDrawnFaultCount - 1));
    }
  }
  std::map<std::uint16_t, Adversary> adversaries;
  for (const auto& [number, fault] : faults) {
    Adversary::Setup setup{fault, chain, net::PeerIndex(number), {}, random.next()};
    for (std::size_t i = 0; i < options.validators; ++i) {
      const net::PeerIndex peer(static_cast<std::uint16_t>(i));
      if (peer.value() != number) setup.peers.push_back(peer);
    }
    adversaries.emplace(number, Adversary(std::move(setup)));
  }
  return adversaries;
}

std::set<std::uint16_t> keys_of(const std::map<std::uint16_t, Adversary>& adversaries) {
  std::set<std::uint16_t> keys;
  for (const auto& [number, adversary] : adversaries) keys.insert(number);
  return keys;
}

}  // namespace

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      random_(options.seed * 1'000'003 + options.validators),
      story_(agenda_, options.story),
      genesis_(cast_genesis(options.validators, TimeMs(kGenesisMs), parameters_of(options))),
      adversaries_(make_adversaries(options, chain_id(genesis_), random_)),
      wire_(agenda_, random_,
            [this](Place to, Place from, net::Channel channel, const net::Payload& payload) {
              auto& machine = *machines_[to];
              const auto adversary = adversaries_.find(machine.number().value());
              const bool is_byzantine = adversary != adversaries_.end();
              if (is_byzantine && !adversary->second.lets_in(*payload)) return;
              machine.act([&machine, sender = machines_[from]->number(), channel, payload] {
                machine.node().on_message(sender, channel, *payload);
              });
              if (!is_byzantine) return;
              route(machine, adversary->second.reply(machine, *payload), agenda_.now());
            }),
      judge_(story_, keys_of(adversaries_), genesis_) {
  story_.tell("simulation", "seed",
              std::to_string(options.seed) + ", " + std::to_string(options.validators) +
                  " validators, profile " + std::string(options.profile->name));
  for (const auto& [number, adversary] : adversaries_) {
    story_.tell(genesis_.validators[number].name.value, "is", name_of(adversary.fault()));
  }
  make_machines();
  print_codes();
  clients_ = std::make_unique<Clients>(
      genesis_,
      Clients::Surroundings{&agenda_, &story_, &judge_, [this] { return any_honest(); },
                            codes_ ? &*codes_ : nullptr},
      random_.next());
  for (const auto& [number, adversary] : adversaries_) {
    if (adversary.fault() != Fault::front_runner) continue;
    clients_->enqueue(genesis_.validators[number].name.value,
                      [] { return OpenLane{FrontRunner::kLane}; });
  }
  for (auto& machine : machines_) start(*machine);
  if (!adversaries_.empty()) agenda_.in(kSpeakMs, [this] { speak(); });
}

Simulation::~Simulation() = default;

void Simulation::make_machines() {
  for (std::size_t i = 0; i < options_.validators; ++i) {
    const auto number = static_cast<std::uint16_t>(i);
    const auto adversary = adversaries_.find(number);
    const bool twins = adversary != adversaries_.end() && adversary->second.fault() == Fault::twin;
    for (std::size_t copy = 0; copy < (twins ? 2 : 1); ++copy) {
      MachineSetup setup;
      setup.place = machines_.size();
      setup.number = net::PeerIndex(number);
      setup.name = genesis_.validators[i].name.value;
      setup.snapshot_interval = kSnapshotInterval;
      setup.snapshot_behind = random_.between(kSnapshotBehindMin, kSnapshotBehindMax);
      // Of a key that votes elsewhere, too, its node must not know.
      if (adversary != adversaries_.end()) setup.log_check = LogCheck::never;
      setup.seed = random_.next();
      places_[number].push_back(setup.place);
      machines_.push_back(std::make_unique<Machine>(setup, genesis_, agenda_, observer()));
      for (std::uint16_t peer = 0; peer < options_.validators; ++peer) {
        if (twins && random_.chance(500)) attached_.insert({setup.place, peer});
      }
    }
    judge_.owns(genesis_.validators[i].consensus_key, number);
    members_[genesis_.validators[i].name.value] = genesis_.validators[i].consensus_key;
  }
}

// Without them a seed's story is as it was before there were codes.
void Simulation::print_codes() {
  if (!options_.profile->claims) return;
  codes_.emplace(chain_id(genesis_));
  judge_.knows(*codes_);
}

Machine::Observer Simulation::observer() {
  return {
      .on_sent =
          [this](Machine& machine, std::vector<Outgoing> sent, std::uint64_t departure) {
            const auto adversary = adversaries_.find(machine.number().value());
            if (adversary != adversaries_.end()) {
              sent = adversary->second.replace(machine, sent);
              judge_.overheard(machine, sent);
            } else {
              judge_.sent(machine, sent);
            }
            route(machine, sent, departure);
          },
      .on_down = [this](Machine& machine, const std::string& why,
                        Stop how) { went_down(machine, why, how); },
      .on_log =
          [this](Machine& machine, LogLevel level, const std::string& line) {
            if (level != LogLevel::debug) story_.tell(machine.name(), "says", line);
          },
      .on_evidence =
          [this](Machine& machine, const RecordEvidence& piece) {
            judge_.found(machine, piece);
            accuse(machine, piece);
          },
      .on_verdict = [this](Machine& machine, const Propose& propose,
                           Verdict verdict) { judge_.judged(machine, propose, verdict); },
      .is_linked =
          [this](const Machine& machine, net::PeerIndex peer) {
            return std::ranges::any_of(places_of(peer), [&](Place place) {
              return wire_.is_linked(machine.place(), place);
            });
          },
  };
}

std::vector<Place> Simulation::places_of(net::PeerIndex number) const {
  const auto it = places_.find(number.value());
  return it == places_.end() ? std::vector<Place>{} : it->second;
}

Machine& Simulation::machine(const std::string& name) {
  const auto it =
      std::ranges::find_if(machines_, [&](const auto& machine) { return machine->name() == name; });
  CHECK(it != machines_.end());
  return **it;
}

// By an adversary that has the network.  Each is asked, for each goes by what passes.
bool Simulation::is_stopped(const Passing& passing) {
  if (!faults_go_on_) return false;
  bool is_stopped = false;
  for (auto& [number, adversary] : adversaries_) {
    is_stopped = adversary.stops(passing) || is_stopped;
  }
  return is_stopped;
}

void Simulation::route(Machine& from, const std::vector<Outgoing>& sent, std::uint64_t departure) {
  for (const auto& outgoing : sent) {
    for (const auto& [number, places] : places_) {
      if (number == from.number().value()) continue;
      if (outgoing.to && outgoing.to->value() != number) continue;
      const Passing passing{agenda_.now(), from.number(), net::PeerIndex(number),
                            outgoing.payload.get()};
      if (is_stopped(passing)) continue;
      for (const Place place : places) {
        wire_.send(from.place(), place, outgoing.channel, outgoing.payload, departure);
      }
    }
  }
}

void Simulation::start(Machine& machine) {
  machine.disk().set_space(VirtualDisk::kUnlimited);  // Its operator makes room first.
  if (const auto status = machine.start(); !status) {
    story_.tell(machine.name(), "refuses", status.error().to_string());
    if (machine.has_faulty_disk()) {  // Its operator sees to the disk, and tries again.
      agenda_.in(random_.between(10, 2'000), [this, &machine, life = machine.life()] {
        if (machine.life() == life) bring_back(machine);
      });
      return;
    }
    judge_.refused_to_start(machine, status.error());
    stays_down_.insert(machine.place());
    return;
  }
  ++restarts_;
  story_.tell(machine.name(), "starts",
              "at height " + std::to_string(machine.journal().tip().height.value()));
  judge_.started(machine);
  connect();
}

void Simulation::stop(Machine& machine, Stop how) {
  story_.tell(machine.name(), how == Stop::kill ? "killed" : "dark", "");
  ++(how == Stop::kill ? incidents_.kills : incidents_.power_losses);
  machine.stop(how);
  connect();
}

void Simulation::stop_for(Machine& machine, Stop how, std::uint64_t ms) {
  stop(machine, how);
  agenda_.in(ms, [this, &machine, life = machine.life()] {
    if (machine.life() == life) bring_back(machine);
  });
}

// A process that stopped by itself is started again by its operator.
void Simulation::went_down(Machine& machine, const std::string& why, Stop how) {
  story_.tell(machine.name(), "stops", why);
  if (how == Stop::kill && !machine.has_faulty_disk()) judge_.stopped(machine, why);
  agenda_.in(0, [this, &machine, how, life = machine.life()] {
    if (!machine.is_up() || machine.life() != life) return;
    stop_for(machine, how, random_.between(10, 2'000));
  });
}

bool Simulation::is_attached(const Machine& twin, std::uint16_t to) const {
  return places_of(twin.number()).size() < 2 || attached_.contains({twin.place(), to});
}

void Simulation::connect() {
  for (auto& a : machines_) {
    for (auto& b : machines_) {
      if (a->place() >= b->place() || a->number() == b->number()) continue;
      const bool wanted = a->is_up() && b->is_up() &&
                          !cuts_.contains(std::minmax(a->number().value(), b->number().value())) &&
                          is_attached(*a, b->number().value()) &&
                          is_attached(*b, a->number().value());
      if (wanted == wire_.is_linked(a->place(), b->place())) continue;
      if (wanted) {
        wire_.link(a->place(), b->place());
      } else {
        wire_.unlink(a->place(), b->place());
      }
      for (auto* machine : {a.get(), b.get()}) {
        const auto peer = machine == a.get() ? b->number() : a->number();
        machine->act([machine, peer, wanted] {
          if (wanted) return machine->node().on_connected(peer);
          machine->node().on_disconnected(peer);
        });
      }
    }
  }
}

// What its operator does with the draft: the evidence goes on the ledger.
void Simulation::accuse(Machine& machine, const RecordEvidence& piece) {
  if (!is_honest(machine) || !accused_.insert(piece.accused).second) return;
  clients_->enqueue(
      machine.name(), [piece] { return piece; },
      [this, name = machine.name()](Errc outcome) {
        if (outcome == Errc::ok || outcome == Errc::timeout) return;
        judge_.object("evidence of " + name +
                      " is refused: " + std::string(fenrun::name_of(outcome)));
      });
}

void Simulation::speak() {
  for (auto& machine : machines_) {
    const auto adversary = adversaries_.find(machine->number().value());
    if (adversary == adversaries_.end() || !machine->is_up()) continue;
    route(*machine, adversary->second.speak(*machine), agenda_.now());
  }
  agenda_.in(kSpeakMs, [this] { speak(); });
}

void Simulation::run_ms(std::uint64_t ms) { agenda_.run_until(agenda_.now() + ms); }

bool Simulation::run_until(const std::function<bool()>& condition, std::uint64_t ms_max) {
  for (std::uint64_t waited = 0; waited < ms_max && !condition(); waited += kCheckMs) {
    run_ms(kCheckMs);
  }
  return condition();
}

std::uint64_t Simulation::lowest_height(const std::vector<Machine*>& machines) const {
  std::optional<std::uint64_t> lowest;
  for (const auto* machine : machines) {
    const std::uint64_t height = machine->is_up() ? machine->journal().tip().height.value() : 0;
    lowest = std::min(lowest.value_or(height), height);
  }
  return lowest.value_or(0);
}

SimulationResult Simulation::run() {
  run_ms(1'000);  // Everybody is linked.
  begin_faults();
  const auto usual =
      random_.between(options_.profile->faults_ms_min, options_.profile->faults_ms_max);
  if (options_.each_hour) agenda_.in(kHourMs, [this] { report_hour(); });
  if (options_.faults_ms == 0) {
    run_ms(usual);
  } else {  // What is violated in a long run is told within the hour.
    run_until([this] { return is_spoilt_; }, options_.faults_ms);
  }
  const auto live = heal();
  if (!makes_progress(live)) judge_.object("no progress after all was healed");
  std::vector<Machine*> up;
  for (auto* machine : live) {
    if (machine->is_up()) up.push_back(machine);
  }
  judge_.finish(up);
  return result();
}

void Simulation::report_hour() {
  if (!faults_go_on_) return;
  options_.each_hour(result());
  is_spoilt_ = !judge_.violations().empty();
  agenda_.in(kHourMs, [this] { report_hour(); });
}

Incidents Simulation::count_incidents() const {
  auto all = incidents_;
  all.convictions = judge_.convictions();
  all.snapshots = judge_.snapshots();
  for (const auto& [number, adversary] : adversaries_) adversary.count(all);
  for (const auto& machine : machines_) all.add(machine->incidents());
  return all;
}

SimulationResult Simulation::result() const {
  SimulationResult result;
  result.violations = judge_.violations();
  result.counts.events = agenda_.done();
  result.counts.virtual_ms = agenda_.now();
  result.counts.height = judge_.height();
  result.counts.transactions = judge_.transactions();
  result.counts.payments = judge_.payments();
  result.counts.claims = judge_.claims();
  result.counts.epochs = judge_.epochs();
  result.counts.restarts = restarts_;
  for (const auto& machine : machines_) result.counts.disk_bytes += machine->disk().size();
  result.counts.recovery_ms = recovery_ms_;
  result.counts.incidents = count_incidents();
  result.story = story_.digest();
  return result;
}

}  // namespace fenrun::sim
