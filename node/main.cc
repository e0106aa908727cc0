#include <csignal>
#include <iostream>

#include "node/cli/cli.h"

int main(int argc, char** argv) {
  // A reader that goes away, as in `fenrun query ... | head`, is an error of the write alone.
  std::signal(SIGPIPE, SIG_IGN);
  return fenrun::cli::run_cli(argc, argv, std::cout, std::cerr);
}
