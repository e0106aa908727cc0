#include "node/storage/snapshot_files.h"

#include <limits>

#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::string_view kPartMagic = "FENRSNAP";
constexpr std::string_view kPartSuffix = ".part";
const std::string kBase = "base";
const std::string kBegun = "begun";

std::string hex_number(std::uint64_t value, int bytes) {
  Bytes big_endian;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return to_hex(big_endian);
}

std::string prefix_of(const SnapshotManifest& manifest) {
  return hex_number(header_of(manifest).height.value(), 8) + "-";
}

std::string name_of_part(const SnapshotPart& part) {
  return hex_number(part.height.value(), 8) + "-" + hex_number(part.section, 4) + "-" +
         hex_number(part.first_piece, 1) + std::string(kPartSuffix);
}

Bytes frame(const Digest& digest, const Bytes& content) {
  Bytes out = to_bytes(bytes_of(kPartMagic));
  append(out, digest.view());
  append(out, content);
  append(out, sha256(out).view());
  return out;
}

constexpr std::size_t kFrameHeaderBytes = kPartMagic.size() + Digest::kSize;

// The content of a file, which is a view of the bytes, and the digest that it carries.
struct Framed {
  Digest digest;
  ByteView content;
};

std::optional<Framed> unframe(ByteView bytes) {
  if (bytes.size() < kFrameHeaderBytes + Digest::kSize) return std::nullopt;
  const ByteView body = bytes.first(bytes.size() - Digest::kSize);
  if (!equal(sha256(body).view(), bytes.last(Digest::kSize)) ||
      !equal(body.first(kPartMagic.size()), bytes_of(kPartMagic))) {
    return std::nullopt;
  }
  Framed framed;
  std::ranges::copy(body.subspan(kPartMagic.size(), Digest::kSize), framed.digest.bytes.begin());
  framed.content = body.subspan(kFrameHeaderBytes);
  return framed;
}

Error damaged(const Path& path) {
  return {Errc::corruption, path.string() + ": the file of a snapshot is damaged"};
}

Result<Bytes> read_whole(FileSystem& files, const Path& path) {
  return read_file(files, path, std::numeric_limits<std::size_t>::max());
}

}  // namespace

Header header_of(const SnapshotManifest& manifest) {
  const auto entry = decode_entry(manifest.header);
  CHECK(entry && std::holds_alternative<Header>(*entry));
  return std::get<Header>(*entry);
}

Result<SnapshotFiles> SnapshotFiles::open(FileSystem& files, const Path& folder) {
  SnapshotFiles snapshots(files, folder);
  FENRUN_TRY(const bool is_there, files.holds(folder));
  if (!is_there) return snapshots;
  // A process that died before its sync returned left names that may yet be lost.
  FENRUN_OK(files.sync_directory(folder));
  FENRUN_TRY(snapshots.base_, snapshots.read_manifest(kBase));
  auto begun = snapshots.read_manifest(kBegun);
  if (!begun && begun.error().code != Errc::corruption) return begun.error();
  if (begun) snapshots.begun_ = *std::move(begun);
  // Installed, and the power went before it was tidied up.
  const auto& both = snapshots;
  if (both.base_ && both.begun_ &&
      header_of(*both.begun_).height <= header_of(*both.base_).height) {
    snapshots.begun_.reset();
  }
  FENRUN_OK(snapshots.remove_strangers());
  return snapshots;
}

Result<std::optional<SnapshotManifest>> SnapshotFiles::read_manifest(
    const std::string& name) const {
  const Path path = folder_ / name;
  FENRUN_TRY(const bool is_there, files_->holds(path));
  if (!is_there) return std::optional<SnapshotManifest>{};
  FENRUN_TRY(const auto bytes, read_whole(*files_, path));
  const auto framed = unframe(bytes);
  if (!framed) return damaged(path);
  auto manifest = decode<SnapshotManifest>(framed->content);
  if (!manifest || manifest->digest() != framed->digest) return damaged(path);
  const auto entry = decode_entry(manifest->header);
  if (!entry || !std::holds_alternative<Header>(*entry)) return damaged(path);
  return std::optional(*std::move(manifest));
}

Status SnapshotFiles::remove_strangers() {
  FENRUN_TRY(const auto names, files_->list(folder_));
  for (const auto& name : names) {
    const bool is_ours = (base_ && (name == kBase || name.starts_with(prefix_of(*base_)))) ||
                         (begun_ && (name == kBegun || name.starts_with(prefix_of(*begun_))));
    if (!is_ours || name.ends_with(".tmp")) FENRUN_OK(files_->remove(folder_ / name));
  }
  return {};
}

Status SnapshotFiles::begin(const SnapshotManifest& manifest) {
  FENRUN_OK(files_->make_folder(folder_));
  FENRUN_OK(drop_begun());
  FENRUN_OK(replace_file(*files_, folder_ / kBegun, frame(manifest.digest(), encode(manifest))));
  begun_ = manifest;
  return {};
}

Status SnapshotFiles::add(const SnapshotPart& part) {
  CHECK(begun_.has_value());
  return replace_file(*files_, folder_ / name_of_part(part), frame(begun_->digest(), encode(part)));
}

// A crash while the names go leaves files that the next opening removes, or parts without
// manifest.
Status SnapshotFiles::drop_begun() {
  if (!begun_) return {};
  begun_.reset();
  FENRUN_OK(remove_strangers());
  return files_->sync_directory(folder_);
}

Status SnapshotFiles::install() {
  CHECK(begun_.has_value());
  FENRUN_OK(replace_file(*files_, folder_ / kBase, frame(begun_->digest(), encode(*begun_))));
  base_ = std::exchange(begun_, std::nullopt);
  return remove_strangers();
}

Status SnapshotFiles::read_parts(const SnapshotManifest& of,
                                 const LedgerStore::PartVisitor& visit) const {
  FENRUN_TRY(const auto names, files_->list(folder_));
  const std::string prefix = prefix_of(of);
  const Digest digest = of.digest();
  for (const auto& name : names) {
    if (!name.starts_with(prefix) || !name.ends_with(kPartSuffix)) continue;
    const Path path = folder_ / name;
    FENRUN_TRY(const auto bytes, read_whole(*files_, path));
    const auto framed = unframe(bytes);
    if (!framed || framed->digest != digest) return damaged(path);
    const auto part = decode<SnapshotPart>(framed->content);
    if (!part || name_of_part(*part) != name) return damaged(path);
    FENRUN_OK(visit(*part));
  }
  return {};
}

}  // namespace fenrun
