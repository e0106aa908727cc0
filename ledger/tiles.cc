#include "ledger/tiles.h"

#include <algorithm>

#include "core/check.h"
#include "core/text.h"
#include "ledger/proof/note.h"

namespace fenrun {
namespace {

constexpr std::string_view kEntries = "entries";
constexpr std::size_t kTileBits = 8;
static_assert(kTileWidth == std::size_t{1} << kTileBits);
static_assert(kTreeSizeMax >> (kTileBits * (kTileLevelMax + 1)) == 0);

// No tile has a greater index.
std::uint64_t index_max(std::uint8_t level) { return kTreeSizeMax >> (kTileBits * (level + 1u)); }

std::string print_index(std::uint64_t index) {
  const auto group = [](std::uint64_t number) {
    auto digits = std::to_string(number);
    return std::string(3 - digits.size(), '0') + digits;
  };
  auto out = group(index % 1'000);
  while ((index /= 1'000) > 0) out.insert(0, "x" + group(index % 1'000).append("/"));
  return out;
}

// The number of all groups; whether they are spelt well, printing decides.
Result<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  for (const char c : text) {
    if (c == 'x' || c == '/') continue;
    if (c < '0' || c > '9' || index > kTreeSizeMax) return Errc::not_found;
    index = index * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return index;
}

}  // namespace

std::string print(const TilePath& path) {
  CHECK(!path.level || *path.level <= kTileLevelMax);
  CHECK(path.width > 0 && path.width <= kTileWidth);
  auto out = "tile/" + (path.level ? std::to_string(*path.level) : std::string(kEntries)) + "/" +
             print_index(path.index);
  if (path.width < kTileWidth) out += ".p/" + std::to_string(path.width);
  return out;
}

Result<TilePath> parse_tile_path(std::string_view text) {
  constexpr std::string_view kPrefix = "tile/";
  const auto whole = text;
  if (!text.starts_with(kPrefix)) return Errc::not_found;
  text.remove_prefix(kPrefix.size());

  TilePath path;
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return Errc::not_found;
  if (text.substr(0, slash) != kEntries) {
    const auto level = from_decimal(text.substr(0, slash));
    if (!level || *level > kTileLevelMax) return Errc::not_found;
    path.level = static_cast<std::uint8_t>(*level);
  }
  text.remove_prefix(slash + 1);

  if (const auto partial = text.find(".p/"); partial != std::string_view::npos) {
    const auto width = from_decimal(text.substr(partial + 3));
    if (!width || *width == 0 || *width >= kTileWidth) return Errc::not_found;
    path.width = *width;
    text = text.substr(0, partial);
  }
  FENRUN_TRY(path.index, parse_index(text));
  if (path.index > index_max(path.level.value_or(0))) return Errc::not_found;
  if (print(path) != whole) return Errc::not_found;
  return path;
}

std::size_t tile_width(std::uint64_t size, std::uint8_t level, std::uint64_t index) {
  CHECK(size <= kTreeSizeMax && level <= kTileLevelMax);
  const auto hashes = size >> (kTileBits * level);
  if (index > hashes / kTileWidth) return 0;
  return std::min<std::uint64_t>(hashes - index * kTileWidth, kTileWidth);
}

Bytes encode_bundle(const std::vector<Bytes>& entries) {
  CHECK(entries.size() <= kTileWidth);
  Bytes out;
  for (const auto& entry : entries) {
    CHECK(entry.size() <= kEntryBytesMax);
    out.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(entry.size()));
    append(out, entry);
  }
  return out;
}

Result<std::vector<Bytes>> decode_bundle(ByteView bytes, std::size_t width) {
  std::vector<Bytes> entries;
  for (std::size_t i = 0; i < width; ++i) {
    if (bytes.size() < 2) return Errc::truncated;
    const std::size_t size = (std::size_t{bytes[0]} << 8) | bytes[1];
    bytes = bytes.subspan(2);
    if (bytes.size() < size) return Errc::truncated;
    entries.push_back(to_bytes(bytes.first(size)));
    bytes = bytes.subspan(size);
  }
  if (!bytes.empty()) return Errc::trailing_bytes;
  return entries;
}

}  // namespace fenrun
