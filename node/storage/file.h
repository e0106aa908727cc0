// The few file operations that storage needs, behind an interface, so that tests can fail any of
// them, tear writes and lose what was not synced.
//
// What a caller may rely on: bytes written before a successful sync() survive a crash; of others
// any may be lost.  A name given or taken by create, rename or remove survives a crash only after
// sync_directory().  Every failure is Errc::io_error with the path and the system's reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace fenrun {

using Path = std::filesystem::path;

// An open file.  Not thread-safe, but distinct files are independent.
class File {
 public:
  virtual ~File() = default;

  // All of the bytes, or an error after which any part of them may be written.
  virtual Status write(std::uint64_t offset, ByteView bytes) = 0;
  // What was written is durable, and so is the file's size.
  virtual Status sync() = 0;
  // Extends the file with zeros, on disk space that is then its own.  Never shrinks it.
  virtual Status allocate(std::uint64_t size) = 0;
  virtual Status truncate(std::uint64_t size) = 0;

  // Up to `count` bytes; fewer only where the file ends.
  virtual Result<Bytes> read(std::uint64_t offset, std::size_t count) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

// read: existing, read only.  update: existing, read and write.  replace: made anew, emptied if it
// exists; read and write.
enum class FileAccess { read, update, replace };

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Errc::not_found if the file does not exist and is not to be made.  New files have mode 0600.
  virtual Result<std::unique_ptr<File>> open(const Path& path, FileAccess access) = 0;
  // Whether there is a file or folder of this name.  False is certain: where the disk cannot tell,
  // it is an error.
  virtual Result<bool> holds(const Path& path) const = 0;
  // Names of the entries of a folder, sorted.
  virtual Result<std::vector<std::string>> list(const Path& folder) const = 0;

  // With all parents, made durable.  If it exists already, its name is made durable all the same:
  // a process may have died between making and syncing it.
  virtual Status make_folder(const Path& folder) = 0;
  virtual Status rename(const Path& from, const Path& to) = 0;
  virtual Status remove(const Path& path) = 0;
  // With all that is in it; success where there is none.  A crash may leave a part of it.
  virtual Status remove_folder(const Path& folder) = 0;
  virtual Status sync_directory(const Path& folder) = 0;
};

// The machine's files.  Stateless.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, FileAccess access) override;
  Result<bool> holds(const Path& path) const override;
  Result<std::vector<std::string>> list(const Path& folder) const override;
  Status make_folder(const Path& folder) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status remove_folder(const Path& folder) override;
  Status sync_directory(const Path& folder) override;

 private:
  Status sync_name(const Path& folder);
};

// The name under which a file is written before it takes its place; a crash may leave it behind.
Path temporary_path(const Path& path);

// Errc::io_error with path, operation and the text of errno.
Error system_error(const Path& path, const char* operation);

// Puts a file of these bytes under the path: after a crash there is the old one or the new one,
// and after success the new one.
Status replace_file(FileSystem& files, const Path& path, ByteView bytes);

// The whole file.  Errc::not_found; Errc::limit_exceeded if it has more than `bytes_max` bytes.
Result<Bytes> read_file(FileSystem& files, const Path& path, std::size_t bytes_max);

}  // namespace fenrun
