// The node's data folder: one process at a time, and files that are replaced whole.
// docs/spec/storage.md, §6.
#pragma once

#include "core/crypto/secret.h"
#include "node/storage/file.h"

namespace fenrun {

// The exclusive lock on a data folder, held until it is destroyed or the process ends.
class DataDir {
 public:
  // Makes the folder (mode 0700) if need be and locks it.  Errc::locked if another process, or this
  // one, holds the lock.
  static Result<DataDir> lock(const Path& folder);

  ~DataDir();
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&&) = delete;

  const Path& path() const { return path_; }

 private:
  DataDir(Path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  Path path_;
  int descriptor_;
};

// The exclusive lock on a folder that is to hold nothing but what is put there: no file is made.
// Held until it is destroyed or the process ends, wherever the folder is moved.
class FolderLock {
 public:
  // Makes the folder if need be.  Errc::locked if another process, or this one, holds the lock.
  static Result<FolderLock> take(const Path& folder);

  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

// Writes a new key file with mode 0600, durable on return.  Errc::file_exists: a key is never
// overwritten.
Status write_key_file(const Path& path, const SecretText& text);

// Errc::not_found; Errc::key_permissions if group or others may read or write the file, or if it is
// no regular file of the process's user; Errc::key_file_invalid above 64 KiB.
Result<SecretText> read_key_file(const Path& path);

}  // namespace fenrun
