#include "ledger/snapshot.h"

#include <algorithm>
#include <bit>

#include "ledger/merkle/active_bits.h"
#include "ledger/merkle/tree.h"
#include "ledger/proof/proof.h"

namespace fenrun {
namespace {

Error invalid(const std::string& what) { return {Errc::snapshot_invalid, what}; }

Error invalid_part(const SnapshotPart& part, const std::string& what) {
  return invalid("section " + std::to_string(part.section) + ", piece " +
                 std::to_string(part.first_piece) + ": " + what);
}

bool bit_of(ByteView bits, std::uint64_t offset) {
  return ((unsigned{bits[offset / 8]} >> (offset % 8)) & 1u) != 0;
}

std::uint64_t chunks_of(std::uint64_t positions) {
  return (positions + kActiveChunkBits - 1) / kActiveChunkBits;
}

// The bits have whole chunks, none of them set behind the positions.
Status check_bits_form(const SnapshotPart& part, std::uint64_t positions) {
  const ByteView bits(part.bits);
  if (bits.size() != chunks_of(positions) * kActiveChunkBytes) {
    return invalid_part(part, "the bits have the wrong length");
  }
  for (std::uint64_t i = positions; i < bits.size() * 8; ++i) {
    if (bit_of(bits, i)) return invalid_part(part, "a bit is set behind the last position");
  }
  return {};
}

Digest active_root_of(const SnapshotPart& part) {
  std::vector<Digest> leaves;
  const ByteView bits(part.bits);
  for (std::uint64_t i = 0; i * kActiveChunkBytes < bits.size(); ++i) {
    ActiveChunk chunk;
    std::ranges::copy(bits.subspan(i * kActiveChunkBytes, kActiveChunkBytes), chunk.begin());
    leaves.push_back(active_chunk_leaf(part.section * kSectionChunks + i, chunk));
  }
  return root_of_leaves(leaves);
}

// Reads the pieces of a part one position after the other.
struct PieceReader {
  const SnapshotPart& part;
  const SnapshotPiece& piece;
  std::size_t kept = 0;
  std::size_t entries = 0;
  std::size_t leaves = 0;

  Status next(std::uint64_t offset_in_piece, SnapshotItem& item) {
    const bool is_kept = kept < piece.kept.size() && piece.kept[kept] == offset_in_piece;
    if (is_kept) ++kept;
    if (is_kept && item.is_active) return invalid_part(part, "a Record is kept as a header");
    if (is_kept || item.is_active) {
      if (entries == piece.entries.size()) return invalid_part(part, "an entry is missing");
      item.entry = &piece.entries[entries++];
      item.leaf = leaf_hash(*item.entry);
      return {};
    }
    if (leaves == piece.leaves.size()) return invalid_part(part, "a leaf hash is missing");
    item.leaf = piece.leaves[leaves++];
    return {};
  }

  bool is_spent() const {
    return kept == piece.kept.size() && entries == piece.entries.size() &&
           leaves == piece.leaves.size();
  }
};

Status check_entry(const SnapshotPart& part, const SnapshotItem& item) {
  const auto entry = decode_entry(*item.entry);
  if (!entry) return invalid_part(part, "an entry does not decode");
  if (item.is_active) {
    if (std::holds_alternative<RecordEntry>(*entry)) return {};
    return invalid_part(part, "an active entry is no Record");
  }
  const auto* header = std::get_if<Header>(&*entry);
  if (header != nullptr && header->position == item.position && must_keep(*header)) return {};
  return invalid_part(part, "an entry is kept that need not be");
}

}  // namespace

Digest SnapshotManifest::digest() const {
  return hash(Domain::snapshot, {header, encode(sections)});
}

std::uint64_t section_count(Position position) {
  return (position.value() + kSectionPositions - 1) / kSectionPositions;
}

std::uint64_t section_positions(Position position, std::uint32_t section) {
  CHECK(section < section_count(position));
  return std::min(position.value() - section * kSectionPositions, kSectionPositions);
}

std::size_t section_pieces(Position position, std::uint32_t section) {
  return static_cast<std::size_t>((section_positions(position, section) + kPiecePositions - 1) /
                                  kPiecePositions);
}

bool must_keep(const Header& header) { return header.height == Height(0) || header.ends_epoch(); }

Result<Header> check_manifest(const SnapshotManifest& manifest, const Digest& block_id) {
  if (manifest.version != kSnapshotVersion) return invalid("another version");
  if (leaf_hash(manifest.header) != block_id) return invalid("the certificate is of another block");
  const auto entry = decode_entry(manifest.header);
  const auto* header = entry ? std::get_if<Header>(&*entry) : nullptr;
  if (header == nullptr) return invalid("the header is none");
  if (header->position.value() == 0 ||
      section_count(header->position) != manifest.sections.size()) {
    return invalid("the number of sections is wrong");
  }
  std::vector<Digest> journal;
  std::vector<Digest> active;
  for (const auto& section : manifest.sections) {
    journal.push_back(section.journal);
    active.push_back(section.active);
  }
  // A section is a subtree of either tree, so their roots are the leaves of the rest of it.
  if (root_of_leaves(journal) != header->journal_root) return invalid("another journal root");
  if (root_of_leaves(active) != header->active_root) return invalid("another active root");
  return *header;
}

Result<std::vector<SnapshotItem>> read_part(const Header& header, const SnapshotPart& part) {
  if (part.section >= section_count(header.position)) {
    return invalid_part(part, "there is no such section");
  }
  const std::uint64_t positions = section_positions(header.position, part.section);
  const std::size_t pieces = section_pieces(header.position, part.section);
  if (part.pieces.size() != pieces || part.content.empty() ||
      part.first_piece + part.content.size() > pieces) {
    return invalid_part(part, "the pieces are not the section's");
  }
  FENRUN_OK(check_bits_form(part, positions));
  std::vector<SnapshotItem> items;
  for (std::size_t i = 0; i < part.content.size(); ++i) {
    const std::uint64_t begin = (part.first_piece + i) * kPiecePositions;
    const std::uint64_t end = std::min(begin + kPiecePositions, positions);
    PieceReader reader{part, part.content[i]};
    for (std::uint64_t offset = begin; offset < end; ++offset) {
      SnapshotItem item{Position(part.section * kSectionPositions + offset),
                        {},
                        nullptr,
                        bit_of(part.bits, offset)};
      FENRUN_OK(reader.next(offset - begin, item));
      items.push_back(item);
    }
    if (!reader.is_spent()) return invalid_part(part, "a piece holds more than its positions");
  }
  return items;
}

Status check_part(const SnapshotManifest& manifest, const Header& header,
                  const SnapshotPart& part) {
  if (part.height != header.height) return invalid_part(part, "of another height");
  FENRUN_TRY(const auto items, read_part(header, part));
  const auto& section = manifest.sections.at(part.section);
  if (root_of_leaves(part.pieces) != section.journal) {
    return invalid_part(part, "the pieces' roots do not make the section's");
  }
  if (active_root_of(part) != section.active) {
    return invalid_part(part, "the bits do not make the section's root");
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < part.content.size(); ++i) {
    std::vector<Digest> leaves;
    for (std::uint64_t k = 0; k < kPiecePositions && at < items.size(); ++k, ++at) {
      if (items[at].entry != nullptr) FENRUN_OK(check_entry(part, items[at]));
      leaves.push_back(items[at].leaf);
    }
    if (root_of_leaves(leaves) != part.pieces[part.first_piece + i]) {
      return invalid_part(part, "the leaves do not make the piece's root");
    }
  }
  return {};
}

}  // namespace fenrun
