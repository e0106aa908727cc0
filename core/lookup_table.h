// Values by key, for who asks and never walks through them.
//
// The order of a hash table differs between libraries, and what depends on it between nodes: pure
// code may not name one.  This one has no order to be seen, so that equal questions give equal
// answers everywhere.  Keys may come from strangers: see table_hash().
#pragma once

#include <unordered_map>
#include <utility>

#include "core/bytes.h"
#include "core/crypto/table_hash.h"

namespace fenrun {

// `Key` is bytes, and owns them.
template <class Key, class Value>
class LookupTable {
 public:
  // Stays where it is until it is erased, whatever else comes or goes.
  using Item = std::pair<const Key, Value>;

  // Null where there is none.
  Item* find(ByteView key) {
    const auto it = items_.find(key);
    return it == items_.end() ? nullptr : &*it;
  }
  const Item* find(ByteView key) const {
    const auto it = items_.find(key);
    return it == items_.end() ? nullptr : &*it;
  }

  // The item, made with an empty value if there was none.
  Item& obtain(ByteView key) {
    if (auto* const item = find(key)) return *item;
    return *items_.try_emplace(Key(key.begin(), key.end())).first;
  }

  // REQUIRES: `item` is one of this table's.
  void erase(const Item& item) { items_.erase(items_.find(ByteView(item.first))); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(ByteView key) const { return table_hash(key); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const { return equal(a, b); }
  };

  std::unordered_map<Key, Value, Hash, Equal> items_;
};

}  // namespace fenrun
