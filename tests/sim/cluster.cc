#include "tests/sim/cluster.h"

#include <algorithm>

#include "core/check.h"
#include "core/overloaded.h"

namespace fenrun::sim {

namespace {

// The header of a simulated block: what a driver checks, and nothing else.
struct Header {
  View view;
  Height height;
  Digest parent;
  Digest batches;
  std::uint64_t salt = 0;

  FENRUN_FIELDS(view, height, parent, batches, salt)
};

// Finalized blocks, for a peer that catches up.
struct Range {
  List<Propose, 1024> blocks;
  Certificate finalization;

  FENRUN_FIELDS(blocks, finalization)
};

constexpr std::uint8_t kConsensusFrame = 0;
constexpr std::uint8_t kRangeFrame = 1;

template <class T>
Bytes frame(std::uint8_t kind, const T& value) {
  Bytes bytes{kind};
  append(bytes, encode(value));
  return bytes;
}

Digest digest_of(const List<Digest, kBlockBatchesMax>& batches) { return sha256(encode(batches)); }

std::vector<SigningKey> make_keys(std::size_t count) {
  std::vector<SigningKey> keys;
  for (std::size_t i = 0; i < count; ++i) {
    Seed seed;
    seed.mutable_view()[0] = static_cast<std::uint8_t>(i + 1);
    keys.push_back(SigningKey::from_seed(seed));
  }
  std::ranges::sort(keys, {}, &SigningKey::public_key);
  return keys;
}

ValidatorSet make_set(const std::vector<SigningKey>& keys) {
  std::vector<PublicKey> public_keys;
  for (const auto& key : keys) public_keys.push_back(key.public_key());
  return ValidatorSet::from_keys(public_keys).value();
}

std::set<std::uint16_t> faulty(const ClusterOptions& options) {
  std::set<std::uint16_t> indices;
  for (const auto& [index, fault] : options.byzantine) indices.insert(index);
  return indices;
}

std::size_t places(const ClusterOptions& options) {
  auto count = options.validators;
  for (const auto& [index, fault] : options.byzantine) count += fault == Fault::twin ? 1 : 0;
  return count;
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options)
    : options_(options),
      random_(options.seed),
      keys_(make_keys(options.validators)),
      validators_(make_set(keys_)),
      config_{sha256(bytes_of("simulated chain")), Epoch(0), Digest{}, options.timing},
      network_(places(options), random_),
      checker_(options.validators, faulty(options)) {
  const auto add = [&](std::uint16_t index, Fault fault) {
    auto& node = nodes_.emplace_back();
    node.place = nodes_.size() - 1;
    node.index = ValidatorIndex(index);
    node.fault = fault;
    node.disk.tip =
        FinalizedTip{Epoch(0), View(0), Height(0), config_.epoch_first_block, {}, false};
  };
  const auto fault_of = [&](std::uint16_t i) {
    const auto it = options.byzantine.find(i);
    return it == options.byzantine.end() ? Fault::none : it->second;
  };
  for (std::uint16_t i = 0; i < options.validators; ++i) add(i, fault_of(i));
  for (std::uint16_t i = 0; i < options.validators; ++i) {
    if (fault_of(i) == Fault::twin) add(i, Fault::twin);
  }
  for (auto& node : nodes_) {
    if (node.fault != Fault::silent) start(node);
  }
}

void Cluster::run(std::uint64_t ms) {
  const auto end = now_ + ms;
  while (now_ < end) {
    ++now_;
    while (const auto delivery = network_.receive(now_)) deliver(*delivery);
    while (!later_.empty() && later_.begin()->first <= now_) {
      const auto due = std::move(later_.begin()->second);
      later_.erase(later_.begin());
      auto& node = nodes_[due.place];
      if (node.replica && node.life == due.life) step(node, due.input);
    }
    for (auto& node : nodes_) {
      if (!node.replica && node.starts_at != 0 && node.starts_at <= now_) start(node);
      if (node.replica && (now_ + node.place) % 10 == 0) step(node, Tick{TimeMs(now_)});
    }
  }
}

void Cluster::crash(Node& node, std::uint64_t down_ms) {
  // Of what was not synced any prefix may have reached the disk.
  auto& [log, unsynced, chain, tip] = node.disk;
  const auto kept = random_.below(unsynced.size() + 1);
  log.insert(log.end(), unsynced.begin(), unsynced.begin() + static_cast<std::ptrdiff_t>(kept));
  unsynced.clear();
  if (node.fault == Fault::amnesiac) log.clear();
  node.replica.reset();
  node.executed.clear();
  node.range_wanted.reset();
  node.starts_at = down_ms == 0 ? 0 : now_ + down_ms;
  tell(node, "crashes");
}

void Cluster::start(Node& node) {
  CHECK(!node.replica);
  std::vector<LogRecord> records;
  for (const auto& bytes : node.disk.log) records.push_back(decode<LogRecord>(bytes).value());
  auto config = config_;
  if (now_ == 0) config.log_check = LogCheck::passed;  // Nobody has voted yet.
  node.replica = std::make_unique<Replica>(config, validators_, node.index, &key(node.index),
                                           node.disk.tip, records, TimeMs(now_));
  ++node.life;
  node.starts_at = 0;
  if (node.fault == Fault::none) checker_.started(node.index.value(), node.disk.tip.height);
  node.disk.log.clear();
  for (const auto& record : node.replica->log_snapshot()) node.disk.log.push_back(encode(record));
  if (now_ > 0) tell(node, "starts in view " + std::to_string(node.replica->view().value()));
  if (work_) later(node, 0, WorkPending{true});
}

void Cluster::set_work(bool pending) {
  work_ = pending;
  for (auto& node : nodes_) {
    if (node.replica) step(node, WorkPending{pending});
  }
}

void Cluster::inject(std::size_t place, ValidatorIndex from, const Message& message) {
  if (nodes_[place].replica) step(nodes_[place], Received{from, message});
}

void Cluster::step(Node& node, const Input& input) {
  const auto outputs = node.replica->step(input);
  for (const auto& output : outputs) {
    if (!carry_out(node, output)) return;
  }
  if (faults.rewrite_permille == 0 || !random_.chance(faults.rewrite_permille)) return;
  node.disk.log_unsynced.clear();
  node.disk.log.clear();
  for (const auto& record : node.replica->log_snapshot()) node.disk.log.push_back(encode(record));
}

bool Cluster::carry_out(Node& node, const Output& output) {
  if (faults.crash_per_100000 > 0 && random_.below(100'000) < faults.crash_per_100000) {
    crash(node, 1 + random_.below(faults.down_ms_max));
    return false;
  }
  if (observer) observer(Event{now_, &node, &output, {}});
  std::visit(
      overloaded{
          [&](const Persist& persist) { node.disk.log_unsynced.push_back(encode(persist.record)); },
          [&](const Send& message) { send(node, message); },
          [&](const Build& order) { build(node, order); },
          [&](const Verify& order) { verify(node, order); },
          [&](const Fetch& fetch) {
            send(node, Send{fetch.from, GetBlock{fetch.block_id}});
          },
          [&](const Commit& order) {
            std::vector<Propose> blocks;
            for (const auto& block : order.blocks) {
              CHECK(node.executed.contains(block.block_id));
              blocks.push_back(node.executed.at(block.block_id));
            }
            commit(node, blocks, order.finalization);
          },
          [&](const CatchUp& order) {
            node.range_wanted = order.finalization;
            const GetRange question{node.disk.tip.height.next(), Height(~std::uint64_t{0})};
            send(node, Send{order.from, question});
          },
          [&](const EvidenceFound& found) {
            checker_.convicted(found.evidence.first.signer.value());
          },
          [](const StaleLog&) {},
          [](const EnteredView&) {},
      },
      output);
  return true;
}

void Cluster::sync(Node& node) {
  auto& [log, unsynced, chain, tip] = node.disk;
  log.insert(log.end(), unsynced.begin(), unsynced.end());
  unsynced.clear();
}

std::vector<std::size_t> Cluster::places_of(ValidatorIndex index) const {
  std::vector<std::size_t> found;
  for (const auto& node : nodes_) {
    if (node.index == index) found.push_back(node.place);
  }
  return found;
}

void Cluster::send(Node& node, const Send& output) {
  sync(node);
  if (const auto* vote = std::get_if<Vote>(&output.message)) {
    checker_.sent(node.index.value(), *vote);
  } else if (const auto* propose = std::get_if<Propose>(&output.message)) {
    checker_.sent(node.index.value(), Vote{propose->subject(), node.index, propose->signature});
  } else if (const auto* certificate = std::get_if<Certificate>(&output.message)) {
    checker_.sent(*certificate);
  }
  const auto bytes = frame(kConsensusFrame, output.message);
  for (const auto& other : nodes_) {
    if (other.index == node.index) continue;
    if (output.to && *output.to != other.index) continue;
    network_.send(now_, node.place, other.place, bytes);
  }
  if (node.fault == Fault::liar) lie(node, output.message);
}

// Beside what it says as an honest replica a liar signs anything.
void Cluster::lie(Node& node, const Message& message) {
  const auto scatter = [&](const Message& lie) {
    const auto bytes = frame(kConsensusFrame, lie);
    for (const auto& other : nodes_) {
      if (other.index != node.index && random_.chance(500)) {
        network_.send(now_, node.place, other.place, bytes);
      }
    }
  };
  if (const auto* propose = std::get_if<Propose>(&message)) {
    auto lie = variant_of(*propose, random_.next());
    if (random_.chance(300)) lie.justification.nullifications.clear();
    if (random_.chance(200)) lie.payload.batches.push_back(Digest{});
    if (random_.chance(200)) lie.height = Height(random_.below(100));
    scatter(lie);
  } else if (const auto* vote = std::get_if<Vote>(&message)) {
    Vote lie = *vote;
    lie.subject.view = View(vote->subject.view.value() + random_.below(3));
    const auto kind = static_cast<VoteKind>(random_.below(3));
    if (kind == VoteKind::nullify) {
      lie.subject = Subject::nullify(lie.subject.epoch, lie.subject.view);
    } else if (vote->subject.kind != VoteKind::nullify) {
      lie.subject.kind = kind;
      if (random_.chance(300)) lie.subject.block_id.bytes[0] ^= 1;
    }
    lie.signature =
        key(node.index).sign(Domain::consensus_vote, signed_bytes(config_.chain_id, lie.subject));
    scatter(lie);
  } else if (const auto* certificate = std::get_if<Certificate>(&message)) {
    Certificate lie = *certificate;
    lie.subject.view = View(lie.subject.view.value() + random_.below(1'000));
    scatter(lie);
  }
}

Propose Cluster::variant_of(const Propose& propose, std::uint64_t salt) const {
  Propose variant = propose;
  auto header = decode<Header>(variant.payload.header).value();
  header.salt = salt;
  variant.payload.header = encode(header);
  variant.signature =
      key(validators_.leader(config_.epoch_first_block, propose.view))
          .sign(Domain::consensus_vote, signed_bytes(config_.chain_id, variant.subject()));
  return variant;
}

void Cluster::deliver(const Delivery& delivery) {
  auto& node = nodes_[delivery.to];
  if (!node.replica) return;
  const Bytes body(delivery.bytes.begin() + 1, delivery.bytes.end());
  if (delivery.bytes[0] == kRangeFrame) return take_range(node, body);
  const auto message = decode<Message>(body);
  if (!message) return;
  const auto from = nodes_[delivery.from].index;
  if (const auto* question = std::get_if<GetRange>(&*message)) {
    return answer_range(node, delivery.from, *question);
  }
  if (const auto* question = std::get_if<GetBlock>(&*message)) {
    const auto* held = node.replica->proposal(question->block_id);
    if (held != nullptr && !(withholds && withholds(node))) {
      send(node, Send{from, BlockAnswer{*held}});
    }
    return;
  }
  step(node, Received{from, *message});
}

void Cluster::answer_range(Node& node, std::size_t from, const GetRange& question) {
  const auto& [log, unsynced, chain, tip] = node.disk;
  if (!tip.certificate || question.from > tip.height || question.from == Height(0)) return;
  Range answer{{}, *tip.certificate};
  for (auto i = question.from.value() - 1; i < chain.size(); ++i) answer.blocks.push_back(chain[i]);
  if (answer.blocks.size() > 1000) return;
  network_.send(now_, node.place, from, frame(kRangeFrame, answer));
}

// Checked by hash chain backwards from a certificate.
void Cluster::take_range(Node& node, const Bytes& bytes) {
  const auto range = decode<Range>(bytes);
  if (!range || range->blocks.empty() || !node.range_wanted) return;
  SignatureChecker signatures(config_.chain_id, validators_);
  if (range->finalization.subject.kind != VoteKind::finalize) return;
  if (!signatures.check(range->finalization)) return;
  Digest expected = range->finalization.subject.block_id;
  for (auto it = range->blocks.rbegin(); it != range->blocks.rend(); ++it) {
    if (block_id_of(it->payload) != expected) return;
    const auto header = decode<Header>(it->payload.header);
    if (!header || header->height != it->height) return;
    expected = header->parent;
  }
  if (expected != node.disk.tip.block_id) return;
  if (range->finalization.subject.view <= node.disk.tip.view) return;
  node.range_wanted.reset();
  commit(node, range->blocks, range->finalization);
  tell(node, "catches up to height " + std::to_string(node.disk.tip.height.value()));
  step(node, Synced{node.disk.tip});
}

void Cluster::commit(Node& node, const std::vector<Propose>& blocks,
                     const Certificate& certificate) {
  for (const auto& block : blocks) {
    const auto id = block_id_of(block.payload);
    node.disk.chain.push_back(block);
    node.executed.erase(id);
    if (node.fault != Fault::none) continue;
    const auto header = decode<Header>(block.payload.header).value();
    checker_.committed(node.index.value(), {block.view, header.height, id}, header.parent);
  }
  const auto& last = blocks.back();
  node.disk.tip = FinalizedTip{Epoch(0),    certificate.subject.view,
                               last.height, certificate.subject.block_id,
                               certificate, false};
}

void Cluster::build(Node& node, const Build& order) {
  CHECK(order.parent_id == node.disk.tip.block_id || node.executed.contains(order.parent_id));
  Payload payload;
  if (work_ && !order.empty_only) payload.batches.push_back(sha256(encode(++built_)));
  payload.header = encode(Header{order.view, order.parent_height.next(), order.parent_id,
                                 digest_of(payload.batches), ++built_});
  Propose propose;
  propose.view = order.view;
  propose.parent_view = order.parent_view;
  propose.parent_id = order.parent_id;
  propose.height = order.parent_height.next();
  propose.payload = payload;
  node.executed[block_id_of(payload)] = propose;
  const auto cost = 1 + random_.below(faults.verify_ms_max);
  later(node, cost, Built{order.view, payload, cost});
}

void Cluster::verify(Node& node, const Verify& order) {
  const auto verdict = execute(node, order);
  const auto cost = 1 + random_.below(faults.verify_ms_max);
  if (verdict == Verdict::valid) node.executed[order.block_id] = order.propose;
  later(node, cost, Verified{order.propose.view, order.block_id, verdict, cost});
  if (verdict == Verdict::valid) later(node, cost, BodyDurable{order.block_id});
}

Verdict Cluster::execute(Node& node, const Verify& order) {
  const auto& propose = order.propose;
  CHECK(propose.parent_id == node.disk.tip.block_id || node.executed.contains(propose.parent_id));
  if (judge) {
    if (const auto verdict = judge(node, propose)) return *verdict;
  }
  if (faults.unavailable_permille > 0 && random_.chance(faults.unavailable_permille)) {
    return Verdict::unavailable;
  }
  const auto header = decode<Header>(propose.payload.header);
  if (!header || header->view != propose.view || header->parent != propose.parent_id ||
      header->height != propose.height) {
    return Verdict::invalid;
  }
  if (header->batches != digest_of(propose.payload.batches)) return Verdict::mismatch;
  return Verdict::valid;
}

void Cluster::later(Node& node, std::uint64_t delay_ms, Input input) {
  later_.emplace(now_ + delay_ms, Later{node.place, node.life, std::move(input)});
}

void Cluster::tell(const Node& node, const std::string& text) {
  if (observer) observer(Event{now_, &node, nullptr, text});
}

std::uint64_t Cluster::height_of(const std::vector<std::size_t>& places) const {
  std::uint64_t lowest = ~std::uint64_t{0};
  for (const auto place : places) lowest = std::min(lowest, nodes_[place].disk.tip.height.value());
  return lowest;
}

}  // namespace fenrun::sim
