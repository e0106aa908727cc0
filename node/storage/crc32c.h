// CRC-32C (Castagnoli, as in RFC 3720): the checksum of every record on disk.
#pragma once

#include <cstdint>

#include "core/bytes.h"

namespace fenrun {

// The CRC of `bytes` behind the bytes whose CRC is `before`; 0 is the CRC of nothing.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);
// The same where the processor has no instruction for it.
std::uint32_t crc32c_by_tables(ByteView bytes, std::uint32_t before = 0);

}  // namespace fenrun
