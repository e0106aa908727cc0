// fenrun sim: what scripts and readers rely on.
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

using SimCommand = CommandLineTest;

TEST_F(SimCommand, EqualSeedsTellEqualStoriesToTheLastByte) {
  const std::vector<std::string> words{"sim", "--seeds", "3", "--profile", "crashes", "--trace"};
  const auto first = run(words);
  EXPECT_EQ(first.exit, Exit::ok) << first.out;
  EXPECT_GT(first.out.size(), 1'000u);
  EXPECT_EQ(run(words).out, first.out);
}

TEST_F(SimCommand, ItsLastLineIsOneObject) {
  const auto ran = run({"sim", "--seeds", "1..4", "--profile", "epochs", "--json"});
  EXPECT_EQ(ran.exit, Exit::ok);
  const auto summary = Json::parse(ran.out);  // It has a fraction: the seconds that it took.
  EXPECT_EQ(summary["seeds"], 4);
  EXPECT_EQ(summary["violations"], 0);
  EXPECT_TRUE(summary["first_violation"].is_null());
  EXPECT_GT(summary["events"], 1'000);
}

// Two of four say nothing: more than may.
TEST_F(SimCommand, AViolationIsNamedAndRefuses) {
  const auto ran = run({"sim", "--seeds", "5", "--profile", "calm", "--byzantine", "0=silent",
                        "--byzantine", "1=silent", "--json"});
  EXPECT_EQ(ran.exit, Exit::refused);
  const auto summary = Json::parse(ran.out);  // It has a fraction: the seconds that it took.
  EXPECT_EQ(summary["violations"], 1);
  EXPECT_EQ(summary["first_violation"]["seed"], 5);
  EXPECT_EQ(summary["first_violation"]["text"], "no progress after all was healed");
}

}  // namespace
}  // namespace fenrun::cli
