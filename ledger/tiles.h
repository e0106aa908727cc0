// The journal as files that any tlog-tiles client reads.  docs/spec/checkpoints.md, §7.
//
//   tile/<L>/<N>[.p/<W>]         hashes of level 8 L: 256, or W < 256 at the right edge
//   tile/entries/<N>[.p/<W>]     the entries under tile/0/<N>, each behind a u16be length
//
// Paths and bundles have one spelling each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/limits.h"
#include "core/result.h"

namespace fenrun {

inline constexpr std::uint8_t kTileLevelMax = 6;  // 2^56 leaves: above every size allowed.

struct TilePath {
  std::optional<std::uint8_t> level;  // none: an entry bundle.
  std::uint64_t index = 0;
  std::size_t width = kTileWidth;  // Below kTileWidth: partial.

  friend bool operator==(const TilePath&, const TilePath&) = default;
};

// Such as "tile/0/x001/x234/067.p/12", without a leading slash.
// REQUIRES: level <= kTileLevelMax, 0 < width <= kTileWidth.
std::string print(const TilePath& path);
// Errc::not_found unless it is what print writes, and within the sizes that the ledger can have.
Result<TilePath> parse_tile_path(std::string_view text);

// How wide a tile is in a tree of this size; 0 if it does not exist.
std::size_t tile_width(std::uint64_t size, std::uint8_t level, std::uint64_t index);

// Entries one after another, each behind its length.
// REQUIRES: at most kTileWidth entries of at most kEntryBytesMax bytes.
Bytes encode_bundle(const std::vector<Bytes>& entries);
// Exactly `width` entries.  Errc::truncated, Errc::trailing_bytes.
Result<std::vector<Bytes>> decode_bundle(ByteView bytes, std::size_t width);

}  // namespace fenrun
