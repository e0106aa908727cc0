#include "ledger/journal.h"

#include <algorithm>
#include <bit>
#include <set>

#include "core/check.h"
#include "ledger/proof/recovery.h"

namespace fenrun {
namespace {

// Entries between two dumps of the active bits: what a start replays at most.
constexpr std::uint64_t kDumpInterval = std::uint64_t{1} << 20;
constexpr std::size_t kSnapshotsKept = 2;

Error corrupt(const std::string& what) { return {Errc::corruption, what}; }

std::uint64_t count_bits(const std::vector<ActiveChunk>& chunks) {
  std::uint64_t count = 0;
  for (const auto& chunk : chunks) {
    for (const auto byte : chunk) count += static_cast<std::uint64_t>(std::popcount(byte));
  }
  return count;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(LedgerStore& store, std::uint64_t snapshot_interval,
                                               const ActiveHistoryLimits& history) {
  std::unique_ptr<Journal> journal(new Journal(store, snapshot_interval, history));
  if (store.size() > 0) FENRUN_OK(journal->load());
  return journal;
}

Result<Header> Journal::header_at(Position position) const {
  FENRUN_TRY(const auto bytes, store_->entry(position));
  FENRUN_TRY(const auto entry, decode_entry(bytes));
  const auto* header = std::get_if<Header>(&entry);
  if (!header || header->position != position) {
    return corrupt("no header at entry " + std::to_string(position.value()));
  }
  return *header;
}

Result<Header> Journal::header(Height height) const {
  const auto position = store_->header_position(height);
  if (!position) return Error{Errc::not_found, "height " + std::to_string(height.value())};
  return header_at(*position);
}

Status Journal::load() {
  const Position last(store_->size() - 1);
  FENRUN_TRY(tip_, header_at(last));
  tip_id_ = block_id(tip_);
  const NodeSource node = [this](unsigned level, std::uint64_t index) {
    return store_->node(level, index);
  };
  if (merkle_root(last.value(), node) != tip_.journal_root) {
    return corrupt("the journal's root differs from its tip header");
  }
  frontier_ = Frontier(store_->size(), node);
  return load_active_bits();
}

Status Journal::load_active_bits() {
  Height next(0);
  if (auto dump = store_->active_bits_dump();
      dump && dump->height <= tip_.height &&
      dump->chunks.size() == (dump->size + kActiveChunkBits - 1) / kActiveChunkBits) {
    active_ = ActiveBits::from_dump(dump->size, std::move(dump->chunks));
    dumped_size_ = active_.size();
    next = dump->height.next();
    const auto certificate = store_->certificate(dump->height);
    if (snapshot_interval_ > 0 && certificate && !certificate->empty()) {
      snapshots_.push_back({dump->height, active_});
    }
  }
  for (Height height = next; height <= tip_.height; height = height.next()) {
    FENRUN_OK(replay_bits(height));
  }
  if (active_.root() != tip_.active_root) {
    return corrupt("the active bits' root differs from the tip header");
  }
  if (count_bits(active_.dump()) != tip_.active_count) {
    return corrupt("the number of active bits differs from the tip header");
  }
  return {};
}

Result<SnapshotBuilder> Journal::begin_snapshot(SnapshotManifest manifest, const Digest& block_id) {
  return SnapshotBuilder::begin(*store_, std::move(manifest), block_id);
}

Status Journal::install(SnapshotBuilder& snapshot) {
  CHECK(snapshot.header().height > tip_.height);
  FENRUN_OK(snapshot.install());
  return reload();
}

Status Journal::reload() {
  unfinalized_.clear();
  undo_.clear();
  undo_bytes_ = 0;
  snapshots_.clear();
  active_ = ActiveBits();
  dumped_size_ = 0;
  return load();
}

Status Journal::replay_bits(Height height) {
  FENRUN_TRY(const auto header, this->header(height));
  ActiveChange change;
  change.size = header.position.value();
  const std::uint64_t records = header.counts[4];
  const Position first(header.position.value() - records);
  FENRUN_TRY(const auto entries, store_->entries(first, records));
  for (std::uint64_t i = 0; i < records; ++i) {
    FENRUN_TRY(const auto entry, decode_entry(entries[i]));
    const auto* record = std::get_if<RecordEntry>(&entry);
    if (!record) return corrupt("a block's last entries before its header are not its records");
    if (record->previous) {
      if (!active_.test(*record->previous)) return corrupt("a record supersedes none");
      change.cleared.push_back(*record->previous);
    }
    change.set.push_back(Position(first.value() + i));
  }
  active_.absorb(ActiveLayer(active_, change));
  return {};
}

Status Journal::commit_genesis(ExecutedBlock block) {
  CHECK(is_empty() && block.header.height == Height(0));
  block.rebase(*store_, active_);
  FENRUN_OK(store_->commit(block, {}));
  active_.absorb(block.active);
  tip_ = block.header;
  tip_id_ = block.id;
  frontier_ = block.frontier;
  return {};
}

std::optional<BlockPoint> Journal::point(const Digest& id) const {
  if (const auto* block = find(id)) return block->point();
  if (is_empty() || id != tip_id_) return std::nullopt;
  return point_after(tip_, tip_id_, frontier_, *store_, active_);
}

const ExecutedBlock& Journal::add(std::unique_ptr<ExecutedBlock> block) {
  CHECK(block->header.parent == tip_id_ || find(block->header.parent));
  const Digest id = block->id;
  return *unfinalized_.try_emplace(id, std::move(block)).first->second;
}

const ExecutedBlock* Journal::find(const Digest& id) const {
  const auto it = unfinalized_.find(id);
  return it == unfinalized_.end() ? nullptr : it->second.get();
}

std::uint64_t Journal::unfinalized_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [id, block] : unfinalized_) bytes += block->entry_bytes;
  return bytes;
}

Status Journal::commit(std::span<const Digest> ids, ByteView certificate) {
  std::vector<const ExecutedBlock*> blocks;
  const Height before = tip_.height;
  Digest parent = tip_id_;
  Height height = tip_.height;
  for (const auto& id : ids) {
    const auto* block = find(id);
    CHECK(block && block->header.parent == parent && block->header.height == height.next());
    blocks.push_back(block);
    parent = id;
    height = height.next();
  }
  FENRUN_OK(store_->commit(blocks, certificate));
  for (const auto& id : ids) {
    const std::unique_ptr<ExecutedBlock> block = std::move(unfinalized_.at(id));
    unfinalized_.erase(id);
    advance(*block);
  }
  forget_losers();
  return maybe_dump(before);
}

Status Journal::save_handover(Epoch epoch, const EpochHandover& handover) {
  if (is_recovery(handover.checkpoint.value)) return save_recovery(epoch, handover);
  FENRUN_TRY(auto note, parse_note(handover.checkpoint.value));
  const std::uint64_t size = note.body.size;
  if (size == 0 || size > store_->size()) {
    return Error{Errc::value_invalid, "a handover of a block that is not here"};
  }
  const auto header = header_at(Position(size - 1));
  const NodeSource node = [this](unsigned level, std::uint64_t index) {
    return store_->node(level, index);
  };
  if (!header || header->epoch != epoch || !header->ends_epoch() ||
      merkle_root(size, node) != note.body.root ||
      hash(Domain::trust_policy, bytes_of(handover.next_policy.value)) !=
          header->next_trust_policy ||
      hash(Domain::validator_set, handover.next_validators) != header->next_validators) {
    return Error{Errc::value_invalid, "a handover of another block"};
  }
  sort_signatures(note);
  return store_->save_handover(
      epoch, {{print(note)}, handover.next_policy, handover.certificate, handover.next_validators});
}

Status Journal::save_learnt_handover(Epoch epoch, const EpochHandover& handover) {
  CHECK(epoch >= tip_.epoch);
  return store_->save_handover(epoch, handover);
}

bool Journal::holds_tips_handover() const {
  if (!tip_.ends_epoch()) return false;
  const auto handover = store_->handover(tip_.epoch);
  if (!handover) return false;
  if (is_recovery(handover->checkpoint.value)) {
    const auto recovery = parse_recovery(handover->checkpoint.value);
    return recovery && recovery->tip.epoch == tip_.epoch && recovery->tip.block_id == tip_.parent &&
           validators_digest(validators_after(*recovery)) == tip_.next_validators;
  }
  const auto note = parse_note(handover->checkpoint.value);
  return note && note->body.size == store_->size() && note->body.root == root();
}

// It is kept before its block is committed, so that whoever has the block has it too.
Status Journal::save_recovery(Epoch epoch, const EpochHandover& handover) {
  FENRUN_TRY(const auto recovery, parse_recovery(handover.checkpoint.value));
  const auto& tip = recovery.tip;
  const auto header = tip.size == 0 || tip.size > store_->size()
                          ? Result<Header>(Errc::not_found)
                          : header_at(Position(tip.size - 1));
  if (!header || block_id(*header) != tip.block_id || tip.epoch != epoch) {
    return Error{Errc::value_invalid, "a recovery from another block"};
  }
  return store_->save_handover(epoch, handover);
}

Status Journal::save_anchor(Epoch epoch, std::string_view text) {
  FENRUN_TRY(auto note, parse_note(text));
  sort_signatures(note);
  return store_->save_anchor(epoch, print(note));
}

// The tip moves to a child that the store holds.
void Journal::advance(const ExecutedBlock& block) {
  auto undo = std::make_unique<ActiveLayer>(active_.absorb(block.active));
  if (!undo_.empty()) undo_.back().view->rebase(*undo);
  undo_bytes_ += undo->memory();
  undo_.push_back({tip_.height, std::move(undo)});
  while (undo_.size() > history_.blocks || undo_bytes_ > history_.bytes) release_oldest();
  tip_ = block.header;
  tip_id_ = block.id;
  frontier_ = block.frontier;
  for (auto& [child_id, child] : unfinalized_) {
    if (child->header.parent == tip_id_) child->rebase(*store_, active_);
  }
}

void Journal::forget_losers() {
  std::set<Digest> alive{tip_id_};
  // Children have greater heights than their parents, so one pass a height finds all descendants.
  std::vector<const ExecutedBlock*> by_height;
  for (const auto& [id, block] : unfinalized_) by_height.push_back(block.get());
  std::ranges::sort(by_height, {}, [](const ExecutedBlock* b) { return b->header.height; });
  for (const auto* block : by_height) {
    if (alive.contains(block->header.parent)) alive.insert(block->id);
  }
  std::erase_if(unfinalized_, [&](const auto& item) { return !alive.contains(item.first); });
}

// After a commit the tip has a certificate of its own.
Status Journal::maybe_dump(Height before) {
  const bool is_snapshot = snapshot_interval_ > 0 && tip_.height.value() / snapshot_interval_ !=
                                                         before.value() / snapshot_interval_;
  if (is_snapshot) keep_snapshot_point();
  if (!is_snapshot && active_.size() - dumped_size_ < kDumpInterval) return {};
  FENRUN_OK(store_->save_active_bits({tip_.height, active_.size(), active_.dump()}));
  dumped_size_ = active_.size();
  return {};
}

void Journal::keep_snapshot_point() {
  snapshots_.push_back({tip_.height, active_});
  if (snapshots_.size() > kSnapshotsKept) snapshots_.pop_front();
}

const ActiveView* Journal::active_at(Height height) const {
  if (height == tip_.height) return &active_;
  for (const auto& undo : undo_) {
    if (undo.height == height) return undo.view.get();
  }
  return nullptr;
}

Journal::Hold Journal::hold(Height height) const {
  const auto hold = std::make_shared<const Height>(height);
  std::erase_if(holds_, [](const auto& other) { return other.expired(); });
  holds_.push_back(hold);
  return hold;
}

void Journal::release_below(Height height) {
  for (const auto& weak : holds_) {
    if (const auto hold = weak.lock()) height = std::min(height, *hold);
  }
  while (!undo_.empty() && undo_.front().height < height) release_oldest();
}

// Nothing rests on it.
void Journal::release_oldest() {
  undo_bytes_ -= undo_.front().view->memory();
  undo_.pop_front();
}

}  // namespace fenrun
