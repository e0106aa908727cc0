#include "node/storage/handover_files.h"

#include "core/planted.h"
#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::string_view kMagic = "FENRHAND";
constexpr std::size_t kHandoverFileBytesMax = kNoteBytesMax + kTrustPolicyBytesMax +
                                              kSnapshotCertificateBytesMax + kValidatorSetBytesMax +
                                              kMagic.size() + Digest::kSize + 16;

Path path_of(const Path& folder, Epoch epoch) {
  Bytes big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(epoch.value() >> shift));
  }
  return folder / (to_hex(big_endian) + ".handover");
}

}  // namespace

Status save_handover_file(FileSystem& files, const Path& folder, Epoch epoch,
                          const EpochHandover& handover) {
  FENRUN_OK(files.make_folder(folder));
  Bytes bytes = to_bytes(bytes_of(kMagic));
  append(bytes, encode(handover));
  append(bytes, sha256(bytes).view());
  if (planted(PlantedBug::handover_not_synced)) {  // Nor is its name.
    FENRUN_TRY(const auto file, files.open(path_of(folder, epoch), FileAccess::replace));
    return file->write(0, bytes);
  }
  return replace_file(files, path_of(folder, epoch), bytes);
}

Result<EpochHandover> load_handover_file(FileSystem& files, const Path& folder, Epoch epoch) {
  const Path path = path_of(folder, epoch);
  if (!files.exists(path)) return Errc::not_found;
  FENRUN_TRY(const auto bytes, read_file(files, path, kHandoverFileBytesMax));
  const Error damaged{Errc::corruption, path.string()};
  if (bytes.size() < kMagic.size() + Digest::kSize) return damaged;
  const ByteView body = ByteView(bytes).first(bytes.size() - Digest::kSize);
  if (!equal(body.first(kMagic.size()), bytes_of(kMagic)) ||
      !equal(sha256(body).view(), ByteView(bytes).last(Digest::kSize))) {
    return damaged;
  }
  auto handover = decode<EpochHandover>(body.subspan(kMagic.size()));
  if (!handover) return damaged;
  return *std::move(handover);
}

}  // namespace fenrun
