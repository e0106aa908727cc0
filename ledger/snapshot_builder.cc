#include "ledger/snapshot_builder.h"

#include "core/check.h"

namespace fenrun {

SnapshotBuilder::SnapshotBuilder(LedgerStore& store, SnapshotManifest manifest,
                                 const Header& header)
    : store_(&store),
      manifest_(std::move(manifest)),
      header_(header),
      held_(manifest_.sections.size()) {
  for (std::uint32_t i = 0; i < held_.size(); ++i) pieces_ += section_pieces(header_.position, i);
}

Result<SnapshotBuilder> SnapshotBuilder::begin(LedgerStore& store, SnapshotManifest manifest,
                                               const Digest& block_id) {
  FENRUN_TRY(const auto header, check_manifest(manifest, block_id));
  if (header.position.value() < store.size()) {
    return Error{Errc::value_invalid, "the snapshot is not above the tip"};
  }
  const auto begun = store.begun_snapshot();
  if (begun && begun->digest() == manifest.digest()) {
    // The parts were checked before they were kept; the store vouches for its own bytes.
    SnapshotBuilder builder(store, *begun, header);
    if (store.read_snapshot_parts([&](const SnapshotPart& p) { return builder.count(p); })) {
      return builder;
    }
  }
  FENRUN_OK(store.begin_snapshot(manifest));
  SnapshotBuilder builder(store, std::move(manifest), header);
  return builder;
}

bool SnapshotBuilder::is_complete(std::uint32_t section) const {
  return held_.at(section) == section_pieces(header_.position, section);
}

Status SnapshotBuilder::add(const SnapshotPart& part) {
  FENRUN_OK(check_part(manifest_, header_, part));
  if (part.first_piece != held_[part.section]) {
    return Error{Errc::duplicate, "not the next pieces of section " + std::to_string(part.section)};
  }
  FENRUN_OK(store_->add_snapshot_part(part));
  return count(part);
}

Status SnapshotBuilder::count(const SnapshotPart& part) {
  FENRUN_TRY(const auto items, read_part(header_, part));
  for (const auto& item : items) {
    if (item.is_active) {
      ++active_;
    } else if (item.entry != nullptr) {
      kept_.insert(item.leaf);
    }
  }
  held_.at(part.section) += part.content.size();
  pieces_held_ += part.content.size();
  return {};
}

Status SnapshotBuilder::install() {
  CHECK(is_complete());
  if (active_ != header_.active_count) {
    return Error{Errc::snapshot_invalid, "the number of current Records is wrong"};
  }
  if (kept_.size() != header_.epoch.value() + 1) {
    return Error{Errc::snapshot_invalid, "the last Header of an epoch is missing"};
  }
  return store_->install_snapshot();
}

}  // namespace fenrun
