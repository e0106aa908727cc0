// Files of the data folder and bytes of a link: whatever damage does to them, they are read as what
// was written, or refused.
#include <algorithm>

#include "consensus/io.h"
#include "core/codec.h"
#include "ledger/proof/entry.h"
#include "net/frame.h"
#include "node/sim/virtual_disk.h"
#include "node/storage/append_log.h"
#include "node/storage/guard_file.h"
#include "node/storage/handover_files.h"
#include "node/storage/journal_files.h"
#include "node/storage/snapshot_files.h"
#include "node/storage/vote_log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/block_maker.h"

namespace fenrun::fuzz {
namespace {

const Path kFolder = "/node";
const Path kFile = "/node/file";
const PublicKey kKey{{1, 2, 3}};

sim::VirtualDisk empty_disk() {
  sim::VirtualDisk disk;
  CHECK(disk.make_folder(kFolder).has_value());
  return disk;
}

// Files in which the path holds these bytes.
void put_file(FileSystem& files, const Path& path, ByteView bytes) {
  CHECK(replace_file(files, path, bytes).has_value());
}

LogIdentity some_identity() {
  LogIdentity identity;
  identity.bytes.fill(7);
  return identity;
}

Bytes some_log() {
  sim::VirtualDisk files = empty_disk();
  auto log = AppendLog::create(files, kFile, {some_identity(), 0}, 0);
  log->append({2, 5, bytes_of("first")});
  log->append({3, 6, bytes_of("")});
  CHECK(log->sync().has_value());
  return files.bytes(kFile);
}

Bytes some_vote_log() {
  sim::VirtualDisk files = empty_disk();
  auto log = VoteLog::create(files, kFile, kKey, Epoch(0));
  log->append(2, Bytes{1});
  log->open_epoch(Epoch(4));
  log->append(3, Bytes{2, 2});
  CHECK(log->sync().has_value());
  auto bytes = files.bytes(kFile);
  bytes.resize(log->bytes());  // Behind it are zeros, by the megabyte.
  return bytes;
}

EpochHandover some_handover() { return {{"a note"}, {"a trust file"}, {}, {}}; }

std::vector<Bytes> log_seeds() {
  auto torn = some_log();
  torn.resize(torn.size() - 3);
  return {some_log(), torn, {}};
}
std::vector<Bytes> vote_log_seeds() { return {some_vote_log()}; }

std::vector<Bytes> handover_seeds() {
  sim::VirtualDisk files = empty_disk();
  CHECK(save_handover_file(files, kFolder, Epoch(0), some_handover()).has_value());
  return {files.bytes(kFolder / files.list(kFolder)->front())};
}

std::vector<Bytes> snapshot_seeds() {
  sim::VirtualDisk files = empty_disk();
  auto store = SnapshotFiles::open(files, kFolder);
  SnapshotManifest manifest;
  manifest.header = encode_entry(Header{});
  manifest.sections = {SnapshotSection{}};
  CHECK(store->begin(manifest).has_value());
  return {files.bytes(kFolder / "begun")};
}

const Path kJournal = "/node/journal";

// Segments: of commits one by one, and of one that takes several records, whole and cut short.
std::vector<Bytes> segment_seeds() {
  sim::VirtualDisk files = empty_disk();
  BlockMaker maker;
  auto journal = JournalFiles::open(files, kJournal, 1'000);
  const auto segment = [&] { return files.bytes(kJournal / files.list(kJournal)->back()); };
  const auto next = [&] {
    return maker.next([](BlockBuilder& builder) {
      for (std::uint8_t i = 0; i < 3; ++i) builder.append_system(Bytes(100, i));
    });
  };
  const auto first = next();
  const ExecutedBlock* const alone = &first;
  CHECK(journal->append(std::span(&alone, 1), bytes_of("certificate")).has_value());
  std::vector<Bytes> seeds{segment()};
  std::vector<std::unique_ptr<ExecutedBlock>> blocks;
  std::vector<const ExecutedBlock*> views;
  for (int i = 0; i < 3; ++i) {
    blocks.push_back(std::make_unique<ExecutedBlock>(next()));
    views.push_back(blocks.back().get());
  }
  CHECK(journal->append(views, bytes_of("certificate")).has_value());
  seeds.push_back(segment());
  seeds.push_back(segment());
  seeds.back().resize(seeds.back().size() - 600);
  return seeds;
}

std::vector<Bytes> guard_seeds() {
  return {encode_guard(CheckpointGuard::above(7)),
          encode_guard(CheckpointGuard{9, Digest{{1}}, 1'000})};
}

struct Replayed {
  std::vector<std::uint64_t> heights;
  std::vector<Bytes> parts;
  friend bool operator==(const Replayed&, const Replayed&) = default;
};
std::optional<Replayed> replay_all(const JournalFiles& journal) {
  Replayed out;
  const auto status = journal.replay(Height(0), [&](const StoredBlock& block) -> Status {
    out.heights.push_back(block.place.height.value());
    out.parts.push_back(to_bytes(block.certificate));
    for (const auto& entry : block.entries) out.parts.push_back(to_bytes(entry));
    return {};
  });
  if (!status) return std::nullopt;
  EXPECT_FUZZ(out.heights.size() == journal.block_count(), "blocks are counted that are not there");
  return out;
}

// What a log holds, whatever its records mean.
struct Logged {
  std::uint8_t type = 0;
  std::uint64_t tag = 0;
  Bytes payload;
  friend bool operator==(const Logged&, const Logged&) = default;
};
AppendLog::Visitor collect(std::vector<Logged>& out) {
  return [&out](std::uint64_t, const AppendLog::Record& record) -> Status {
    out.push_back({record.type, record.tag, {record.payload.begin(), record.payload.end()}});
    return {};
  };
}

std::vector<Bytes> frame_seeds() {
  Bytes open{1};
  net::append_control(open, net::Hello{});
  net::append_frame(open, net::FrameKind::consensus, net::Continues::no, bytes_of("abc"));
  net::append_frame(open, net::FrameKind::bulk, net::Continues::no, {});
  Bytes closed{0};
  net::append_control(closed, net::Refusal{Errc::chain_wrong, {"no"}});
  net::append_control(closed, net::KeepAlive{});
  return {open, closed};
}

struct Read {
  std::vector<Bytes> messages;
  std::optional<Errc> refusal;
  friend bool operator==(const Read&, const Read&) = default;
};

// The messages of a stream that comes in pieces of this size.
Read read_frames(ByteView stream, bool is_open, std::size_t piece) {
  net::FrameReader reader;
  if (is_open) reader.open();
  Read out;
  while (!stream.empty()) {
    auto in = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(in.size());
    while (!in.empty()) {
      auto message = reader.next(in);
      if (!message) {
        out.refusal = message.error().code;
        return out;
      }
      if (!*message) break;
      (*message)->bytes.push_back(static_cast<std::uint8_t>((*message)->kind));
      out.messages.push_back((*message)->bytes);
    }
  }
  return out;
}

}  // namespace

FENRUN_FUZZ(append_log, log_seeds) {
  sim::VirtualDisk files = empty_disk();
  put_file(files, kFile, input);
  std::vector<Logged> seen;
  const auto contents = AppendLog::read_records(files, kFile, collect(seen));
  EXPECT_FUZZ(std::ranges::equal(files.bytes(kFile), input), "reading changes the file");
  const auto identity = contents ? contents->header.identity : some_identity();

  std::vector<Logged> opened;
  auto log = AppendLog::open(files, kFile, identity, 0, collect(opened));
  EXPECT_FUZZ(log.has_value() == contents.has_value(), "two readers do not agree");
  if (!log) return;
  EXPECT_FUZZ(seen == opened && log->end() == contents->end, "two readers see different records");
  log->append({9, 1, bytes_of("more")});
  EXPECT_FUZZ(log->sync().has_value(), "the log does not go on");
  std::vector<Logged> again;
  EXPECT_FUZZ(AppendLog::open(files, kFile, identity, 0, collect(again)).has_value(),
              "what was appended is not read");
  opened.push_back({9, 1, seed_of("more")});
  EXPECT_FUZZ(again == opened, "what was appended is read as something else");
}

FENRUN_FUZZ(journal_segment, segment_seeds) {
  sim::VirtualDisk files = empty_disk();
  CHECK(files.make_folder(kJournal).has_value());
  const Path path = kJournal / "0000000000000000.log";
  put_file(files, path, input);
  std::optional<Replayed> seen;
  const auto read = JournalFiles::open_to_read(files, kJournal);
  if (read) seen = replay_all(*read);
  EXPECT_FUZZ(std::ranges::equal(files.bytes(path), input), "reading changes the file");
  for (int life = 0; life < 2; ++life) {
    const auto journal = JournalFiles::open(files, kJournal, 1'000);
    EXPECT_FUZZ(journal.has_value() == read.has_value(), "two readers do not agree");
    if (!journal) return;
    EXPECT_FUZZ(replay_all(*journal) == seen, "opening changes the blocks");
  }
}

FENRUN_FUZZ(checkpoint_guard, guard_seeds) {
  // With the right hash, too, so that what is behind it is met.
  Bytes whole(input.begin(), input.end());
  if (whole.size() >= Digest::kSize) {
    whole.resize(whole.size() - Digest::kSize);
    append(whole, sha256(whole).view());
  }
  const bool is_whole = std::ranges::equal(whole, input);
  EXPECT_FUZZ(is_whole || !decode_guard(input), "a damaged guard is believed");
  const auto guard = decode_guard(whole);
  if (!guard) return;
  EXPECT_FUZZ(encode_guard(*guard) == whole, "a guard has two spellings");
  for (const std::uint64_t size : {guard->size - 1, guard->size, guard->size + 1}) {
    const auto next = may_sign(*guard, {"fenrun/ab", size, guard->root}, guard->time_s);
    EXPECT_FUZZ(!next || (next->size >= guard->size && next->time_s >= guard->time_s),
                "a guard is taken back");
  }
}

FENRUN_FUZZ(vote_log, vote_log_seeds) {
  sim::VirtualDisk files = empty_disk();
  put_file(files, kFile, input);
  auto opened = VoteLog::open(files, kFile, kKey);
  if (!opened) return;
  const auto epoch = opened->log.epoch();
  for (const auto& record : opened->records) {
    EXPECT_FUZZ(record.epoch <= epoch, "a record of an epoch that was not opened");
    // What a replica makes of the bytes is its own target: log_record.
    static_cast<void>(decode<LogRecord>(record.bytes));
  }
  const auto again = VoteLog::open(files, kFile, kKey);
  EXPECT_FUZZ(again && again->records == opened->records, "opening changes the records");
}

FENRUN_FUZZ(handover_file, handover_seeds) {
  sim::VirtualDisk files = empty_disk();
  CHECK(save_handover_file(files, kFolder, Epoch(0), some_handover()).has_value());
  const auto path = kFolder / files.list(kFolder)->front();
  put_file(files, path, input);
  const auto handover = load_handover_file(files, kFolder, Epoch(0));
  if (!handover) {
    EXPECT_FUZZ(handover.error().code == Errc::corruption, handover.error().to_string());
    return;
  }
  CHECK(save_handover_file(files, kFolder, Epoch(0), *handover).has_value());
  EXPECT_FUZZ(std::ranges::equal(files.bytes(path), input), "a handover has two files");
}

FENRUN_FUZZ(snapshot_file, snapshot_seeds) {
  sim::VirtualDisk files = empty_disk();
  put_file(files, kFolder / "begun", input);
  auto store = SnapshotFiles::open(files, kFolder);
  EXPECT_FUZZ(store.has_value(), "a damaged download stops the store");
  EXPECT_FUZZ(*files.holds(kFolder / "begun") == store->begun().has_value(),
              "a damaged download is kept");
}

FENRUN_FUZZ(frames, frame_seeds) {
  Choices choices(input);
  const bool is_open = (choices.byte() & 1U) != 0;
  const auto stream = choices.rest();
  const auto whole = read_frames(stream, is_open, stream.size() + 1);
  EXPECT_FUZZ(whole == read_frames(stream, is_open, 1), "a stream reads otherwise byte by byte");
  EXPECT_FUZZ(whole == read_frames(stream, is_open, 7), "a stream reads otherwise in pieces");
  if (whole.refusal) return;
  // What was read, framed again, is what the stream began with: no message fills a frame.
  if (stream.size() > net::kFramePayloadMax) return;
  Bytes again;
  for (auto message : whole.messages) {
    const auto kind = static_cast<net::FrameKind>(message.back());
    message.pop_back();
    net::append_frame(again, kind, net::Continues::no, message);
  }
  EXPECT_FUZZ(
      again.size() <= stream.size() && std::ranges::equal(again, stream.first(again.size())),
      "a message has two ways to be framed");
}

}  // namespace fenrun::fuzz
