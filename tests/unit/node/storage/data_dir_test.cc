#include "node/storage/data_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

TEST(DataDir, has_one_owner_at_a_time) {
  TemporaryFolder folder;
  const Path path = folder.path() / "new" / "data";
  {
    const auto first = DataDir::lock(path);
    ASSERT_TRUE(first);
    EXPECT_EQ(DataDir::lock(path).error().code, Errc::locked);
  }
  EXPECT_TRUE(DataDir::lock(path)) << "free again";
}

TEST(KeyFile, comes_back_and_is_for_its_owner_only) {
  TemporaryFolder folder;
  const Path path = folder.path() / "consensus.key";
  ASSERT_TRUE(write_key_file(path, SecretText("the secret")));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(read_key_file(path)->view(), "the secret");
}

TEST(KeyFile, readable_by_others_is_refused) {
  TemporaryFolder folder;
  const Path path = folder.path() / "consensus.key";
  ASSERT_TRUE(write_key_file(path, SecretText("the secret")));
  for (const mode_t mode : {0640U, 0604U, 0620U, 0660U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(read_key_file(path).error().code, Errc::key_permissions);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_TRUE(read_key_file(path));
}

TEST(KeyFile, is_never_overwritten) {
  TemporaryFolder folder;
  const Path path = folder.path() / "consensus.key";
  ASSERT_TRUE(write_key_file(path, SecretText("first")));
  EXPECT_EQ(write_key_file(path, SecretText("second")).error().code, Errc::file_exists);
  EXPECT_EQ(read_key_file(path)->view(), "first");
}

TEST(KeyFile, missing_folder_and_oversize_are_refused) {
  TemporaryFolder folder;
  EXPECT_EQ(read_key_file(folder.path() / "none").error().code, Errc::not_found);
  EXPECT_EQ(read_key_file(folder.path()).error().code, Errc::key_permissions);
  const Path large = folder.path() / "large";
  ASSERT_TRUE(write_key_file(large, SecretText(std::string(65'537, 'x'))));
  EXPECT_EQ(read_key_file(large).error().code, Errc::key_file_invalid);
}

TEST(PosixFileSystem, replaces_files_whole_and_reads_within_a_limit) {
  TemporaryFolder folder;
  PosixFileSystem files;
  const Path path = folder.path() / "guard";
  ASSERT_TRUE(replace_file(files, path, bytes_of("one")));
  ASSERT_TRUE(replace_file(files, path, bytes_of("second")));
  EXPECT_EQ(text_of(*read_file(files, path, 6)), "second");
  EXPECT_EQ(read_file(files, path, 5).error().code, Errc::limit_exceeded);
  EXPECT_EQ(read_file(files, folder.path() / "none", 5).error().code, Errc::not_found);
  EXPECT_EQ(files.list(folder.path())->size(), 1U) << "nothing temporary is left";
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(PosixFileSystem, files_grow_shrink_and_end) {
  TemporaryFolder folder;
  PosixFileSystem files;
  const auto file = *files.open(folder.path() / "a", FileAccess::replace);
  ASSERT_TRUE(file->allocate(1000));
  EXPECT_EQ(*file->size(), 1000U);
  ASSERT_TRUE(file->allocate(10));
  EXPECT_EQ(*file->size(), 1000U);
  ASSERT_TRUE(file->write(998, bytes_of("abcd")));
  EXPECT_EQ(text_of(*file->read(999, 100)), "bcd");
  ASSERT_TRUE(file->truncate(999));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(text_of(*file->read(998, 100)), "a");
  EXPECT_TRUE(file->read(5000, 1)->empty());
}

// What cannot be looked at is not absent.
TEST(PosixFileSystem, tells_none_from_not_known) {
  const TemporaryFolder folder;
  PosixFileSystem files;
  ASSERT_TRUE(replace_file(files, folder.path() / "file", bytes_of("here")));
  EXPECT_TRUE(*files.holds(folder.path()));
  EXPECT_TRUE(*files.holds(folder.path() / "file"));
  EXPECT_FALSE(*files.holds(folder.path() / "none"));
  EXPECT_FALSE(*files.holds(folder.path() / "none" / "below"));
  EXPECT_FALSE(*files.holds(folder.path() / "file" / "below"));
  const Path loop = folder.path() / "loop";
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(files.holds(loop).error().code, Errc::io_error);
  EXPECT_EQ(files.holds(folder.path() / std::string(300, 'n')).error().code, Errc::io_error);
}

TEST(PosixFileSystem, failures_name_the_path) {
  PosixFileSystem files;
  EXPECT_EQ(files.open("/nonexistent/x", FileAccess::read).error().code, Errc::not_found);
  const auto error = files.open("/nonexistent/x", FileAccess::replace).error();
  EXPECT_EQ(error.code, Errc::io_error);
  EXPECT_NE(error.detail.find("/nonexistent/x"), std::string::npos);
}

}  // namespace
}  // namespace fenrun
