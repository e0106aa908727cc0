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
  auto linked = decode<Linked<V>>(*bytes);
  CHECK(linked && linked->value);
  return std::move(linked->value);
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
void update_linked(Overlay& state, const RecordKey& key, V value) {
  auto linked = decode<Linked<V>>(*state.value(key));
  CHECK(linked && linked->value);
  linked->value = std::move(value);
  state.put(key, encode(*linked));
}

// The first key of the scope behind `after` (the scope itself to begin), if there is one.
inline std::optional<RecordKey> next_linked(const StateView& state, const RecordKey& after) {
  const auto bytes = state.value(after);
  CHECK(bytes.has_value());
  // `next` is the first field of every Linked<V>.
  Decoder in(*bytes);
  std::optional<RecordKey> next;
  CHECK(codec::read(in, next).has_value());
  return next;
}

}  // namespace fenrun
