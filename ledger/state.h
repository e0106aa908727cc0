// State: the current Record of every key, seen from one point of the journal.
//
// StateView is what is read; the finalized state on disk, a map in memory and an unfinalized block
// all are one.  Overlay is a StateView that also writes: a block under execution on top of the view
// its parent left.  Nothing below an overlay ever changes through it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/bytes.h"
#include "core/lookup_table.h"
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
  bool is_present(const RecordKey& key) const;

  const StateView* base_;
  StateDelta delta_;
};

// A block under execution.  Values only: versions and positions are given when the block's Records
// are written.
class Overlay final : public StateView {
 public:
  // REQUIRES: base outlives the overlay and does not change.
  explicit Overlay(const StateView& base) : base_(&base) {}
  Overlay(Overlay&&) = default;
  Overlay& operator=(Overlay&&) = default;

  // REQUIRES: key and value within their limits.
  void put(const RecordKey& key, Bytes value);
  void remove(const RecordKey& key);

  // The value as written so far.  Version and position are those of the base.
  std::optional<CurrentRecord> record(ByteView key) const override;
  // Hot Records are read thousands of times.
  std::optional<Bytes> value(ByteView key) const override;
  std::optional<RecordKey> at_or_after(ByteView key) const override;
  std::optional<RecordKey> before(ByteView key) const override;

  // A point to come back to: rollback(p) undoes every write since savepoint() returned p.
  std::size_t savepoint() const { return undo_.size(); }
  void rollback(std::size_t savepoint);
  // Writes since the savepoint.
  std::size_t writes_since(std::size_t savepoint) const { return undo_.size() - savepoint; }
  // Of the keys and values of all writes, those of one key counted each.
  std::size_t written_bytes() const { return written_bytes_; }

  // Whether a key that begins with this byte was written, and not rolled back.
  bool has_written(std::uint8_t first) const { return written_by_family_[first] > 0; }

  // A key whose value differs from the base's.
  struct Change {
    RecordKey key;
    std::optional<CurrentRecord> before;  // What the base has of it.
    std::optional<Bytes> value;           // none: removed.
  };
  // All of them, in key order: exactly the block's Records.  The overlay is spent.
  std::vector<Change> take_changes();

 private:
  using Written = std::optional<Bytes>;  // none: removed.
  // What is known of a key: the base is asked once, and a write needs not ask it at all.
  struct Slot {
    bool is_read = false;
    std::optional<CurrentRecord> base;  // Once read.
    std::optional<Written> written;     // none: as in the base.
  };
  using Slots = LookupTable<RecordKey, Slot>;
  struct KeyLess {
    using is_transparent = void;
    bool operator()(const Slots::Item* a, const Slots::Item* b) const {
      return less(a->key, b->key);
    }
    bool operator()(const Slots::Item* a, ByteView b) const { return less(a->key, b); }
    bool operator()(ByteView a, const Slots::Item* b) const { return less(a, b->key); }
    static bool less(ByteView a, ByteView b) { return BytewiseLess{}(a, b); }
  };
  using Order = std::set<Slots::Item*, KeyLess>;
  // Where the base has no key: between the two, `below` excluded and `limit` excluded.
  struct Gap {
    RecordKey below;
    RecordKey limit;
  };
  struct Undo {
    Slots::Item* item;
    std::optional<Written> before;
  };

  void write(const RecordKey& key, Written value);
  void forget_write(Slots::Item& item);
  void read(ByteView key, Slot& slot) const;
  Slot& slot_of(ByteView key) const;
  bool is_present(const RecordKey& key) const;
  const Order& written_in_order() const;
  std::optional<RecordKey> before_in_base(ByteView key) const;
  bool has_written_from(std::uint8_t first, std::uint8_t last) const;

  const StateView* base_;
  mutable Slots slots_;  // Of all keys that were asked for or written.
  // The keys that are written: in order, and those not put in order yet, as they came.  Most blocks
  // ask for no neighbour of a key.
  mutable Order ordered_;
  mutable std::vector<Slots::Item*> loose_;
  std::array<std::size_t, 256> written_by_family_{};  // By a key's first byte.
  // Of each family the gap that was asked for last: what lies in ranges is asked for again and
  // again, and each time within the same one.
  mutable std::map<std::uint8_t, Gap> gaps_;
  std::vector<Undo> undo_;
  std::size_t written_bytes_ = 0;
};

}  // namespace fenrun
