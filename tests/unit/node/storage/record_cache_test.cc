// What the cache of Records keeps, and that it never tells anything but the last word.
#include "node/storage/record_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace fenrun {
namespace {

Bytes key_of(std::uint32_t number) {
  return {7, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

TEST(RecordCache, stays_within_its_bound_and_keeps_what_is_used) {
  RecordCache cache(3'000);
  const Bytes hot{1};
  cache.put(hot, {1, Position(1), Bytes(100, 1)});
  for (std::uint8_t i = 2; i < 100; ++i) {
    cache.put(Bytes{i}, {i, Position(i), Bytes(100, i)});
    ASSERT_TRUE(cache.find(hot));
    ASSERT_LE(cache.bytes(), 3'000U);
  }
  EXPECT_FALSE(cache.find(Bytes{2}));
  cache.put(hot, {2, Position(9), std::nullopt});
  EXPECT_EQ(cache.find(hot), (CurrentRecord{2, Position(9), std::nullopt}));
}

TEST(RecordCache, tells_a_removed_value_from_an_empty_one) {
  RecordCache cache(3'000);
  EXPECT_FALSE(cache.find(Bytes{1}));
  EXPECT_FALSE(cache.contains(Bytes{1}));
  cache.put(Bytes{1}, {1, Position(1), Bytes()});
  EXPECT_EQ(cache.find(Bytes{1}), (CurrentRecord{1, Position(1), Bytes()}));
  cache.put(Bytes{1}, {2, Position(2), std::nullopt});
  EXPECT_EQ(cache.find(Bytes{1}), (CurrentRecord{2, Position(2), std::nullopt}));
  EXPECT_TRUE(cache.contains(Bytes{1}));
}

// A bound of 0 holds nothing, and a Record above the bound is let go at once.
TEST(RecordCache, lets_go_what_is_above_its_bound) {
  RecordCache cache(0);
  cache.put(Bytes{1}, {1, Position(1), Bytes(10, 1)});
  EXPECT_FALSE(cache.find(Bytes{1}));
  EXPECT_EQ(cache.bytes(), 0U);
}

CurrentRecord record_of(std::uint64_t step, std::mt19937& random) {
  CurrentRecord record{step, Position(step), std::nullopt};
  if (random() % 8 != 0) record.value = Bytes(random() % 64, static_cast<std::uint8_t>(step));
  return record;
}

// Against a map that forgets nothing, while Records of all sizes come, one by one and by the block,
// change size and go.
TEST(RecordCache, never_tells_an_older_record) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    RecordCache cache(20'000);
    std::map<Bytes, CurrentRecord> all;
    std::size_t found = 0;
    for (std::uint64_t step = 0; step < 20'000; ++step) {
      const Bytes key = key_of(static_cast<std::uint32_t>(random() % 1'000));
      if (random() % 64 == 0) {
        StateDelta block;
        for (std::uint32_t i = 0; i < 60; ++i) {
          block[RecordKey{key_of(static_cast<std::uint32_t>(random() % 1'000))}] =
              record_of(step, random);
        }
        cache.put(block);
        for (const auto& [changed, record] : block) all[changed] = record;
      } else if (random() % 2 == 0) {
        all[key] = record_of(step, random);
        cache.put(key, all[key]);
      } else if (const auto record = cache.find(key)) {
        ASSERT_EQ(*record, all.at(key)) << "seed " << seed << ", step " << step;
        ++found;
      }
      ASSERT_LE(cache.bytes(), 20'000U);
    }
    EXPECT_GT(found, 500U);
  }
}

}  // namespace
}  // namespace fenrun
