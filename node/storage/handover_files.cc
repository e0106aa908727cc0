#include "node/storage/handover_files.h"

#include "core/planted.h"
#include "core/text.h"

namespace fenrun {
namespace {

using NoteText = Text<kNoteBytesMax>;

constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kFileBytesMax = kNoteBytesMax + kTrustPolicyBytesMax +
                                      kSnapshotCertificateBytesMax + kValidatorSetBytesMax +
                                      kMagicBytes + Digest::kSize + 16;

// What one kind of file is called and begins with.
struct FileKind {
  std::string_view extension;
  std::string_view magic;
};
constexpr FileKind kHandover{".handover", "FENRHAND"};
constexpr FileKind kAnchor{".anchor", "FENRANCH"};

Path path_of(const Path& folder, Epoch epoch, const FileKind& kind) {
  Bytes big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(epoch.value() >> shift));
  }
  return folder / (to_hex(big_endian) + std::string(kind.extension));
}

Bytes framed(const FileKind& kind, ByteView body) {
  Bytes bytes = to_bytes(bytes_of(kind.magic));
  append(bytes, body);
  append(bytes, sha256(bytes).view());
  return bytes;
}

Status save(FileSystem& files, const Path& path, const FileKind& kind, ByteView body) {
  FENRUN_OK(files.make_folder(path.parent_path()));
  return replace_file(files, path, framed(kind, body));
}

template <class T>
Result<T> load(FileSystem& files, const Path& path, const FileKind& kind) {
  FENRUN_TRY(const auto bytes, read_file(files, path, kFileBytesMax));
  const Error damaged{Errc::corruption, path.string()};
  if (bytes.size() < kMagicBytes + Digest::kSize) return damaged;
  const ByteView body = ByteView(bytes).first(bytes.size() - Digest::kSize);
  if (!equal(body.first(kMagicBytes), bytes_of(kind.magic)) ||
      !equal(sha256(body).view(), ByteView(bytes).last(Digest::kSize))) {
    return damaged;
  }
  auto value = decode<T>(body.subspan(kMagicBytes));
  if (!value) return damaged;
  return *std::move(value);
}

}  // namespace

Status save_handover_file(FileSystem& files, const Path& folder, Epoch epoch,
                          const EpochHandover& handover) {
  if (planted(PlantedBug::handover_not_synced)) {  // Nor is its name.
    FENRUN_OK(files.make_folder(folder));
    const Path path = path_of(folder, epoch, kHandover);
    FENRUN_TRY(const auto file, files.open(path, FileAccess::replace));
    return file->write(0, framed(kHandover, encode(handover)));
  }
  return save(files, path_of(folder, epoch, kHandover), kHandover, encode(handover));
}

Result<EpochHandover> load_handover_file(FileSystem& files, const Path& folder, Epoch epoch) {
  return load<EpochHandover>(files, path_of(folder, epoch, kHandover), kHandover);
}

Status save_anchor_file(FileSystem& files, const Path& folder, Epoch epoch,
                        const std::string& note) {
  return save(files, path_of(folder, epoch, kAnchor), kAnchor, encode(NoteText{note}));
}

Result<std::string> load_anchor_file(FileSystem& files, const Path& folder, Epoch epoch) {
  FENRUN_TRY(auto note, load<NoteText>(files, path_of(folder, epoch, kAnchor), kAnchor));
  return std::move(note.value);
}

}  // namespace fenrun
