// The file descriptors of a node's process: how many it needs, and what gives way if they are few.
//
// A node that lacks one when it has to begin a segment or to replace its checkpoint guard stops.
// So strangers may hold no more than what is left beside everything that the node itself may have
// open at once, and what its own needs leave to LevelDB is told to LevelDB.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.h"

namespace fenrun {

struct DescriptorPlan {
  std::size_t http_connections = 0;
  std::size_t http_connections_per_address = 0;
  std::size_t index_files = 0;  // DiskStoreOptions.
};

// With so many every limit is as docs/operating.md has it.
std::uint64_t descriptors_wanted();

// What may be open where `allowed` descriptors are.  Errc::config_invalid if they do not suffice
// for a node that answers at all.
Result<DescriptorPlan> plan_descriptors(std::uint64_t allowed);

// Raises this process's limit as far as it may by itself, and tells where it is then.
std::uint64_t raise_descriptor_limit();

}  // namespace fenrun
