// The current Records while a journal is executed again: in memory up to a bound, and beyond it in
// an index on disk that lives as long as this object.
//
// A Record that was written lately is in memory and hides the one on disk.  What was read from the
// disk is cached, within an eighth of the bound.
//
// Not thread-safe.  A disk that fails while it is read aborts the process, as in DiskStore.
#pragma once

#include <memory>
#include <set>

#include "core/lookup_table.h"
#include "node/storage/file.h"
#include "node/storage/index.h"
#include "node/storage/record_cache.h"

namespace fenrun::audit {

class ScratchState final : public StateView {
 public:
  // The folder is made when it is needed, and removed at the end.  REQUIRES: it does not exist.
  ScratchState(Path folder, std::size_t memory_bytes_max);
  ~ScratchState() override;
  ScratchState(const ScratchState&) = delete;
  ScratchState& operator=(const ScratchState&) = delete;

  // What a block wrote.  Errc::io_error if the scratch disk fails: use the state no more.
  Status absorb(const StateDelta& delta);

  std::optional<CurrentRecord> record(ByteView key) const override;
  std::optional<RecordKey> at_or_after(ByteView key) const override;
  std::optional<RecordKey> before(ByteView key) const override;

  bool is_on_disk() const { return index_ != nullptr; }

 private:
  // In memory by key, and in order: most questions are for one key, and a table answers faster.
  using Recent = LookupTable<RecordKey, CurrentRecord>;
  struct ItemLess {
    using is_transparent = void;
    bool operator()(const Recent::Item* a, const Recent::Item* b) const {
      return less(a->key, b->key);
    }
    bool operator()(const Recent::Item* a, ByteView b) const { return less(a->key, b); }
    bool operator()(ByteView a, const Recent::Item* b) const { return less(a, b->key); }
    static bool less(ByteView a, ByteView b) { return BytewiseLess{}(a, b); }
  };

  Status spill();
  Status spill_part(const StateDelta& part);
  std::optional<RecordKey> stored_before(ByteView key) const;

  Path folder_;
  std::size_t memory_bytes_max_;
  Recent recent_;
  std::set<const Recent::Item*, ItemLess> ordered_;  // All of recent_.
  std::size_t recent_bytes_ = 0;                     // About what recent_ takes.
  std::unique_ptr<Index> index_;
  std::uint64_t parts_ = 0;
  mutable RecordCache cache_;  // Of what is in the index alone.
};

}  // namespace fenrun::audit
