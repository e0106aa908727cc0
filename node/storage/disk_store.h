// LedgerStore on disk.  docs/spec/storage.md, §3 to §5.
//
//   <folder>/journal/    segments: blocks with their certificates, the only truth
//   <folder>/index/      LevelDB: everything derived from them
//   <folder>/index.doubted  only where the index could not be read
//   <folder>/active/     dumps of the active bits
//   <folder>/handovers/  what each epoch left behind
//   <folder>/snapshot/   the snapshot with which the store began, and one that is being taken in
//
// A commit appends its blocks to the journal and syncs it, then writes the index, unsynced.  So the
// index is never ahead; what it lacks after a crash, or all of it, is derived again on opening.
//
// After an error of commit() every further commit fails; the node stops.  A read that fails in a
// function that has no Result aborts the process: there is no answer to give, and a wrong one would
// be executed upon.  If it was the index that could not be read, it is made anew by the next
// open().
//
// Not thread-safe.  The folder is used by one process only: see data_dir.h.
#pragma once

#include <memory>

#include "ledger/store.h"
#include "node/storage/index.h"
#include "node/storage/journal_files.h"
#include "node/storage/record_cache.h"
#include "node/storage/snapshot_files.h"
#include "node/storage/tree_edge.h"

namespace fenrun {

struct DiskStoreOptions {
  std::uint64_t segment_bytes = 64 * 1024 * 1024;  // A segment ends with the block that exceeds it.
  std::size_t record_cache_bytes = 128 * 1024 * 1024;
  IndexOptions index;
};

class DiskStore final : public LedgerStore {
 public:
  // Opens the store, or makes it.  On return the Merkle root over the entries is the one that the
  // tip's Header names.  Errc::corruption if the journal is damaged; Errc::io_error.
  // REQUIRES: `files` outlives the store.  The index lies among these files only if the options'
  // environment is of them; without one it lies in the machine's own.
  static Result<std::unique_ptr<DiskStore>> open(FileSystem& files, const Path& folder,
                                                 const DiskStoreOptions& options = {});

  using LedgerStore::commit;
  Status commit(std::span<const ExecutedBlock* const> blocks, ByteView certificate) override;
  std::uint64_t size() const override { return journal_.entry_count(); }
  Result<Bytes> entry(Position position) const override;
  Result<std::vector<Bytes>> entries(Position first, std::size_t count) const override;
  Digest node(unsigned level, std::uint64_t index) const override;
  std::vector<Digest> tile(unsigned tile_level, std::uint64_t index) const override;
  std::vector<Digest> leaves(Position first, std::size_t count) const override;
  std::optional<Position> header_position(Height height) const override;
  Result<Bytes> certificate(Height height) const override;
  std::optional<Position> transaction_position(const Digest& id) const override;
  std::vector<Position> kept_headers() const override;
  std::optional<ActiveBitsDump> active_bits_dump() const override;
  Status save_active_bits(const ActiveBitsDump& dump) override;
  Result<EpochHandover> handover(Epoch epoch) const override;
  Status save_handover(Epoch epoch, const EpochHandover& handover) override;
  Result<std::string> anchor(Epoch epoch) const override;
  Status save_anchor(Epoch epoch, const std::string& note) override;

  std::optional<Height> base() const override;
  Status begin_snapshot(const SnapshotManifest& manifest) override;
  std::optional<SnapshotManifest> begun_snapshot() const override { return snapshots_.begun(); }
  Status add_snapshot_part(const SnapshotPart& part) override;
  Status read_snapshot_parts(const PartVisitor& visit) const override;
  Status install_snapshot() override;

  std::optional<CurrentRecord> record(ByteView key) const override;
  std::optional<RecordKey> at_or_after(ByteView key) const override;
  std::optional<RecordKey> before(ByteView key) const override;

  // Number of blocks held; the height that comes next.
  std::uint64_t block_count() const { return journal_.block_count(); }

 private:
  DiskStore(FileSystem& files, Path folder, const DiskStoreOptions& options,
            SnapshotFiles snapshots, JournalFiles journal);

  Status open_index();
  Status recover();
  Result<Height> first_to_replay();
  Status restore_edge(std::uint64_t size);
  Status index_stored(const StoredBlock& block);
  Status index_executed(const ExecutedBlock& block, const BlockPlace& place);
  Status check_tip() const;
  // Snapshots (disk_store_snapshot.cc).
  Status build_base(Index& index, const SnapshotManifest& manifest);
  Status put_new_index_in_place();
  Result<Bytes> base_entry(Position position) const;
  std::optional<ActiveBitsDump> base_bits() const;
  // The Header of the base, which is the store's first entry that is part of a block here.
  Position base_position() const { return base_header_->position; }

  Result<Digest> find_node(unsigned level, std::uint64_t index) const;
  // `count` entries of one block, unchecked.  REQUIRES: they are within the block.
  Result<std::vector<Bytes>> read_entries(const BlockPlace& place, Position first,
                                          std::size_t count) const;
  Result<Bytes> stored_entry(Position position) const;
  Result<std::vector<Digest>> find_leaves(Position first, std::size_t count) const;
  Status check_leaves(Position first, const std::vector<Bytes>& entries) const;
  // What the index answers.  If it cannot be read, the next open() makes it anew.
  template <class T>
  Result<T> from_index(Result<T> answer) const {
    if (!answer) doubt_index(answer.error());
    return answer;
  }
  void doubt_index(const Error& error) const;
  Status fail(Error error);

  FileSystem* files_;
  Path folder_;
  DiskStoreOptions options_;
  SnapshotFiles snapshots_;
  std::optional<Header> base_header_;
  JournalFiles journal_;
  std::unique_ptr<Index> index_;
  TreeEdge edge_;
  mutable RecordCache records_;
  // The key that before() found to have no Record: it is asked for next, when it is to be new.
  mutable std::optional<RecordKey> absent_;
  std::optional<Error> failure_;
  mutable bool is_index_doubted_ = false;
};

}  // namespace fenrun
