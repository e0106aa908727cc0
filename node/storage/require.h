// For functions that have no Result: a value that storage must be able to give, or the end of the
// process.  A wrong answer would be executed upon.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "core/result.h"

namespace fenrun {

// The value, or the end of the process.
template <class T>
T require(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "fenrun: storage cannot be read: %s\n",
                 result.error().to_string().c_str());
    std::abort();
  }
  return *std::move(result);
}

}  // namespace fenrun
