// Whole nodes in one process: real consensus, vote log, journal and contracts; a virtual network,
// virtual disks, virtual time.  Equal seeds give equal runs.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "contracts/apply.h"
#include "contracts/claims.h"
#include "contracts/records.h"
#include "core/check.h"
#include "ledger/memory_store.h"
#include "node/network.h"
#include "node/node.h"
#include "node/sim/virtual_disk.h"

namespace fenrun {

inline SigningKey test_key(const std::string& purpose) {
  const Digest digest = sha256(bytes_of("test key " + purpose));
  Seed seed;
  std::ranges::copy(digest.bytes, seed.mutable_view().begin());
  return SigningKey::from_seed(seed);
}

inline PartyId test_party(const std::string& name) {
  PartyId party;
  const Digest digest = sha256(bytes_of("test party " + name));
  std::copy_n(digest.bytes.begin(), PartyId::kSize, party.bytes.begin());
  return party;
}

// The validators of most tests.
inline const std::vector<std::string> kFourNames{"brand", "distributor-east", "distributor-west",
                                                 "auditor"};

struct SnapshotSettings {
  std::uint64_t interval = 0;
  std::uint64_t behind = 5'000;
};

struct NodeLimits {
  std::uint64_t vote_log_bytes = NodeOptions().vote_log_bytes;
  std::uint64_t unfinalized_bytes = NodeOptions().unfinalized_bytes;
};

class NodeCluster {
 public:
  static constexpr std::uint64_t kTickMs = 5;

  explicit NodeCluster(const std::vector<std::string>& names, std::uint64_t seed = 1,
                       const SnapshotSettings& snapshots = {}, const NodeLimits& limits = {})
      : snapshots_(snapshots), limits_(limits), random_(seed) {
    genesis_.network.value = "fenrun-test";
    genesis_.time = TimeMs(wall_);
    genesis_.parameters = default_parameters();
    for (const auto& name : names) {
      const Role role = name == "brand"     ? Role::brand
                        : name == "auditor" ? Role::auditor
                                            : Role::distributor;
      GenesisParty party;
      party.party = test_party(name);
      party.role = role;
      if (role == Role::distributor) party.parent = test_party("brand");
      party.key = test_key(name + " operator").public_key();
      genesis_.parties.push_back(party);
      Validator validator;
      validator.name.value = name;
      validator.party = party.party;
      validator.operator_key = party.key;
      validator.consensus_key = test_key(name + " consensus").public_key();
      validator.checkpoint_key = test_key(name + " checkpoint").public_key();
      validator.transport_key = test_key(name + " transport").public_key();
      genesis_.validators.push_back(validator);
    }
    std::ranges::sort(genesis_.parties, {}, &GenesisParty::party);
    std::ranges::sort(genesis_.validators, {}, &Validator::consensus_key);
    CHECK(check_genesis(genesis_).has_value());
    for (std::size_t i = 0; i < names.size(); ++i) {
      machines_.push_back(std::make_unique<Machine>(*this, i, seed * 1'000 + i));
      start(i);
    }
  }

  std::size_t size() const { return machines_.size(); }
  const Genesis& genesis() const { return genesis_; }
  // The node's checks of what the party signed are answered only later; none: now.
  void hold_checks(std::size_t i, const std::optional<PartyId>& party) {
    machines_[i]->verifier.hold(party);
  }
  bool is_up(std::size_t i) const { return machines_[i]->node != nullptr; }
  Node& node(std::size_t i) { return *machines_[i]->node; }
  MemoryStore& store(std::size_t i) { return machines_[i]->store; }
  // Sees each message, and may change it.
  using Tamper = std::function<net::Payload(std::size_t from, std::size_t to, net::Payload)>;
  void set_tamper(Tamper tamper) { tamper_ = std::move(tamper); }
  sim::VirtualDisk& files(std::size_t i) { return machines_[i]->files; }
  const Journal& journal(std::size_t i) const { return *machines_[i]->journal; }
  std::size_t index_of(const std::string& name) const {
    return validator_named(genesis_, name)->value();
  }
  Height height(std::size_t i) const { return journal(i).tip().height; }
  const std::string& name_of(std::size_t i) const { return machines_[i]->name; }

  // Power off: what was not synced may be lost.
  void crash(std::size_t i) {
    auto& machine = *machines_[i];
    machine.node.reset();
    machine.journal.reset();
    machine.files.crash();
    for (std::size_t k = 0; k < size(); ++k) unlink(i, k);
  }

  void start(std::size_t i) {
    machines_[i]->start();
    for (std::size_t k = 0; k < size(); ++k) {
      if (k != i && is_up(k) && !is_cut(i, k)) link(i, k);
    }
  }

  // New keys for consensus and checkpoints, with a log and a guard of their own, from the next
  // start on.  REQUIRES: the node is down.
  void renew_keys(std::size_t i) {
    CHECK(!is_up(i));
    ++machines_[i]->generation;
    machines_[i]->make_keys();
  }
  const std::vector<RecordEvidence>& evidence(std::size_t i) const {
    return machines_[i]->evidence;
  }
  // Puts a message into the network in the name of a node.
  void inject(std::size_t from, std::size_t to, const NodeMessage& message) {
    inject_bytes(from, to, encode(message));
  }
  void inject_bytes(std::size_t from, std::size_t to, Bytes bytes) {
    post(from, to, net::Channel::consensus, std::make_shared<const Bytes>(std::move(bytes)));
  }
  // Whose links nodes wanted closed: who, and of whom.
  const std::vector<std::pair<std::size_t, std::size_t>>& drops() const { return drops_; }
  // Lines that a node logged.
  const std::vector<std::string>& lines(std::size_t i) const { return machines_[i]->lines; }
  const SigningKey& consensus_key(std::size_t i) const { return *machines_[i]->consensus_key; }
  const SigningKey& checkpoint_key(std::size_t i) const { return *machines_[i]->checkpoint_key; }

  // Cuts all links between the group and the rest, or mends all.
  void partition(const std::set<std::size_t>& group) {
    for (std::size_t i = 0; i < size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const bool cut = group.contains(i) != group.contains(k);
        if (cut == is_cut(i, k)) continue;
        if (cut) {
          cuts_.insert({k, i});
          unlink(i, k);
        } else {
          cuts_.erase({k, i});
          if (is_up(i) && is_up(k)) link(i, k);
        }
      }
    }
  }
  void heal() { partition({}); }
  void set_loss_percent(unsigned percent) { loss_percent_ = percent; }

  // Lets virtual time pass, delivering what is due.
  void run_ms(std::uint64_t span) {
    const std::uint64_t end = steady_ + span;
    while (steady_ < end) {
      ++steady_;
      ++wall_;
      deliver();
      if (steady_ % kTickMs == 0) {
        for (auto& machine : machines_) {
          if (machine->node) machine->node->on_tick();
        }
      }
      settle();
    }
  }

  // True as soon as the condition holds, false after `span_max` of virtual time without.
  template <class Condition>
  bool run_until(Condition condition, std::uint64_t span_max = 60'000) {
    for (std::uint64_t waited = 0; waited < span_max; ++waited) {
      if (condition()) return true;
      run_ms(1);
    }
    return condition();
  }

  // A transaction of a genesis party with one operation.
  SignedTransaction transaction(const std::string& party, std::uint64_t sequence,
                                const Operation& operation) const {
    const auto key = test_key(party + " operator");
    TransactionBody body;
    body.chain_id = chain_id(genesis_);
    body.signer = PartySigner{test_party(party), key.public_key()};
    body.sequence = Sequence(sequence);
    body.valid_until = Height(10'000);
    return sign_transaction(body, {*encode_operation(operation)}, key);
  }

  // Submits and lets time pass until the node has answered.
  Result<Digest> submit(std::size_t i, const SignedTransaction& transaction) {
    std::optional<Result<Digest>> answer;
    node(i).submit(transaction, [&](Result<Digest> result) { answer = std::move(result); });
    while (!answer) settle();
    return *answer;
  }

  NodeService::Submitted submit_all(std::size_t i, std::vector<SignedTransaction> transactions) {
    std::optional<NodeService::Submitted> answer;
    node(i).submit_all(std::move(transactions), [&](const auto& submitted) { answer = submitted; });
    while (!answer) settle();
    return *answer;
  }

  bool is_committed(std::size_t i, const Digest& id) {
    return node(i).transaction_status(id).state == TransactionState::committed;
  }
  bool is_committed_everywhere(const Digest& id) {
    for (std::size_t i = 0; i < size(); ++i) {
      if (is_up(i) && !is_committed(i, id)) return false;
    }
    return true;
  }

  // One block a height on all nodes, whether up or down before.
  bool agree() const {
    std::map<Height, Digest> ids;
    for (const auto& machine : machines_) {
      const auto& store = machine->store;
      for (Height height(0); const auto position = store.header_position(height);
           height = height.next()) {
        const Digest id = leaf_hash(*store.entry(*position));
        if (ids.try_emplace(height, id).first->second != id) return false;
      }
    }
    return true;
  }

 private:
  struct Message {
    std::uint64_t due;
    std::size_t from;
    std::size_t to;
    net::Channel channel;
    net::Payload bytes;
  };

  class VirtualTransport final : public net::Transport {
   public:
    VirtualTransport(NodeCluster& cluster, std::size_t self) : cluster_(&cluster), self_(self) {}

    using net::Transport::broadcast;
    using net::Transport::send;
    Status send(net::PeerIndex peer, net::Channel channel, net::Payload message) override {
      if (!connected(peer)) return Errc::unreachable;
      cluster_->post(self_, peer.value(), channel, std::move(message));
      return {};
    }
    void broadcast(net::Channel channel, net::Payload message) override {
      for (std::size_t i = 0; i < cluster_->size(); ++i) {
        const net::PeerIndex peer(static_cast<std::uint16_t>(i));
        if (i != self_) static_cast<void>(send(peer, channel, message));
      }
    }
    void drop(net::PeerIndex peer, const std::string&) override {
      cluster_->drops_.emplace_back(self_, peer.value());
    }
    bool connected(net::PeerIndex peer) const override {
      return cluster_->links_.contains({self_, peer.value()});
    }
    net::TransportMetrics metrics() const override { return {}; }

   private:
    NodeCluster* cluster_;
    std::size_t self_;
  };

  class DeferredVerifier final : public BatchVerifier {
   public:
    void check(BatchPiece piece, std::function<void(bool)> done) override {
      const bool valid = piece.is_right();
      auto& place = is_held(piece) ? held_ : waiting_;
      place.push_back([done = std::move(done), valid] { done(valid); });
    }
    std::size_t parallel() const override { return 4; }
    bool answer() {
      const auto waiting = std::exchange(waiting_, {});
      for (const auto& callback : waiting) callback();
      return !waiting.empty();
    }
    // None lets go of those that were held.
    void hold(const std::optional<PartyId>& party) {
      held_party_ = party;
      std::ranges::move(std::exchange(held_, {}), std::back_inserter(waiting_));
    }

   private:
    bool is_held(const BatchPiece& piece) const {
      if (!held_party_ || piece.count == 0) return false;
      const auto& signer = piece.batch->transactions[piece.first].body.signer;
      return std::get<PartySigner>(signer).party == *held_party_;
    }

    std::vector<std::function<void()>> waiting_;
    std::vector<std::function<void()>> held_;
    std::optional<PartyId> held_party_;
  };

  struct Machine {
    Machine(NodeCluster& owner, std::size_t number, std::uint64_t seed)
        : cluster(&owner),
          index(number),
          name(owner.genesis_.validators[number].name.value),
          files(seed),
          transport(owner, number) {
      make_keys();
    }

    void make_keys() {
      const std::string suffix = generation == 0 ? "" : " " + std::to_string(generation);
      consensus_key.emplace(test_key(name + " consensus" + suffix));
      checkpoint_key.emplace(test_key(name + " checkpoint" + suffix));
    }

    void start() {
      verifier = {};
      journal = *Journal::open(store, cluster->snapshots_.interval);
      const Path log_path = "/votes." + std::to_string(generation);
      const Path guard_path = "/guard." + std::to_string(generation);
      const bool is_new = !*files.holds(log_path);
      if (is_new) CHECK(Checkpointer::create_guard(files, guard_path).has_value());
      auto checkpointer = Checkpointer::open(
          {.origin = origin_of(cluster->genesis_), .self = name, .key = &*checkpoint_key}, files,
          guard_path);
      std::vector<VoteLogRecord> records;
      std::optional<VoteLog> log;
      if (is_new) {
        log = *VoteLog::create(files, log_path, consensus_key->public_key(), Epoch(0));
      } else {
        auto opened = VoteLog::open(files, log_path, consensus_key->public_key());
        CHECK(opened.has_value());
        log = std::move(opened->log);
        records = std::move(opened->records);
      }
      if (journal->is_empty()) {
        CHECK(journal
                  ->commit_genesis(
                      execute_genesis(cluster->genesis_, trust_policy_digest_of(cluster->genesis_)))
                  .has_value());
      }
      NodeOptions options;
      options.snapshot_behind = cluster->snapshots_.behind;
      options.vote_log_bytes = cluster->limits_.vote_log_bytes;
      options.unfinalized_bytes = cluster->limits_.unfinalized_bytes;
      options.name = name;
      options.genesis = cluster->genesis_;
      options.self = net::PeerIndex(static_cast<std::uint16_t>(index));
      options.consensus_key = &*consensus_key;
      options.clock = [this] { return Now{TimeMs(cluster->steady_), TimeMs(cluster->wall_)}; };
      options.request_turn = [this] { turn_due = true; };
      options.log = [this](LogLevel, const std::string& line) { lines.push_back(line); };
      options.on_members = [](const MemberTable&) {};
      options.on_evidence = [this](const RecordEvidence& piece) { evidence.push_back(piece); };
      options.on_fatal = [](const Error&) {};
      node = *Node::create(std::move(options), *journal, *std::move(checkpointer), std::move(log),
                           records, transport, verifier);
    }

    NodeCluster* cluster;
    std::size_t index;
    std::string name;
    unsigned generation = 0;  // Of the keys.
    std::optional<SigningKey> consensus_key;
    std::optional<SigningKey> checkpoint_key;
    sim::VirtualDisk files;
    MemoryStore store;  // Every commit is durable.
    VirtualTransport transport;
    DeferredVerifier verifier;
    std::unique_ptr<Journal> journal;
    std::unique_ptr<Node> node;
    bool turn_due = false;
    std::vector<RecordEvidence> evidence;  // Found by the node.
    std::vector<std::string> lines;        // Logged.
  };

  bool is_cut(std::size_t a, std::size_t b) const {
    return cuts_.contains({std::min(a, b), std::max(a, b)});
  }
  void link(std::size_t a, std::size_t b) {
    links_.insert({a, b});
    links_.insert({b, a});
    node(a).on_connected(net::PeerIndex(static_cast<std::uint16_t>(b)));
    node(b).on_connected(net::PeerIndex(static_cast<std::uint16_t>(a)));
  }
  void unlink(std::size_t a, std::size_t b) {
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
      if (links_.erase({from, to}) == 0) continue;
      if (is_up(from)) node(from).on_disconnected(net::PeerIndex(static_cast<std::uint16_t>(to)));
    }
    std::erase_if(messages_, [&](const Message& message) {
      return (message.from == a && message.to == b) || (message.from == b && message.to == a);
    });
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void post(std::size_t from, std::size_t to, net::Channel channel, net::Payload bytes) {
    if (below(100) < loss_percent_) return;
    if (tamper_) bytes = tamper_(from, to, std::move(bytes));
    messages_.push_back({steady_ + 1 + below(3), from, to, channel, std::move(bytes)});
  }

  void deliver() {
    std::deque<Message> due;
    std::deque<Message> later;
    for (auto& message : messages_) {
      (message.due <= steady_ ? due : later).push_back(std::move(message));
    }
    messages_ = std::move(later);
    for (const auto& message : due) {
      if (!is_up(message.to)) continue;
      node(message.to)
          .on_message(net::PeerIndex(static_cast<std::uint16_t>(message.from)), message.channel,
                      *message.bytes);
    }
  }

  // Turns until nobody has anything left to do at this moment.
  void settle() {
    for (bool again = true; again;) {
      again = false;
      for (auto& machine : machines_) {
        if (!machine->node) continue;
        if (machine->verifier.answer()) again = true;
        if (std::exchange(machine->turn_due, false)) {
          machine->node->turn();
          again = true;
        }
      }
    }
  }

  SnapshotSettings snapshots_;
  NodeLimits limits_;
  Tamper tamper_;
  std::mt19937_64 random_;
  std::uint64_t steady_ = 1'000;
  std::uint64_t wall_ = 1'790'000'000'000;
  unsigned loss_percent_ = 0;
  Genesis genesis_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::set<std::pair<std::size_t, std::size_t>> links_;
  std::vector<std::pair<std::size_t, std::size_t>> drops_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::deque<Message> messages_;
};

}  // namespace fenrun
