#include "node/storage/journal_files.h"

#include <algorithm>
#include <charconv>

#include "core/check.h"
#include "core/codec.h"
#include "core/planted.h"
#include "core/text.h"
#include "node/storage/crc32c.h"

namespace fenrun {
namespace {

constexpr std::uint8_t kCommitRecord = 1;
constexpr std::uint8_t kUnfinishedRecord = 2;  // The next one goes on with the commit.
constexpr std::uint64_t kNoSegment = ~std::uint64_t{0};
constexpr std::size_t kPartHeaderBytes = 16;
constexpr std::string_view kSegmentSuffix = ".log";

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
  return to_hex(big_endian) + std::string(kSegmentSuffix);
}

std::optional<std::uint64_t> segment_from_name(const std::string& name) {
  std::uint64_t segment = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), segment, 16);
  if (error != std::errc{} || name != name_of_segment(segment)) return std::nullopt;
  return segment;
}

Error damage(const Path& path, std::uint64_t offset, const std::string& what) {
  return {Errc::corruption, path.string() + ": offset " + std::to_string(offset) + ": " + what};
}

std::size_t encoded_size(const ExecutedBlock& block, ByteView certificate) {
  std::size_t size = kPartHeaderBytes + certificate.size();
  for (const auto& entry : block.entries) size += 2 + entry.size();
  return size;
}

// Appends the block's part of a payload, and writes into `place` where its pieces lie in it.
void encode_block(Encoder& out, const ExecutedBlock& block, ByteView certificate,
                  BlockPlace& place) {
  const std::size_t begin = out.size();
  const auto mark_piece = [&] {
    place.pieces.push_back(static_cast<std::uint32_t>(out.size() - begin));
  };
  out.fixed(place.first.value());
  out.fixed(place.entry_count);
  out.fixed(place.certificate_bytes);
  out.raw(certificate);
  for (std::size_t i = 0; i < block.entries.size(); ++i) {
    const auto& entry = block.entries[i];
    CHECK(entry.size() <= kEntryBytesMax);
    if (i % BlockPlace::kPieceEntries == 0) mark_piece();
    out.fixed(static_cast<std::uint8_t>(entry.size() >> 8));
    out.fixed(static_cast<std::uint8_t>(entry.size()));
    out.raw(entry);
  }
  mark_piece();
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

// Takes the next block off the front of a payload.  `part` is where the block begins in the file.
Result<StoredBlock> take_block(ByteView& rest, std::uint64_t segment, std::uint64_t part,
                               Height height) {
  const ByteView whole = rest;
  StoredBlock block;
  auto& place = block.place;
  std::uint64_t first = 0;
  Decoder in(rest);
  FENRUN_OK(in.fixed(first));
  FENRUN_OK(in.fixed(place.entry_count));
  FENRUN_OK(in.fixed(place.certificate_bytes));
  if (place.entry_count == 0 || place.entry_count > rest.size() / 2 ||
      in.remaining() < place.certificate_bytes) {
    return Error{Errc::corruption, "the record is no block"};
  }
  place.height = height;
  place.first = Position(first);
  place.segment = segment;
  place.payload = part;
  block.certificate = rest.subspan(kPartHeaderBytes, place.certificate_bytes);
  place.certificate_crc = crc32c(block.certificate);

  rest = rest.subspan(kPartHeaderBytes + place.certificate_bytes);
  const auto mark_piece = [&] {
    place.pieces.push_back(static_cast<std::uint32_t>(whole.size() - rest.size()));
  };
  block.entries.reserve(place.entry_count);
  for (std::size_t i = 0; i < place.entry_count; ++i) {
    if (i % BlockPlace::kPieceEntries == 0) mark_piece();
    FENRUN_TRY(const auto entry, take_entry(rest));
    block.entries.push_back(entry);
  }
  mark_piece();
  return block;
}

// The blocks of a record whose checksum held.
Result<std::vector<StoredBlock>> decode_blocks(std::uint64_t segment, std::uint64_t offset,
                                               const AppendLog::Record& record) {
  if (record.type != kCommitRecord && record.type != kUnfinishedRecord) {
    return Error{Errc::corruption, "the record is no commit"};
  }
  std::vector<StoredBlock> blocks;
  ByteView rest = record.payload;
  Height height(record.tag);
  do {
    const std::uint64_t part =
        offset + AppendLog::kRecordHeaderBytes + (record.payload.size() - rest.size());
    FENRUN_TRY(auto block, take_block(rest, segment, part, height));
    blocks.push_back(std::move(block));
    height = height.next();
  } while (!rest.empty());
  return blocks;
}

const JournalFiles::Visitor kLookAtNone = [](const StoredBlock&) { return Status{}; };

}  // namespace

struct JournalFiles::Contents {
  Contents(Path file, std::uint64_t first) : path(std::move(file)), segment(first), height(first) {}

  Path path;
  std::uint64_t segment;
  std::uint64_t height;                   // Of the next block.
  std::optional<std::uint64_t> position;  // Its first entry's; none before the first block.

  // As the last whole commit left it; none if there is none.
  struct End {
    std::uint64_t blocks = 0;
    std::uint64_t entries = 0;
    std::uint64_t last_record = 0;  // Where the commit's last record begins.
  };
  std::optional<End> end;
  std::optional<std::uint64_t> unfinished;  // Where a commit begins that is not whole.
  AppendLog::Contents read;                 // Of the file.

  bool is_cut_short() const { return read.is_torn || unfinished; }

  // `visit` sees each block.
  Status take(std::uint64_t offset, const AppendLog::Record& record, const Visitor& visit) {
    FENRUN_TRY(const auto blocks, decode_blocks(segment, offset, record));
    for (const auto& block : blocks) {
      const auto& place = block.place;
      if (place.height.value() != height ||
          place.first.value() != position.value_or(place.first.value())) {
        return damage(path, offset, "the block does not follow");
      }
      ++height;
      position = place.header().value() + 1;
      FENRUN_OK(visit(block));
    }
    if (!unfinished) unfinished = offset;
    if (record.type == kCommitRecord || planted(PlantedBug::unfinished_commit_kept)) {
      end = End{height, *position, offset};
      unfinished.reset();
    }
    return {};
  }
};

Result<JournalFiles> JournalFiles::open(FileSystem& files, const Path& folder,
                                        std::uint64_t segment_bytes, const JournalStart& start) {
  JournalFiles journal(files, folder, segment_bytes);
  journal.block_count_ = start.height.value();
  journal.entry_count_ = start.position.value();
  FENRUN_OK(files.make_folder(folder));
  FENRUN_OK(journal.find_segments(start.height.value(), Upkeep::removes_leftovers));
  FENRUN_OK(journal.open_last_segment());
  FENRUN_OK(files.sync_directory(folder));
  return journal;
}

// Opens the last segment that holds a commit, for more.
Status JournalFiles::open_last_segment() {
  if (segments_.empty()) return {};
  const std::uint64_t newest = segments_.back();
  FENRUN_TRY(const auto contents, find_last_commit());
  is_torn_ = false;  // What is torn is taken away.
  if (!contents.end || contents.segment != newest) FENRUN_OK(files_->remove(path_of(newest)));
  if (!contents.end) return {};
  FENRUN_TRY(last_, AppendLog::open(*files_, contents.path, contents.read.header.identity, 0,
                                    [](std::uint64_t, const auto&) { return Status{}; }));
  if (contents.unfinished) FENRUN_OK(last_->cut_off(*contents.unfinished));
  // A process that died before its sync returned left a last record, or the name of a last segment,
  // that can be read and may yet be lost.  Whoever opens the journal relies on it.
  return last_->write_again(contents.end->last_record);
}

Result<JournalFiles::Contents> JournalFiles::read_last_segment() const {
  Contents contents(path_of(segments_.back()), segments_.back());
  FENRUN_TRY(contents.read,
             AppendLog::read_records(*files_, contents.path,
                                     [&](std::uint64_t offset, const AppendLog::Record& record) {
                                       return contents.take(offset, record, kLookAtNone);
                                     }));
  if (!contents.end && !contents.unfinished) {
    return damage(contents.path, AppendLog::kFileHeaderBytes, "the segment is empty");
  }
  return contents;
}

// The last segment that holds a commit, or the only one.  One behind it may hold the beginning of a
// commit that never was, and is passed over; then this one was whole when that was made.
// REQUIRES: there is a segment.
Result<JournalFiles::Contents> JournalFiles::find_last_commit() {
  FENRUN_TRY(auto contents, read_last_segment());
  is_torn_ = contents.is_cut_short();
  if (!contents.end) {
    const auto chain = contents.read.header.chain;
    segments_.pop_back();
    if (segments_.empty()) return contents;
    FENRUN_TRY(contents, read_last_segment());
    if (contents.is_cut_short() || contents.read.chain != chain) {
      return damage(contents.path, contents.read.end, "a committed block is cut short");
    }
  }
  block_count_ = contents.end->blocks;
  entry_count_ = contents.end->entries;
  return contents;
}

Result<JournalFiles> JournalFiles::open_to_read(FileSystem& files, const Path& folder) {
  JournalFiles journal(files, folder, 0);
  FENRUN_OK(journal.find_segments(0, Upkeep::none));
  if (!journal.segments_.empty()) FENRUN_OK(journal.find_last_commit());
  return journal;
}

// Lists the segments; they must be a list that begins at the start and misses none.
Status JournalFiles::find_segments(std::uint64_t start, Upkeep upkeep) {
  FENRUN_TRY(const auto names, files_->list(folder_));
  std::uint64_t previous = kNoSegment;
  for (const auto& name : names) {
    if (name.ends_with(".tmp")) {
      if (upkeep == Upkeep::removes_leftovers) FENRUN_OK(files_->remove(folder_ / name));
      continue;
    }
    const auto segment = segment_from_name(name);
    if (!segment) return Error{Errc::corruption, (folder_ / name).string() + ": no segment"};
    if (*segment < start) {
      FENRUN_OK(files_->remove(folder_ / name));
      continue;
    }
    FENRUN_TRY(const auto header, AppendLog::read_header(*files_, path_of(*segment)));
    if (header.identity != identity_of(*segment, previous)) {
      return damage(path_of(*segment), 0, "the segment before it is missing");
    }
    segments_.push_back(*segment);
    previous = *segment;
  }
  if (!segments_.empty() && segments_.front() != start) {
    return damage(path_of(segments_.front()), 0,
                  "the journal does not begin at height " + std::to_string(start));
  }
  return {};
}

Path JournalFiles::path_of(std::uint64_t segment) const {
  return folder_ / name_of_segment(segment);
}

Result<std::vector<BlockPlace>> JournalFiles::append(std::span<const ExecutedBlock* const> blocks,
                                                     ByteView certificate) {
  CHECK(!blocks.empty());
  std::uint64_t height = block_count_;
  std::uint64_t position = entry_count_;
  for (const auto* block : blocks) {
    CHECK(block->header.height.value() == height && block->first_position().value() == position);
    ++height;
    position += block->entries.size();
  }
  std::vector<BlockPlace> places;
  while (places.size() < blocks.size()) {
    const auto rest = blocks.subspan(places.size());
    const auto count = blocks_of_record(rest);
    const bool is_last = count == rest.size();
    FENRUN_TRY(auto written,
               append_record(rest.first(count), is_last ? certificate : ByteView(),
                             is_last ? kCommitRecord : kUnfinishedRecord, places.empty()));
    std::ranges::move(written, std::back_inserter(places));
  }
  block_count_ = height;
  entry_count_ = position;
  return places;
}

// How many of the blocks go into one record: as fill a segment, or a record, and one in any case.
std::size_t JournalFiles::blocks_of_record(std::span<const ExecutedBlock* const> blocks) const {
  std::size_t count = 1;
  for (auto size = encoded_size(*blocks.front(), {}); count < blocks.size(); ++count) {
    size += encoded_size(*blocks[count], {});
    if (size > std::min<std::uint64_t>(segment_bytes_, AppendLog::kPayloadBytesMax / 2)) break;
  }
  return count;
}

// All records of a commit are in one segment.
Result<std::vector<BlockPlace>> JournalFiles::append_record(
    std::span<const ExecutedBlock* const> blocks, ByteView certificate, std::uint8_t type,
    bool begins_commit) {
  std::size_t size = certificate.size();
  for (const auto* block : blocks) size += encoded_size(*block, {});
  Encoder out(size);
  std::vector<BlockPlace> places;
  std::vector<std::uint64_t> parts;
  for (const auto* block : blocks) {
    const ByteView own = block == blocks.back() ? certificate : ByteView();
    BlockPlace place;
    place.height = block->header.height;
    place.first = block->first_position();
    place.entry_count = static_cast<std::uint32_t>(block->entries.size());
    place.certificate_bytes = static_cast<std::uint32_t>(own.size());
    place.certificate_crc = crc32c(own);
    parts.push_back(out.size());
    encode_block(out, *block, own, place);
    places.push_back(std::move(place));
  }
  const Bytes payload = out.take();
  const AppendLog::Record record{type, places.front().height.value(), payload};

  std::uint64_t offset = AppendLog::kFileHeaderBytes;
  if (!last_ || (begins_commit && last_->end() >= segment_bytes_)) {
    FENRUN_OK(start_segment(record));
  } else {
    offset = last_->append(record);
    FENRUN_OK(last_->sync());
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i].segment = segments_.back();
    places[i].payload = offset + AppendLog::kRecordHeaderBytes + parts[i];
  }
  return places;
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
  const auto visit_wanted = [&](const StoredBlock& block) -> Status {
    const Height height = block.place.height;
    return height >= from && height.value() < block_count_ ? visit(block) : Status{};
  };
  Contents contents({}, *segment);
  std::optional<std::uint32_t> chain;
  for (; segment != segments_.end(); ++segment) {
    contents.path = path_of(*segment);
    contents.segment = *segment;
    FENRUN_TRY(const auto read,
               AppendLog::read_records(*files_, contents.path,
                                       [&](std::uint64_t offset, const AppendLog::Record& record) {
                                         return contents.take(offset, record, visit_wanted);
                                       }));
    const bool is_cut_short = read.is_torn || contents.unfinished;
    if (is_cut_short && !(is_torn_ && *segment == segments_.back())) {
      return damage(contents.path, read.end, "a committed block is cut short");
    }
    if (read.header.chain != chain.value_or(read.header.chain)) {
      return damage(contents.path, 0, "the segment does not follow the one before it");
    }
    chain = read.chain;
  }
  if (!contents.end || contents.end->blocks != block_count_) {
    return damage(contents.path, 0, "blocks are missing");
  }
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
    if (readers_.size() >= kJournalReadersMax) readers_.clear();
    FENRUN_TRY(auto file, files_->open(path_of(segment), FileAccess::read));
    it = readers_.emplace(segment, std::move(file)).first;
  }
  FENRUN_TRY(auto bytes, it->second->read(offset, count));
  if (bytes.size() != count) return damage(path_of(segment), offset, "the file ends too early");
  return bytes;
}

Result<Bytes> JournalFiles::certificate(const BlockPlace& place) const {
  const std::uint64_t offset = place.payload + kPartHeaderBytes;
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
