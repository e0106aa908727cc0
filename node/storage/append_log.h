// An append-only log of records in one file, which knows a torn write from damage.
// docs/spec/storage.md, §1.
//
//   file   = "FENRLOG1" · identity[32] · u32 first chain value · u32 CRC of these 44 bytes ·
//   record* record = u32 payload length · u8 type, not 0 · u64 tag · u32 chain · u32 CRC of these
//   17 bytes
//            · payload · u32 CRC of all before it in the record
// Little-endian, CRC-32C.  `chain` is the last CRC of the record before, or the file's first chain
// value.  Behind the last record the file is zero or ends.
//
// append() only buffers; sync() makes everything buffered durable by one write and one fdatasync.
// After any failure to write or sync the log is failed for good: an operating system that could
// not write a page may forget it, so a second try could succeed and mean nothing.
//
// Not thread-safe.
#pragma once

#include <functional>
#include <optional>

#include "node/storage/file.h"

namespace fenrun {

// What a log belongs to, so that it is never taken for another.
using LogIdentity = FixedBytes<struct LogIdentityTag, 32>;

class AppendLog {
 public:
  static constexpr std::size_t kFileHeaderBytes = 48;
  static constexpr std::size_t kRecordHeaderBytes = 21;
  static constexpr std::size_t kRecordOverheadBytes = kRecordHeaderBytes + 4;
  static constexpr std::size_t kPayloadBytesMax = 256 * 1024 * 1024;
  static constexpr std::uint64_t kSectorBytes = 512;  // What a disk writes whole or not at all.

  struct Record {
    std::uint8_t type = 0;  // REQUIRES: not 0.
    std::uint64_t tag = 0;  // The writer's: a height, an epoch.
    ByteView payload;
  };
  struct Header {
    LogIdentity identity;
    std::uint32_t chain = 0;  // What the first record continues.
  };
  // Told each record and its offset; an error ends the scan and is returned.
  using Visitor = std::function<Status(std::uint64_t offset, const Record& record)>;

  // A new log of these records in place of whatever the path names, durable on return.  The file
  // grows in steps of `growth_bytes` (0: as needed), so that a sync seldom moves its end.
  static Result<AppendLog> create(FileSystem& files, const Path& path, const Header& header,
                                  std::uint64_t growth_bytes,
                                  const std::vector<Record>& records = {});

  // Reads the log.  A torn tail is cut off: a last record of which, from some 512-byte boundary
  // within it on, everything is absent or zero.  Any other bad byte is Errc::corruption, with file
  // and offset.  Errc::value_invalid if the log is another's.  The records of its last sync may be
  // lost to a power failure still: see write_again().
  static Result<AppendLog> open(FileSystem& files, const Path& path, const LogIdentity& identity,
                                std::uint64_t growth_bytes, const Visitor& visit);

  // The header alone.
  static Result<Header> read_header(FileSystem& files, const Path& path);

  struct Contents {
    Header header;
    std::uint64_t size = 0;   // Of the file.
    std::uint64_t end = 0;    // Behind the last good record.
    std::uint32_t chain = 0;  // What a record behind it would continue.
    bool is_torn = false;     // Whether a torn record follows.
  };
  // Reads the log and changes nothing.  Errc::corruption as open().
  static Result<Contents> read_records(FileSystem& files, const Path& path, const Visitor& visit);

  // Buffers a record and returns its offset.  REQUIRES: the payload within its limit.
  std::uint64_t append(const Record& record);
  Status sync();
  // Replaces the log by one of these records, in a new file; buffered records are dropped.
  Status rewrite(FileSystem& files, const std::vector<Record>& records);

  // Writes what lies between this offset, where a record begins, and the end once more, and syncs
  // it.  For records that were read on opening: their process may have died before it synced them,
  // or the sync failed, and what it covered no later sync writes.
  // REQUIRES: nothing is buffered.
  Status write_again(std::uint64_t offset);
  // Takes the records from this offset on back, where one begins; durable on return.  For what
  // means nothing without a record that never came.  REQUIRES: nothing is buffered.
  Status cut_off(std::uint64_t offset);

  // Raw bytes of the file, unchecked: for readers that have a better check than a CRC.
  // Errc::corruption if the file ends before.
  Result<Bytes> read(std::uint64_t offset, std::size_t count) const;

  // Where the next record goes.
  std::uint64_t end() const { return end_ + buffer_.size(); }
  // What the next record's chain field will be.
  std::uint32_t chain() const { return chain_; }
  bool has_failed() const { return failure_.has_value(); }

 private:
  struct Scan;

  AppendLog(Path path, const Header& header, std::uint64_t growth_bytes)
      : path_(std::move(path)), header_(header), growth_bytes_(growth_bytes) {}

  Status write_buffer();
  Status truncate(std::uint64_t end);
  Status fail(Error error);

  Path path_;
  Header header_;
  std::uint64_t growth_bytes_;
  std::unique_ptr<File> file_;
  std::uint64_t allocated_ = 0;  // Size of the file.
  std::uint64_t end_ = 0;        // Behind the last durable record.
  std::uint32_t chain_ = 0;
  Bytes buffer_;
  std::optional<Error> failure_;
};

}  // namespace fenrun
