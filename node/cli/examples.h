// An example of each type of operation, as `fenrun tx submit` reads it.
#pragma once

#include <string_view>
#include <vector>

#include "contracts/operations.h"

namespace fenrun::cli {

// One of each type, in the order of the format.  Its ids, keys and times are examples.
std::vector<Operation> example_operations();

}  // namespace fenrun::cli
