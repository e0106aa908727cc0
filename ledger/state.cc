#include "ledger/state.h"

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
bool is_present(const std::optional<Bytes>& value) { return value.has_value(); }

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
  const auto [it, inserted] = written_.try_emplace(key);
  undo_.push_back({key, inserted ? std::nullopt : std::optional<Written>(std::move(it->second))});
  it->second = std::move(value);
}

void Overlay::rollback(std::size_t savepoint) {
  CHECK(savepoint <= undo_.size());
  while (undo_.size() > savepoint) {
    auto& undo = undo_.back();
    if (undo.before) {
      written_[undo.key] = std::move(*undo.before);
    } else {
      written_.erase(undo.key);
    }
    undo_.pop_back();
  }
}

std::optional<CurrentRecord> Overlay::record(ByteView key) const {
  auto below = base_->record(key);
  const auto it = written_.find(key);
  if (it == written_.end()) return below;
  if (!below) below.emplace();
  below->value = it->second;
  return below;
}

std::optional<Bytes> Overlay::value(ByteView key) const {
  const auto it = written_.find(key);
  return it == written_.end() ? base_->value(key) : it->second;
}

std::optional<RecordKey> Overlay::at_or_after(ByteView key) const {
  return merged_at_or_after(*base_, written_, key, is_present);
}

std::optional<RecordKey> Overlay::before(ByteView key) const {
  return merged_before(*base_, written_, key, is_present);
}

bool Overlay::has_written(std::uint8_t first) const {
  const auto it = written_.lower_bound(RecordKey(Bytes{first}));
  return it != written_.end() && it->first.front() == first;
}

std::vector<RecordKey> Overlay::changed_keys() const {
  std::vector<RecordKey> keys;
  for (const auto& [key, value] : written_) {
    if (base_->value(key) != value) keys.push_back(key);
  }
  return keys;
}

}  // namespace fenrun
