// The current Records that were read or written lately, within a bound of bytes: hot accounts are
// touched by every block.
//
// Each Record lies in one piece of memory, key and value with it, and a table with linear probing
// finds it by a look at one slot: what a node waits for here is memory.  What goes first is chosen
// by the second-chance algorithm (Corbató, 1968): a hand goes round the Records, in the order in
// which they came, and takes what was not asked for since it came by last.  Equal calls leave equal
// Records, whatever the table's hash.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/crypto/table_hash.h"
#include "ledger/state.h"

namespace fenrun {

// Not thread-safe.
class RecordCache {
 public:
  explicit RecordCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  ~RecordCache() { clear(); }
  RecordCache(const RecordCache&) = delete;
  RecordCache& operator=(const RecordCache&) = delete;

  // None if it is not cached.
  std::optional<CurrentRecord> find(ByteView key);
  bool contains(ByteView key) const;
  // REQUIRES: key and value within the limits of Records.
  void put(ByteView key, const CurrentRecord& record) { put(key, table_hash(key), record); }
  // Each in turn.  The memory of the next ones is asked for meanwhile.
  void put(const StateDelta& records);
  void clear();

  // What the Records cost, with their slots.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Item;
  struct Slot {
    std::uint64_t hash = 0;
    Item* item = nullptr;  // Null: free.
  };

  void put(ByteView key, std::uint64_t hash, const CurrentRecord& record);
  static Item* make_item(ByteView key, const CurrentRecord& record);
  static std::size_t cost_of(const Item& item);
  // Of the key's slot, or of the free one where it would be put.  REQUIRES: there is a free slot.
  std::size_t probe(ByteView key, std::uint64_t hash) const;
  void insert(Slot& slot, Item* item);
  void erase(std::size_t at);
  void grow();
  void make_room();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  Item* hand_ = nullptr;     // The one that it comes to next, of the ring of all; null: none.
  std::vector<Slot> slots_;  // A power of two of them, at most half of them taken.
};

}  // namespace fenrun
