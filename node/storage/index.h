// The index: everything that is derived from the journal, in LevelDB.  docs/spec/storage.md, §4.
//
//   's' ‖ key                          state: u64 version · u64 position · u8 has value · value
//   't' ‖ u8 tile level ‖ u64be tile   256 digests, full tiles only
//   'b' ‖ u64be first position         BlockPlace
//   'h' ‖ u64be height                 IndexedBlock
//   'x' ‖ transaction id               u64 position
//   'k' ‖ u64be position               nothing: a Header that no snapshot leaves out
//   'e' ‖ u64be position               an entry that a snapshot brought
//   'p'                                leaf hashes of the open tile at the snapshot's end
//   'm'                                Tip
//
// Keys are in descending order.  One batch a block, never synced: what a crash takes is read again
// from the journal.  A lost page of LevelDB's own log can take a batch from the middle, so
// first_gap() looks for one.  What comes of a snapshot is synced batch by batch.
//
// Every failure of LevelDB is Errc::io_error or Errc::corruption.  Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "ledger/state.h"
#include "node/storage/journal_files.h"
#include "node/storage/tree_edge.h"

namespace fenrun {

class IndexEnvironment;

struct IndexOptions {
  std::size_t block_cache_bytes = 64 * 1024 * 1024;
  std::size_t write_buffer_bytes = 32 * 1024 * 1024;
  // Of these, left unused: nodes that write alike, and have equal buffers, all merge at once.
  // REQUIRES: less than the buffer.
  std::size_t write_buffer_unused_bytes = 0;
  std::size_t files_max = 512;  // That are open at once.
  // Where the index lies and what works on it; null: the machine's own files, and LevelDB's thread.
  // REQUIRES: outlives the index.
  IndexEnvironment* environment = nullptr;
};

// How much of a write buffer the member of this number leaves unused: up to three eighths, as
// evenly apart as multiples of the golden ratio lie (Knuth, TAOCP 3, 6.4).
std::size_t spread_unused_bytes(std::size_t write_buffer_bytes, std::size_t member);

// What one block adds.
struct IndexUpdate {
  const BlockPlace* place = nullptr;
  Digest block_id;
  const std::vector<Tile>* tiles = nullptr;
  const std::vector<JournaledTransaction>* transactions = nullptr;
  const StateDelta* state = nullptr;
  bool keeps_header = false;  // must_keep() its Header.
};

// What a part of a snapshot, or its Header, adds.
struct IndexedSnapshotPart {
  struct KeptHeader {
    Height height;
    Position position;
  };
  std::vector<std::pair<Position, Bytes>> entries;
  std::vector<KeptHeader> headers;
  std::vector<Tile> tiles;
  StateDelta state;
};

class Index {
 public:
  struct Tip {
    Height height;
    Digest block_id;

    FENRUN_FIELDS(height, block_id)
  };

  // Opens or makes it, with all parents.
  static Result<std::unique_ptr<Index>> open(const Path& folder, const IndexOptions& options);
  // Removes the folder's index, whatever is left of it.
  static Status destroy(const Path& folder, const IndexOptions& options);
  // Gives a closed index another folder.  REQUIRES: there is none in it.
  static Status move(const Path& from, const Path& to, const IndexOptions& options);

  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  Status apply(const IndexUpdate& update);

  // The index of a store that begins with a snapshot: all parts in the order of their positions,
  // and then what makes the snapshot's Header the tip.  REQUIRES: the index is empty before.
  // Errc::snapshot_invalid if a key has a current Record already.
  Status add_part(const IndexedSnapshotPart& part);
  Status finish_snapshot(const Tip& tip, const IndexedSnapshotPart& header,
                         const std::vector<Digest>& open_tile);

  // The last block applied; none if the index is empty.
  Result<std::optional<Tip>> tip() const;
  // The lowest height at or below the tip whose batch is missing, as far back as an unsynced batch
  // may lie and not below `first`, the height with which the store began; none if there is no gap.
  Result<std::optional<Height>> first_gap(Height first = Height(0)) const;

  Result<std::optional<CurrentRecord>> record(ByteView key) const;
  Result<std::optional<RecordKey>> at_or_after(ByteView key) const;
  // What one look finds.
  struct Floor {
    std::optional<std::pair<RecordKey, CurrentRecord>> before;  // The greatest key < `key`.
    bool is_absent = false;                                     // `key` itself has no Record.
  };
  Result<Floor> before(ByteView key) const;

  // Errc::corruption if it is not there: the caller knows that the tile is full.
  Result<std::vector<Digest>> tile(unsigned level, std::uint64_t index) const;
  // The block that holds the position.  Errc::corruption if it is not there.
  Result<BlockPlace> block_at(Position position) const;
  Result<std::optional<Position>> first_position(Height height) const;
  Result<std::optional<Position>> header_position(Height height) const;
  Result<std::optional<Position>> transaction_position(const Digest& id) const;
  Result<std::vector<Position>> kept_headers() const;
  // An entry that the snapshot brought; none if it brought only the leaf hash.
  Result<std::optional<Bytes>> snapshot_entry(Position position) const;
  // What finish_snapshot() was given.
  Result<std::vector<Digest>> snapshot_open_tile() const;

 private:
  struct Database;

  struct Batch;
  enum class Durability { none, synced };

  explicit Index(std::unique_ptr<Database> database);
  Status write(Batch& batch, Durability durability);

  std::unique_ptr<Database> database_;
};

}  // namespace fenrun
