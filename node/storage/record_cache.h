// The current Records that were read or written last, within a bound of bytes: hot accounts are
// touched by every block.
#pragma once

#include <list>
#include <unordered_map>

#include "core/crypto/table_hash.h"
#include "ledger/state.h"

namespace fenrun {

// Not thread-safe.
class RecordCache {
 public:
  explicit RecordCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The record, which lives until the next call of put(); null if it is not cached.
  const CurrentRecord* find(ByteView key) {
    const auto it = index_.find(text_of(key));
    if (it == index_.end()) return nullptr;
    items_.splice(items_.begin(), items_, it->second);
    return &it->second->record;
  }

  void put(ByteView key, const CurrentRecord& record) {
    if (const auto it = index_.find(text_of(key)); it != index_.end()) {
      items_.splice(items_.begin(), items_, it->second);
      bytes_ -= bytes_of_item(items_.front());
      items_.front().record = record;
    } else {
      items_.push_front({std::string(text_of(key)), record});
      index_.emplace(items_.front().key, items_.begin());
    }
    bytes_ += bytes_of_item(items_.front());
    while (bytes_ > bytes_max_) erase(std::prev(items_.end()));
  }

  std::size_t bytes() const { return bytes_; }

 private:
  struct Item {
    std::string key;
    CurrentRecord record;
  };
  using Items = std::list<Item>;

  // What an item costs, with the nodes of list and map.
  static std::size_t bytes_of_item(const Item& item) {
    return sizeof(Item) + 64 + item.key.size() +
           (item.record.value ? item.record.value->size() : 0);
  }
  void erase(Items::iterator it) {
    bytes_ -= bytes_of_item(*it);
    index_.erase(it->key);
    items_.erase(it);
  }

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Items items_;  // The one used last in front.
  struct Hash {
    std::size_t operator()(std::string_view key) const { return table_hash(bytes_of(key)); }
  };
  std::unordered_map<std::string_view, Items::iterator, Hash> index_;  // Views of the items' keys.
};

}  // namespace fenrun
