// Values by key that stay where they are.
#include "core/lookup_table.h"

#include <gtest/gtest.h>

#include <string>

namespace fenrun {
namespace {

TEST(LookupTable, FindsWhatWasObtainedUntilItIsErased) {
  LookupTable<Bytes, int> table;
  const auto key = [](int i) { return to_bytes(bytes_of("key " + std::to_string(i))); };
  EXPECT_EQ(table.find(key(0)), nullptr);
  auto& first = table.obtain(key(0));
  EXPECT_EQ(first.second, 0);
  first.second = 7;
  for (int i = 1; i < 10'000; ++i) table.obtain(key(i)).second = i;
  EXPECT_EQ(table.find(key(0)), &first);  // Whatever came since.
  EXPECT_EQ(&table.obtain(key(0)), &first);
  EXPECT_EQ(first.second, 7);
  for (int i = 1; i < 10'000; ++i) ASSERT_EQ(table.find(key(i))->second, i);
  table.erase(first);
  EXPECT_EQ(table.find(key(0)), nullptr);
  EXPECT_EQ(table.find(key(1))->second, 1);
}

}  // namespace
}  // namespace fenrun
