// Takes a snapshot into a store, part by part, in whatever order sections come and across restarts.
//
// Invariants: what was added was checked; of each section the pieces from its first on are held.
// Not thread-safe.
#pragma once

#include <set>
#include <vector>

#include "ledger/store.h"

namespace fenrun {

class SnapshotBuilder {
 public:
  // Begins, or goes on with what the store has taken in of the same snapshot.  REQUIRES: the
  // certificate was checked and finalizes `block_id`; the store outlives the builder.
  // Errc::snapshot_invalid; Errc::value_invalid unless the Header is above the store's tip; the
  // errors of the store.
  static Result<SnapshotBuilder> begin(LedgerStore& store, SnapshotManifest manifest,
                                       const Digest& block_id);

  const SnapshotManifest& manifest() const { return manifest_; }
  const Header& header() const { return header_; }

  // Checks and keeps a part.  Errc::snapshot_invalid: it was altered, and nothing is kept.
  // Errc::duplicate: not the next pieces of its section.  The errors of the store.
  Status add(const SnapshotPart& part);

  // Pieces held of a section, which are its first ones, and whether they are all of it.
  std::size_t pieces_held(std::uint32_t section) const { return held_.at(section); }
  bool is_complete(std::uint32_t section) const;
  bool is_complete() const { return pieces_held_ == pieces_; }
  // Of all sections.
  std::uint64_t pieces_held() const { return pieces_held_; }
  std::uint64_t pieces() const { return pieces_; }

  // The ids of the Headers that are kept though no Records (must_keep()), as far as they are here.
  const std::set<Digest>& kept() const { return kept_; }

  // Puts the snapshot in place of what the store holds: see LedgerStore::install_snapshot().
  // REQUIRES: is_complete().  Errc::snapshot_invalid if the whole is not what the Header counts,
  // which no honest quorum signs; what was taken in is of no use then.
  Status install();

 private:
  SnapshotBuilder(LedgerStore& store, SnapshotManifest manifest, const Header& header);

  Status count(const SnapshotPart& part);

  LedgerStore* store_;
  SnapshotManifest manifest_;
  Header header_;
  std::vector<std::size_t> held_;  // By section.
  std::uint64_t pieces_ = 0;
  std::uint64_t pieces_held_ = 0;
  std::uint64_t active_ = 0;
  std::set<Digest> kept_;
};

}  // namespace fenrun
