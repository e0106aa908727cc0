#include "node/checkpointer.h"

#include <gtest/gtest.h>

#include "node/sim/virtual_disk.h"
#include "node/storage/guard_file.h"

namespace fenrun {
namespace {

const Path kGuard = "/guard";

Checkpointer open_on(FileSystem& files, const SigningKey& key) {
  auto opened =
      Checkpointer::open({.origin = "fenrun.test", .self = "a", .key = &key}, files, kGuard);
  CHECK(opened.has_value());
  return *std::move(opened);
}

std::uint64_t size_of_guard(FileSystem& files) { return load_guard_file(files, kGuard)->size; }

// It signs nothing; that of another key is as good as none.
TEST(Checkpointer, guard_that_is_lost_or_damaged_is_told) {
  const auto key = SigningKey::generate();
  const auto error = [&](FileSystem& files) {
    const auto opened =
        Checkpointer::open({.origin = "fenrun.test", .self = "a", .key = &key}, files, kGuard);
    return opened ? Errc::ok : opened.error().code;
  };
  sim::VirtualDisk files;
  EXPECT_EQ(error(files), Errc::not_found);
  ASSERT_TRUE(Checkpointer::create_guard(files, kGuard));
  EXPECT_EQ(error(files), Errc::ok);
  files.bytes(kGuard)[12] ^= 1;
  EXPECT_EQ(error(files), Errc::corruption);
  EXPECT_TRUE(Checkpointer::open({.origin = "fenrun.test", .self = "a"}, files, kGuard));
}

// The process dies before the guard's new name is durable; the next one relies on what it reads;
// then the power fails.
TEST(Checkpointer, guard_that_was_read_never_falls) {
  const auto key = SigningKey::generate();
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    for (std::uint64_t operation = 0; operation < 5; ++operation) {
      sim::VirtualDisk files(seed);
      ASSERT_TRUE(Checkpointer::create_guard(files, kGuard));
      auto first = open_on(files, key);
      files.fail_power_at(files.operations() + operation);
      ASSERT_EQ(first.sign_only_above(100).error().code, Errc::io_error);
      files.kill();
      open_on(files, key);
      const std::uint64_t read = size_of_guard(files);
      files.crash();
      ASSERT_GE(size_of_guard(files), read) << "seed " << seed << ", operation " << operation;
    }
  }
}

}  // namespace
}  // namespace fenrun
