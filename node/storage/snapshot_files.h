// Snapshots on disk: the one with which a store began, and one that is being taken in.
// docs/spec/storage.md, §7.
//
//   <folder>/base                                    manifest of the snapshot the store began with
//   <folder>/begun                                   manifest of the one that is being taken in
//   <folder>/<height>-<section>-<piece>.part         a part of either, 16, 8 and 2 hex digits
//   file = "FENRSNAP" · digest of the manifest · BCS of manifest or part · SHA-256 of all before
//
// Every file appears whole (replace_file).  `base` is the switch: what it names is the store's
// beginning, and everything older is of no meaning any more.  Not thread-safe.
#pragma once

#include <optional>

#include "ledger/store.h"
#include "node/storage/file.h"

namespace fenrun {

class SnapshotFiles {
 public:
  // Reads both manifests, and removes what belongs to neither.  Errc::corruption if `base` is
  // damaged; a damaged `begun` is removed.
  static Result<SnapshotFiles> open(FileSystem& files, const Path& folder);

  const std::optional<SnapshotManifest>& base() const { return base_; }
  const std::optional<SnapshotManifest>& begun() const { return begun_; }

  // Each durable on return.  begin() drops what was begun before.
  Status begin(const SnapshotManifest& manifest);
  Status add(const SnapshotPart& part);
  // The begun one becomes the base; the parts of the one before are removed.
  Status install();
  Status drop_begun();

  // The parts of the base or of what is begun, in the order of their positions.  Errc::corruption
  // for a damaged file.
  Status read_parts(const SnapshotManifest& of, const LedgerStore::PartVisitor& visit) const;

 private:
  SnapshotFiles(FileSystem& files, Path folder) : files_(&files), folder_(std::move(folder)) {}

  Result<std::optional<SnapshotManifest>> read_manifest(const std::string& name) const;
  Status remove_strangers();

  FileSystem* files_;
  Path folder_;
  std::optional<SnapshotManifest> base_;
  std::optional<SnapshotManifest> begun_;
};

// The Header of a manifest that was checked before it was kept.
Header header_of(const SnapshotManifest& manifest);

}  // namespace fenrun
