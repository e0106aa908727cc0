#include "node/storage/journal_files.h"

#include <algorithm>
#include <charconv>

#include "core/codec.h"
#include "core/text.h"
#include "node/storage/crc32c.h"

namespace fenrun {
namespace {

constexpr std::uint8_t kBlockRecord = 1;
constexpr std::uint64_t kNoSegment = ~std::uint64_t{0};
constexpr std::size_t kPayloadHeaderBytes = 16;
constexpr std::size_t kOpenReadersMax = 64;
constexpr std::string_view kSuffix = ".log";

LogIdentity identity_of(std::uint64_t segment, std::uint64_t previous) {
  Encoder out(LogIdentity::kSize);
  out.fixed(segment);
  out.fixed(previous);
  LogIdentity identity;
  std::ranges::copy(out.take(), identity.bytes.begin());
  return identity;
}

std::string name_of_segment(std::uint64_t segment) {
  Bytes big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(segment >> shift));
  }
  return to_hex(big_endian) + std::string(kSuffix);
}

std::optional<std::uint64_t> segment_from_name(const std::string& name) {
  std::uint64_t segment = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), segment, 16);
  if (error != std::errc{} || name != name_of_segment(segment)) return std::nullopt;
  return segment;
}

Error damage(const Path& path, std::uint64_t offset, const char* what) {
  return {Errc::corruption, path.string() + ": offset " + std::to_string(offset) + ": " + what};
}

// The payload, and into `place` where its parts lie.
Bytes encode_block(const ExecutedBlock& block, ByteView certificate, BlockPlace& place) {
  std::size_t size = kPayloadHeaderBytes + certificate.size();
  for (const auto& entry : block.entries) size += 2 + entry.size();
  CHECK(size <= AppendLog::kPayloadBytesMax);

  Encoder out(size);
  out.fixed(place.first.value());
  out.fixed(place.entry_count);
  out.fixed(place.certificate_bytes);
  out.raw(certificate);
  for (std::size_t i = 0; i < block.entries.size(); ++i) {
    const auto& entry = block.entries[i];
    CHECK(entry.size() <= kEntryBytesMax);
    if (i % BlockPlace::kPieceEntries == 0) {
      place.pieces.push_back(static_cast<std::uint32_t>(out.size()));
    }
    out.fixed(static_cast<std::uint8_t>(entry.size() >> 8));
    out.fixed(static_cast<std::uint8_t>(entry.size()));
    out.raw(entry);
  }
  place.pieces.push_back(static_cast<std::uint32_t>(out.size()));
  return out.take();
}

// Takes the next entry off the front.
Result<ByteView> take_entry(ByteView& rest) {
  if (rest.size() < 2) return Error{Errc::corruption, "an entry is cut short"};
  const auto size = static_cast<std::size_t>(rest[0] << 8 | rest[1]);
  if (rest.size() < 2 + size) return Error{Errc::corruption, "an entry is cut short"};
  const ByteView entry = rest.subspan(2, size);
  rest = rest.subspan(2 + size);
  return entry;
}

// The block of a record whose checksum held.
Result<StoredBlock> decode_block(std::uint64_t segment, std::uint64_t offset,
                                 const AppendLog::Record& record) {
  StoredBlock block;
  auto& place = block.place;
  std::uint64_t first = 0;
  Decoder in(record.payload);
  FENRUN_OK(in.fixed(first));
  FENRUN_OK(in.fixed(place.entry_count));
  FENRUN_OK(in.fixed(place.certificate_bytes));
  if (record.type != kBlockRecord || place.entry_count == 0 ||
      place.entry_count > record.payload.size() / 2 || in.remaining() < place.certificate_bytes) {
    return Error{Errc::corruption, "the record is no block"};
  }
  place.height = Height(record.tag);
  place.first = Position(first);
  place.segment = segment;
  place.payload = offset + AppendLog::kRecordHeaderBytes;
  block.certificate = record.payload.subspan(kPayloadHeaderBytes, place.certificate_bytes);
  place.certificate_crc = crc32c(block.certificate);

  ByteView rest = record.payload.subspan(kPayloadHeaderBytes + place.certificate_bytes);
  block.entries.reserve(place.entry_count);
  for (std::size_t i = 0; i < place.entry_count; ++i) {
    if (i % BlockPlace::kPieceEntries == 0) {
      place.pieces.push_back(static_cast<std::uint32_t>(record.payload.size() - rest.size()));
    }
    FENRUN_TRY(const auto entry, take_entry(rest));
    block.entries.push_back(entry);
  }
  if (!rest.empty()) return Error{Errc::corruption, "bytes behind the last entry"};
  place.pieces.push_back(static_cast<std::uint32_t>(record.payload.size()));
  return block;
}

}  // namespace

Result<JournalFiles> JournalFiles::open(FileSystem& files, const Path& folder,
                                        std::uint64_t segment_bytes) {
  JournalFiles journal(files, folder, segment_bytes);
  FENRUN_OK(files.make_folder(folder));
  FENRUN_OK(journal.find_segments());
  if (journal.segments_.empty()) return journal;

  const std::uint64_t last = journal.segments_.back();
  const Path path = journal.path_of(last);
  FENRUN_TRY(const auto header, AppendLog::read_header(files, path));
  journal.block_count_ = last;
  std::optional<std::uint64_t> next_position;
  FENRUN_TRY(
      journal.last_,
      AppendLog::open(files, path, header.identity, 0,
                      [&](std::uint64_t offset, const AppendLog::Record& record) -> Status {
                        FENRUN_TRY(const auto block, decode_block(last, offset, record));
                        const auto& place = block.place;
                        if (place.height.value() != journal.block_count_ ||
                            place.first.value() != next_position.value_or(place.first.value())) {
                          return damage(path, offset, "the block does not follow");
                        }
                        ++journal.block_count_;
                        next_position = place.header().value() + 1;
                        return {};
                      }));
  if (!next_position) return damage(path, AppendLog::kFileHeaderBytes, "the segment is empty");
  journal.entry_count_ = *next_position;
  return journal;
}

// Lists the segments; they must be a list that starts at height 0 and misses none.
Status JournalFiles::find_segments() {
  FENRUN_TRY(const auto names, files_->list(folder_));
  std::uint64_t previous = kNoSegment;
  for (const auto& name : names) {
    if (name.ends_with(".tmp")) {
      FENRUN_OK(files_->remove(folder_ / name));
      continue;
    }
    const auto segment = segment_from_name(name);
    if (!segment) return Error{Errc::corruption, (folder_ / name).string() + ": no segment"};
    FENRUN_TRY(const auto header, AppendLog::read_header(*files_, path_of(*segment)));
    if (header.identity != identity_of(*segment, previous)) {
      return damage(path_of(*segment), 0, "the segment before it is missing");
    }
    segments_.push_back(*segment);
    previous = *segment;
  }
  if (!segments_.empty() && segments_.front() != 0) {
    return damage(path_of(segments_.front()), 0, "the journal does not start at height 0");
  }
  return {};
}

Path JournalFiles::path_of(std::uint64_t segment) const {
  return folder_ / name_of_segment(segment);
}

Result<BlockPlace> JournalFiles::append(const ExecutedBlock& block, ByteView certificate) {
  BlockPlace place;
  place.height = block.header.height;
  place.first = block.first_position();
  place.entry_count = static_cast<std::uint32_t>(block.entries.size());
  place.certificate_bytes = static_cast<std::uint32_t>(certificate.size());
  place.certificate_crc = crc32c(certificate);
  CHECK(place.height.value() == block_count_ && place.first.value() == entry_count_);
  const Bytes payload = encode_block(block, certificate, place);
  const AppendLog::Record record{kBlockRecord, place.height.value(), payload};

  std::uint64_t offset = AppendLog::kFileHeaderBytes;
  if (!last_ || last_->end() >= segment_bytes_) {
    FENRUN_OK(start_segment(record));
  } else {
    offset = last_->append(record);
    FENRUN_OK(last_->sync());
  }
  place.segment = segments_.back();
  place.payload = offset + AppendLog::kRecordHeaderBytes;
  ++block_count_;
  entry_count_ += block.entries.size();
  return place;
}

Status JournalFiles::start_segment(const AppendLog::Record& record) {
  const std::uint64_t segment = record.tag;
  const std::uint64_t previous = segments_.empty() ? kNoSegment : segments_.back();
  const AppendLog::Header header{identity_of(segment, previous), last_ ? last_->chain() : 0};
  FENRUN_TRY(last_, AppendLog::create(*files_, path_of(segment), header, 0, {record}));
  segments_.push_back(segment);
  return {};
}

Status JournalFiles::replay(Height from, const Visitor& visit) const {
  CHECK(from.value() <= block_count_);
  if (segments_.empty()) return {};
  auto segment = std::ranges::upper_bound(segments_, from.value());
  --segment;
  std::uint64_t height = *segment;
  std::optional<std::uint64_t> position;
  std::optional<std::uint32_t> chain;
  for (; segment != segments_.end(); ++segment) {
    const Path path = path_of(*segment);
    const auto take = [&](std::uint64_t offset, const AppendLog::Record& record) -> Status {
      FENRUN_TRY(const auto block, decode_block(*segment, offset, record));
      const auto& place = block.place;
      if (place.height.value() != height ||
          place.first.value() != position.value_or(place.first.value())) {
        return damage(path, offset, "the block does not follow");
      }
      ++height;
      position = place.header().value() + 1;
      return place.height < from ? Status{} : visit(block);
    };
    FENRUN_TRY(const auto contents, AppendLog::read_records(*files_, path, take));
    if (contents.is_torn) return damage(path, contents.end, "a committed block is cut short");
    if (contents.header.chain != chain.value_or(contents.header.chain)) {
      return damage(path, 0, "the segment does not follow the one before it");
    }
    chain = contents.chain;
  }
  if (height != block_count_) return damage(path_of(segments_.back()), 0, "blocks are missing");
  return {};
}

Result<Bytes> JournalFiles::read(std::uint64_t segment, std::uint64_t offset,
                                 std::size_t count) const {
  if (!std::ranges::binary_search(segments_, segment)) {
    return damage(path_of(segment), 0, "the index names a segment that does not exist");
  }
  if (segment == segments_.back()) return last_->read(offset, count);
  auto it = readers_.find(segment);
  if (it == readers_.end()) {
    if (readers_.size() >= kOpenReadersMax) readers_.clear();
    FENRUN_TRY(auto file, files_->open(path_of(segment), FileAccess::read));
    it = readers_.emplace(segment, std::move(file)).first;
  }
  FENRUN_TRY(auto bytes, it->second->read(offset, count));
  if (bytes.size() != count) return damage(path_of(segment), offset, "the file ends too early");
  return bytes;
}

Result<Bytes> JournalFiles::certificate(const BlockPlace& place) const {
  const std::uint64_t offset = place.payload + kPayloadHeaderBytes;
  FENRUN_TRY(auto bytes, read(place.segment, offset, place.certificate_bytes));
  if (crc32c(bytes) != place.certificate_crc) {
    return damage(path_of(place.segment), offset, "the certificate is damaged");
  }
  return bytes;
}

Result<std::vector<Bytes>> JournalFiles::pieces(const BlockPlace& place, std::size_t first_piece,
                                                std::size_t last_piece) const {
  CHECK(first_piece < last_piece && last_piece < place.pieces.size());
  const std::uint32_t begin = place.pieces[first_piece];
  const std::uint32_t end = place.pieces[last_piece];
  if (begin > end || end > AppendLog::kPayloadBytesMax) {
    return damage(path_of(place.segment), place.payload, "the index names impossible offsets");
  }
  FENRUN_TRY(const auto bytes, read(place.segment, place.payload + begin, end - begin));
  const std::size_t count =
      std::min<std::size_t>(last_piece * BlockPlace::kPieceEntries, place.entry_count) -
      first_piece * BlockPlace::kPieceEntries;
  std::vector<Bytes> entries;
  entries.reserve(count);
  ByteView rest = bytes;
  for (std::size_t i = 0; i < count; ++i) {
    FENRUN_TRY(const auto entry, take_entry(rest));
    entries.push_back(to_bytes(entry));
  }
  if (!rest.empty()) return Error{Errc::corruption, "bytes behind the last entry of a piece"};
  return entries;
}

}  // namespace fenrun
