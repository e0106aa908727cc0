// An example of each type of operation, as `fenrun tx submit` reads it.
#pragma once

#include <string_view>
#include <vector>

#include "contracts/operations.h"

namespace fenrun::cli {

// One of each type, in the order of the format.  Its ids, keys and times are examples.
std::vector<Operation> example_operations();

// A proposal of each type of change, in the order of the format.
std::vector<ProposeChange> example_changes();

}  // namespace fenrun::cli
