// The consensus log: all that a validator must remember of its votes.  docs/spec/storage.md, §2;
// docs/spec/consensus.md, durability.
//
// One consensus key belongs to one log for life.  The log's first record is "epoch opened"; each
// later epoch is opened before its first record.  What the records mean is consensus's affair.
//
// A log that is missing, damaged, retired or another key's must never be replaced by a new one for
// the same key: the caller goes on without votes.
#pragma once

#include <vector>

#include "core/crypto/sign.h"
#include "core/types.h"
#include "node/storage/append_log.h"

namespace fenrun {

struct VoteLogRecord {
  std::uint8_t type = 0;  // REQUIRES: above VoteLog::kEpochOpened, below VoteLog::kRetired.
  Epoch epoch;
  Bytes bytes;

  friend bool operator==(const VoteLogRecord&, const VoteLogRecord&) = default;
};

class VoteLog {
 public:
  static constexpr std::uint8_t kEpochOpened = 1;
  static constexpr std::uint8_t kRetired = 255;

  struct Opened;

  // The log of a key that never had one.  Errc::file_exists.
  static Result<VoteLog> create(FileSystem& files, const Path& path, const PublicKey& key,
                                Epoch epoch);

  // The log and its records.  It is rewritten into a new file and synced before this returns, so
  // that no page of the old one that only seemed to be written is ever relied upon.
  // Errc::not_found, Errc::corruption, Errc::value_invalid for another key's log, or
  // Errc::vote_log_stale for a retired one.
  static Result<Opened> open(FileSystem& files, const Path& path, const PublicKey& key);

  // The epoch of the records that follow.  REQUIRES: above epoch().
  void open_epoch(Epoch epoch);
  // REQUIRES: type above kEpochOpened and below kRetired.
  void append(std::uint8_t type, ByteView bytes);
  // All that was appended is durable.  Once this has failed it fails for good.
  Status sync();
  // Replaces the log by these records of the present epoch, durable on return.
  Status compact(const std::vector<VoteLogRecord>& records);

  // The key votes no more, because its votes are not all in this log; durable on return.  The
  // proof is kept for the operator.  REQUIRES: nothing is done with the log afterwards.
  Status retire(ByteView proof);

  Epoch epoch() const { return epoch_; }
  std::uint64_t bytes() const { return log_.end(); }

 private:
  VoteLog(FileSystem& files, AppendLog log, Epoch epoch)
      : files_(&files), log_(std::move(log)), epoch_(epoch) {}

  Status rewrite(Epoch first, const std::vector<VoteLogRecord>& records);

  FileSystem* files_;
  AppendLog log_;
  Epoch epoch_;
};

struct VoteLog::Opened {
  VoteLog log;
  std::vector<VoteLogRecord> records;  // In the order of their appending.
};

}  // namespace fenrun
