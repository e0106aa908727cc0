// What this machine can do at best, measured in the run whose numbers are compared with it.
#pragma once

#include "node/json/json.h"
#include "node/storage/file.h"

namespace fenrun {

// Signatures verified a second on all cores and on one, nanoseconds of a SHA-256 of 65 bytes, and
// microseconds of an fdatasync after 4 KiB in that folder.
Json measure_limits(const Path& folder);

}  // namespace fenrun
