// Snapshots: what a node needs that begins at a finalized height instead of at genesis.
// docs/spec/snapshots.md.
//
// A snapshot at a Header covers the positions before it, in sections of 65,536.  The manifest holds
// for each section the root of its leaf hashes and the root of its active bits; together they make
// the two roots that the Header names.  So each section is checked for itself, and sections may
// come from anybody in any order.  Within a section a part carries the bits, the roots of its 64
// pieces, and whole pieces of 1,024 positions: the entry where it is current, the leaf hash where
// it is not.
//
// Whatever was altered is Errc::snapshot_invalid.
#pragma once

#include <vector>

#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/limits.h"
#include "ledger/proof/entry.h"

namespace fenrun {

inline constexpr std::uint64_t kSectionPositions = 65'536;
inline constexpr std::uint64_t kPiecePositions = 1'024;
inline constexpr std::size_t kSectionPieces = kSectionPositions / kPiecePositions;
inline constexpr std::size_t kSectionBitsBytes = kSectionPositions / 8;
inline constexpr std::uint64_t kSectionChunks = kSectionPositions / kActiveChunkBits;
inline constexpr std::size_t kSnapshotSectionsMax = 65'536;
inline constexpr std::size_t kSnapshotCertificateBytesMax = 16 * 1024;
inline constexpr std::uint16_t kSnapshotVersion = 1;

// The roots of one section: of its leaf hashes, and of its leaves in the active-bits tree.
struct SnapshotSection {
  Digest journal;
  Digest active;

  FENRUN_FIELDS(journal, active)
  friend bool operator==(const SnapshotSection&, const SnapshotSection&) = default;
};

struct SnapshotManifest {
  std::uint16_t version = kSnapshotVersion;
  Blob<kHeaderBytesMax> header;                    // The Header entry's bytes.
  Blob<kSnapshotCertificateBytesMax> certificate;  // Finalizes that Header; opaque here.
  List<SnapshotSection, kSnapshotSectionsMax> sections;

  FENRUN_FIELDS(version, header, certificate, sections)
  friend bool operator==(const SnapshotManifest&, const SnapshotManifest&) = default;

  // What parts belong to: hash(snapshot, header ‖ BCS of the sections).  Two finalizations of one
  // Header differ from node to node; the parts do not.
  Digest digest() const;
};

// 1,024 consecutive positions; fewer at the end of the journal.
struct SnapshotPiece {
  // Offsets of Headers that are kept though they are no Records (must_keep()), ascending.
  List<std::uint16_t, kPiecePositions> kept;
  // The entries of the positions with their bit set and of those kept, in order.
  List<Blob<kEntryBytesMax>, kPiecePositions> entries;
  // The leaf hashes of all others, in order.
  List<Digest, kPiecePositions> leaves;

  FENRUN_FIELDS(kept, entries, leaves)
  friend bool operator==(const SnapshotPiece&, const SnapshotPiece&) = default;
};

// Some pieces of one section, which can be checked without the others.
struct SnapshotPart {
  Height height;
  std::uint32_t section = 0;
  std::uint8_t first_piece = 0;
  Blob<kSectionBitsBytes> bits;         // Whole chunks.
  List<Digest, kSectionPieces> pieces;  // The root of each piece of the section.
  List<SnapshotPiece, kSectionPieces> content;

  FENRUN_FIELDS(height, section, first_piece, bits, pieces, content)
  friend bool operator==(const SnapshotPart&, const SnapshotPart&) = default;
};

// Positions and pieces of a section under a Header at `position`.
// REQUIRES: the section exists there.
std::uint64_t section_count(Position position);
std::uint64_t section_positions(Position position, std::uint32_t section);
std::size_t section_pieces(Position position, std::uint32_t section);

// The Headers that no snapshot leaves out: that of genesis, and the last one of every epoch, from
// which a proof walks from one set of validators to the next.  There are epoch + 1 of them up to a
// Header, itself not counted.
bool must_keep(const Header& header);

// The Header, if its id is `block_id` and the sections make both of its roots.  Who finalized that
// id is the caller's to check.
Result<Header> check_manifest(const SnapshotManifest& manifest, const Digest& block_id);

// What a part says of one position.
struct SnapshotItem {
  Position position;
  Digest leaf;
  const Bytes* entry = nullptr;  // None where only the leaf hash is there.
  bool is_active = false;        // A current Record.
};

// The positions of a part, in order.  The items point into the part.  Form only: that each list is
// as long as bits and positions want it.
Result<std::vector<SnapshotItem>> read_part(const Header& header, const SnapshotPart& part);

// That the part is of this snapshot, whole and unaltered: bits and pieces have the roots that the
// manifest names, active entries are Records, others are Headers that must be kept.
// REQUIRES: `header` is the manifest's.
Status check_part(const SnapshotManifest& manifest, const Header& header, const SnapshotPart& part);

}  // namespace fenrun
