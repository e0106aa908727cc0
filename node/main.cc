#include <csignal>
#include <iostream>

#ifdef FENRUN_MIMALLOC
#include <mimalloc.h>
#endif

#include "node/cli/cli.h"

namespace {

// A block takes some megabytes and gives them back, many times a second.  Returned to the system
// after mimalloc's 25 ms, they would have to be zeroed again for the next block.
void keep_memory_for_the_next_block() {
#ifdef FENRUN_MIMALLOC
  constexpr long kDelayMs = 2'000;
  mi_option_set(mi_option_decommit_delay, kDelayMs);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory_for_the_next_block();
  // A reader that goes away, as in `fenrun query ... | head`, is an error of the write alone.
  std::signal(SIGPIPE, SIG_IGN);
  return fenrun::cli::run_cli(argc, argv, std::cout, std::cerr);
}
