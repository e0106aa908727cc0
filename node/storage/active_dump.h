// Dumps of the active bits: files that shorten the start and may be lost.  docs/spec/storage.md,
// §5.
//
//   <folder>/<height, 16 hex digits>.bits =
//     "FENRBITS" · u64 height · u64 size · chunks of 256 bytes · SHA-256 of all before
#pragma once

#include <optional>

#include "ledger/store.h"
#include "node/storage/file.h"

namespace fenrun {

// Writes the dump, durable on return, and then removes older ones.
Status save_active_dump(FileSystem& files, const Path& folder, const ActiveBitsDump& dump);

// The newest dump that is whole and not above the height; none if there is none.
Result<std::optional<ActiveBitsDump>> load_active_dump(FileSystem& files, const Path& folder,
                                                       Height height_max);

}  // namespace fenrun
