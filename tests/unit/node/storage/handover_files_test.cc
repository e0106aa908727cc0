#include "node/storage/handover_files.h"

#include <gtest/gtest.h>

#include "node/sim/virtual_disk.h"

namespace fenrun {
namespace {

const EpochHandover kHandover{{"a note\n"}, {"log a\n"}, {1, 2, 3}, {4}};

TEST(HandoverFiles, ComesBackAfterACrash) {
  sim::VirtualDisk files;
  ASSERT_TRUE(save_handover_file(files, "/data/handovers", Epoch(7), kHandover));
  files.crash();
  EXPECT_EQ(*load_handover_file(files, "/data/handovers", Epoch(7)), kHandover);
  EXPECT_EQ(load_handover_file(files, "/data/handovers", Epoch(6)).error().code, Errc::not_found);
}

TEST(HandoverFiles, EveryAlteredByteIsSeen) {
  sim::VirtualDisk files;
  ASSERT_TRUE(save_handover_file(files, "/h", Epoch(0), kHandover));
  const Path path = "/h/0000000000000000.handover";
  const auto whole = *read_file(files, path, 1'000);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto altered = whole;
    altered[i] ^= 1;
    ASSERT_TRUE(replace_file(files, path, altered));
    EXPECT_EQ(load_handover_file(files, "/h", Epoch(0)).error().code, Errc::corruption) << i;
  }
  ASSERT_TRUE(replace_file(files, path, ByteView(whole).first(20)));
  EXPECT_EQ(load_handover_file(files, "/h", Epoch(0)).error().code, Errc::corruption);
}

TEST(HandoverFiles, AnAnchorIsAFileOfItsOwn) {
  sim::VirtualDisk files;
  ASSERT_TRUE(save_handover_file(files, "/h", Epoch(7), kHandover));
  EXPECT_EQ(load_anchor_file(files, "/h", Epoch(7)).error().code, Errc::not_found);
  ASSERT_TRUE(save_anchor_file(files, "/h", Epoch(7), "a note\n"));
  files.crash();
  EXPECT_EQ(*load_anchor_file(files, "/h", Epoch(7)), "a note\n");
  EXPECT_EQ(*load_handover_file(files, "/h", Epoch(7)), kHandover);
  // Neither is read as the other.
  const auto bytes = *read_file(files, "/h/0000000000000007.handover", 1'000);
  ASSERT_TRUE(replace_file(files, "/h/0000000000000007.anchor", bytes));
  EXPECT_EQ(load_anchor_file(files, "/h", Epoch(7)).error().code, Errc::corruption);
}

}  // namespace
}  // namespace fenrun
