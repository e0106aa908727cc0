#include "node/storage/active_dump.h"

#include <algorithm>
#include <limits>

#include "core/codec.h"
#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::string_view kDumpMagic = "FENRBITS";
constexpr std::string_view kDumpSuffix = ".bits";
constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kNameDigits = 16;

std::string name_of_dump(Height height) {
  Bytes big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(height.value() >> shift));
  }
  return to_hex(big_endian) + std::string(kDumpSuffix);
}

bool is_dump(const std::string& name) {
  return name.size() == kNameDigits + kDumpSuffix.size() && name.ends_with(kDumpSuffix);
}

// none: the file is not whole.
std::optional<ActiveBitsDump> decode_dump(ByteView bytes) {
  if (bytes.size() < kHeaderBytes + Digest::kSize) return std::nullopt;
  const ByteView body = bytes.first(bytes.size() - Digest::kSize);
  const ByteView chunks = body.subspan(kHeaderBytes);
  if (!equal(sha256(body).view(), bytes.last(Digest::kSize)) ||
      !equal(body.first(kDumpMagic.size()), bytes_of(kDumpMagic)) ||
      chunks.size() % kActiveChunkBytes != 0) {
    return std::nullopt;
  }
  ActiveBitsDump dump;
  std::uint64_t height = 0;
  Decoder in(body.subspan(kDumpMagic.size()));
  CHECK(in.fixed(height).has_value() && in.fixed(dump.size).has_value());
  dump.height = Height(height);
  const std::uint64_t chunk_count = chunks.size() / kActiveChunkBytes;
  if (chunk_count != dump.size / kActiveChunkBits + (dump.size % kActiveChunkBits != 0 ? 1 : 0)) {
    return std::nullopt;
  }
  dump.chunks.resize(static_cast<std::size_t>(chunk_count));
  for (std::size_t i = 0; i < dump.chunks.size(); ++i) {
    std::ranges::copy(chunks.subspan(i * kActiveChunkBytes, kActiveChunkBytes),
                      dump.chunks[i].begin());
  }
  return dump;
}

}  // namespace

Status save_active_dump(FileSystem& files, const Path& folder, const ActiveBitsDump& dump) {
  FENRUN_OK(files.make_folder(folder));
  Encoder out(kHeaderBytes + dump.chunks.size() * kActiveChunkBytes + Digest::kSize);
  out.raw(bytes_of(kDumpMagic));
  out.fixed(dump.height.value());
  out.fixed(dump.size);
  for (const auto& chunk : dump.chunks) out.raw(chunk);
  Bytes bytes = out.take();
  append(bytes, sha256(bytes).view());

  const std::string name = name_of_dump(dump.height);
  FENRUN_OK(replace_file(files, folder / name, bytes));
  FENRUN_TRY(const auto names, files.list(folder));
  for (const auto& other : names) {
    if (other != name) FENRUN_OK(files.remove(folder / other));
  }
  return {};
}

Result<std::optional<ActiveBitsDump>> load_active_dump(FileSystem& files, const Path& folder,
                                                       Height height_max) {
  FENRUN_TRY(const bool is_there, files.holds(folder));
  if (!is_there) return std::optional<ActiveBitsDump>{};
  FENRUN_TRY(auto names, files.list(folder));
  std::ranges::reverse(names);
  for (const auto& name : names) {
    if (!is_dump(name)) continue;
    FENRUN_TRY(const auto bytes,
               read_file(files, folder / name, std::numeric_limits<std::size_t>::max()));
    auto dump = decode_dump(bytes);
    if (dump && dump->height <= height_max) return dump;
  }
  return std::optional<ActiveBitsDump>{};
}

}  // namespace fenrun
