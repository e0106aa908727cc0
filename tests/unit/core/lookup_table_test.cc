// Values by key that stay where they are.
#include "core/lookup_table.h"

#include <gtest/gtest.h>

#include <string>

namespace fenrun {
namespace {

TEST(LookupTable, FindsWhatWasObtainedWhereverItWasPut) {
  LookupTable<Bytes, int> table;
  const auto key = [](int i) { return to_bytes(bytes_of("key " + std::to_string(i))); };
  EXPECT_EQ(table.find(key(0)), nullptr);
  auto& first = table.obtain(key(0));
  EXPECT_EQ(first.value, 0);
  first.value = 7;
  for (int i = 1; i < 10'000; ++i) table.obtain(key(i)).value = i;
  EXPECT_EQ(table.find(key(0)), &first);  // Whatever came since.
  EXPECT_EQ(&table.obtain(key(0)), &first);
  EXPECT_EQ(first.value, 7);
  EXPECT_EQ(first.key, key(0));
  for (int i = 1; i < 10'000; ++i) ASSERT_EQ(table.find(key(i))->value, i);
  EXPECT_EQ(table.find(key(10'000)), nullptr);
  EXPECT_EQ(table.find(ByteView()), nullptr);
}

TEST(LookupTable, KeepsItsItemsInPlaceWhenItIsMoved) {
  LookupTable<Bytes, int> table;
  auto& item = table.obtain(bytes_of("key"));
  LookupTable<Bytes, int> other = std::move(table);
  EXPECT_EQ(other.find(bytes_of("key")), &item);
}

}  // namespace
}  // namespace fenrun
