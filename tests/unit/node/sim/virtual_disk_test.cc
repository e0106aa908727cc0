#include "node/sim/virtual_disk.h"

#include <gtest/gtest.h>

#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun::sim {
namespace {

const Path kPath = "/a/file";

// A disk with a synced file of these bytes.
VirtualDisk disk_with(std::uint64_t seed, const Bytes& bytes) {
  VirtualDisk disk(seed);
  CHECK(disk.make_folder(kPath.parent_path()).has_value());
  CHECK(replace_file(disk, kPath, bytes).has_value());
  return disk;
}

std::unique_ptr<File> update(VirtualDisk& disk) { return *disk.open(kPath, FileAccess::update); }

// What a disk shows to this script, refusals included.
std::vector<std::string> play(FileSystem& files, const Path& root) {
  std::vector<std::string> seen;
  const auto note = [&](const Status& status) {
    seen.push_back(std::string(status ? "done" : name_of(status.error().code)));
  };
  const auto look = [&](const Path& folder) {
    const auto names = files.list(folder);
    std::string line(names ? "" : name_of(names.error().code));
    if (names) {
      for (const auto& name : *names) line += name + " ";
    }
    seen.push_back(line);
  };
  const auto make = [&](const Path& path) {
    const auto file = files.open(path, FileAccess::replace);
    note(file ? (*file)->write(0, Bytes(3, 7)) : Status(file.error()));
  };
  const auto read = [&](const Path& path) {
    const auto bytes = read_file(files, path, 100);
    note(bytes ? Status() : Status(bytes.error()));
  };
  look(root / "a");
  make(root / "a" / "early");
  note(files.make_folder(root / "a" / "b" / "c"));
  note(files.make_folder(root / "a" / "b"));
  make(root / "a" / "z");
  make(root / "a" / "b" / "x");
  make(root / "a" / "b" / "c" / "y");
  look(root / "a");
  look(root / "a" / "b");
  note(files.rename(root / "a" / "b", root / "a" / "d"));
  look(root / "a");
  read(root / "a" / "d" / "c" / "y");
  read(root / "a" / "b" / "x");
  note(files.rename(root / "a" / "none", root / "a" / "z"));
  note(files.remove(root / "a" / "none"));
  note(files.remove(root / "a" / "d"));
  note(files.rename(root / "a" / "z", root / "a" / "d" / "z"));
  look(root / "a" / "d");
  note(files.sync_directory(root / "a" / "b"));
  note(files.remove_folder(root / "a" / "b"));
  note(files.remove_folder(root / "a" / "d"));
  seen.push_back(*files.holds(root / "a" / "d") ? "there" : "gone");
  look(root / "a");
  return seen;
}

TEST(VirtualDisk, has_names_and_folders_as_the_machine_has) {
  const TemporaryFolder folder;
  PosixFileSystem machine;
  VirtualDisk disk;
  EXPECT_EQ(play(disk, "/"), play(machine, folder.path()));
}

TEST(VirtualDisk, keeps_what_was_synced) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto disk = disk_with(seed, Bytes(3'000, 1));
    const auto file = update(disk);
    ASSERT_TRUE(file->write(2'000, Bytes(4'000, 2)));
    ASSERT_TRUE(file->truncate(5'000));
    ASSERT_TRUE(file->sync());
    const Bytes synced = disk.bytes(kPath);
    ASSERT_TRUE(file->write(4'000, Bytes(4'000, 3)));
    ASSERT_TRUE(file->allocate(20'000));
    disk.crash();
    ASSERT_TRUE(equal(ByteView(disk.bytes(kPath)).first(4'000), ByteView(synced).first(4'000)));
    EXPECT_EQ(file->write(0, Bytes(1, 1)).error().code, Errc::io_error) << "of an earlier life";
  }
}

// Whether, among many seeds, the bytes at the front of the file were lost at least once.
template <class Act>
bool is_ever_lost(const Act& act) {
  bool is_lost = false;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    auto disk = disk_with(seed, Bytes(2'000, 1));
    act(disk);
    EXPECT_EQ(disk.bytes(kPath)[0], 2) << "a running process sees what it wrote";
    disk.crash();
    is_lost = is_lost || disk.bytes(kPath)[0] != 2;
  }
  return is_lost;
}

TEST(VirtualDisk, process_that_dies_leaves_its_writes_to_a_later_power_failure) {
  EXPECT_TRUE(is_ever_lost([](VirtualDisk& disk) {
    ASSERT_TRUE(update(disk)->write(0, Bytes(1'024, 2)));
    disk.kill();
  }));
  EXPECT_FALSE(is_ever_lost([](VirtualDisk& disk) {
    ASSERT_TRUE(update(disk)->write(0, Bytes(1'024, 2)));
    disk.kill();
    ASSERT_TRUE(update(disk)->sync());
  }));
}

TEST(VirtualDisk, sync_after_a_failed_one_means_nothing_until_the_bytes_are_written_again) {
  const auto fail = [](VirtualDisk& disk) {
    const auto file = update(disk);
    ASSERT_TRUE(file->write(0, Bytes(1'024, 2)));
    disk.fail_sync_in(0);
    ASSERT_EQ(file->sync().error().code, Errc::io_error);
  };
  EXPECT_TRUE(is_ever_lost([&](VirtualDisk& disk) {
    fail(disk);
    ASSERT_TRUE(update(disk)->sync());
  }));
  EXPECT_FALSE(is_ever_lost([&](VirtualDisk& disk) {
    fail(disk);
    const auto file = update(disk);
    ASSERT_TRUE(file->write(0, Bytes(1'024, 2)));
    ASSERT_TRUE(file->sync());
  }));
}

TEST(VirtualDisk, stopped_process_changes_nothing) {
  auto disk = disk_with(1, Bytes(10, 1));
  const auto before = disk.contents();
  const auto file = update(disk);
  disk.stop();
  EXPECT_FALSE(file->write(0, Bytes(5, 2)));
  EXPECT_FALSE(disk.remove(kPath));
  EXPECT_FALSE(disk.rename(kPath, "/a/other"));
  EXPECT_FALSE(disk.make_folder("/b"));
  EXPECT_EQ(disk.contents(), before);
  disk.kill();
  EXPECT_EQ(disk.contents(), before);
  EXPECT_TRUE(disk.remove(kPath));
}

TEST(VirtualDisk, removed_file_stays_for_those_who_have_it_open) {
  auto disk = disk_with(1, Bytes(10, 1));
  const auto file = update(disk);
  ASSERT_TRUE(disk.remove(kPath));
  EXPECT_EQ(*file->read(0, 100), Bytes(10, 1));
  EXPECT_EQ(disk.open(kPath, FileAccess::read).error().code, Errc::not_found);
}

}  // namespace
}  // namespace fenrun::sim
