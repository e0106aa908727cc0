#include "ledger/snapshot_source.h"

#include <algorithm>

#include "core/check.h"
#include "ledger/merkle/tree.h"

namespace fenrun {
namespace {

constexpr unsigned kSectionLevel = 16;
constexpr unsigned kPieceLevel = 10;
constexpr unsigned kSectionChunkLevel = 5;
static_assert(std::uint64_t{1} << kSectionLevel == kSectionPositions);
static_assert(std::uint64_t{1} << kPieceLevel == kPiecePositions);
static_assert(std::uint64_t{1} << kSectionChunkLevel == kSectionChunks);

// The root over `count` leaves from `first` on, which is a multiple of 2^level >= count.
Digest root_within(std::uint64_t first, std::uint64_t count, const NodeSource& node) {
  return merkle_root(count, [&](unsigned level, std::uint64_t index) {
    return node(level, (first >> level) + index);
  });
}

Result<Header> header_at(const LedgerStore& store, Height height) {
  const auto position = store.header_position(height);
  if (!position) return Error{Errc::not_found, "height " + std::to_string(height.value())};
  FENRUN_TRY(const auto bytes, store.entry(*position));
  FENRUN_TRY(const auto entry, decode_entry(bytes));
  const auto* header = std::get_if<Header>(&entry);
  if (header == nullptr) return Error{Errc::corruption, "no header where the store names one"};
  return *header;
}

// The positions of one piece, and what of them goes into it.
struct PieceRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Result<SnapshotPiece> make_piece(const LedgerStore& store, const ActiveView& bits,
                                 const std::vector<Position>& kept, PieceRange range) {
  SnapshotPiece piece;
  const auto leaves =
      store.leaves(Position(range.begin), static_cast<std::size_t>(range.end - range.begin));
  auto next_kept = std::ranges::lower_bound(kept, Position(range.begin));
  for (std::uint64_t at = range.begin; at < range.end;) {
    const auto wanted = [&](std::uint64_t i) {
      return bits.test(Position(i)) || (next_kept != kept.end() && next_kept->value() == i);
    };
    if (!wanted(at)) {
      piece.leaves.push_back(leaves[static_cast<std::size_t>(at - range.begin)]);
      ++at;
      continue;
    }
    // Entries that stand together, as a block's Records do, are read together.
    std::uint64_t run_end = at;
    while (run_end < range.end && wanted(run_end)) {
      if (!bits.test(Position(run_end))) {
        piece.kept.push_back(static_cast<std::uint16_t>(run_end - range.begin));
        ++next_kept;
      }
      ++run_end;
    }
    FENRUN_TRY(auto entries, store.entries(Position(at), static_cast<std::size_t>(run_end - at)));
    for (auto& entry : entries) piece.entries.push_back(std::move(entry));
    at = run_end;
  }
  return piece;
}

std::size_t bytes_of_piece(const SnapshotPiece& piece) {
  std::size_t bytes = piece.leaves.size() * Digest::kSize + piece.kept.size() * 2;
  for (const auto& entry : piece.entries) bytes += entry.size() + 2;
  return bytes;
}

}  // namespace

Result<SnapshotManifest> make_manifest(const LedgerStore& store, const ActiveView& bits,
                                       Height height) {
  FENRUN_TRY(const auto header, header_at(store, height));
  const Position position = header.position;
  CHECK(bits.size() == position.value());
  FENRUN_TRY(const auto certificate, store.certificate(height));
  CHECK(!certificate.empty());
  SnapshotManifest manifest;
  manifest.header = encode_entry(header);
  manifest.certificate = certificate;
  if (section_count(position) > kSnapshotSectionsMax) {
    return Error{Errc::limit_exceeded, "the journal is too long for a snapshot"};
  }
  for (std::uint32_t i = 0; i < section_count(position); ++i) {
    const std::uint64_t positions = section_positions(position, i);
    const std::uint64_t chunks = (positions + kActiveChunkBits - 1) / kActiveChunkBits;
    manifest.sections.push_back(
        {root_within(i * kSectionPositions, positions,
                     [&](unsigned level, std::uint64_t index) { return store.node(level, index); }),
         root_within(i * kSectionChunks, chunks, [&](unsigned level, std::uint64_t index) {
           return bits.node(level, index);
         })});
  }
  return manifest;
}

Result<SnapshotPart> make_part(const LedgerStore& store, const ActiveView& bits, Height height,
                               SnapshotPlace place) {
  const Position position(bits.size());
  if (place.section >= section_count(position) ||
      place.first_piece >= section_pieces(position, place.section)) {
    return Error{Errc::not_found, "no such part of the snapshot"};
  }
  SnapshotPart part;
  part.height = height;
  part.section = place.section;
  part.first_piece = place.first_piece;
  const std::uint64_t begin = place.section * kSectionPositions;
  const std::uint64_t positions = section_positions(position, place.section);
  for (std::uint64_t i = 0; i * kActiveChunkBits < positions; ++i) {
    const auto& chunk = bits.chunk(begin / kActiveChunkBits + i);
    part.bits.insert(part.bits.end(), chunk.begin(), chunk.end());
  }
  const auto kept = store.kept_headers();
  const std::size_t pieces = section_pieces(position, place.section);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < pieces; ++i) {
    const PieceRange range{begin + i * kPiecePositions,
                           begin + std::min((i + 1) * kPiecePositions, positions)};
    part.pieces.push_back(
        root_within(range.begin, range.end - range.begin,
                    [&](unsigned level, std::uint64_t index) { return store.node(level, index); }));
    if (i < place.first_piece || i > place.first_piece + part.content.size()) continue;
    if (bytes > 0 && bytes >= kSnapshotPartBytes) continue;
    FENRUN_TRY(auto piece, make_piece(store, bits, kept, range));
    const std::size_t size = bytes_of_piece(piece);
    if (bytes > 0 && bytes + size > kSnapshotPartBytes) {
      bytes = kSnapshotPartBytes;  // Nothing is added behind a gap.
      continue;
    }
    bytes += size;
    part.content.push_back(std::move(piece));
  }
  return part;
}

}  // namespace fenrun
