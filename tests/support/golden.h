// Golden scripts: tests that are stories.
//
// A script is a text file of blocks parted by empty lines:
//
//   # Comments, kept as they are.
//   command one
//   command two
//   ----
//   what the commands print
//
// The harness runs the commands of each block and compares what they print.  With FENRUN_REWRITE=1
// it writes the file anew instead: commit only a difference you understand.  What commands print
// has no empty lines.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace fenrun::testing_support {

// Runs the script; `run` executes one command and answers with what it prints.  Reports differences
// as failures of the present GoogleTest test.
void run_golden(const std::filesystem::path& script,
                const std::function<std::string(const std::string& command)>& run);

}  // namespace fenrun::testing_support
