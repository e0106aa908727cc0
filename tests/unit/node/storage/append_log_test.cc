#include "node/storage/append_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "node/sim/virtual_disk.h"
#include "node/storage/crc32c.h"

namespace fenrun {
namespace {

const Path kPath = "/test.log";
const LogIdentity kIdentity{{1, 2, 3}};

struct Kept {
  std::uint64_t offset = 0;
  std::uint8_t type = 0;
  std::uint64_t tag = 0;
  Bytes payload;

  friend bool operator==(const Kept&, const Kept&) = default;
};

AppendLog make_log(FileSystem& files, std::uint64_t growth = 0) {
  return *AppendLog::create(files, kPath, {kIdentity, 0}, growth);
}

Result<std::vector<Kept>> read_all(FileSystem& files) {
  std::vector<Kept> out;
  const auto log = AppendLog::open(
      files, kPath, kIdentity, 0, [&](std::uint64_t offset, const AppendLog::Record& record) {
        out.push_back({offset, record.type, record.tag, to_bytes(record.payload)});
        return Status{};
      });
  if (!log) return log.error();
  return out;
}

Kept add(AppendLog& log, std::uint8_t type, std::uint64_t tag, Bytes payload) {
  const auto offset = log.append({type, tag, payload});
  return {offset, type, tag, std::move(payload)};
}

TEST(Crc32c, has_the_published_values) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8a9136aaU);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43U);
}

RC_GTEST_PROP(Crc32c, continues_over_a_cut, (const Bytes& a, const Bytes& b)) {
  Bytes both = a;
  append(both, b);
  RC_ASSERT(crc32c(b, crc32c(a)) == crc32c(both));
  RC_ASSERT(crc32c_by_tables(b, crc32c(a)) == crc32c(both));
}

TEST(AppendLog, gives_back_what_was_synced) {
  sim::VirtualDisk files;
  auto log = make_log(files, 4096);
  std::vector<Kept> kept;
  for (std::uint8_t i = 1; i < 40; ++i) {
    kept.push_back(add(log, i, 1000U + i, Bytes(i * 37U, i)));
    ASSERT_TRUE(log.sync());
  }
  EXPECT_EQ(*read_all(files), kept);
}

TEST(AppendLog, format_is_frozen) {
  sim::VirtualDisk files;
  auto log = make_log(files);
  log.append({7, 0x0102, bytes_of("fen")});
  ASSERT_TRUE(log.sync());
  const Bytes& bytes = files.bytes(kPath);
  ASSERT_EQ(bytes.size(), 48U + 21 + 3 + 4);
  EXPECT_EQ(text_of(ByteView(bytes).first(8)), "FENRLOG1");
  const Bytes head = {3, 0, 0, 0, 7, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_TRUE(equal(ByteView(bytes).subspan(48, 17), head));
  EXPECT_EQ(text_of(ByteView(bytes).subspan(69, 3)), "fen");
}

TEST(AppendLog, goes_on_where_it_ended) {
  sim::VirtualDisk files;
  std::vector<Kept> kept;
  {
    auto log = make_log(files, 1024);
    kept.push_back(add(log, 1, 1, Bytes(100, 1)));
    ASSERT_TRUE(log.sync());
  }
  auto log = *AppendLog::open(files, kPath, kIdentity, 1024,
                              [](std::uint64_t, const AppendLog::Record&) { return Status{}; });
  kept.push_back(add(log, 2, 2, Bytes(2000, 2)));
  ASSERT_TRUE(log.sync());
  EXPECT_EQ(*read_all(files), kept);
}

TEST(AppendLog, refuses_another_ones_log) {
  sim::VirtualDisk files;
  make_log(files);
  const auto log = AppendLog::open(files, kPath, LogIdentity{{9}}, 0,
                                   [](auto, const auto&) { return Status{}; });
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, Errc::value_invalid);
}

TEST(AppendLog, rewriting_replaces_all_records) {
  sim::VirtualDisk files;
  auto log = make_log(files);
  add(log, 1, 1, Bytes(100, 1));
  ASSERT_TRUE(log.sync());
  const Bytes payload(5, 9);
  ASSERT_TRUE(log.rewrite(files, {{3, 4, payload}}));
  const auto next = add(log, 5, 6, {7});
  ASSERT_TRUE(log.sync());
  const std::vector<Kept> expected{{48, 3, 4, payload}, next};
  EXPECT_EQ(*read_all(files), expected);
}

// Records of one log, and the file's bytes.
struct Sample {
  sim::VirtualDisk files;
  std::vector<Kept> kept;
  Bytes bytes;

  Sample() {
    auto log = make_log(files);
    for (std::uint8_t i = 1; i <= 4; ++i) {
      kept.push_back(add(log, i, i, Bytes(300U * i, 0xa5)));
    }
    CHECK(log.sync().has_value());
    bytes = files.bytes(kPath);
  }
};

// The rule, in its own words: cut at each sector boundary, absent or zero behind it.
TEST(AppendLog, torn_tail_is_cut_off) {
  Sample sample;
  const std::uint64_t last = sample.kept.back().offset;
  for (std::size_t boundary = 512; boundary < sample.bytes.size(); boundary += 512) {
    for (const bool is_zero : {false, true}) {
      auto& bytes = sample.files.bytes(kPath);
      bytes = sample.bytes;
      bytes.resize(boundary);
      if (is_zero) bytes.resize(sample.bytes.size());
      const auto read = read_all(sample.files);
      ASSERT_TRUE(read) << boundary;
      const auto whole = std::ranges::count_if(sample.kept, [&](const Kept& kept) {
        return kept.offset + AppendLog::kRecordOverheadBytes + kept.payload.size() <= boundary;
      });
      EXPECT_EQ(static_cast<std::ptrdiff_t>(read->size()), whole) << boundary;
      EXPECT_EQ(*read_all(sample.files), *read) << "reading again changes nothing";
    }
  }
  EXPECT_GT(last, 512U);
}

// Any one wrong byte is damage, wherever it is: it is never taken for a torn tail.
TEST(AppendLog, flipped_byte_is_damage) {
  Sample sample;
  for (std::size_t at = 0; at < sample.bytes.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      auto& bytes = sample.files.bytes(kPath);
      bytes = sample.bytes;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ flip);
      const auto read = read_all(sample.files);
      ASSERT_FALSE(read) << at;
      EXPECT_EQ(read.error().code, Errc::corruption) << at;
      EXPECT_NE(read.error().detail.find(kPath.string() + ": offset"), std::string::npos);
    }
  }
}

TEST(AppendLog, missing_bytes_within_a_sector_are_damage) {
  Sample sample;
  auto& bytes = sample.files.bytes(kPath);
  bytes.pop_back();
  EXPECT_EQ(read_all(sample.files).error().code, Errc::corruption);
}

TEST(AppendLog, zeroed_sector_before_others_is_damage) {
  Sample sample;
  auto& bytes = sample.files.bytes(kPath);
  std::fill(bytes.begin() + 1024, bytes.begin() + 1536, std::uint8_t{0});
  EXPECT_EQ(read_all(sample.files).error().code, Errc::corruption);
}

TEST(AppendLog, records_in_another_order_are_damage) {
  sim::VirtualDisk files;
  auto log = make_log(files);
  const auto a = add(log, 1, 1, Bytes(10, 1));
  const auto b = add(log, 1, 2, Bytes(10, 2));
  ASSERT_TRUE(log.sync());
  auto& bytes = files.bytes(kPath);
  const std::size_t size = 10 + AppendLog::kRecordOverheadBytes;
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a.offset),
                   bytes.begin() + static_cast<std::ptrdiff_t>(a.offset + size),
                   bytes.begin() + static_cast<std::ptrdiff_t>(b.offset));
  EXPECT_EQ(read_all(files).error().code, Errc::corruption);
}

TEST(AppendLog, failed_sync_is_final) {
  sim::VirtualDisk files;
  auto log = make_log(files);
  add(log, 1, 1, Bytes(10, 1));
  files.fail_sync_in(0);
  const auto first = log.sync();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Errc::io_error);
  const auto operations = files.operations();
  add(log, 1, 2, Bytes(10, 2));
  EXPECT_FALSE(log.sync());
  EXPECT_FALSE(log.rewrite(files, {}));
  EXPECT_EQ(files.operations(), operations) << "nothing is tried again";
  EXPECT_TRUE(log.has_failed());
}

TEST(AppendLog, full_disk_is_noticed_before_a_byte_is_written) {
  sim::VirtualDisk files;
  auto log = make_log(files, 4096);
  std::vector<Kept> kept;
  files.set_space(8192);
  for (std::uint8_t i = 1;; ++i) {
    const auto record = add(log, i, i, Bytes(1000, i));
    if (!log.sync()) break;
    kept.push_back(record);
  }
  EXPECT_GE(kept.size(), 7U);
  EXPECT_EQ(*read_all(files), kept);
}

TEST(AppendLog, write_that_fills_the_disk_halfway_leaves_the_synced_records) {
  sim::VirtualDisk files;
  auto log = make_log(files);
  std::vector<Kept> kept{add(log, 1, 1, Bytes(600, 1))};
  ASSERT_TRUE(log.sync());
  files.set_space(2000);
  add(log, 2, 2, Bytes(4000, 2));
  ASSERT_FALSE(log.sync());
  files.crash();
  EXPECT_EQ(*read_all(files), kept);
}

// The power fails at each operation in turn.  Whatever sync() confirmed is there afterwards, and
// nothing that was never appended.
RC_GTEST_PROP(AppendLog, survives_power_failure_anywhere, ()) {
  const auto sizes =
      *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 3000));
  const auto growth = *rc::gen::element<std::uint64_t>(0, 2048);
  sim::VirtualDisk files(*rc::gen::arbitrary<std::uint64_t>());
  files.fail_power_at(*rc::gen::inRange<std::uint64_t>(0, 60));

  std::vector<Kept> appended;
  std::size_t confirmed = 0;
  auto created = AppendLog::create(files, kPath, {kIdentity, 0}, growth);
  if (created) {
    auto log = *std::move(created);
    bool is_up = true;
    for (std::size_t i = 0; i < sizes.size() && is_up; ++i) {
      appended.push_back(add(log, 1, i, Bytes(sizes[i], 0x5a)));
      if (i % 3 == 2) continue;
      is_up = log.sync().has_value();
      if (is_up) confirmed = appended.size();
    }
    files.crash();
    const auto read = read_all(files);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->size() >= confirmed);
    RC_ASSERT(read->size() <= appended.size());
    RC_ASSERT(std::equal(read->begin(), read->end(), appended.begin()));
    return;
  }
  files.crash();
  const auto read = read_all(files);
  RC_ASSERT((read ? read->empty() : read.error().code == Errc::not_found));
}

}  // namespace
}  // namespace fenrun
