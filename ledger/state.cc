#include "ledger/state.h"

#include <utility>

#include "core/check.h"

namespace fenrun {
namespace {

bool less(ByteView a, ByteView b) { return BytewiseLess{}(a, b); }

// The key directly behind `key` in bytewise order.
RecordKey successor(RecordKey key) {
  key.push_back(0);
  return key;
}

std::size_t size_of_write(const RecordKey& key, const std::optional<Bytes>& value) {
  return key.size() + (value ? value->size() : 0);
}

// A layer of keys over a base: `keys` are in order; `key_of` gives the key of one of them, and
// `is_present` whether a key that the base has, or the layer, is there in both together.
template <class Keys, class KeyOf, class IsPresent>
std::optional<RecordKey> merged_at_or_after(const StateView& base, const Keys& keys, ByteView from,
                                            KeyOf key_of, IsPresent is_present) {
  auto own = keys.lower_bound(from);
  while (own != keys.end() && !is_present(key_of(*own))) ++own;
  auto below = base.at_or_after(from);
  while (below && !is_present(*below)) below = base.at_or_after(successor(*below));
  if (own == keys.end()) return below;
  if (!below || less(key_of(*own), *below)) return key_of(*own);
  return below;
}

template <class BeforeInBase, class Keys, class KeyOf, class IsPresent>
std::optional<RecordKey> merged_before(BeforeInBase before_in_base, const Keys& keys,
                                       ByteView limit, KeyOf key_of, IsPresent is_present) {
  std::optional<RecordKey> own;
  for (auto it = keys.lower_bound(limit); !own && it != keys.begin();) {
    --it;
    if (is_present(key_of(*it))) own = key_of(*it);
  }
  auto below = before_in_base(limit);
  while (below && !is_present(*below)) below = before_in_base(*below);
  if (!own) return below;
  if (!below || less(*below, *own)) return own;
  return below;
}

const RecordKey& key_of_item(const StateDelta::value_type& item) { return item.first; }
constexpr auto kKeyOfSlot = [](const auto* item) -> const RecordKey& { return item->key; };

}  // namespace

std::optional<Bytes> StateView::value(ByteView key) const {
  auto current = record(key);
  if (!current) return std::nullopt;
  return std::move(current->value);
}

std::optional<CurrentRecord> DeltaView::record(ByteView key) const {
  const auto it = delta_.find(key);
  return it == delta_.end() ? base_->record(key) : it->second;
}

// A key that the block did not write is one of the base's.
bool DeltaView::is_present(const RecordKey& key) const {
  const auto it = delta_.find(key);
  return it == delta_.end() || it->second.value.has_value();
}

std::optional<RecordKey> DeltaView::at_or_after(ByteView key) const {
  return merged_at_or_after(*base_, delta_, key, key_of_item,
                            [this](const RecordKey& k) { return is_present(k); });
}

std::optional<RecordKey> DeltaView::before(ByteView key) const {
  return merged_before([this](ByteView k) { return base_->before(k); }, delta_, key, key_of_item,
                       [this](const RecordKey& k) { return is_present(k); });
}

void Overlay::put(const RecordKey& key, Bytes value) {
  CHECK(value.size() <= kRecordValueBytesMax);
  write(key, std::move(value));
}

void Overlay::remove(const RecordKey& key) { write(key, std::nullopt); }

void Overlay::write(const RecordKey& key, Written value) {
  CHECK(!key.empty() && key.size() <= kRecordKeyBytesMax);
  auto& item = slots_.obtain(key);
  if (!item.value.written) {
    loose_.push_back(&item);
    ++written_by_family_[item.key.front()];
  }
  written_bytes_ += size_of_write(key, value);
  undo_.push_back({&item, std::exchange(item.value.written, std::move(value))});
}

// What was written first last is at the end of the keys not in order yet, if it is among them.
void Overlay::forget_write(Slots::Item& item) {
  --written_by_family_[item.key.front()];
  if (!loose_.empty()) {
    CHECK(loose_.back() == &item);
    loose_.pop_back();
  } else {
    CHECK(ordered_.erase(&item) == 1);
  }
}

void Overlay::rollback(std::size_t savepoint) {
  CHECK(savepoint <= undo_.size());
  while (undo_.size() > savepoint) {
    auto& [item, before] = undo_.back();
    written_bytes_ -= size_of_write(item->key, *item->value.written);
    item->value.written = std::move(before);
    if (!item->value.written) forget_write(*item);
    undo_.pop_back();
  }
}

void Overlay::read(ByteView key, Slot& slot) const {
  if (slot.is_read) return;
  slot.base = base_->record(key);
  slot.is_read = true;
}

// Read, unless it was written.
Overlay::Slot& Overlay::slot_of(ByteView key) const {
  auto& slot = slots_.obtain(key).value;
  if (!slot.written) read(key, slot);
  return slot;
}

std::optional<CurrentRecord> Overlay::record(ByteView key) const {
  auto& slot = slot_of(key);
  if (!slot.written) return slot.base;
  read(key, slot);
  CurrentRecord record;
  if (slot.base) {
    record.version = slot.base->version;
    record.position = slot.base->position;
  }
  record.value = *slot.written;
  return record;
}

std::optional<Bytes> Overlay::value(ByteView key) const {
  const auto& slot = slot_of(key);
  if (slot.written) return *slot.written;
  return slot.base ? slot.base->value : std::nullopt;
}

// A key that was not written is one of the base's.
bool Overlay::is_present(const RecordKey& key) const {
  const auto* item = slots_.find(key);
  return item == nullptr || !item->value.written || item->value.written->has_value();
}

const Overlay::Order& Overlay::written_in_order() const {
  ordered_.insert(loose_.begin(), loose_.end());
  loose_.clear();
  return ordered_;
}

std::optional<RecordKey> Overlay::at_or_after(ByteView key) const {
  return merged_at_or_after(*base_, written_in_order(), key, kKeyOfSlot,
                            [this](const RecordKey& k) { return is_present(k); });
}

// The base is a disk, and does not change: it is asked once for all keys of a gap.
std::optional<RecordKey> Overlay::before_in_base(ByteView key) const {
  auto& gap = gaps_[key.front()];
  if (!gap.below.empty() && less(gap.below, key) && !less(gap.limit, key)) return gap.below;
  auto below = base_->before(key);
  if (!below) return below;
  if (gap.below != *below) {
    gap = {*below, RecordKey(to_bytes(key))};
  } else if (less(gap.limit, key)) {
    gap.limit = RecordKey(to_bytes(key));
  }
  return below;
}

bool Overlay::has_written_from(std::uint8_t first, std::uint8_t last) const {
  for (std::size_t family = first; family <= last; ++family) {
    if (written_by_family_[family] > 0) return true;
  }
  return false;
}

// Where nothing was written between, the base's answer is ours, and nothing need be put in order.
std::optional<RecordKey> Overlay::before(ByteView key) const {
  if (key.empty()) return std::nullopt;
  auto below = before_in_base(key);
  if (below && !has_written_from(below->front(), key.front())) return below;
  return merged_before([this](ByteView k) { return before_in_base(k); }, written_in_order(), key,
                       kKeyOfSlot, [this](const RecordKey& k) { return is_present(k); });
}

std::vector<Overlay::Change> Overlay::take_changes() {
  std::vector<Slots::Item*> items(ordered_.begin(), ordered_.end());
  items.insert(items.end(), loose_.begin(), loose_.end());
  std::ranges::sort(items, KeyLess{});
  std::vector<Change> changes;
  changes.reserve(items.size());
  for (auto* const item : items) {
    auto& slot = item->value;
    read(item->key, slot);
    const bool is_same = slot.base ? slot.base->value == *slot.written : !slot.written->has_value();
    if (is_same) continue;
    changes.push_back({std::move(item->key), std::move(slot.base), *std::move(slot.written)});
  }
  return changes;
}

}  // namespace fenrun
