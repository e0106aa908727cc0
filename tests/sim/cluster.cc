#include "tests/sim/cluster.h"

#include <algorithm>

#include "core/check.h"
#include "core/overloaded.h"

namespace fenrun::sim {

namespace {

// The header of a simulated block: what a driver checks, and nothing else.
struct Header {
  Epoch epoch;
  View view;
  Height height;
  Digest parent;
  Digest batches;
  std::uint64_t salt = 0;
  Members next;  // Who follows; none unless the block ends its epoch.

  FENRUN_FIELDS(epoch, view, height, parent, batches, salt, next)
};

Header header_of(const Propose& propose) { return decode<Header>(propose.payload.header).value(); }

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

std::set<std::uint16_t> faulty(const ClusterOptions& options) {
  std::set<std::uint16_t> indices;
  for (const auto& [index, fault] : options.byzantine) indices.insert(index);
  return indices;
}

std::size_t identities(const ClusterOptions& options) {
  return options.validators + options.observers;
}

std::size_t places(const ClusterOptions& options) {
  auto count = identities(options);
  for (const auto& [index, fault] : options.byzantine) count += fault == Fault::twin ? 1 : 0;
  return count;
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options)
    : options_(options),
      random_(options.seed),
      keys_(identities(options)),
      chain_id_(sha256(bytes_of("simulated chain"))),
      network_(places(options), random_),
      checker_(faulty(options)) {
  Members first;
  for (std::uint16_t i = 0; i < options.validators; ++i) first.push_back({i, 0});
  const EpochInfo genesis(Epoch(0), Digest{}, Height(0), first, keys_);
  epochs_.emplace(Epoch(0), genesis);
  checker_.opened(Epoch(0), options.validators);
  const auto add = [&](std::uint16_t identity, Fault fault) {
    const FinalizedTip tip{Epoch(0), View(0), Height(0), genesis.first_block, {}, false};
    nodes_.push_back(
        {nodes_.size(), identity, fault, {{}, {}, {}, tip, genesis, {}}, {}, {}, 0, 0, {}, {}, {}});
  };
  const auto fault_of = [&](std::uint16_t i) {
    const auto it = options.byzantine.find(i);
    return it == options.byzantine.end() ? Fault::none : it->second;
  };
  for (std::uint16_t i = 0; i < identities(options); ++i) add(i, fault_of(i));
  for (std::uint16_t i = 0; i < identities(options); ++i) {
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
      if (!node.replica || node.life != due.life) continue;
      due.input ? step(node, *due.input) : begin_epoch(node);
    }
    for (auto& node : nodes_) {
      if (!node.replica && node.starts_at != 0 && node.starts_at <= now_) start(node);
      if (node.replica && (now_ + node.place) % 10 == 0) step(node, Tick{TimeMs(now_)});
    }
  }
}

void Cluster::crash(Node& node, std::uint64_t down_ms) {
  auto& unsynced = node.log_unsynced;
  const auto kept = static_cast<std::ptrdiff_t>(random_.below(unsynced.size() + 1));
  if (auto* kept_log = log(node)) {
    kept_log->insert(kept_log->end(), unsynced.begin(), unsynced.begin() + kept);
    if (node.fault == Fault::amnesiac) kept_log->clear();
  }
  unsynced.clear();
  node.replica.reset();
  node.executed.clear();
  node.range_wanted.reset();
  node.starts_at = down_ms == 0 ? 0 : now_ + down_ms;
  tell(node, "crashes");
  if (node.identity == options_.set_back && random_.chance(faults.rollback_permille)) {
    roll_back(node);
  }
}

// The journal is restored from a backup, and the vote logs are not.
void Cluster::roll_back(Node& node) {
  if (node.backups.empty()) return;
  auto& disk = node.disk;
  const auto kept = 1 + random_.below(node.backups.size());
  node.backups.erase(node.backups.begin() + static_cast<std::ptrdiff_t>(kept), node.backups.end());
  std::tie(disk.tip, disk.epoch) = node.backups.back();
  disk.chain.resize(disk.tip.height.value());
  std::erase_if(disk.ends, [&](const auto& end) {
    return end.first > disk.tip.epoch || (end.first == disk.tip.epoch && !disk.tip.ends_epoch);
  });
  const auto ended = disk.tip.epoch.value() + (disk.tip.ends_epoch ? 1 : 0);
  if (node.fault == Fault::none) checker_.rolled_back(node.identity, disk.tip.height, ended);
}

// As what the node takes part in its epoch; null for an observer.
const Member* Cluster::member(const Node& node) const {
  const auto index = node.disk.epoch.index_of(node.identity);
  return index ? &node.disk.epoch.members[index->value()] : nullptr;
}

// One key, one log; null for an observer.
std::vector<Bytes>* Cluster::log(Node& node) {
  const auto* self = member(node);
  if (self == nullptr || node.disk.retired.contains(self->generation)) return nullptr;
  return &node.disk.logs[self->generation];
}

std::vector<LogRecord> Cluster::records(Node& node) {
  std::vector<LogRecord> records;
  for (const auto& bytes : *log(node)) records.push_back(decode<LogRecord>(bytes).value());
  return records;
}

void Cluster::rewrite_log(Node& node) {
  node.log_unsynced.clear();
  auto* whole = log(node);
  if (whole == nullptr) return;
  whole->clear();
  for (const auto& record : node.replica->log_snapshot()) whole->push_back(encode(record));
}

// Duty 6.
void Cluster::make_replica(Node& node, LogCheck check) {
  const auto& info = node.disk.epoch;
  const ReplicaConfig config{chain_id_, info.epoch, info.first_block, options_.timing, check};
  const bool votes = log(node) != nullptr;
  node.replica = std::make_unique<Replica>(
      config, info.set, votes ? info.index_of(node.identity) : std::nullopt,
      votes ? &keys_.key(*member(node)) : nullptr, node.disk.tip,
      votes ? records(node) : std::vector<LogRecord>(), TimeMs(now_));
  ++node.life;
  if (work_) later(node, 0, WorkPending{true});
  if (node.replica->ended()) later(node, random_.below(faults.handover_ms_max), std::nullopt);
}

void Cluster::start(Node& node) {
  CHECK(!node.replica);
  // At first nobody has voted yet; and a Byzantine node does not want to know.
  const bool asks = now_ > 0 && node.fault == Fault::none;
  make_replica(node, asks ? LogCheck::ask : LogCheck::passed);
  node.starts_at = 0;
  if (node.fault == Fault::none) checker_.started(node.identity, node.disk.tip.height);
  rewrite_log(node);
  if (now_ > 0) tell(node, "starts in view " + std::to_string(node.replica->view().value()));
}

// Duty 8.  The set that follows is in the header of the epoch's last block.
void Cluster::begin_epoch(Node& node) {
  auto& disk = node.disk;
  const auto& last = disk.chain.back();
  const auto id = block_id_of(last.payload);
  const auto* before = member(node);
  const auto generation = before == nullptr ? std::nullopt : std::optional(before->generation);
  sync(node);
  node.executed.clear();
  node.range_wanted.reset();
  disk.epoch = EpochInfo(disk.epoch.epoch.next(), id, last.height, header_of(last).next, keys_);
  disk.tip = FinalizedTip{disk.epoch.epoch, View(0), last.height, id, {}, false};
  node.backups.emplace_back(disk.tip, disk.epoch);
  if (epochs_.emplace(disk.epoch.epoch, disk.epoch).second) {
    checker_.opened(disk.epoch.epoch, disk.epoch.members.size());
  }
  const bool same_log = log(node) != nullptr && generation == member(node)->generation;
  const auto check = same_log ? node.replica->log_check() : LogCheck::ask;
  make_replica(node, node.fault == Fault::none ? check : LogCheck::passed);
  if (random_.chance(500)) rewrite_log(node);
  tell(node, "begins epoch " + std::to_string(disk.epoch.epoch.value()) +
                 (log(node) != nullptr ? " as a validator" : " as an observer"));
}

// Duty 10.  A Byzantine node makes the vote its own and goes on.
void Cluster::give_up(Node& node, const Vote& vote) {
  checker_.gave_up(node.identity);
  if (node.fault == Fault::none || !options_.twins_persist) {
    node.disk.retired.insert(member(node)->generation);
    return;
  }
  sync(node);
  std::erase_if(*log(node), [&](const Bytes& bytes) {
    const auto record = decode<LogRecord>(bytes).value();
    const auto* own = std::get_if<Vote>(&record);
    return own != nullptr && own->subject.view == vote.subject.view;
  });
  log(node)->push_back(encode(LogRecord(vote)));
  crash(node, 1);
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
  if (faults.rewrite_permille > 0 && random_.chance(faults.rewrite_permille)) rewrite_log(node);
}

bool Cluster::carry_out(Node& node, const Output& output) {
  if (faults.crash_per_100000 > 0 && random_.below(100'000) < faults.crash_per_100000) {
    crash(node, 1 + random_.below(faults.down_ms_max));
    return false;
  }
  if (observer) observer(Event{now_, &node, &output, {}});
  std::visit(
      overloaded{
          [&](const Persist& persist) { node.log_unsynced.push_back(encode(persist.record)); },
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
            checker_.convicted(identity_of(node, found.evidence.first.signer));
          },
          [&](const StaleLog& stale) { give_up(node, stale.vote); },
          [](const EnteredView&) {},
      },
      output);
  return node.replica != nullptr;
}

void Cluster::sync(Node& node) {
  if (node.log_unsynced.empty()) return;
  auto& synced = *log(node);
  synced.insert(synced.end(), node.log_unsynced.begin(), node.log_unsynced.end());
  node.log_unsynced.clear();
}

// Validators by their index, all others by their identity above all indices.
ValidatorIndex Cluster::number_of(const Node& node, std::uint16_t identity) const {
  const auto index = node.disk.epoch.index_of(identity);
  return index.value_or(ValidatorIndex(static_cast<std::uint16_t>(kValidatorsMax + identity)));
}

std::uint16_t Cluster::identity_of(const Node& node, ValidatorIndex number) const {
  if (number.value() >= kValidatorsMax) {
    return static_cast<std::uint16_t>(number.value() - kValidatorsMax);
  }
  return node.disk.epoch.members[number.value()].identity;
}

void Cluster::send(Node& node, const Send& output) {
  sync(node);
  if (const auto* vote = std::get_if<Vote>(&output.message)) {
    checker_.sent(node.identity, *vote);
  } else if (const auto* propose = std::get_if<Propose>(&output.message)) {
    checker_.sent(node.identity,
                  Vote{propose->subject(), number_of(node, node.identity), propose->signature});
  } else if (const auto* certificate = std::get_if<Certificate>(&output.message)) {
    checker_.sent(*certificate);
  }
  const auto bytes = frame(kConsensusFrame, output.message);
  for (const auto& other : nodes_) {
    if (other.identity == node.identity) continue;
    if (output.to && identity_of(node, *output.to) != other.identity) continue;
    network_.send(now_, node.place, other.place, bytes);
  }
  if (node.fault == Fault::liar) lie(node, output.message);
}

// Beside what it says as an honest replica a liar signs anything.
void Cluster::lie(Node& node, const Message& message) {
  const auto index = node.disk.epoch.index_of(node.identity);
  if (!index) return;
  const auto scatter = [&](const Message& lie) {
    const auto bytes = frame(kConsensusFrame, lie);
    for (const auto& other : nodes_) {
      if (other.identity != node.identity && random_.chance(500)) {
        network_.send(now_, node.place, other.place, bytes);
      }
    }
  };
  if (const auto* propose = std::get_if<Propose>(&message)) {
    const bool repeats = block_id_of(propose->payload) == propose->parent_id;
    auto lie = repeats ? extension_of(*propose) : variant_of(*propose, random_.next());
    if (!repeats && random_.chance(300)) lie = repetition_of(node, *propose).value_or(lie);
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
    lie.signature = keys_.key(node.disk.epoch.members[index->value()])
                        .sign(Domain::consensus_vote, signed_bytes(chain_id_, lie.subject));
    scatter(lie);
  } else if (const auto* certificate = std::get_if<Certificate>(&message)) {
    Certificate lie = *certificate;
    lie.subject.view = View(lie.subject.view.value() + random_.below(1'000));
    scatter(lie);
  }
}

void Cluster::sign(Propose& propose) {
  const auto& info = epochs_.at(propose.epoch);
  const auto leader = info.set.leader(info.first_block, propose.view);
  propose.signature = keys_.key(info.members[leader.value()])
                          .sign(Domain::consensus_vote, signed_bytes(chain_id_, propose.subject()));
}

Propose Cluster::variant_of(const Propose& propose, std::uint64_t salt) {
  Propose variant = propose;
  auto header = header_of(propose);
  header.salt = salt;
  variant.payload.header = encode(header);
  checker_.made(block_id_of(variant.payload), !header.next.empty());
  sign(variant);
  return variant;
}

Propose Cluster::extension_of(const Propose& repetition) {
  Propose extension = repetition;
  auto header = header_of(repetition);
  header.view = repetition.view;
  header.height = header.height.next();
  header.parent = repetition.parent_id;
  header.next.clear();
  extension.height = header.height;
  extension.payload.header = encode(header);
  checker_.made(block_id_of(extension.payload), false);
  sign(extension);
  return extension;
}

std::optional<Propose> Cluster::repetition_of(const Node& node, const Propose& propose) {
  const auto* parent = node.replica->proposal(propose.parent_id);
  if (parent == nullptr) return std::nullopt;
  Propose repetition = propose;
  repetition.payload = parent->payload;
  repetition.height = parent->height;
  sign(repetition);
  return repetition;
}

void Cluster::deliver(const Delivery& delivery) {
  auto& node = nodes_[delivery.to];
  if (!node.replica) return;
  const Bytes body(delivery.bytes.begin() + 1, delivery.bytes.end());
  if (delivery.bytes[0] == kRangeFrame) return take_range(node, body);
  const auto message = decode<Message>(body);
  if (!message || answer_for_the_past(node, delivery.from, *message)) return;
  const auto from = number_of(node, nodes_[delivery.from].identity);
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

// Duty 9.
bool Cluster::answer_for_the_past(Node& node, std::size_t from, const Message& message) {
  std::optional<Epoch> epoch;
  if (const auto* status = std::get_if<PeerStatus>(&message)) epoch = status->epoch;
  if (const auto* question = std::get_if<GetCertificates>(&message)) epoch = question->epoch;
  const auto end = epoch ? node.disk.ends.find(*epoch) : node.disk.ends.end();
  if (end == node.disk.ends.end() || *epoch == node.disk.epoch.epoch) return false;
  network_.send(now_, node.place, from, frame(kConsensusFrame, Message(end->second)));
  return std::holds_alternative<GetCertificates>(message);
}

// A range ends with its epoch.
void Cluster::answer_range(Node& node, std::size_t from, const GetRange& question) {
  const auto& disk = node.disk;
  if (question.from > disk.tip.height || question.from == Height(0)) return;
  Range answer;
  for (auto i = question.from.value() - 1; i < disk.chain.size(); ++i) {
    answer.blocks.push_back(disk.chain[i]);
    if (!header_of(disk.chain[i]).next.empty()) break;
  }
  if (answer.blocks.size() > 1000) return;
  const auto end = disk.ends.find(header_of(answer.blocks.back()).epoch);
  if (end == disk.ends.end() && !disk.tip.certificate) return;
  answer.finalization = end != disk.ends.end() ? end->second : *disk.tip.certificate;
  network_.send(now_, node.place, from, frame(kRangeFrame, answer));
}

// Checked by hash chain backwards from a certificate.
void Cluster::take_range(Node& node, const Bytes& bytes) {
  const auto range = decode<Range>(bytes);
  if (!range || range->blocks.empty() || !node.range_wanted) return;
  SignatureChecker signatures(chain_id_, node.disk.epoch.set);
  if (range->finalization.subject.kind != VoteKind::finalize) return;
  if (range->finalization.subject.epoch != node.disk.epoch.epoch || node.disk.tip.ends_epoch)
    return;
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
  sync(node);
  auto& disk = node.disk;
  for (const auto& block : blocks) {
    const auto id = block_id_of(block.payload);
    disk.chain.push_back(block);
    node.executed.erase(id);
    if (node.fault != Fault::none) continue;
    const auto header = header_of(block);
    checker_.committed(node.identity, disk.epoch.epoch, header.height, id, header.parent);
  }
  const auto& last = blocks.back();
  const bool ends = !header_of(last).next.empty();
  disk.tip = FinalizedTip{disk.epoch.epoch, certificate.subject.view,
                          last.height,      certificate.subject.block_id,
                          certificate,      ends};
  node.backups.emplace_back(disk.tip, disk.epoch);
  if (!ends) return;
  disk.ends[disk.epoch.epoch] = certificate;
  later(node, random_.below(faults.handover_ms_max), std::nullopt);
}

Members Cluster::choose_next(const Node& node) {
  if (!next_.empty()) return std::exchange(next_, {});
  if (faults.last_permille == 0 || !random_.chance(faults.last_permille)) return {};
  std::vector<std::uint16_t> liars;
  for (const auto& [identity, fault] : options_.byzantine) liars.push_back(identity);
  if (options_.set_back) liars.push_back(*options_.set_back);
  return next_members(node.disk.epoch, identities(options_), liars, random_);
}

void Cluster::build(Node& node, const Build& order) {
  CHECK(order.parent_id == node.disk.tip.block_id || node.executed.contains(order.parent_id));
  Payload payload;
  if (work_ && !order.empty_only) payload.batches.push_back(sha256(encode(++built_)));
  const auto next = choose_next(node);
  payload.header = encode(Header{node.disk.epoch.epoch, order.view, order.parent_height.next(),
                                 order.parent_id, digest_of(payload.batches), ++built_, next});
  Propose propose;
  propose.epoch = node.disk.epoch.epoch;
  propose.view = order.view;
  propose.parent_view = order.parent_view;
  propose.parent_id = order.parent_id;
  propose.height = order.parent_height.next();
  propose.payload = payload;
  const auto id = block_id_of(payload);
  node.executed[id] = propose;
  checker_.made(id, !next.empty());
  const auto cost = 1 + random_.below(faults.verify_ms_max);
  later(node, cost, Built{order.view, payload, cost, !next.empty()});
}

void Cluster::verify(Node& node, const Verify& order) {
  const auto verdict = execute(node, order);
  const auto cost = 1 + random_.below(faults.verify_ms_max);
  const bool right = verdict == Verdict::valid || verdict == Verdict::early;
  if (right) node.executed[order.block_id] = order.propose;
  const bool ends = right && !header_of(order.propose).next.empty();
  later(node, cost, Verified{order.propose.view, order.block_id, verdict, cost, ends});
  if (right) later(node, cost, BodyDurable{order.block_id});
}

Verdict Cluster::execute(Node& node, const Verify& order) {
  const auto& propose = order.propose;
  CHECK(propose.parent_id != order.block_id);
  CHECK(propose.parent_id == node.disk.tip.block_id || node.executed.contains(propose.parent_id));
  if (judge) {
    if (const auto verdict = judge(node, propose)) return *verdict;
  }
  if (faults.unavailable_permille > 0 && random_.chance(faults.unavailable_permille)) {
    return Verdict::unavailable;
  }
  const auto header = decode<Header>(propose.payload.header);
  if (!header || header->epoch != propose.epoch || header->view != propose.view ||
      header->parent != propose.parent_id || header->height != propose.height) {
    return Verdict::invalid;
  }
  if (header->batches != digest_of(propose.payload.batches)) return Verdict::mismatch;
  return random_.chance(faults.early_permille) ? Verdict::early : Verdict::valid;
}

void Cluster::later(Node& node, std::uint64_t delay_ms, std::optional<Input> input) {
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
