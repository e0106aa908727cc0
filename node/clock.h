// The only reader of time.
#pragma once

#include "core/types.h"

namespace fenrun {

// Milliseconds since 1970 UTC, as the operating system believes; may jump.
TimeMs wall_clock();

// Milliseconds from an arbitrary origin; never falls.
TimeMs steady_clock();

// Microseconds of that clock, and of processor time that this thread has used.
std::uint64_t steady_us();
std::uint64_t thread_cpu_us();

}  // namespace fenrun
