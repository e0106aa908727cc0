#include "node/storage/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fenrun {
namespace {

// Of however many members, no two merge at nearly the same time.
TEST(Index, BuffersOfMembersLieApart) {
  constexpr std::size_t kBuffer = 32 * 1024 * 1024;
  constexpr std::size_t kMost = kBuffer / 8 * 3;
  for (std::size_t members = 2; members <= 64; ++members) {
    std::vector<std::size_t> unused;
    for (std::size_t i = 0; i < members; ++i) unused.push_back(spread_unused_bytes(kBuffer, i));
    std::ranges::sort(unused);
    EXPECT_LT(unused.back(), kMost);
    for (std::size_t i = 1; i < members; ++i) {
      EXPECT_GT(unused[i] - unused[i - 1], kMost / (3 * members)) << members << " members";
    }
  }
}

TEST(IndexDeathTest, NeedsABufferThatIsUsed) {
  const IndexOptions none{.write_buffer_bytes = 1 << 16, .write_buffer_unused_bytes = 1 << 16};
  EXPECT_DEATH(static_cast<void>(Index::open("/fenrun-of-no-machine", none)), "unused");
}

}  // namespace
}  // namespace fenrun
