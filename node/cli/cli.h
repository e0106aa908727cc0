// The command line `fenrun`: parses, runs one command, prints, and answers with an exit code.
#pragma once

#include <iosfwd>

namespace fenrun::cli {

// Scripts rely on these: see `fenrun --help` and docs/operating.md.
enum class Exit : int {
  ok = 0,
  refused = 1,      // The answer is no: refused, not found, a proof that does not hold.
  usage = 2,        // The command line is wrong.
  unreachable = 3,  // No node, or none that answered in time.
  local = 4,        // A file or a key of this machine.
  internal = 5,     // A fault of this program.
};

// Results go to `out`; errors, hints and progress to `err`.
int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace fenrun::cli
