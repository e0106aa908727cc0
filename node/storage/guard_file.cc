#include "node/storage/guard_file.h"

namespace fenrun {
namespace {

constexpr std::string_view kGuardMagic = "FENRGARD";
constexpr std::size_t kGuardFileBytesMax = 1'024;

}  // namespace

Bytes encode_guard(const CheckpointGuard& guard) {
  Bytes out = to_bytes(bytes_of(kGuardMagic));
  append(out, encode(guard));
  append(out, sha256(out).view());
  return out;
}

Result<CheckpointGuard> decode_guard(ByteView bytes) {
  const Error damaged{Errc::corruption, "the checkpoint guard is damaged"};
  if (bytes.size() < kGuardMagic.size() + Digest::kSize) return damaged;
  const ByteView body = bytes.first(bytes.size() - Digest::kSize);
  if (!equal(body.first(kGuardMagic.size()), bytes_of(kGuardMagic)) ||
      !equal(sha256(body).view(), bytes.last(Digest::kSize))) {
    return damaged;
  }
  auto guard = decode<CheckpointGuard>(body.subspan(kGuardMagic.size()));
  if (!guard) return damaged;
  return guard;
}

Status save_guard_file(FileSystem& files, const Path& path, const CheckpointGuard& guard) {
  return replace_file(files, path, encode_guard(guard));
}

Result<CheckpointGuard> load_guard_file(FileSystem& files, const Path& path) {
  auto bytes = read_file(files, path, kGuardFileBytesMax);
  if (!bytes && bytes.error().code == Errc::limit_exceeded) {
    return Error{Errc::corruption, path.string() + ": the checkpoint guard is damaged"};
  }
  if (!bytes) return bytes.error();
  auto guard = decode_guard(*bytes);
  if (!guard) return Error{Errc::corruption, path.string() + ": " + guard.error().detail};
  return guard;
}

}  // namespace fenrun
