// A disk store whose segments and caches are soon full.
#pragma once

#include "node/storage/disk_store.h"

namespace fenrun {

inline DiskStoreOptions small_options() {
  return {.segment_bytes = 20'000,
          .record_cache_bytes = 4'000,
          .index = {.block_cache_bytes = 1 << 20, .write_buffer_bytes = 1 << 16}};
}

}  // namespace fenrun
