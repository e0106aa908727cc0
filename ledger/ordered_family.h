// Ordered families of Records: every key names the next one, so that absence and completeness can
// be proved.  docs/spec/records.md.
//
// A scope is a key prefix; its sentinel is the Record under the prefix itself.  Every other key of
// the scope starts with the prefix.  Nothing is ever removed from a scope.
#pragma once

#include "core/check.h"
#include "ledger/state.h"

namespace fenrun {

// Starts an empty scope.  REQUIRES: it does not exist.
inline void open_scope(Overlay& state, const RecordKey& scope) {
  CHECK(!state.record(scope));
  // Linked<V> without value has the same bytes for every V.
  state.put(scope, encode(Linked<bool>{}));
}

// The value under a key of the scope, if it exists.
template <class V>
std::optional<V> find_linked(const StateView& state, const RecordKey& key) {
  const auto bytes = state.value(key);
  if (!bytes) return std::nullopt;
  auto value = decode_linked_value<V>(*bytes);
  CHECK(value && *value);
  return *std::move(value);
}

// The same of a key that is most likely new: whoever then inserts it needs its neighbour, and a
// look at the disk for that tells that the key is not there.
template <class V>
std::optional<V> find_or_prepare(const StateView& state, const RecordKey& key) {
  static_cast<void>(state.before(key));
  return find_linked<V>(state, key);
}

// Adds a key.  REQUIRES: the scope is open, the key starts with it, is longer, and does not exist.
template <class V>
void insert_linked(Overlay& state, const RecordKey& scope, const RecordKey& key, V value) {
  CHECK(key.size() > scope.size() && std::ranges::equal(scope, ByteView(key).first(scope.size())));
  CHECK(!state.record(key));
  const auto neighbour = state.before(key);
  CHECK(neighbour && neighbour->size() >= scope.size() &&
        std::ranges::equal(scope, ByteView(*neighbour).first(scope.size())));
  auto before = decode<Linked<V>>(*state.value(*neighbour));
  CHECK(before.has_value());
  state.put(key, encode(Linked<V>{before->next, std::move(value)}));
  before->next = key;
  state.put(*neighbour, encode(*before));
}

// Replaces the value under a key.  REQUIRES: it exists.
template <class V>
void update_linked(Overlay& state, const RecordKey& key, const V& value) {
  const auto bytes = state.value(key);
  CHECK(bytes.has_value());
  const auto link = link_of(*bytes);
  CHECK(link && link->size() < bytes->size() && (*bytes)[link->size()] == 1);  // Not the sentinel.
  state.put(key, encode_linked(*link, value));
}

// The first key of the scope behind `after` (the scope itself to begin), if there is one.
inline std::optional<RecordKey> next_linked(const StateView& state, const RecordKey& after) {
  const auto bytes = state.value(after);
  CHECK(bytes.has_value());
  const auto link = link_of(*bytes);
  CHECK(link.has_value());
  return *decode<std::optional<RecordKey>>(*link);
}

}  // namespace fenrun
