#include "node/storage/vote_log.h"

namespace fenrun {
namespace {

// Enough for some thousand votes between two rewrites.
constexpr std::uint64_t kGrowthBytes = 1024 * 1024;

AppendLog::Header header_of(const PublicKey& key) { return {LogIdentity{key.bytes}, 0}; }

AppendLog::Record epoch_opened(Epoch epoch) { return {VoteLog::kEpochOpened, epoch.value(), {}}; }

}  // namespace

Result<VoteLog> VoteLog::create(FileSystem& files, const Path& path, const PublicKey& key,
                                Epoch epoch) {
  FENRUN_TRY(const bool has_log, files.holds(path));
  if (has_log) {
    return Error{Errc::file_exists, path.string() + ": the key has a vote log already"};
  }
  FENRUN_TRY(auto log,
             AppendLog::create(files, path, header_of(key), kGrowthBytes, {epoch_opened(epoch)}));
  return VoteLog(files, std::move(log), epoch);
}

Result<VoteLog::Opened> VoteLog::open(FileSystem& files, const Path& path, const PublicKey& key) {
  std::vector<VoteLogRecord> records;
  std::optional<Epoch> first;
  Epoch epoch;
  std::optional<std::uint64_t> retired_at;
  const auto damaged = [&](std::uint64_t offset, const char* what) {
    return Error{Errc::corruption, path.string() + ": offset " + std::to_string(offset) + what};
  };
  FENRUN_TRY(auto log,
             AppendLog::open(files, path, header_of(key).identity, kGrowthBytes,
                             [&](std::uint64_t offset, const AppendLog::Record& record) -> Status {
                               if (record.type == kEpochOpened) {
                                 if (first && record.tag <= epoch.value()) {
                                   return damaged(offset, ": an epoch opened twice");
                                 }
                                 epoch = Epoch(record.tag);
                                 if (!first) first = epoch;
                                 return {};
                               }
                               if (record.type == kRetired) {
                                 retired_at = offset;
                                 return {};
                               }
                               if (!first || record.tag != epoch.value()) {
                                 return damaged(offset, ": a record outside its epoch");
                               }
                               records.push_back({record.type, epoch, to_bytes(record.payload)});
                               return {};
                             }));
  if (retired_at) {
    // For good, even if the process that wrote it did not live to see it synced.
    FENRUN_OK(log.write_again(*retired_at));
    return Error{Errc::vote_log_stale, path.string()};
  }
  if (!first) return damaged(AppendLog::kFileHeaderBytes, ": no epoch is open");
  Opened opened{VoteLog(files, std::move(log), epoch), std::move(records)};
  FENRUN_OK(opened.log.rewrite(*first, opened.records));
  return opened;
}

void VoteLog::open_epoch(Epoch epoch) {
  CHECK(epoch > epoch_);
  epoch_ = epoch;
  log_.append(epoch_opened(epoch));
}

void VoteLog::append(std::uint8_t type, ByteView bytes) {
  CHECK(type > kEpochOpened && type < kRetired);
  log_.append({type, epoch_.value(), bytes});
}

Status VoteLog::sync() { return log_.sync(); }

Status VoteLog::retire(ByteView proof) {
  log_.append({kRetired, epoch_.value(), proof});
  return log_.sync();
}

Status VoteLog::compact(const std::vector<VoteLogRecord>& records) {
  for (const auto& record : records) {
    CHECK(record.epoch == epoch_ && record.type > kEpochOpened && record.type < kRetired);
  }
  return rewrite(epoch_, records);
}

// Opens each epoch from `first` to the present one that has records, the present one in any case.
Status VoteLog::rewrite(Epoch first, const std::vector<VoteLogRecord>& records) {
  std::vector<AppendLog::Record> out{epoch_opened(first)};
  Epoch epoch = first;
  const auto enter = [&](Epoch next) {
    if (next > epoch) out.push_back(epoch_opened(next));
    epoch = next;
  };
  for (const auto& record : records) {
    enter(record.epoch);
    out.push_back({record.type, record.epoch.value(), record.bytes});
  }
  enter(epoch_);
  return log_.rewrite(*files_, out);
}

}  // namespace fenrun
