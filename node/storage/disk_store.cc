#include "node/storage/disk_store.h"

#include <algorithm>
#include <utility>

#include "core/planted.h"
#include "ledger/merkle/tree.h"
#include "node/storage/active_dump.h"
#include "node/storage/handover_files.h"
#include "node/storage/require.h"

namespace fenrun {
namespace {

// What the entries of a block say of state and transactions.
struct BlockContent {
  StateDelta state;
  std::vector<JournaledTransaction> transactions;
  std::optional<Header> header;
};

// Stands where the index could not be read, until it is gone.
const std::string kDoubtMark = "index.doubted";

// The folder is synced in between: an index that came back without the mark would be believed.
Status remove_doubted_index(FileSystem& files, const Path& folder, const IndexOptions& options) {
  FENRUN_TRY(const bool is_doubted, files.holds(folder / kDoubtMark));
  if (!is_doubted) return {};
  FENRUN_OK(Index::destroy(folder / "index", options));
  FENRUN_OK(files.sync_directory(folder));
  return files.remove(folder / kDoubtMark);
}

// The journal goes on behind the Header of the snapshot.
JournalStart journal_start(const std::optional<SnapshotManifest>& base) {
  if (!base) return {};
  const Header header = header_of(*base);
  return {header.height.next(), header.position.next()};
}

Result<BlockContent> read_content(const StoredBlock& block) {
  BlockContent content;
  for (std::size_t i = 0; i < block.entries.size(); ++i) {
    const Position position(block.place.first.value() + i);
    FENRUN_TRY(auto entry, decode_entry(block.entries[i]));
    if (auto* record = std::get_if<RecordEntry>(&entry)) {
      CurrentRecord current{record->version, position, std::nullopt};
      if (record->value) current.value = std::move(*record->value);
      content.state.insert_or_assign(std::move(record->key), std::move(current));
    } else if (const auto* transaction = std::get_if<TransactionEntry>(&entry)) {
      content.transactions.push_back({transaction->body.id(), position, transaction->outcome});
    } else if (auto* header = std::get_if<Header>(&entry)) {
      content.header = std::move(*header);
    }
  }
  if (!content.header || content.header->position != block.place.header()) {
    return Error{Errc::corruption, "journal: a block does not end with its header"};
  }
  return content;
}

}  // namespace

DiskStore::DiskStore(FileSystem& files, Path folder, const DiskStoreOptions& options,
                     SnapshotFiles snapshots, JournalFiles journal)
    : files_(&files),
      folder_(std::move(folder)),
      options_(options),
      snapshots_(std::move(snapshots)),
      journal_(std::move(journal)),
      records_(options.record_cache_bytes) {
  if (snapshots_.base()) base_header_ = header_of(*snapshots_.base());
}

Result<std::unique_ptr<DiskStore>> DiskStore::open(FileSystem& files, const Path& folder,
                                                   const DiskStoreOptions& options) {
  // An epoch is begun on a handover that is there: it must not be lost for want of a sync that an
  // earlier process did not live to see.
  FENRUN_TRY(const bool has_handovers, files.holds(folder / "handovers"));
  if (has_handovers) FENRUN_OK(files.sync_directory(folder / "handovers"));
  FENRUN_OK(remove_doubted_index(files, folder, options.index));
  // Left where the power went while a snapshot took its place.
  FENRUN_OK(Index::destroy(folder / "index.new", options.index));
  FENRUN_TRY(auto snapshots, SnapshotFiles::open(files, folder / "snapshot"));
  FENRUN_TRY(auto journal, JournalFiles::open(files, folder / "journal", options.segment_bytes,
                                              journal_start(snapshots.base())));
  std::unique_ptr<DiskStore> store(
      new DiskStore(files, folder, options, std::move(snapshots), std::move(journal)));
  auto recovered = store->recover();
  if (!recovered) {
    // The index is a view: whatever is wrong with it, a new one is right.  If the journal itself is
    // at fault, the second attempt says so.
    store->index_.reset();
    FENRUN_OK(Index::destroy(folder / "index", options.index));
    recovered = store->recover();
  }
  if (!recovered) return recovered.error();
  return store;
}

Status DiskStore::open_index() {
  FENRUN_TRY(index_, Index::open(folder_ / "index", options_.index));
  return {};
}

// Brings the index up to the journal.
Status DiskStore::recover() {
  FENRUN_OK(open_index());
  FENRUN_TRY(const auto from, first_to_replay());
  std::uint64_t size = 0;
  if (from.value() > 0) {
    FENRUN_TRY(const auto header, index_->header_position(Height(from.value() - 1)));
    if (!header) return Error{Errc::corruption, "index: a height is missing"};
    size = header->value() + 1;
  }
  FENRUN_OK(restore_edge(size));
  if (from.value() < journal_.block_count()) {
    FENRUN_OK(journal_.replay(from, [&](const StoredBlock& b) { return index_stored(b); }));
  }
  return check_tip();
}

// The first height that the index lacks.  Errc::corruption if it is of another journal, or ahead,
// which no crash explains.
Result<Height> DiskStore::first_to_replay() {
  FENRUN_TRY(const auto tip, index_->tip());
  if (!tip && !base_header_) return Height(0);
  if (!tip) {
    // Whatever half of the snapshot is in it is of no use.
    index_.reset();
    FENRUN_OK(Index::destroy(folder_ / "index", options_.index));
    FENRUN_OK(open_index());
    FENRUN_OK(build_base(*index_, *snapshots_.base()));
    return base_header_->height.next();
  }
  if (tip->height.value() >= journal_.block_count()) {
    return Error{Errc::corruption, "index: it is ahead of the journal"};
  }
  FENRUN_TRY(const auto header, index_->header_position(tip->height));
  if (!header || header->value() >= size()) {
    return Error{Errc::corruption, "index: it is of another journal"};
  }
  FENRUN_TRY(const auto entry, stored_entry(*header));
  if (leaf_hash(entry) != tip->block_id) {
    return Error{Errc::corruption, "index: it is of another journal"};
  }
  const Height first = base_header_ ? base_header_->height : Height(0);
  if (base_header_) {
    FENRUN_TRY(const auto begin, index_->header_position(first));
    if (!begin || *begin != base_position()) {
      return Error{Errc::corruption, "index: it does not begin with the snapshot"};
    }
  }
  FENRUN_TRY(const auto gap, index_->first_gap(first));
  if (gap && base_header_ && *gap <= first) {
    return Error{Errc::corruption, "index: the snapshot is missing in it"};
  }
  return gap ? *gap : tip->height.next();
}

// As it was stored, unchecked.
Result<Bytes> DiskStore::stored_entry(Position position) const {
  if (base_header_ && position <= base_position()) return base_entry(position);
  FENRUN_TRY(const auto place, index_->block_at(position));
  FENRUN_TRY(auto found, read_entries(place, position, 1));
  return std::move(found[0]);
}

// Fills the open tiles of a tree of `size` leaves: level 0 from the entries, the others from the
// roots of the full tiles below.
Status DiskStore::restore_edge(std::uint64_t size) {
  edge_ = TreeEdge();
  for (unsigned level = 0; size > 0; ++level) {
    const std::uint64_t full = size / kTileWidth;
    std::vector<Digest> nodes;
    std::uint64_t i = full * kTileWidth;
    if (level == 0 && base_header_ && i <= base_position().value()) {
      FENRUN_TRY(nodes, index_->snapshot_open_tile());
      i += nodes.size();
    }
    for (; i < size; ++i) {
      if (level > 0) {
        FENRUN_TRY(auto tile, index_->tile(level - 1, i));
        nodes.push_back(subtree_root(std::move(tile)));
        continue;
      }
      FENRUN_TRY(const auto place, index_->block_at(Position(i)));
      const std::uint64_t last = std::min(place.header().value() + 1, size);
      FENRUN_TRY(const auto entries,
                 read_entries(place, Position(i), static_cast<std::size_t>(last - i)));
      for (const auto& entry : entries) nodes.push_back(leaf_hash(entry));
      i = last - 1;
    }
    edge_.restore_row(full, std::move(nodes));
    size = full;
  }
  return {};
}

Status DiskStore::index_stored(const StoredBlock& block) {
  FENRUN_TRY(const auto content, read_content(block));
  std::vector<Tile> tiles;
  Digest leaf;
  for (const auto& entry : block.entries) {
    leaf = leaf_hash(entry);
    edge_.append(leaf, tiles);
  }
  return index_->apply({.place = &block.place,
                        .block_id = leaf,
                        .tiles = &tiles,
                        .transactions = &content.transactions,
                        .state = &content.state,
                        .keeps_header = must_keep(*content.header)});
}

// The tree must have the root that the tip's header names.
Status DiskStore::check_tip() const {
  if (size() == 0) return {};
  if (edge_.size() != size()) {
    return Error{Errc::corruption, "storage: index and journal differ in size"};
  }
  const Position position(size() - 1);
  FENRUN_TRY(const auto bytes, entry(position));
  FENRUN_TRY(const auto tip, decode_entry(bytes));
  const auto* header = std::get_if<Header>(&tip);
  std::optional<Error> error;
  const Digest root = merkle_root(position.value(), [&](unsigned level, std::uint64_t index) {
    const auto node = find_node(level, index);
    if (!node) error = node.error();
    return node ? *node : Digest{};
  });
  if (error) return *error;
  if (header == nullptr || header->position != position || header->journal_root != root) {
    return Error{Errc::corruption, "storage: the tip's header names another journal root"};
  }
  return {};
}

// Where the mark cannot be written either, the disk is at fault, and the operator finds out.
void DiskStore::doubt_index(const Error& error) const {
  if (std::exchange(is_index_doubted_, true)) return;
  static_cast<void>(
      replace_file(*files_, folder_ / kDoubtMark, bytes_of(error.to_string() + "\n")));
}

Status DiskStore::fail(Error error) {
  failure_ = std::move(error);
  return *failure_;
}

Status DiskStore::commit(std::span<const ExecutedBlock* const> blocks, ByteView certificate) {
  if (failure_) return *failure_;
  const auto places = journal_.append(blocks, certificate);
  if (!places) return fail(places.error());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (auto indexed = index_executed(*blocks[i], (*places)[i]); !indexed) {
      return fail(indexed.error());
    }
  }
  return {};
}

Status DiskStore::index_executed(const ExecutedBlock& block, const BlockPlace& place) {
  CHECK(block.leaves.size() == block.entries.size() && !block.entries.empty());
  std::vector<Tile> tiles;
  for (const auto& leaf : block.leaves) edge_.append(leaf, tiles);
  absent_.reset();
  const auto applied = index_->apply({.place = &place,
                                      .block_id = block.id,
                                      .tiles = &tiles,
                                      .transactions = &block.transactions,
                                      .state = &block.state.delta(),
                                      .keeps_header = must_keep(block.header)});
  // LevelDB merges its tables in between, and may find one damaged.  A full disk is another matter.
  if (!applied && applied.error().code == Errc::corruption) doubt_index(applied.error());
  if (!applied) return applied.error();
  if (planted(PlantedBug::stale_record_cached)) {
    for (const auto& [key, record] : block.state.delta()) {
      if (!records_.contains(key)) records_.put(key, record);
    }
    return {};
  }
  records_.put(block.state.delta());
  return {};
}

Result<Bytes> DiskStore::entry(Position position) const {
  if (position.value() >= size()) return Errc::not_found;
  FENRUN_TRY(auto found, entries(position, 1));
  return std::move(found[0]);
}

Result<std::vector<Bytes>> DiskStore::entries(Position first, std::size_t count) const {
  if (first.value() > size() || count > size() - first.value()) return Errc::not_found;
  std::vector<Bytes> out;
  std::uint64_t next = first.value();
  const std::uint64_t end = next + count;
  for (; base_header_ && next < end && next <= base_position().value(); ++next) {
    FENRUN_TRY(auto bytes, base_entry(Position(next)));
    out.push_back(std::move(bytes));
  }
  FENRUN_OK(check_leaves(first, out));
  while (next < end) {
    FENRUN_TRY(const auto place, from_index(index_->block_at(Position(next))));
    const std::uint64_t block_end = std::min(end, place.header().value() + 1);
    FENRUN_TRY(auto part,
               read_entries(place, Position(next), static_cast<std::size_t>(block_end - next)));
    FENRUN_OK(check_leaves(Position(next), part));
    std::ranges::move(part, std::back_inserter(out));
    next = block_end;
  }
  return out;
}

Result<std::vector<Bytes>> DiskStore::read_entries(const BlockPlace& place, Position first,
                                                   std::size_t count) const {
  constexpr std::size_t kPiece = BlockPlace::kPieceEntries;
  CHECK(count > 0 && first >= place.first);
  const auto begin = static_cast<std::size_t>(first.value() - place.first.value());
  const std::size_t end = begin + count;
  CHECK(end <= place.entry_count);
  const std::size_t first_piece = begin / kPiece;
  if (place.pieces.size() != (place.entry_count + kPiece - 1) / kPiece + 1) {
    return Error{Errc::corruption, "index: a block's place is damaged"};
  }
  FENRUN_TRY(auto entries, journal_.pieces(place, first_piece, (end + kPiece - 1) / kPiece));
  const std::size_t skipped = begin - first_piece * kPiece;
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(skipped));
  entries.resize(count);
  return entries;
}

// Entries are read without their record's checksum, which covers a whole block.  Their leaf hashes
// say more.
Status DiskStore::check_leaves(Position first, const std::vector<Bytes>& entries) const {
  FENRUN_TRY(const auto leaves, find_leaves(first, entries.size()));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (leaf_hash(entries[i]) == leaves[i]) continue;
    return Error{Errc::corruption,
                 "journal: entry " + std::to_string(first.value() + i) + " is damaged"};
  }
  return {};
}

// A tile is read once for all its leaves.
Result<std::vector<Digest>> DiskStore::find_leaves(Position first, std::size_t count) const {
  CHECK(first.value() <= size() && count <= size() - first.value());
  std::vector<Digest> leaves;
  while (leaves.size() < count) {
    const auto place = NodePlace::of(0, first.value() + leaves.size());
    const auto* open = edge_.open_tile(0, place.tile);
    std::vector<Digest> stored;
    if (open == nullptr) {
      FENRUN_TRY(stored, from_index(index_->tile(0, place.tile)));
    }
    const auto& tile = open == nullptr ? stored : *open;
    const std::size_t end = std::min(tile.size(), place.begin + (count - leaves.size()));
    leaves.insert(leaves.end(), tile.begin() + static_cast<std::ptrdiff_t>(place.begin),
                  tile.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return leaves;
}

std::vector<Digest> DiskStore::leaves(Position first, std::size_t count) const {
  return require(find_leaves(first, count));
}

Digest DiskStore::node(unsigned level, std::uint64_t index) const {
  return require(find_node(level, index));
}

std::vector<Digest> DiskStore::tile(unsigned tile_level, std::uint64_t index) const {
  CHECK(tile_level < 8 && index * kTileWidth < size() >> (8 * tile_level));
  if (const auto* open = edge_.open_tile(tile_level, index)) return *open;
  return require(index_->tile(tile_level, index));
}

Result<Digest> DiskStore::find_node(unsigned level, std::uint64_t index) const {
  CHECK(level < 64 && index < size() >> level);
  const auto place = NodePlace::of(level, index);
  const auto cut = [&](const std::vector<Digest>& nodes) {
    const auto begin = nodes.begin() + static_cast<std::ptrdiff_t>(place.begin);
    return subtree_root({begin, begin + static_cast<std::ptrdiff_t>(place.width)});
  };
  if (const auto* open = edge_.open_tile(place.tile_level, place.tile)) return cut(*open);
  FENRUN_TRY(const auto nodes, from_index(index_->tile(place.tile_level, place.tile)));
  return cut(nodes);
}

std::optional<Position> DiskStore::header_position(Height height) const {
  return require(from_index(index_->header_position(height)));
}

Result<Bytes> DiskStore::certificate(Height height) const {
  if (base_header_ && height <= base_header_->height) {
    if (height != base_header_->height) return Errc::not_found;
    return Bytes(snapshots_.base()->certificate);
  }
  FENRUN_TRY(const auto header, from_index(index_->header_position(height)));
  if (!header) return Errc::not_found;
  FENRUN_TRY(const auto place, from_index(index_->block_at(*header)));
  return journal_.certificate(place);
}

std::optional<Position> DiskStore::transaction_position(const Digest& id) const {
  return require(from_index(index_->transaction_position(id)));
}

std::vector<Position> DiskStore::kept_headers() const {
  return require(from_index(index_->kept_headers()));
}

std::optional<ActiveBitsDump> DiskStore::active_bits_dump() const {
  if (block_count() == 0) return std::nullopt;
  auto dump = require(load_active_dump(*files_, folder_ / "active", Height(block_count() - 1)));
  if (base_header_ && (!dump || dump->height < base_header_->height)) return base_bits();
  return dump;
}

Status DiskStore::save_active_bits(const ActiveBitsDump& dump) {
  return save_active_dump(*files_, folder_ / "active", dump);
}

Result<EpochHandover> DiskStore::handover(Epoch epoch) const {
  return load_handover_file(*files_, folder_ / "handovers", epoch);
}

Status DiskStore::save_handover(Epoch epoch, const EpochHandover& handover) {
  return save_handover_file(*files_, folder_ / "handovers", epoch, handover);
}

Result<std::string> DiskStore::anchor(Epoch epoch) const {
  return load_anchor_file(*files_, folder_ / "handovers", epoch);
}

Status DiskStore::save_anchor(Epoch epoch, const std::string& note) {
  return save_anchor_file(*files_, folder_ / "handovers", epoch, note);
}

std::optional<CurrentRecord> DiskStore::record(ByteView key) const {
  if (auto cached = records_.find(key)) return cached;
  if (absent_ && std::ranges::equal(*absent_, key)) return std::nullopt;
  auto record = require(from_index(index_->record(key)));
  if (record) records_.put(key, *record);
  return record;
}

std::optional<RecordKey> DiskStore::at_or_after(ByteView key) const {
  return require(from_index(index_->at_or_after(key)));
}

std::optional<RecordKey> DiskStore::before(ByteView key) const {
  auto found = require(from_index(index_->before(key)));
  if (found.is_absent) absent_ = RecordKey(to_bytes(key));
  if (!found.before) return std::nullopt;
  // Whoever asks for the key goes on to its Record.
  auto& [before, record] = *found.before;
  if (!records_.contains(before)) records_.put(before, record);
  return std::move(before);
}

}  // namespace fenrun
