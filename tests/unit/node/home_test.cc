// A validator's keys are replaced, and the process may die or the power fail at any point.
// docs/operating.md, "A lost vote log".
#include "node/home.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <optional>

#include "node/sim/virtual_disk.h"
#include "node/storage/guard_file.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

constexpr const char* kMovedName = "before";
// A key, and what it must never forget.
struct KeyAndMemory {
  const char* key;
  const char* memory;
};
constexpr std::array kPairs{KeyAndMemory{"keys/consensus.key", "data/votes.log"},
                            KeyAndMemory{"keys/checkpoint.key", "data/checkpoint.guard"}};
constexpr std::array kMovedFiles{kPairs[0].key, kPairs[0].memory, kPairs[1].key, kPairs[1].memory};

// The machine's files, for a process that is killed: operations that change something are counted
// from 0, and the chosen one and all that follow fail.
class MortalFiles final : public FileSystem {
 public:
  explicit MortalFiles(std::size_t killed_at) : killed_at_(killed_at) {}

  bool is_killed() const { return is_killed_; }
  // Called after each change.
  std::function<void()> on_change = [] {};

  Result<std::unique_ptr<File>> open(const Path& path, FileAccess access) override {
    return files_.open(path, access);
  }
  Result<bool> holds(const Path& path) const override { return files_.holds(path); }
  Result<std::vector<std::string>> list(const Path& folder) const override {
    return files_.list(folder);
  }
  Status make_folder(const Path& folder) override {
    return change([&] { return files_.make_folder(folder); });
  }
  Status rename(const Path& from, const Path& to) override {
    return change([&] { return files_.rename(from, to); });
  }
  Status remove(const Path& path) override {
    return change([&] { return files_.remove(path); });
  }
  Status remove_folder(const Path& folder) override {
    return change([&] { return files_.remove_folder(folder); });
  }
  Status sync_directory(const Path& folder) override {
    return change([&] { return files_.sync_directory(folder); });
  }

 private:
  Status change(const std::function<Status()>& act) {
    is_killed_ = is_killed_ || changes_ == killed_at_;
    if (is_killed_) return Error{Errc::io_error, "killed"};
    ++changes_;
    auto status = act();
    on_change();
    return status;
  }

  PosixFileSystem files_;
  std::size_t killed_at_;
  std::size_t changes_ = 0;
  bool is_killed_ = false;
};

Result<Passphrase> nobody_asks(const Path&) {
  return Error{Errc::passphrase_wrong, "plain keys need none"};
}

std::optional<Bytes> bytes_at(const Path& path) {
  PosixFileSystem files;
  auto bytes = read_file(files, path, 64 * 1024 * 1024);
  return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
}

// The home of a validator that has voted and cosigned, with new keys that are prepared.
class TakenKeys : public testing::Test {
 protected:
  void SetUp() override { begin(home_folder_.path() / "home"); }

  void begin(const Path& home) {
    home_ = home;
    config_.home = home;
    ASSERT_TRUE(create_keys(home_, {.name = "brand", .role = Role::brand, .parent = {}}, nullptr));
    PosixFileSystem files;
    const CheckpointGuard guard{42, sha256(bytes_of("root")), 7};
    ASSERT_TRUE(save_guard_file(files, config_.guard_path(), guard));
    ASSERT_TRUE(prepare_next_keys(home_, nullptr));
    const auto next = load_next_keys(home_, nobody_asks);
    ASSERT_TRUE(next) << next.error().to_string();
    consensus_key_ = next->consensus.public_key();
    checkpoint_key_ = next->checkpoint.public_key();
    for (const auto* file : kMovedFiles) {
      old_[file] = *bytes_at(home_ / file);
      new_[file] = *bytes_at(home_ / "next" / file);
      ASSERT_NE(old_[file], new_[file]) << file;
    }
  }

  // No old key stands beside a new memory, nor a new key beside an old one; and a start that
  // finds its keys finds all four old or all four new.
  void check_pairs() {
    for (const auto& [key, memory] : kPairs) {
      const auto present_key = bytes_at(home_ / key);
      const auto present_memory = bytes_at(home_ / memory);
      if (!present_key || !present_memory) continue;
      EXPECT_EQ(*present_key == new_[key], *present_memory == new_[memory]) << key;
    }
    const auto keys = load_node_keys(config_, nobody_asks);
    if (!keys) {
      EXPECT_EQ(keys.error().code, Errc::file_missing);
      EXPECT_NE(keys.error().detail.find("fenrun rejoin"), std::string::npos);
      return;
    }
    for (const auto* file : kMovedFiles) {
      EXPECT_EQ(bytes_at(home_ / file) == new_[file],
                keys->consensus.public_key() == consensus_key_)
          << file;
    }
  }

  // The same command again: it finds the keys that it has made known, and puts them in place.
  void finish_taking() {
    ASSERT_TRUE(prepare_next_keys(home_, nullptr));
    const auto next = load_next_keys(home_, nobody_asks);
    ASSERT_TRUE(next) << next.error().to_string();
    EXPECT_EQ(next->consensus.public_key(), consensus_key_);
    EXPECT_EQ(next->checkpoint.public_key(), checkpoint_key_);
    EXPECT_EQ(*next_consensus_key(home_), consensus_key_);
    PosixFileSystem files;
    const auto taken = take_next_keys(files, home_, kMovedName);
    ASSERT_TRUE(taken) << taken.error().to_string();
  }

  void check_taken_keys() {
    EXPECT_FALSE(*has_next_keys(home_));
    const auto keys = load_node_keys(config_, nobody_asks);
    ASSERT_TRUE(keys) << keys.error().to_string();
    EXPECT_EQ(keys->consensus.public_key(), consensus_key_);
    EXPECT_EQ(keys->checkpoint.public_key(), checkpoint_key_);
    for (const auto* file : kMovedFiles) {
      EXPECT_EQ(bytes_at(home_ / file), new_[file]) << file;
      EXPECT_EQ(bytes_at(home_ / "retired" / kMovedName / file), old_[file]) << file;
    }
  }

  TemporaryFolder home_folder_{TemporaryFolder::memory()};
  Path home_;
  Config config_;
  PublicKey consensus_key_;
  PublicKey checkpoint_key_;
  std::map<std::string, Bytes> old_;
  std::map<std::string, Bytes> new_;
};

TEST_F(TakenKeys, WhoIsKilledAtAnyPointEndsWithTheSameKeys) {
  std::size_t kills = 0;
  for (bool is_killed = true; is_killed; ++kills) {
    SCOPED_TRACE(kills);
    if (kills > 0) begin(home_folder_.path() / std::to_string(kills));
    MortalFiles files(kills);
    files.on_change = [&] { check_pairs(); };
    const auto status = take_next_keys(files, home_, kMovedName);
    is_killed = files.is_killed();
    EXPECT_EQ(status.has_value(), !is_killed);
    if (*has_next_keys(home_)) finish_taking();
    check_taken_keys();
  }
  EXPECT_GT(kills, 8u);  // Eight files are moved.
}

// Without a vote log, as its operator finds the home most often.
TEST_F(TakenKeys, WhatWasLostIsNotMissed) {
  std::filesystem::remove(config_.vote_log_path());
  finish_taking();
  EXPECT_EQ(bytes_at(config_.vote_log_path()), new_["data/votes.log"]);
  EXPECT_FALSE(*has_next_keys(home_));
}

// The operator put the old key back meanwhile.
TEST_F(TakenKeys, AnOldFileThatCameBackIsNotOverwritten) {
  const auto* const key = kPairs[0].key;
  for (std::size_t kills = 1; !bytes_at(home_ / "retired" / kMovedName / key); ++kills) {
    MortalFiles mortal(kills);
    EXPECT_FALSE(take_next_keys(mortal, home_, kMovedName));
  }
  PosixFileSystem files;
  ASSERT_TRUE(replace_file(files, home_ / key, old_[key]));
  const auto refused = take_next_keys(files, home_, kMovedName);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::file_exists);
  check_pairs();
  std::filesystem::remove(home_ / key);
  finish_taking();
  check_taken_keys();
}

TEST_F(TakenKeys, OnlyKeysThatNobodyHeardOfAreMadeAnew) {
  ASSERT_TRUE(prepare_next_keys(home_, nullptr));
  EXPECT_EQ(*next_consensus_key(home_), consensus_key_);

  // Killed while it prepared: the mark comes last.
  PosixFileSystem files;
  ASSERT_TRUE(replace_file(files, home_ / "next/statement.recovery", bytes_of("stated before")));
  ASSERT_TRUE(files.remove(home_ / "next/complete"));
  EXPECT_FALSE(*has_next_keys(home_));
  ASSERT_TRUE(prepare_next_keys(home_, nullptr));
  EXPECT_TRUE(*has_next_keys(home_));
  EXPECT_NE(*next_consensus_key(home_), consensus_key_);
  EXPECT_TRUE(bytes_at(home_ / "next/statement.recovery"));
}

// The keys may be registered: that the disk does not say whether they wait is no leave to make
// others.
TEST_F(TakenKeys, KeysOfWhichTheDiskCannotTellAreKept) {
  const Path mark = home_ / "next/complete";
  std::filesystem::rename(mark, home_ / "mark");
  std::filesystem::create_symlink(mark, mark);  // A loop: to look at it is an error.
  EXPECT_EQ(has_next_keys(home_).error().code, Errc::io_error);
  EXPECT_EQ(prepare_next_keys(home_, nullptr).error().code, Errc::io_error);
  std::filesystem::rename(home_ / "mark", mark);
  finish_taking();
  check_taken_keys();
}

// The power fails at any operation, and the disk keeps of each folder's changes what it likes.
TEST_F(TakenKeys, PowerLossLeavesNoOldKeyWithANewMemory) {
  const Path home = "/home";
  bool is_done = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    is_done = false;
    for (std::uint64_t at = 0; !is_done; ++at) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", operation " + std::to_string(at));
      sim::VirtualDisk disk(seed * 1'000 + at);
      for (const auto* file : kMovedFiles) {
        for (const auto& root : {home, home / "next"}) {
          ASSERT_TRUE(disk.make_folder((root / file).parent_path()));
          ASSERT_TRUE(replace_file(disk, root / file, root == home ? old_[file] : new_[file]));
        }
      }
      disk.fail_power_at(disk.operations() + at);
      is_done = take_next_keys(disk, home, kMovedName).has_value();
      disk.crash();
      const auto stands = [&](const char* file, const std::map<std::string, Bytes>& which) {
        return *disk.holds(home / file) && disk.bytes(home / file) == which.at(file);
      };
      for (const auto& [key, memory] : kPairs) {
        EXPECT_FALSE(stands(key, old_) && stands(memory, new_)) << key;
        EXPECT_FALSE(stands(key, new_) && stands(memory, old_)) << key;
      }
      if (!is_done) continue;
      for (const auto* file : kMovedFiles) EXPECT_TRUE(stands(file, new_)) << file;
    }
  }
}

}  // namespace
}  // namespace fenrun
