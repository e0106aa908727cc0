#include "node/storage/guard_file.h"

#include <gtest/gtest.h>

#include "node/sim/virtual_disk.h"

namespace fenrun {
namespace {

const CheckpointGuard kSigned{42, sha256(bytes_of("root")), 1'700'000'000};

TEST(GuardFile, ComesBackAfterACrash) {
  sim::VirtualDisk files;
  EXPECT_EQ(load_guard_file(files, "/guard").error().code, Errc::not_found);
  ASSERT_TRUE(save_guard_file(files, "/guard", kSigned));
  files.crash();
  EXPECT_EQ(*load_guard_file(files, "/guard"), kSigned);
}

TEST(GuardFile, EveryAlteredBitAndEveryOtherLengthIsSeen) {
  const auto whole = encode_guard(kSigned);
  EXPECT_EQ(whole.size(), 88U);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    auto altered = whole;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_EQ(decode_guard(altered).error().code, Errc::corruption) << bit;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode_guard(ByteView(whole).first(size)).error().code, Errc::corruption) << size;
  }
  sim::VirtualDisk files;
  ASSERT_TRUE(replace_file(files, "/guard", Bytes(2'000, 1)));
  EXPECT_EQ(load_guard_file(files, "/guard").error().code, Errc::corruption);
}

}  // namespace
}  // namespace fenrun
