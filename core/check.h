// Assertions that hold in every build.
//
// CHECK guards an invariant of our own code.  It is never reachable from input: what a stranger can
// send is answered with a Result.  A failed CHECK prints file, line and condition, and aborts: a
// ledger that has lost an invariant must not go on writing.
#pragma once

namespace fenrun {

[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace fenrun

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::fenrun::check_failed(__FILE__, __LINE__, #condition))

#define UNREACHABLE() ::fenrun::check_failed(__FILE__, __LINE__, "unreachable")
