// The store and its snapshots: what it began with, and what it is taking in.
#include <algorithm>

#include "node/storage/active_dump.h"
#include "node/storage/disk_store.h"
#include "node/storage/require.h"

namespace fenrun {
namespace {

// What one part, whose items are given, adds to the index.
Result<IndexedSnapshotPart> index_items(const std::vector<SnapshotItem>& items, TreeEdge& edge) {
  IndexedSnapshotPart out;
  for (const auto& item : items) {
    edge.append(item.leaf, out.tiles);
    if (item.entry == nullptr) continue;
    out.entries.emplace_back(item.position, *item.entry);
    FENRUN_TRY(auto entry, decode_entry(*item.entry));
    if (const auto* header = std::get_if<Header>(&entry)) {
      out.headers.push_back({header->height, header->position});
    }
    auto* record = std::get_if<RecordEntry>(&entry);
    if (record == nullptr) continue;
    CurrentRecord current{record->version, item.position, std::nullopt};
    if (record->value) current.value = std::move(*record->value);
    if (!out.state.emplace(std::move(record->key), std::move(current)).second) {
      return Error{Errc::snapshot_invalid, "two Records are current for one key"};
    }
  }
  return out;
}

}  // namespace

std::optional<Height> DiskStore::base() const {
  return base_header_ ? std::optional(base_header_->height) : std::nullopt;
}

Status DiskStore::begin_snapshot(const SnapshotManifest& manifest) {
  if (failure_) return *failure_;
  return snapshots_.begin(manifest);
}

Status DiskStore::add_snapshot_part(const SnapshotPart& part) {
  if (failure_) return *failure_;
  return snapshots_.add(part);
}

Status DiskStore::read_snapshot_parts(const PartVisitor& visit) const {
  CHECK(snapshots_.begun().has_value());
  return snapshots_.read_parts(*snapshots_.begun(), visit);
}

// Fills an empty index with the snapshot.  The edge of the tree is left at the snapshot's end.
Status DiskStore::build_base(Index& index, const SnapshotManifest& manifest) {
  const Header header = header_of(manifest);
  edge_ = TreeEdge();
  FENRUN_OK(snapshots_.read_parts(manifest, [&](const SnapshotPart& part) -> Status {
    FENRUN_TRY(const auto items, read_part(header, part));
    FENRUN_TRY(const auto indexed, index_items(items, edge_));
    return index.add_part(indexed);
  }));
  if (edge_.size() != header.position.value()) {
    return Error{Errc::corruption, "snapshot: a part is missing"};
  }
  const Digest id = leaf_hash(manifest.header);
  IndexedSnapshotPart last;
  edge_.append(id, last.tiles);
  last.entries.emplace_back(header.position, manifest.header);
  last.headers.push_back({header.height, header.position});
  const auto* open = edge_.open_tile(0, edge_.size() / kTileWidth);
  CHECK(open != nullptr);
  return index.finish_snapshot({header.height, id}, last, *open);
}

// The new index is built aside; then the file `base` is the switch, and what follows from it is
// done again on opening if the power goes in between.
Status DiskStore::install_snapshot() {
  if (failure_) return *failure_;
  CHECK(snapshots_.begun().has_value());
  const SnapshotManifest manifest = *snapshots_.begun();
  const Header header = header_of(manifest);
  CHECK(header.position.value() >= size());
  const Path aside = folder_ / "index.new";
  const TreeEdge present = edge_;
  FENRUN_OK(Index::destroy(aside, options_.index));
  Status built;
  {
    FENRUN_TRY(const auto index, Index::open(aside, options_.index));
    built = build_base(*index, manifest);
  }
  if (!built) {
    edge_ = present;
    FENRUN_OK(Index::destroy(aside, options_.index));
    if (built.error().code == Errc::snapshot_invalid) FENRUN_OK(snapshots_.drop_begun());
    return built;
  }
  if (const auto installed = snapshots_.install(); !installed) return fail(installed.error());
  base_header_ = header;
  if (const auto placed = put_new_index_in_place(); !placed) return fail(placed.error());
  return {};
}

Status DiskStore::put_new_index_in_place() {
  index_.reset();
  records_.clear();
  absent_.reset();
  FENRUN_OK(Index::destroy(folder_ / "index", options_.index));
  FENRUN_OK(Index::move(folder_ / "index.new", folder_ / "index", options_.index));
  FENRUN_OK(open_index());
  FENRUN_TRY(journal_, JournalFiles::open(*files_, folder_ / "journal", options_.segment_bytes,
                                          {base_header_->height.next(), base_position().next()}));
  return check_tip();
}

Result<Bytes> DiskStore::base_entry(Position position) const {
  FENRUN_TRY(auto bytes, from_index(index_->snapshot_entry(position)));
  if (!bytes) return pruned_entry(position);
  return *std::move(bytes);
}

// The bits are in the parts, should their dump be lost.
std::optional<ActiveBitsDump> DiskStore::base_bits() const {
  ActiveBitsDump dump{base_header_->height, base_position().value(), {}};
  const auto read =
      snapshots_.read_parts(*snapshots_.base(), [&](const SnapshotPart& part) -> Status {
        if (part.first_piece != 0) return {};
        for (std::size_t i = 0; i < part.bits.size(); i += kActiveChunkBytes) {
          auto& chunk = dump.chunks.emplace_back();
          std::copy_n(part.bits.begin() + static_cast<std::ptrdiff_t>(i), kActiveChunkBytes,
                      chunk.begin());
        }
        return {};
      });
  if (!read) return std::nullopt;
  return dump;
}

}  // namespace fenrun
