#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace fenrun::testing_support {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

void run_golden(const std::filesystem::path& script,
                const std::function<std::string(const std::string& command)>& run) {
  const auto expected = read_file(script);
  ASSERT_FALSE(expected.empty()) << script;
  std::istringstream lines(expected);
  std::string actual;
  std::string printed;
  bool in_output = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      in_output = false;
      actual += "\n";
    } else if (line == "----") {
      in_output = true;
      actual += "----\n" + std::exchange(printed, {});
    } else if (!in_output) {
      actual += line + "\n";
      if (line[0] != '#') printed += run(line);
    }
  }
  if (std::getenv("FENRUN_REWRITE") != nullptr) {
    std::ofstream(script, std::ios::binary) << actual;
    return;
  }
  EXPECT_EQ(actual, expected) << script << "\nFENRUN_REWRITE=1 accepts the new text";
}

}  // namespace fenrun::testing_support
