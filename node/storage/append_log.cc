#include "node/storage/append_log.h"

#include <algorithm>

#include "core/codec.h"
#include "core/planted.h"
#include "node/storage/crc32c.h"

namespace fenrun {
namespace {

constexpr std::string_view kLogMagic = "FENRLOG1";
constexpr std::size_t kChainAt = 13;  // In a record's header.

template <std::unsigned_integral U>
void put(Bytes& out, U value) {
  for (std::size_t i = 0; i < sizeof(U); ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

// REQUIRES: the bytes are there.
template <std::unsigned_integral U>
U get(ByteView bytes, std::size_t offset) {
  U value = 0;
  CHECK(Decoder(bytes.subspan(offset)).fixed(value).has_value());
  return value;
}

Bytes encode_header(const AppendLog::Header& header) {
  Bytes out = to_bytes(bytes_of(kLogMagic));
  append(out, header.identity.view());
  put(out, header.chain);
  put(out, crc32c(out));
  return out;
}

Error damage(const Path& path, std::uint64_t offset, const char* what) {
  return {Errc::corruption, path.string() + ": offset " + std::to_string(offset) + ": " + what};
}

Result<AppendLog::Header> decode_header(const Path& path, ByteView bytes) {
  if (bytes.size() < AppendLog::kFileHeaderBytes) return damage(path, 0, "no log header");
  const auto crc_at = AppendLog::kFileHeaderBytes - 4;
  if (get<std::uint32_t>(bytes, crc_at) != crc32c(bytes.first(crc_at)) ||
      !equal(bytes.first(kLogMagic.size()), bytes_of(kLogMagic))) {
    return damage(path, 0, "no log header");
  }
  FENRUN_TRY(const auto identity, LogIdentity::from(bytes.subspan(kLogMagic.size(), 32)));
  return AppendLog::Header{identity, get<std::uint32_t>(bytes, kLogMagic.size() + 32)};
}

// Appends the record to `out` and returns its CRC.
std::uint32_t encode_record(Bytes& out, const AppendLog::Record& record, std::uint32_t chain) {
  CHECK(record.type != 0);
  CHECK(record.payload.size() <= AppendLog::kPayloadBytesMax);
  const std::size_t begin = out.size();
  put(out, static_cast<std::uint32_t>(record.payload.size()));
  put(out, record.type);
  put(out, record.tag);
  put(out, chain);
  put(out, crc32c(ByteView(out).subspan(begin)));
  append(out, record.payload);
  const std::uint32_t crc = crc32c(ByteView(out).subspan(begin));
  put(out, crc);
  return crc;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

// A pass over a log's bytes, one record at a time.
struct AppendLog::Scan {
  const Path& path;
  ByteView bytes;
  std::uint64_t used = 0;  // Behind the last byte that is not zero.
  std::uint64_t offset = kFileHeaderBytes;
  std::uint32_t chain = 0;

  bool at_end() const { return offset >= used; }

  // Whether a bad record that should reach up to `end` may be what a crash left of it: a sector
  // within it, and everything behind, was never written.
  bool is_torn(std::uint64_t end) const {
    return round_up(used, kSectorBytes) < end || planted(PlantedBug::torn_tail_generous);
  }

  // The record at the offset; none if it is torn.
  Result<std::optional<Record>> next() {
    const ByteView rest = bytes.subspan(static_cast<std::size_t>(offset));
    const auto bad = [&](std::uint64_t end, const char* what) -> Result<std::optional<Record>> {
      if (is_torn(end)) return std::optional<Record>{};
      return damage(path, offset, what);
    };
    // The header has a CRC of its own, for a wrong length must not make the record look torn.
    constexpr std::size_t kCrcAt = kRecordHeaderBytes - 4;
    const std::uint64_t header_end = offset + kRecordHeaderBytes;
    if (rest.size() < kRecordHeaderBytes ||
        get<std::uint32_t>(rest, kCrcAt) != crc32c(rest.first(kCrcAt))) {
      return bad(header_end, "bad record header");
    }
    const std::size_t length = get<std::uint32_t>(rest, 0);
    const Record record{rest[4], get<std::uint64_t>(rest, 5), {}};
    if (record.type == 0 || length > kPayloadBytesMax) {
      return damage(path, offset, "impossible record header");
    }
    if (get<std::uint32_t>(rest, kChainAt) != chain) {
      return damage(path, offset, "the record does not follow the one before it");
    }
    const std::size_t body_bytes = kRecordHeaderBytes + length;
    const std::uint64_t end = offset + body_bytes + 4;
    if (rest.size() < body_bytes + 4) return bad(end, "the record is cut short");
    const auto crc = get<std::uint32_t>(rest, body_bytes);
    if (crc != crc32c(rest.first(body_bytes))) return bad(end, "wrong checksum");
    chain = crc;
    offset = end;
    return std::optional<Record>(
        Record{record.type, record.tag, rest.subspan(kRecordHeaderBytes, length)});
  }
};

Result<AppendLog> AppendLog::create(FileSystem& files, const Path& path, const Header& header,
                                    std::uint64_t growth_bytes,
                                    const std::vector<Record>& records) {
  AppendLog log(path, header, growth_bytes);
  log.chain_ = header.chain;
  log.buffer_ = encode_header(header);
  for (const auto& record : records) log.append(record);

  const Path temporary = temporary_path(path);
  FENRUN_TRY(log.file_, files.open(temporary, FileAccess::replace));
  FENRUN_OK(log.write_buffer());
  FENRUN_OK(files.rename(temporary, path));
  FENRUN_OK(files.sync_directory(path.parent_path()));
  return log;
}

Result<AppendLog::Contents> AppendLog::read_records(FileSystem& files, const Path& path,
                                                    const Visitor& visit) {
  FENRUN_TRY(const auto file, files.open(path, FileAccess::read));
  FENRUN_TRY(const auto size, file->size());
  FENRUN_TRY(const auto bytes, file->read(0, static_cast<std::size_t>(size)));
  if (bytes.size() != size) return damage(path, bytes.size(), "the file ended while it was read");
  FENRUN_TRY(const auto header, decode_header(path, bytes));

  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](auto byte) { return byte != 0; });
  Scan scan{path, bytes, static_cast<std::uint64_t>(bytes.rend() - last)};
  scan.chain = header.chain;
  bool is_torn = false;
  while (!scan.at_end() && !is_torn) {
    const std::uint64_t offset = scan.offset;
    FENRUN_TRY(const auto record, scan.next());
    is_torn = !record.has_value();
    if (record) FENRUN_OK(visit(offset, *record));
  }
  return Contents{header, size, scan.offset, scan.chain, is_torn};
}

Result<AppendLog> AppendLog::open(FileSystem& files, const Path& path, const LogIdentity& identity,
                                  std::uint64_t growth_bytes, const Visitor& visit) {
  FENRUN_TRY(const auto present, read_header(files, path));
  if (present.identity != identity) {
    return Error{Errc::value_invalid, path.string() + ": the log belongs to another"};
  }
  FENRUN_TRY(const auto contents, read_records(files, path, visit));

  AppendLog log(path, contents.header, growth_bytes);
  FENRUN_TRY(log.file_, files.open(path, FileAccess::update));
  log.allocated_ = contents.size;
  log.end_ = contents.end;
  log.chain_ = contents.chain;
  if (contents.is_torn) {
    FENRUN_OK(log.truncate(contents.end));
  }
  return log;
}

Result<AppendLog::Header> AppendLog::read_header(FileSystem& files, const Path& path) {
  FENRUN_TRY(const auto file, files.open(path, FileAccess::read));
  FENRUN_TRY(const auto bytes, file->read(0, kFileHeaderBytes));
  return decode_header(path, bytes);
}

std::uint64_t AppendLog::append(const Record& record) {
  const std::uint64_t offset = end();
  chain_ = encode_record(buffer_, record, chain_);
  return offset;
}

Status AppendLog::fail(Error error) {
  failure_ = std::move(error);
  return *failure_;
}

Status AppendLog::write_buffer() {
  if (growth_bytes_ > 0 && end() > allocated_) {
    // Space first: a full disk is noticed before the first byte of a record is written.
    const std::uint64_t wanted = round_up(end(), growth_bytes_);
    FENRUN_OK(file_->allocate(wanted));
    allocated_ = wanted;
  }
  FENRUN_OK(file_->write(end_, buffer_));
  // Of the two logs the journal grows as needed.
  if (!(planted(PlantedBug::commit_not_synced) && growth_bytes_ == 0)) FENRUN_OK(file_->sync());
  end_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status AppendLog::sync() {
  if (failure_) return *failure_;
  if (buffer_.empty()) return {};
  if (auto status = write_buffer(); !status) return fail(status.error());
  return {};
}

Status AppendLog::rewrite(FileSystem& files, const std::vector<Record>& records) {
  if (failure_) return *failure_;
  auto replacement = create(files, path_, header_, growth_bytes_, records);
  if (!replacement) return fail(replacement.error());
  *this = *std::move(replacement);
  return {};
}

Status AppendLog::write_again(std::uint64_t offset) {
  CHECK(buffer_.empty() && offset >= kFileHeaderBytes && offset <= end_);
  if (failure_) return *failure_;
  FENRUN_TRY(const auto bytes, read(offset, static_cast<std::size_t>(end_ - offset)));
  auto status = file_->write(offset, bytes);
  if (status) status = file_->sync();
  return status ? status : fail(status.error());
}

Status AppendLog::cut_off(std::uint64_t offset) {
  CHECK(buffer_.empty() && offset >= kFileHeaderBytes && offset <= end_);
  if (failure_) return *failure_;
  if (offset == end_) return {};
  FENRUN_TRY(const auto header, read(offset, kRecordHeaderBytes));
  if (auto status = truncate(offset); !status) return fail(status.error());
  chain_ = get<std::uint32_t>(header, kChainAt);
  return {};
}

Status AppendLog::truncate(std::uint64_t end) {
  FENRUN_OK(file_->truncate(end));
  FENRUN_OK(file_->sync());
  end_ = end;
  allocated_ = end;
  return {};
}

Result<Bytes> AppendLog::read(std::uint64_t offset, std::size_t count) const {
  FENRUN_TRY(auto bytes, file_->read(offset, count));
  if (bytes.size() != count) return damage(path_, offset, "the file ends too early");
  return bytes;
}

}  // namespace fenrun
