#include "node/storage/index.h"

#include <leveldb/cache.h>
#include <leveldb/comparator.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/check.h"
#include "core/codec.h"
#include "node/storage/index_environment.h"

namespace fenrun {
namespace {

constexpr int kBloomBits = 10;
constexpr std::size_t kTableBytes = 16 * 1024 * 1024;
// LevelDB's log holds what two write buffers hold, and by what the last batch exceeds each; a gap
// cannot lie further back.  Twice that is looked at.
constexpr std::uint64_t kUnsyncedBuffers = 4;
constexpr std::uint64_t kUnsyncedBatches = 2;

constexpr char kState = 's';
constexpr char kTile = 't';
constexpr char kBlock = 'b';
constexpr char kHeight = 'h';
constexpr char kTransaction = 'x';
constexpr char kKeptHeader = 'k';
constexpr char kSnapshotEntry = 'e';
constexpr std::string_view kOpenTile = "p";
constexpr std::string_view kTip = "m";

struct IndexedBlock {
  Position first;
  Position header;
  std::uint64_t bytes_before = 0;  // Of all batches before this one.

  FENRUN_FIELDS(first, header, bytes_before)
};

leveldb::Slice slice(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView view(const leveldb::Slice& bytes) { return bytes_of({bytes.data(), bytes.size()}); }

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> shift)));
  }
}

std::string numbered_key(char family, std::uint64_t number) {
  std::string key(1, family);
  append_big_endian(key, number);
  return key;
}

std::uint64_t number_of_key(const leveldb::Slice& key) {
  std::uint64_t number = 0;
  for (std::size_t i = 1; i < key.size(); ++i) {
    number = number << 8 | static_cast<std::uint8_t>(key[i]);
  }
  return number;
}

std::string bytes_key(char family, ByteView bytes) {
  std::string key(1, family);
  key.append(text_of(bytes));
  return key;
}

std::string tile_key(unsigned level, std::uint64_t index) {
  std::string key(1, kTile);
  key.push_back(static_cast<char>(static_cast<std::uint8_t>(level)));
  append_big_endian(key, index);
  return key;
}

Bytes encode_record(const CurrentRecord& record) {
  Encoder out(17 + (record.value ? record.value->size() : 0));
  out.fixed(record.version);
  out.fixed(record.position.value());
  out.fixed<std::uint8_t>(record.value ? 1 : 0);
  if (record.value) out.raw(*record.value);
  return out.take();
}

constexpr std::size_t kRecordFlagAt = 16;

bool has_value(const leveldb::Slice& record) {
  return record.size() > kRecordFlagAt && record[kRecordFlagAt] == 1;
}

Result<CurrentRecord> record_in(ByteView bytes) {
  Decoder in(bytes);
  CurrentRecord record;
  std::uint64_t position = 0;
  std::uint8_t flag = 0;
  if (!in.fixed(record.version) || !in.fixed(position) || !in.fixed(flag)) {
    return Error{Errc::corruption, "index: a state record is cut short"};
  }
  record.position = Position(position);
  if (flag == 1) record.value = to_bytes(bytes.last(in.remaining()));
  return record;
}

Error error_of(const leveldb::Status& status) {
  return {status.IsIOError() ? Errc::io_error : Errc::corruption, "index: " + status.ToString()};
}

template <class T>
Result<T> decode_value(const std::string& bytes) {
  auto value = decode<T>(bytes_of(bytes));
  if (!value) return Error{Errc::corruption, "index: " + value.error().to_string()};
  return value;
}

Bytes bytes_of_nodes(const std::vector<Digest>& nodes) {
  Encoder out(nodes.size() * Digest::kSize);
  for (const auto& node : nodes) out.raw(node.view());
  return out.take();
}

std::vector<Digest> nodes_of(ByteView bytes) {
  static_assert(sizeof(Digest) == Digest::kSize && std::is_trivially_copyable_v<Digest>);
  std::vector<Digest> nodes(bytes.size() / Digest::kSize);
  if (!nodes.empty()) std::memcpy(nodes.data(), bytes.data(), nodes.size() * Digest::kSize);
  return nodes;
}

bool is_of(const leveldb::Slice& key, char family) { return !key.empty() && key[0] == family; }

// Bytewise and downwards, so that one look finds a key or, where it is not, the one before it: to
// step back LevelDB looks anew in every table.
class Descending final : public leveldb::Comparator {
 public:
  int Compare(const leveldb::Slice& a, const leveldb::Slice& b) const override {
    return b.compare(a);
  }
  const char* Name() const override { return "fenrun.descending"; }
  // Keys between tables stay as they are.
  void FindShortestSeparator(std::string*, const leveldb::Slice&) const override {}
  void FindShortSuccessor(std::string*) const override {}
};

const Descending kDescending;

// The files among which the index lies.
template <class Use>
Status with_files(const IndexOptions& options, const Use& use) {
  if (options.environment != nullptr) return use(options.environment->files());
  PosixFileSystem machine;
  return use(machine);
}

// Runs on LevelDB's thread, which merges tables: consensus goes first.  Where it cannot be told so,
// the merging merely disturbs.
void yield_to_others(void*) {
  constexpr int kNice = 10;
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
}

// Power loss may tear LevelDB's own log, which nobody syncs.  Then the batches of it that are whole
// are taken, which leaves it empty: for what is missing there is first_gap().
Result<std::unique_ptr<leveldb::DB>> open_database(leveldb::Options settings,
                                                   const std::string& folder,
                                                   IndexEnvironment* environment) {
  leveldb::DB* db = nullptr;
  auto status = leveldb::DB::Open(settings, folder, &db);
  if (status.IsCorruption()) {
    settings.paranoid_checks = false;
    status = leveldb::DB::Open(settings, folder, &db);
    if (environment != nullptr) environment->run_background();
    delete std::exchange(db, nullptr);
    settings.paranoid_checks = true;
    if (status.ok()) status = leveldb::DB::Open(settings, folder, &db);
  }
  if (!status.ok()) return error_of(status);
  return std::unique_ptr<leveldb::DB>(db);
}

}  // namespace

std::size_t spread_unused_bytes(std::size_t write_buffer_bytes, std::size_t member) {
  constexpr std::size_t kGolden = 40'503;  // Of 2^16.
  constexpr std::size_t kParts = 1 << 16;
  return write_buffer_bytes / 8 * 3 / kParts * (member * kGolden % kParts);
}

struct Index::Database {
  IndexEnvironment* environment = nullptr;
  std::unique_ptr<const leveldb::FilterPolicy> filter;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<leveldb::DB> db;
  leveldb::ReadOptions read;
  std::uint64_t write_buffer_bytes = 0;
  std::uint64_t bytes_applied = 0;
  // Made when first asked for and kept until the next batch: making one costs more than a seek.
  std::unique_ptr<leveldb::Iterator> iterator;

  // LevelDB waits in its destructor for work that it has scheduled.
  ~Database() {
    iterator.reset();
    if (environment != nullptr) environment->run_background();
  }

  leveldb::Iterator& scan() {
    if (!iterator) iterator.reset(db->NewIterator(read));
    return *iterator;
  }

  Result<std::optional<std::string>> get(const leveldb::Slice& key) const {
    std::string value;
    const auto status = db->Get(read, key, &value);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok()) return error_of(status);
    return std::optional(std::move(value));
  }
};

Index::Index(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::open(const Path& folder, const IndexOptions& options) {
  CHECK(options.write_buffer_unused_bytes < options.write_buffer_bytes);
  if (folder.has_parent_path()) {
    FENRUN_OK(with_files(
        options, [&](FileSystem& files) { return files.make_folder(folder.parent_path()); }));
  }
  auto database = std::make_unique<Database>();
  database->environment = options.environment;
  database->filter.reset(leveldb::NewBloomFilterPolicy(kBloomBits));
  database->cache.reset(leveldb::NewLRUCache(options.block_cache_bytes));
  database->write_buffer_bytes = options.write_buffer_bytes;
  database->read.verify_checksums = true;

  leveldb::Options settings;
  settings.create_if_missing = true;
  settings.comparator = &kDescending;
  settings.paranoid_checks = true;
  settings.filter_policy = database->filter.get();
  settings.block_cache = database->cache.get();
  settings.write_buffer_size = options.write_buffer_bytes - options.write_buffer_unused_bytes;
  settings.max_file_size = kTableBytes;
  settings.max_open_files = static_cast<int>(options.files_max);
  settings.compression = leveldb::kNoCompression;
  if (options.environment != nullptr) {
    settings.env = &options.environment->env();
  } else {
    settings.env->Schedule(&yield_to_others, nullptr);
  }
  FENRUN_TRY(database->db, open_database(settings, folder.string(), options.environment));

  std::unique_ptr<Index> index(new Index(std::move(database)));
  FENRUN_TRY(const auto tip, index->tip());
  if (tip) {
    const auto key = numbered_key(kHeight, tip->height.value());
    FENRUN_TRY(const auto bytes, index->database_->get(key));
    if (!bytes) return Error{Errc::corruption, "index: the tip's block is missing"};
    FENRUN_TRY(const auto block, decode_value<IndexedBlock>(*bytes));
    index->database_->bytes_applied = block.bytes_before;
  }
  return index;
}

Status Index::destroy(const Path& folder, const IndexOptions& options) {
  return with_files(options, [&](FileSystem& files) { return files.remove_folder(folder); });
}

Status Index::move(const Path& from, const Path& to, const IndexOptions& options) {
  return with_files(options, [&](FileSystem& files) { return files.rename(from, to); });
}

// What several kinds of updates write alike.
struct Index::Batch {
  leveldb::WriteBatch batch;

  void put(const std::string& key, ByteView value) { batch.Put(key, slice(value)); }
  void put_state(const StateDelta& state) {
    for (const auto& [key, record] : state) put(bytes_key(kState, key), encode_record(record));
  }
  void put_tiles(const std::vector<Tile>& tiles) {
    for (const auto& tile : tiles)
      put(tile_key(tile.level, tile.index), bytes_of_nodes(tile.nodes));
  }
  void put_height(Height height, const IndexedBlock& block) {
    put(numbered_key(kHeight, height.value()), encode(block));
  }
  void put_kept(Position header) { put(numbered_key(kKeptHeader, header.value()), {}); }
  void put_part(const IndexedSnapshotPart& part) {
    put_state(part.state);
    put_tiles(part.tiles);
    for (const auto& [position, bytes] : part.entries) {
      put(numbered_key(kSnapshotEntry, position.value()), bytes);
    }
    for (const auto& header : part.headers) {
      put_height(header.height, {header.position, header.position, 0});
    }
  }
};

Status Index::apply(const IndexUpdate& update) {
  Batch batch;
  const auto& place = *update.place;
  batch.put_state(*update.state);
  for (const auto& transaction : *update.transactions) {
    batch.put(bytes_key(kTransaction, transaction.id.view()), encode(transaction.position));
  }
  batch.put_tiles(*update.tiles);
  batch.put(numbered_key(kBlock, place.first.value()), encode(place));
  batch.put_height(place.height, {place.first, place.header(), database_->bytes_applied});
  if (update.keeps_header) batch.put_kept(place.header());
  batch.put(std::string(kTip), encode(Tip{place.height, update.block_id}));

  FENRUN_OK(write(batch, Durability::none));
  database_->bytes_applied += batch.batch.ApproximateSize();
  return {};
}

Status Index::write(Batch& batch, Durability durability) {
  database_->iterator.reset();
  // A write may fill one buffer, and waits for a compaction only if an earlier one is still to
  // come.
  if (database_->environment != nullptr) database_->environment->run_background();
  leveldb::WriteOptions options;
  options.sync = durability == Durability::synced;
  const auto status = database_->db->Write(options, &batch.batch);
  return status.ok() ? Status() : Status(error_of(status));
}

Status Index::add_part(const IndexedSnapshotPart& part) {
  for (const auto& [key, current] : part.state) {
    FENRUN_TRY(const auto present, record(key));
    if (present) {
      return Error{Errc::snapshot_invalid, "two Records are current for one key"};
    }
  }
  Batch batch;
  batch.put_part(part);
  for (const auto& header : part.headers) batch.put_kept(header.position);
  return write(batch, Durability::synced);
}

Status Index::finish_snapshot(const Tip& tip, const IndexedSnapshotPart& header,
                              const std::vector<Digest>& open_tile) {
  Batch batch;
  batch.put_part(header);
  batch.put(std::string(kOpenTile), bytes_of_nodes(open_tile));
  batch.put(std::string(kTip), encode(tip));
  return write(batch, Durability::synced);
}

Result<std::optional<Index::Tip>> Index::tip() const {
  FENRUN_TRY(const auto bytes, database_->get(std::string(kTip)));
  if (!bytes) return std::optional<Tip>{};
  FENRUN_TRY(const auto tip, decode_value<Tip>(*bytes));
  return std::optional(tip);
}

Result<std::optional<Height>> Index::first_gap(Height first) const {
  FENRUN_TRY(const auto last, tip());
  if (!last) return std::optional<Height>{};
  std::optional<Height> gap;
  auto& it = database_->scan();
  it.Seek(numbered_key(kHeight, last->height.value()));
  std::uint64_t expected = last->height.value();
  std::uint64_t bytes_behind = database_->bytes_applied;
  std::uint64_t largest = 0;  // Batch on the way; a missing one counts with the one before it.
  while (it.Valid() && is_of(it.key(), kHeight)) {
    const std::uint64_t height = number_of_key(it.key());
    if (height != expected) gap = Height(height + 1);
    FENRUN_TRY(const auto block, decode_value<IndexedBlock>(it.value().ToString()));
    if (!it.status().ok()) return error_of(it.status());
    largest = std::max(largest, bytes_behind - block.bytes_before);
    bytes_behind = block.bytes_before;
    const std::uint64_t reach =
        kUnsyncedBuffers * database_->write_buffer_bytes + kUnsyncedBatches * largest;
    if (height <= first.value() || database_->bytes_applied - block.bytes_before > reach) {
      return gap;
    }
    expected = height - 1;
    it.Next();
  }
  if (!it.status().ok()) return error_of(it.status());
  return std::optional(Height(0));
}

Result<std::optional<CurrentRecord>> Index::record(ByteView key) const {
  FENRUN_TRY(const auto bytes, database_->get(bytes_key(kState, key)));
  if (!bytes) return std::optional<CurrentRecord>{};
  FENRUN_TRY(auto record, record_in(bytes_of(*bytes)));
  return std::optional(std::move(record));
}

// LevelDB steps over a table that it cannot read, and stands somewhere all the same: what it stands
// at is an answer only if its status says so.
Result<std::optional<RecordKey>> Index::at_or_after(ByteView key) const {
  auto& it = database_->scan();
  const auto from = bytes_key(kState, key);
  it.Seek(from);
  if (!it.Valid()) {
    it.SeekToLast();
  } else if (it.key() != leveldb::Slice(from)) {
    it.Prev();
  }
  while (it.Valid() && is_of(it.key(), kState) && !has_value(it.value())) it.Prev();
  if (!it.status().ok()) return error_of(it.status());
  if (!it.Valid() || !is_of(it.key(), kState)) return std::optional<RecordKey>{};
  return std::optional(RecordKey(to_bytes(view(it.key()).subspan(1))));
}

Result<Index::Floor> Index::before(ByteView key) const {
  auto& it = database_->scan();
  const auto from = bytes_key(kState, key);
  it.Seek(from);
  Floor floor;
  floor.is_absent = !it.Valid() || it.key() != leveldb::Slice(from);
  if (!floor.is_absent) it.Next();
  while (it.Valid() && is_of(it.key(), kState) && !has_value(it.value())) it.Next();
  if (!it.status().ok()) return error_of(it.status());
  if (!it.Valid() || !is_of(it.key(), kState)) return floor;
  FENRUN_TRY(auto record, record_in(view(it.value())));
  floor.before.emplace(RecordKey(to_bytes(view(it.key()).subspan(1))), std::move(record));
  return floor;
}

Result<std::vector<Digest>> Index::tile(unsigned level, std::uint64_t index) const {
  FENRUN_TRY(const auto bytes, database_->get(tile_key(level, index)));
  if (!bytes || bytes->size() != kTileWidth * Digest::kSize) {
    return Error{Errc::corruption, "index: tile " + std::to_string(level) + "/" +
                                       std::to_string(index) + " is missing"};
  }
  return nodes_of(bytes_of(*bytes));
}

Result<BlockPlace> Index::block_at(Position position) const {
  auto& it = database_->scan();
  it.Seek(numbered_key(kBlock, position.value()));
  if (!it.status().ok()) return error_of(it.status());
  if (it.Valid() && is_of(it.key(), kBlock)) {
    FENRUN_TRY(const auto place, decode_value<BlockPlace>(it.value().ToString()));
    if (place.first <= position && position <= place.header()) return place;
  }
  return Error{Errc::corruption,
               "index: no block holds position " + std::to_string(position.value())};
}

Result<std::optional<Position>> Index::first_position(Height height) const {
  FENRUN_TRY(const auto bytes, database_->get(numbered_key(kHeight, height.value())));
  if (!bytes) return std::optional<Position>{};
  FENRUN_TRY(const auto block, decode_value<IndexedBlock>(*bytes));
  return std::optional(block.first);
}

Result<std::optional<Position>> Index::header_position(Height height) const {
  FENRUN_TRY(const auto bytes, database_->get(numbered_key(kHeight, height.value())));
  if (!bytes) return std::optional<Position>{};
  FENRUN_TRY(const auto block, decode_value<IndexedBlock>(*bytes));
  return std::optional(block.header);
}

Result<std::optional<Position>> Index::transaction_position(const Digest& id) const {
  FENRUN_TRY(const auto bytes, database_->get(bytes_key(kTransaction, id.view())));
  if (!bytes) return std::optional<Position>{};
  FENRUN_TRY(const auto position, decode_value<Position>(*bytes));
  return std::optional(position);
}

Result<std::vector<Position>> Index::kept_headers() const {
  std::vector<Position> positions;
  auto& it = database_->scan();
  constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
  for (it.Seek(numbered_key(kKeptHeader, kLast)); it.Valid() && is_of(it.key(), kKeptHeader);
       it.Next()) {
    positions.push_back(Position(number_of_key(it.key())));
  }
  if (!it.status().ok()) return error_of(it.status());
  std::ranges::reverse(positions);
  return positions;
}

Result<std::optional<Bytes>> Index::snapshot_entry(Position position) const {
  FENRUN_TRY(const auto bytes, database_->get(numbered_key(kSnapshotEntry, position.value())));
  if (!bytes) return std::optional<Bytes>{};
  return std::optional(to_bytes(bytes_of(*bytes)));
}

Result<std::vector<Digest>> Index::snapshot_open_tile() const {
  FENRUN_TRY(const auto bytes, database_->get(std::string(kOpenTile)));
  if (!bytes || bytes->size() % Digest::kSize != 0) {
    return Error{Errc::corruption, "index: the snapshot's open tile is missing"};
  }
  return nodes_of(bytes_of(*bytes));
}

}  // namespace fenrun
