#include "node/storage/vote_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "node/sim/virtual_disk.h"

namespace fenrun {
namespace {

const Path kPath = "/votes.log";
const PublicKey kKey{{1, 2, 3}};

TEST(VoteLog, returns_its_records_and_epochs) {
  sim::VirtualDisk files;
  {
    auto log = *VoteLog::create(files, kPath, kKey, Epoch(0));
    log.append(2, Bytes{1});
    log.append(3, Bytes{2, 2});
    log.open_epoch(Epoch(4));
    log.append(2, Bytes{3});
    ASSERT_TRUE(log.sync());
  }
  const std::vector<VoteLogRecord> expected{
      {2, Epoch(0), {1}}, {3, Epoch(0), {2, 2}}, {2, Epoch(4), {3}}};
  for (int start = 0; start < 3; ++start) {
    const auto opened = VoteLog::open(files, kPath, kKey);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->records, expected);
    EXPECT_EQ(opened->log.epoch(), Epoch(4));
  }
}

TEST(VoteLog, belongs_to_one_key_for_life) {
  sim::VirtualDisk files;
  ASSERT_TRUE(VoteLog::create(files, kPath, kKey, Epoch(0)));
  EXPECT_EQ(VoteLog::create(files, kPath, kKey, Epoch(0)).error().code, Errc::file_exists);
  EXPECT_EQ(VoteLog::open(files, kPath, PublicKey{{7}}).error().code, Errc::value_invalid);
  EXPECT_TRUE(VoteLog::open(files, kPath, kKey)) << "refusing another key changes nothing";
}

TEST(VoteLog, missing_log_is_not_made_up) {
  sim::VirtualDisk files;
  EXPECT_EQ(VoteLog::open(files, kPath, kKey).error().code, Errc::not_found);
}

TEST(VoteLog, compaction_keeps_what_it_is_given) {
  sim::VirtualDisk files;
  auto log = *VoteLog::create(files, kPath, kKey, Epoch(0));
  for (int i = 0; i < 100; ++i) log.append(2, Bytes(100, 1));
  log.open_epoch(Epoch(1));
  ASSERT_TRUE(log.sync());
  const std::vector<VoteLogRecord> kept{{5, Epoch(1), {9}}};
  ASSERT_TRUE(log.compact(kept));
  EXPECT_LT(log.bytes(), 200U);
  log.append(6, Bytes{8});
  ASSERT_TRUE(log.sync());
  const auto opened = VoteLog::open(files, kPath, kKey);
  ASSERT_TRUE(opened);
  const std::vector<VoteLogRecord> expected{{5, Epoch(1), {9}}, {6, Epoch(1), {8}}};
  EXPECT_EQ(opened->records, expected);
}

TEST(VoteLog, damage_kills_the_log) {
  sim::VirtualDisk files;
  auto log = *VoteLog::create(files, kPath, kKey, Epoch(0));
  log.append(2, Bytes(50, 1));
  ASSERT_TRUE(log.sync());
  files.bytes(kPath)[100] ^= 1;
  EXPECT_EQ(VoteLog::open(files, kPath, kKey).error().code, Errc::corruption);
}

TEST(VoteLog, retired_log_is_never_used_again) {
  sim::VirtualDisk files;
  auto log = *VoteLog::create(files, kPath, kKey, Epoch(0));
  log.append(2, Bytes(50, 1));
  ASSERT_TRUE(log.retire(Bytes{1, 2, 3}));
  files.crash();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(VoteLog::open(files, kPath, kKey).error().code, Errc::vote_log_stale);
  }
  EXPECT_EQ(VoteLog::create(files, kPath, kKey, Epoch(0)).error().code, Errc::file_exists);
}

// The process dies in the sync of the retirement; the next one finds it and says so; then the power
// fails.  A key that was given up once is not taken up again.
TEST(VoteLog, retirement_that_was_found_stays) {
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    sim::VirtualDisk files(seed);
    {
      auto log = *VoteLog::create(files, kPath, kKey, Epoch(0));
      if (seed % 2 == 0) {
        files.fail_sync_in(0);
      } else {
        files.fail_power_at(files.operations() + 1);  // The sync behind the write.
      }
      ASSERT_FALSE(log.retire(Bytes(700, 3)));
    }
    files.kill();
    ASSERT_EQ(VoteLog::open(files, kPath, kKey).error().code, Errc::vote_log_stale);
    files.crash();
    ASSERT_EQ(VoteLog::open(files, kPath, kKey).error().code, Errc::vote_log_stale) << seed;
  }
}

TEST(VoteLog, failed_sync_is_final) {
  sim::VirtualDisk files;
  auto log = *VoteLog::create(files, kPath, kKey, Epoch(0));
  log.append(2, Bytes(50, 1));
  files.fail_sync_in(0);
  EXPECT_EQ(log.sync().error().code, Errc::io_error);
  log.append(2, Bytes(50, 2));
  EXPECT_EQ(log.sync().error().code, Errc::io_error);
  EXPECT_EQ(log.compact({}).error().code, Errc::io_error);
}

// A vote that was sent is never forgotten, through any number of power failures: while appending,
// while opening, while compacting.
RC_GTEST_PROP(VoteLog, never_forgets_a_synced_vote, ()) {
  sim::VirtualDisk files(*rc::gen::arbitrary<std::uint64_t>());
  RC_PRE(VoteLog::create(files, kPath, kKey, Epoch(0)).has_value());
  std::vector<Bytes> synced;  // Votes that were sent.
  std::uint8_t next = 0;
  for (int life = 0; life < 6; ++life) {
    files.fail_power_at(files.operations() + *rc::gen::inRange<std::uint64_t>(0, 12));
    if (auto opened = VoteLog::open(files, kPath, kKey)) {
      auto log = std::move(opened->log);
      auto votes = opened->records;
      RC_ASSERT(votes.size() >= synced.size());
      for (std::size_t i = 0; i < synced.size(); ++i) RC_ASSERT(votes[i].bytes == synced[i]);
      synced.clear();  // What was read back may have been appended and never sent.
      for (const auto& vote : votes) synced.push_back(vote.bytes);
      for (int i = 0; i < 10; ++i) {
        const Bytes vote(*rc::gen::inRange<std::size_t>(1, 900), ++next);
        log.append(2, vote);
        if (!log.sync()) break;
        votes.push_back({2, Epoch(0), vote});
        synced.push_back(vote);
        if (i == 5 && !log.compact(votes)) break;
      }
    } else {
      RC_ASSERT(opened.error().code == Errc::io_error);
    }
    files.crash();
  }
}

}  // namespace
}  // namespace fenrun
