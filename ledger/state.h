// State: the current Record of every key, seen from one point of the journal.
//
// StateView is what is read; the finalized state on disk, a map in memory and an unfinalized block
// all are one.  Overlay is a StateView that also writes: a block under execution on top of the view
// its parent left.  Nothing below an overlay ever changes through it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/bytes.h"
#include "core/types.h"
#include "ledger/proof/entry.h"
#include "ledger/proof/keys.h"

namespace fenrun {

// The newest Record of a key.
struct CurrentRecord {
  std::uint64_t version = 0;
  Position position;
  std::optional<Bytes> value;  // none: a tombstone.

  friend bool operator==(const CurrentRecord&, const CurrentRecord&) = default;
};

// Not thread-safe.
class StateView {
 public:
  virtual ~StateView() = default;

  // The newest Record of the key, a tombstone included; none if the key never had one.
  virtual std::optional<CurrentRecord> record(ByteView key) const = 0;

  // The smallest key >= `key`, and the greatest key < `key`, whose record has a value.
  virtual std::optional<RecordKey> at_or_after(ByteView key) const = 0;
  virtual std::optional<RecordKey> before(ByteView key) const = 0;

  // The current value; none if absent or removed.
  virtual std::optional<Bytes> value(ByteView key) const;
};

// Bytewise order, which also finds a key by a view of its bytes.
struct BytewiseLess {
  using is_transparent = void;
  bool operator()(ByteView a, ByteView b) const {
    return std::ranges::lexicographical_compare(a, b);
  }
};

// The Records that one block wrote, in key order.
using StateDelta = std::map<RecordKey, CurrentRecord, BytewiseLess>;

// The view after a block, over the view before it.
class DeltaView final : public StateView {
 public:
  // REQUIRES: base outlives this view.
  DeltaView(const StateView& base, StateDelta delta) : base_(&base), delta_(std::move(delta)) {}

  std::optional<CurrentRecord> record(ByteView key) const override;
  std::optional<RecordKey> at_or_after(ByteView key) const override;
  std::optional<RecordKey> before(ByteView key) const override;

  const StateDelta& delta() const { return delta_; }
  // Puts the view on another base that shows the same records: the store, once it holds the parent.
  void rebase(const StateView& base) { base_ = &base; }

 private:
  const StateView* base_;
  StateDelta delta_;
};

// A block under execution.  Values only: versions and positions are given when the block's Records
// are written.
class Overlay final : public StateView {
 public:
  // REQUIRES: base outlives the overlay and does not change.
  explicit Overlay(const StateView& base) : base_(&base) {}

  // REQUIRES: key and value within their limits.
  void put(const RecordKey& key, Bytes value);
  void remove(const RecordKey& key);

  // The value as written so far.  Version and position are those of the base.
  std::optional<CurrentRecord> record(ByteView key) const override;
  // Does not ask the base for what was written here: hot Records are read thousands of times.
  std::optional<Bytes> value(ByteView key) const override;
  std::optional<RecordKey> at_or_after(ByteView key) const override;
  std::optional<RecordKey> before(ByteView key) const override;

  // A point to come back to: rollback(p) undoes every write since savepoint() returned p.
  std::size_t savepoint() const { return undo_.size(); }
  void rollback(std::size_t savepoint);
  // Writes since the savepoint.
  std::size_t writes_since(std::size_t savepoint) const { return undo_.size() - savepoint; }

  // Whether a key that begins with this byte was written, and not rolled back.
  bool has_written(std::uint8_t first) const;

  // The keys whose value differs from the base's, in key order: exactly the block's Records.
  std::vector<RecordKey> changed_keys() const;

 private:
  using Written = std::optional<Bytes>;  // none: removed.
  struct Undo {
    RecordKey key;
    std::optional<Written> before;  // none: the overlay had no entry.
  };

  void write(const RecordKey& key, Written value);

  const StateView* base_;
  std::map<RecordKey, Written, BytewiseLess> written_;
  std::vector<Undo> undo_;
};

}  // namespace fenrun
