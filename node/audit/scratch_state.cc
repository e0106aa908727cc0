#include "node/audit/scratch_state.h"

#include <iterator>
#include <utility>

#include "node/storage/require.h"

namespace fenrun::audit {
namespace {

// What a Record costs in memory besides key and value: the nodes of the map, three allocations.
constexpr std::size_t kRecordOverheadBytes = 200;
constexpr std::size_t kPartRecords = 16'384;
constexpr std::size_t kCacheShare = 8;
constexpr BytewiseLess less;

std::size_t bytes_of_value(const CurrentRecord& record) {
  return record.value ? record.value->size() : 0;
}

}  // namespace

ScratchState::ScratchState(Path folder, std::size_t memory_bytes_max)
    : folder_(std::move(folder)),
      memory_bytes_max_(memory_bytes_max),
      cache_(memory_bytes_max / kCacheShare) {}

ScratchState::~ScratchState() {
  if (!index_) return;
  index_.reset();
  std::error_code ignored;  // Nobody misses it.
  std::filesystem::remove_all(folder_, ignored);
}

Status ScratchState::absorb(const StateDelta& delta) {
  for (const auto& [key, record] : delta) {
    auto* item = recent_.find(key);
    if (item == nullptr) {
      item = &recent_.obtain(key);
      ordered_.insert(item);
      recent_bytes_ += kRecordOverheadBytes + key.size();
    }
    recent_bytes_ -= bytes_of_value(item->value);
    item->value = record;
    recent_bytes_ += bytes_of_value(record);
  }
  return recent_bytes_ > memory_bytes_max_ ? spill() : Status();
}

// Nothing is read meanwhile.
Status ScratchState::spill() {
  if (!index_) {
    FENRUN_TRY(index_, Index::open(folder_, {}));
  }
  StateDelta part;
  for (const auto* item : ordered_) {
    part.emplace_hint(part.end(), item->key, item->value);
    if (part.size() == kPartRecords) FENRUN_OK(spill_part(std::exchange(part, {})));
  }
  ordered_.clear();
  recent_ = {};
  recent_bytes_ = 0;
  return spill_part(part);
}

Status ScratchState::spill_part(const StateDelta& part) {
  for (const auto& [key, record] : part) cache_.put(key, record);
  // An index takes blocks: each part is one, of which nobody asks more than its state.
  BlockPlace place;
  place.height = Height(parts_);
  place.first = Position(parts_);
  place.entry_count = 1;
  ++parts_;
  const std::vector<Tile> no_tiles;
  const std::vector<JournaledTransaction> no_transactions;
  return index_->apply({.place = &place,
                        .block_id = {},
                        .tiles = &no_tiles,
                        .transactions = &no_transactions,
                        .state = &part,
                        .keeps_header = false});
}

std::optional<CurrentRecord> ScratchState::record(ByteView key) const {
  if (const auto* item = recent_.find(key)) return item->value;
  if (!index_) return std::nullopt;
  if (auto cached = cache_.find(key)) return cached;
  auto record = require(index_->record(key));
  if (record) cache_.put(key, *record);
  return record;
}

// Of memory and disk each the nearest; on disk that is the nearest that memory does not hide.
std::optional<RecordKey> ScratchState::at_or_after(ByteView key) const {
  auto it = ordered_.lower_bound(key);
  while (it != ordered_.end() && !(*it)->value.value) ++it;
  const bool is_recent = it != ordered_.end();
  auto stored = index_ ? require(index_->at_or_after(key)) : std::nullopt;
  const auto is_nearer = [&] { return stored && (!is_recent || less(*stored, (*it)->key)); };
  while (is_nearer() && recent_.find(*stored)) {
    stored->push_back(0);  // The smallest key behind it.
    stored = require(index_->at_or_after(*stored));
  }
  if (is_nearer()) return stored;
  return is_recent ? std::optional((*it)->key) : std::nullopt;
}

// Whoever asks for the key goes on to its Record.
std::optional<RecordKey> ScratchState::stored_before(ByteView key) const {
  if (!index_) return std::nullopt;
  auto found = require(index_->before(key)).before;
  if (!found) return std::nullopt;
  if (!cache_.contains(found->first)) cache_.put(found->first, found->second);
  return std::move(found->first);
}

std::optional<RecordKey> ScratchState::before(ByteView key) const {
  auto it = std::make_reverse_iterator(ordered_.lower_bound(key));
  while (it != ordered_.rend() && !(*it)->value.value) ++it;
  const bool is_recent = it != ordered_.rend();
  auto stored = stored_before(key);
  const auto is_nearer = [&] { return stored && (!is_recent || less((*it)->key, *stored)); };
  while (is_nearer() && recent_.find(*stored)) stored = stored_before(*stored);
  if (is_nearer()) return stored;
  return is_recent ? std::optional((*it)->key) : std::nullopt;
}

}  // namespace fenrun::audit
