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

// The smallest live key >= `from` of a layer over a base.  `has_value(entry)` tells whether the
// layer's entry is live.
template <class Layer, class HasValue>
std::optional<RecordKey> merged_at_or_after(const StateView& base, const Layer& layer,
                                            ByteView from, HasValue has_value) {
  auto own = layer.lower_bound(from);
  while (own != layer.end() && !has_value(own->second)) ++own;
  auto below = base.at_or_after(from);
  while (below) {
    const auto shadow = layer.find(*below);
    if (shadow == layer.end() || has_value(shadow->second)) break;
    below = base.at_or_after(successor(*below));
  }
  if (own == layer.end()) return below;
  if (!below || less(own->first, *below)) return own->first;
  return below;
}

template <class Layer, class HasValue>
std::optional<RecordKey> merged_before(const StateView& base, const Layer& layer, ByteView limit,
                                       HasValue has_value) {
  std::optional<RecordKey> own;
  for (auto it = layer.lower_bound(limit); it != layer.begin();) {
    --it;
    if (!has_value(it->second)) continue;
    own = it->first;
    break;
  }
  auto below = base.before(limit);
  while (below) {
    const auto shadow = layer.find(*below);
    if (shadow == layer.end() || has_value(shadow->second)) break;
    below = base.before(*below);
  }
  if (!own) return below;
  if (!below || less(*below, *own)) return own;
  return below;
}

bool is_live(const CurrentRecord& record) { return record.value.has_value(); }

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

std::optional<RecordKey> DeltaView::at_or_after(ByteView key) const {
  return merged_at_or_after(*base_, delta_, key, is_live);
}

std::optional<RecordKey> DeltaView::before(ByteView key) const {
  return merged_before(*base_, delta_, key, is_live);
}

void Overlay::put(const RecordKey& key, Bytes value) {
  CHECK(!key.empty() && key.size() <= kRecordKeyBytesMax);
  CHECK(value.size() <= kRecordValueBytesMax);
  write(key, std::move(value));
}

void Overlay::remove(const RecordKey& key) { write(key, std::nullopt); }

void Overlay::write(const RecordKey& key, Written value) {
  const auto slot = slots_.try_emplace(key).first;
  undo_.push_back({slot, std::exchange(slot->second.written, std::move(value))});
}

void Overlay::rollback(std::size_t savepoint) {
  CHECK(savepoint <= undo_.size());
  while (undo_.size() > savepoint) {
    auto& [slot, before] = undo_.back();
    slot->second.written = std::move(before);
    // Neither read nor written: whatever was undone later has no iterator to it.
    if (!slot->second.written && !slot->second.is_read) slots_.erase(slot);
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
  auto found = slots_.find(key);
  if (found == slots_.end()) found = slots_.emplace(to_bytes(key), Slot{}).first;
  if (!found->second.written) read(key, found->second);
  return found->second;
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

std::optional<RecordKey> Overlay::at_or_after(ByteView key) const {
  return merged_at_or_after(*base_, slots_, key,
                            [](const Slot& slot) { return slot.is_present(); });
}

std::optional<RecordKey> Overlay::before(ByteView key) const {
  return merged_before(*base_, slots_, key, [](const Slot& slot) { return slot.is_present(); });
}

bool Overlay::has_written(std::uint8_t first) const {
  for (auto it = slots_.lower_bound(RecordKey(Bytes{first})); it != slots_.end(); ++it) {
    if (it->first.front() != first) break;
    if (it->second.written) return true;
  }
  return false;
}

std::vector<Overlay::Change> Overlay::take_changes() {
  std::vector<Change> changes;
  undo_.clear();
  while (!slots_.empty()) {
    auto node = slots_.extract(slots_.begin());
    auto& slot = node.mapped();
    if (!slot.written) continue;
    read(node.key(), slot);
    const bool is_same = slot.base ? slot.base->value == *slot.written : !slot.written->has_value();
    if (is_same) continue;
    changes.push_back({std::move(node.key()), std::move(slot.base), *std::move(slot.written)});
  }
  return changes;
}

}  // namespace fenrun
