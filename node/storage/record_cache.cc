#include "node/storage/record_cache.h"

#include <cstring>
#include <new>

#include "core/check.h"

namespace fenrun {

// The key's bytes follow, then the value's.
struct RecordCache::Item {
  Item* previous;  // Of the ring.
  Item* next;
  std::uint64_t version;
  std::uint64_t position;
  std::uint32_t value_size;
  std::uint8_t key_size;
  bool has_value;
  bool was_used;  // Since the hand came by.

  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  ByteView key() const { return {bytes(), key_size}; }
  ByteView value() const { return {bytes() + key_size, value_size}; }

  // REQUIRES: the value has the size for which the item was made.
  void set(const CurrentRecord& record) {
    version = record.version;
    position = record.position.value();
    has_value = record.value.has_value();
    if (value_size > 0) std::memcpy(bytes() + key_size, record.value->data(), value_size);
  }
};

namespace {

constexpr std::size_t kSlotsMin = 64;  // A power of two.

std::size_t size_of_value(const CurrentRecord& record) {
  return record.value ? record.value->size() : 0;
}

}  // namespace

RecordCache::Item* RecordCache::make_item(ByteView key, const CurrentRecord& record) {
  static_assert(kRecordKeyBytesMax <= 0xFF && kRecordValueBytesMax <= 0xFFFF'FFFF);
  const std::size_t value_size = size_of_value(record);
  CHECK(key.size() <= kRecordKeyBytesMax && value_size <= kRecordValueBytesMax);
  void* const memory = ::operator new(sizeof(Item) + key.size() + value_size);
  auto* const item = new (memory) Item{};
  item->value_size = static_cast<std::uint32_t>(value_size);
  item->key_size = static_cast<std::uint8_t>(key.size());
  if (!key.empty()) std::memcpy(item->bytes(), key.data(), key.size());
  item->set(record);
  return item;
}

std::size_t RecordCache::cost_of(const Item& item) {
  constexpr std::size_t kSlotsAnItem = 4;  // At most.
  return sizeof(Item) + item.key_size + item.value_size + kSlotsAnItem * sizeof(Slot);
}

std::size_t RecordCache::probe(ByteView key, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].item != nullptr &&
         !(slots_[at].hash == hash && equal(slots_[at].item->key(), key))) {
    at = (at + 1) & mask;
  }
  return at;
}

std::optional<CurrentRecord> RecordCache::find(ByteView key) {
  if (slots_.empty()) return std::nullopt;
  Item* const item = slots_[probe(key, table_hash(key))].item;
  if (item == nullptr) return std::nullopt;
  item->was_used = true;
  CurrentRecord record{item->version, Position(item->position), std::nullopt};
  if (item->has_value) record.value = to_bytes(item->value());
  return record;
}

bool RecordCache::contains(ByteView key) const {
  return !slots_.empty() && slots_[probe(key, table_hash(key))].item != nullptr;
}

void RecordCache::put(const StateDelta& records) {
  struct Coming {
    std::uint64_t hash;
    const StateDelta::value_type* record;
  };
  std::vector<Coming> coming;
  coming.reserve(records.size());
  for (const auto& record : records) {
    coming.push_back({table_hash(record.first), &record});
    if (!slots_.empty()) __builtin_prefetch(&slots_[coming.back().hash & (slots_.size() - 1)]);
  }
  constexpr std::size_t kAhead = 8;
  for (std::size_t i = 0; i < coming.size(); ++i) {
    if (i + kAhead < coming.size() && !slots_.empty()) {
      __builtin_prefetch(slots_[coming[i + kAhead].hash & (slots_.size() - 1)].item);
    }
    put(coming[i].record->first, coming[i].hash, coming[i].record->second);
  }
}

void RecordCache::put(ByteView key, std::uint64_t hash, const CurrentRecord& record) {
  if (slots_.size() < 2 * (count_ + 1)) grow();
  std::size_t at = probe(key, hash);
  Item* const present = slots_[at].item;
  if (present != nullptr && present->value_size == size_of_value(record)) {
    present->set(record);
    present->was_used = true;
    return;
  }
  if (present != nullptr) {
    erase(at);
    at = probe(key, hash);
  }
  slots_[at].hash = hash;
  insert(slots_[at], make_item(key, record));
  slots_[at].item->was_used = present != nullptr;
  make_room();
}

// Where the hand comes last.
void RecordCache::insert(Slot& slot, Item* item) {
  if (hand_ == nullptr) {
    hand_ = item->previous = item->next = item;
  } else {
    item->next = hand_;
    item->previous = hand_->previous;
    item->previous->next = item;
    hand_->previous = item;
  }
  slot.item = item;
  bytes_ += cost_of(*item);
  ++count_;
}

// Whatever a later probe would miss behind the gap moves up into it.
void RecordCache::erase(std::size_t at) {
  Item* const item = std::exchange(slots_[at].item, nullptr);
  if (hand_ == item) hand_ = item->next == item ? nullptr : item->next;
  item->previous->next = item->next;
  item->next->previous = item->previous;
  bytes_ -= cost_of(*item);
  --count_;
  ::operator delete(item);

  const std::size_t mask = slots_.size() - 1;
  for (std::size_t next = (at + 1) & mask; slots_[next].item != nullptr; next = (next + 1) & mask) {
    const std::size_t home = slots_[next].hash & mask;
    const bool is_reachable = ((next - home) & mask) < ((next - at) & mask);
    if (is_reachable) continue;
    slots_[at] = std::exchange(slots_[next], Slot());
    at = next;
  }
}

void RecordCache::grow() {
  std::vector<Slot> old(slots_.empty() ? kSlotsMin : 2 * slots_.size());
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const auto& slot : old) {
    if (slot.item == nullptr) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].item != nullptr) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

void RecordCache::make_room() {
  while (bytes_ > bytes_max_) {
    if (std::exchange(hand_->was_used, false)) {
      hand_ = hand_->next;
    } else {
      erase(probe(hand_->key(), table_hash(hand_->key())));
    }
  }
}

void RecordCache::clear() {
  for (const auto& slot : slots_) ::operator delete(slot.item);
  slots_.clear();
  hand_ = nullptr;
  bytes_ = count_ = 0;
}

}  // namespace fenrun
