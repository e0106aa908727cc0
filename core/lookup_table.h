// Values by key, for who asks and never walks through them.
//
// The order of a hash table differs between libraries, and what depends on it between nodes: pure
// code may not name one.  This one has no order to be seen, so that equal questions give equal
// answers everywhere.  Keys may come from strangers: see table_hash().
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/crypto/table_hash.h"

namespace fenrun {

// `Key` is bytes, and owns them.  Nothing is ever taken out.  Linear probing (Knuth, The Art of
// Computer Programming, vol. 3, §6.4) over items that lie in the order in which they came.
template <class Key, class Value>
class LookupTable {
 public:
  // Stays where it is, whatever else comes.
  struct Item {
    Key key;  // REQUIRES: not changed while the table is asked.
    Value value;
  };

  // Null where there is none.
  Item* find(ByteView key) { return slots_.empty() ? nullptr : probe(key, table_hash(key)).item; }
  const Item* find(ByteView key) const {
    return slots_.empty() ? nullptr : probe(key, table_hash(key)).item;
  }

  // The item, made with an empty value if there was none.
  Item& obtain(ByteView key) {
    if (slots_.size() < kSlotsAnItem * (items_.size() + 1)) grow();
    const std::uint64_t hash = table_hash(key);
    Slot& slot = slots_[probe_index(key, hash)];
    if (slot.item != nullptr) return *slot.item;
    Item& made = items_.emplace_back(Item{Key(key.begin(), key.end()), Value()});
    slot = {hash, &made};
    return made;
  }

 private:
  static constexpr std::size_t kSlotsMin = 64;  // A power of two.
  static constexpr std::size_t kSlotsAnItem = 2;

  struct Slot {
    std::uint64_t hash = 0;
    Item* item = nullptr;  // Null: free.
  };

  // Of the key's slot, or of the free one where it would be put.  REQUIRES: there is a free slot.
  std::size_t probe_index(ByteView key, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].item != nullptr &&
           !(slots_[at].hash == hash && equal(slots_[at].item->key, key))) {
      at = (at + 1) & mask;
    }
    return at;
  }
  const Slot& probe(ByteView key, std::uint64_t hash) const {
    return slots_[probe_index(key, hash)];
  }

  void grow() {
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

  std::deque<Item> items_;
  std::vector<Slot> slots_;  // A power of two of them, at most half of them taken.
};

}  // namespace fenrun
