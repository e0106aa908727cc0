// A hash for tables in memory.  Never part of a result.
#pragma once

#include <cstddef>

#include "core/bytes.h"

namespace fenrun {

// SipHash-2-4 (Aumasson and Bernstein, 2012) under a key that this process has drawn: whoever
// chooses the keys of a table does not know which of them collide.
std::size_t table_hash(ByteView bytes);

}  // namespace fenrun
