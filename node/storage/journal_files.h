// The journal on disk: one log record a commit, in segment files.  docs/spec/storage.md, §3.
//
//   <folder>/<height of the first block, 16 hex digits>.log
//   record: type 1 · tag height of its first block · payload = one part a block, in order:
//     u64 first position · u32 entries · u32 certificate bytes · certificate · (u16be length ·
//     entry)*
//   type 2: the same, and the next record goes on with the commit
//   identity of a segment: u64 its first height · u64 first height of the segment before (2^64-1:
//     none) · 16 zero bytes; its chain continues that segment's last record
//
// Blocks that are committed together, which the certificate of the last finalizes, are one record:
// after a crash all are there or none.  A commit costs one write and one fdatasync.  Only one that
// is larger than a segment takes more records, synced one after the other; without its last record
// it never was, and is cut off on opening.  A segment begins with its first block, so none is ever
// empty.  Committed bytes are never written again.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "ledger/block_builder.h"
#include "node/storage/append_log.h"

namespace fenrun {

// Where a committed block lies, and every kPieceEntries-th of its entries.
struct BlockPlace {
  static constexpr std::size_t kPieceEntries = 64;

  Height height;
  Position first;
  std::uint32_t entry_count = 0;
  std::uint64_t segment = 0;  // First height of the segment.
  std::uint64_t payload = 0;  // Offset of the block's part of the payload in it.
  std::uint32_t certificate_bytes = 0;
  std::uint32_t certificate_crc = 0;
  // Offset within the part of entry 0, 64, 128, ..., and of the part's end.
  List<std::uint32_t, 1U << 24> pieces;

  Position header() const { return Position(first.value() + entry_count - 1); }

  FENRUN_FIELDS(height, first, entry_count, segment, payload, certificate_bytes, certificate_crc,
                pieces)
  friend bool operator==(const BlockPlace&, const BlockPlace&) = default;
};

// A block as it was read; the views live during the visit only.
struct StoredBlock {
  BlockPlace place;
  ByteView certificate;
  std::vector<ByteView> entries;
};

// Older segments that are open for reading at once.
inline constexpr std::size_t kJournalReadersMax = 64;

// Where a journal begins: at genesis, or behind the Header of a snapshot.
struct JournalStart {
  Height height;
  Position position;
};

class JournalFiles {
 public:
  // An error ends the reading and is returned.
  using Visitor = std::function<Status(const StoredBlock&)>;

  // Opens the segments of a folder, makes the folder if need be, and cuts off a torn commit.
  // Segments from before the start are removed: a snapshot took their place.  All blocks that it
  // then holds are durable, those that an earlier process may not have synced included.
  // Errc::corruption if the last segment is damaged or one is missing.
  static Result<JournalFiles> open(FileSystem& files, const Path& folder,
                                   std::uint64_t segment_bytes, const JournalStart& start = {});

  // Opens a journal that begins with genesis to be read, and changes nothing on the disk: a commit
  // that a crash cut short at its end stays there and is passed over.  What is read need not be
  // durable.  REQUIRES: nothing is appended, and nobody else writes to it.
  // Errc::corruption as open(); replay() has the rest.
  static Result<JournalFiles> open_to_read(FileSystem& files, const Path& folder);
  // Whether there is such a commit.
  bool is_torn() const { return is_torn_; }

  // Heights and entries held; the next block's height and first position.
  std::uint64_t block_count() const { return block_count_; }
  std::uint64_t entry_count() const { return entry_count_; }

  // Appends blocks that follow one another, the certificate being the last one's; durable on
  // return.  Any error is for good.  REQUIRES: a block alone fits into a record of the log.
  Result<std::vector<BlockPlace>> append(std::span<const ExecutedBlock* const> blocks,
                                         ByteView certificate);

  // Reads the blocks from a height on, each checked.  REQUIRES: height <= block_count().
  Status replay(Height from, const Visitor& visit) const;

  // Errc::corruption if it is damaged.
  Result<Bytes> certificate(const BlockPlace& place) const;
  // The entries of whole pieces, `first_piece` up to but without `last_piece`.  Their bytes are not
  // checked: the reader compares leaf hashes.
  Result<std::vector<Bytes>> pieces(const BlockPlace& place, std::size_t first_piece,
                                    std::size_t last_piece) const;

 private:
  JournalFiles(FileSystem& files, Path folder, std::uint64_t segment_bytes)
      : files_(&files), folder_(std::move(folder)), segment_bytes_(segment_bytes) {}

  enum class Upkeep { none, removes_leftovers };

  // What a segment was found to hold.
  struct Contents;

  Status find_segments(std::uint64_t start, Upkeep upkeep);
  Status open_last_segment();
  Result<Contents> read_last_segment() const;
  Result<Contents> find_last_commit();
  Path path_of(std::uint64_t segment) const;
  std::size_t blocks_of_record(std::span<const ExecutedBlock* const> blocks) const;
  Result<std::vector<BlockPlace>> append_record(std::span<const ExecutedBlock* const> blocks,
                                                ByteView certificate, std::uint8_t type,
                                                bool begins_commit);
  Status start_segment(const AppendLog::Record& record);
  Result<Bytes> read(std::uint64_t segment, std::uint64_t offset, std::size_t count) const;

  FileSystem* files_;
  Path folder_;
  std::uint64_t segment_bytes_;
  std::vector<std::uint64_t> segments_;  // First heights, ascending.
  std::optional<AppendLog> last_;
  std::uint64_t block_count_ = 0;
  std::uint64_t entry_count_ = 0;
  bool is_torn_ = false;  // Of one opened to be read.
  // Older segments that are open for reading.
  mutable std::map<std::uint64_t, std::unique_ptr<File>> readers_;
};

}  // namespace fenrun
