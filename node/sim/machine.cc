#include "node/sim/machine.h"

#include <algorithm>

#include "contracts/claims.h"
#include "core/check.h"
#include "node/sim/cast.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kTickMs = 5;
constexpr std::uint64_t kEpochMs = 1'790'000'000'000;  // Wall time at the simulation's start.
constexpr std::uint64_t kMillion = 1'000'000;
// Of a disk, that several events do together, such as the rewriting of a vote log; and a start.
constexpr std::uint64_t kOperationsAhead = 64;
constexpr std::uint64_t kOperationsOfStart = 64;
const Path kData = "/data";

}  // namespace

// What the node takes for its transport: messages are kept until its event is over.
class Machine::Port final : public net::Transport {
 public:
  explicit Port(Machine& machine) : machine_(&machine) {}

  using net::Transport::broadcast;
  using net::Transport::send;
  Status send(net::PeerIndex peer, net::Channel channel, net::Payload message) override {
    if (!connected(peer)) return Errc::unreachable;
    machine_->outbox_.push_back({peer, channel, std::move(message)});
    return {};
  }
  void broadcast(net::Channel channel, net::Payload message) override {
    machine_->outbox_.push_back({std::nullopt, channel, std::move(message)});
  }
  void drop(net::PeerIndex, const std::string&) override {}  // Links are the scenario's.
  bool connected(net::PeerIndex peer) const override {
    return machine_->observer_.is_linked(*machine_, peer);
  }
  net::TransportMetrics metrics() const override { return {}; }

 private:
  Machine* machine_;
};

// Answers after a while, in any order.
class Machine::Verifier final : public BatchVerifier {
 public:
  explicit Verifier(Machine& machine) : machine_(&machine) {}

  void check(BatchPiece piece, std::function<void(bool)> done) override {
    const bool valid = piece.is_right();
    const auto delay = machine_->random_.below(machine_->faults.verify_ms_max + 1);
    machine_->agenda_->in(
        delay, [machine = machine_, life = machine_->life_, valid, done = std::move(done)] {
          if (machine->life_ == life) machine->act([done, valid] { done(valid); });
        });
  }

  std::size_t parallel() const override { return 4; }

 private:
  Machine* machine_;
};

Machine::Machine(MachineSetup setup, const Genesis& genesis, Agenda& agenda, Observer observer)
    : setup_(std::move(setup)),
      genesis_(&genesis),
      agenda_(&agenda),
      observer_(std::move(observer)),
      random_(setup_.seed),
      disk_(setup_.seed ^ 0xd15cU),
      steady_base_ms_(1'000 + random_.below(1'000'000)),
      port_(std::make_unique<Port>(*this)),
      verifier_(std::make_unique<Verifier>(*this)) {
  take_keys(0);
}

Machine::~Machine() = default;

Path Machine::vote_log_path() const { return kData / ("votes." + std::to_string(generation_)); }
Path Machine::guard_path() const { return kData / ("guard." + std::to_string(generation_)); }

void Machine::take_keys(unsigned generation) {
  CHECK(!is_up());
  generation_ = generation;
  consensus_key_ = named_key(consensus_key_name(name(), generation));
  checkpoint_key_ = named_key(checkpoint_key_name(name(), generation));
  CHECK(disk_.make_folder(kData).has_value());
  CHECK(Checkpointer::create_guard(disk_, guard_path()).has_value());
  CHECK(
      VoteLog::create(disk_, vote_log_path(), consensus_key_->public_key(), Epoch(0)).has_value());
}

// For good: what is lost does not come back when the power fails next.
void Machine::lose_journal() {
  CHECK(!is_up());
  disk_.forgive();
  for (const auto& [path, bytes] : disk_.contents(kData)) {
    const auto name = Path(path).filename().string();
    const bool is_of_key = name.starts_with("votes.") || name.starts_with("guard.");
    if (is_of_key) continue;
    CHECK(disk_.remove(path).has_value());
    CHECK(disk_.sync_directory(Path(path).parent_path()).has_value());
  }
}

Now Machine::now() const {
  const std::uint64_t wall = kEpochMs + agenda_->now();
  return {TimeMs(steady_base_ms_ + agenda_->now()),
          TimeMs(static_cast<std::uint64_t>(static_cast<std::int64_t>(wall) + wall_skew_ms_))};
}

HostOptions Machine::host_options() {
  HostOptions options;
  options.paths = {kData, vote_log_path(), guard_path()};
  options.keys = {&*consensus_key_, &*checkpoint_key_};
  // So that a simulation sees several, and commits that take more than one record.
  options.store.segment_bytes = 16 * 1024 << setup_.seed % 4;
  options.store.index.environment = index_environment_.get();
  options.snapshot_interval = setup_.snapshot_interval;
  auto& node = options.node;
  node.name = name();
  node.genesis = *genesis_;
  node.self = number();
  node.log_check = setup_.log_check;
  node.mempool = {8 * 1024 * 1024, 10'000};
  node.snapshot_behind = setup_.snapshot_behind;
  node.vote_log_bytes = 8 * 1024 << setup_.seed % 4;  // So that it is rewritten now and then.
  node.unfinalized_bytes = 32 * 1024 << setup_.seed % 4;
  node.clock = [this] { return now(); };
  node.request_turn = [this] { turn_due_ = true; };
  node.log = [this](LogLevel level, const std::string& line) {
    observer_.on_log(*this, level, line);
  };
  node.on_members = [](const MemberTable&) {};
  node.on_evidence = [this](const RecordEvidence& piece) { observer_.on_evidence(*this, piece); };
  node.on_verdict = [this](const Propose& propose, Verdict verdict) {
    observer_.on_verdict(*this, propose, verdict);
  };
  node.on_fatal = [this](const Error& error) { fatal_ = error; };
  return options;
}

Status Machine::start() {
  CHECK(!is_up());
  ++life_;
  fatal_.reset();
  outbox_.clear();
  turn_due_ = false;
  faults_at_start_ = disk_.faults();
  busy_until_ = agenda_->now();
  if (faults.end_at_start_permille > 0 && random_.chance(faults.end_at_start_permille)) {
    end_within(kOperationsOfStart);
  }
  index_environment_ = std::make_unique<IndexEnvironment>(disk_);
  auto host = Host::open(disk_, host_options(), *port_, *verifier_);
  index_environment_->run_background();
  if (host) host_ = *std::move(host);
  if (!host || disk_.is_dark()) {
    if (disk_.is_dark()) ++incidents_.ends_at_start;
    end(disk_.is_dark() ? how_it_ends() : Stop::kill);
    return host ? Error{Errc::io_error, "it ended while it started"} : host.error();
  }
  tick(life_);
  return {};
}

void Machine::stop(Stop how) {
  CHECK(is_up());
  ++life_;
  end(how);
}

void Machine::end(Stop how) {
  if (!disk_.power_failed_at().empty()) count_end(disk_.power_failed_at());
  disk_.stop();  // What its objects would still write as they go is never written.
  host_.reset();
  index_environment_.reset();
  outbox_.clear();
  if (how == Stop::power) {
    disk_.crash();
  } else {
    disk_.kill();
  }
}

void Machine::pause(std::uint64_t ms) {
  CHECK(is_up());
  busy_until_ = std::max(busy_until_, agenda_->now()) + ms;
}

void Machine::tick(std::uint64_t life) {
  if (life != life_) return;
  act([this] { node().on_tick(); });
  agenda_->in(kTickMs, [this, life] { tick(life); });
}

void Machine::act(std::function<void()> event) {
  if (!is_up() || disk_.is_dark()) return;
  if (busy_until_ <= agenda_->now()) return perform(event);
  agenda_->at(busy_until_, [this, life = life_, event = std::move(event)] {
    if (life == life_) act(event);
  });
}

void Machine::perform(const std::function<void()>& event) {
  arm_faults();
  const std::uint64_t syncs = disk_.syncs();
  event();
  while (turn_due_ && !fatal_) {
    turn_due_ = false;
    node().turn();
  }
  index_environment_->run_background();
  const std::uint64_t synced = disk_.syncs() - syncs;
  for (std::uint64_t i = 0; i < synced; ++i) {
    busy_until_ = std::max(busy_until_, agenda_->now()) + random_.below(faults.sync_ms_max + 1);
  }
  auto sent = std::move(outbox_);
  outbox_.clear();
  if (cut_short_) sent.resize(random_.below(sent.size() + 1));
  observer_.on_sent(*this, std::move(sent), std::max(busy_until_, agenda_->now()));
  const bool cut_short = std::exchange(cut_short_, false);
  disk_.forgive_sync();
  if (has_faulty_disk()) sync_is_to_fail_ = false;
  if (fatal_ || disk_.is_dark()) {
    const auto why = fatal_ ? fatal_->to_string() : "it ended while it wrote";
    return observer_.on_down(*this, why, disk_.is_dark() ? how_it_ends() : Stop::kill);
  }
  if (cut_short) ++incidents_.cut_short;
  if (cut_short) observer_.on_down(*this, "power failed while it sent", Stop::power);
}

// At one of so many operations to come, whatever they are about.
void Machine::end_within(std::uint64_t operations) {
  if (disk_.is_to_fail_power()) return;
  disk_.fail_power_at(disk_.operations() + random_.below(operations));
}

// votes.3 and votes.3.tmp are votes, what lies in the journal's folder is the journal.
void Machine::count_end(const Path& path) {
  const auto name = path.lexically_relative(kData).begin()->string();
  const auto kind = name.substr(0, name.find('.'));
  auto& count = kind == "votes"       ? incidents_.ends_at_votes
                : kind == "guard"     ? incidents_.ends_at_guard
                : kind == "journal"   ? incidents_.ends_at_journal
                : kind == "index"     ? incidents_.ends_at_index
                : kind == "handovers" ? incidents_.ends_at_handovers
                                      : incidents_.ends_elsewhere;
  ++count;
}

// What ends at an operation of the disk is the process, or the power.
Stop Machine::how_it_ends() { return random_.chance(500) ? Stop::kill : Stop::power; }

// Faults of the event that follows.
void Machine::arm_faults() {
  if (random_.below(kMillion) < faults.end_per_million) end_within(kOperationsAhead);
  if (sync_is_to_fail_ || random_.below(kMillion) < faults.sync_error_per_million) {
    disk_.fail_sync_in(random_.below(2));
  }
  cut_short_ = random_.below(kMillion) < faults.cut_per_million;
}

}  // namespace fenrun::sim
