#include "node/storage/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace fenrun {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, Path path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status write(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const auto written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error(path_, "write");
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  // Never called again after an error: the kernel may have dropped the pages that it reported.
  Status sync() override {
    if (::fdatasync(descriptor_) != 0) return system_error(path_, "fdatasync");
    return {};
  }

  Status allocate(std::uint64_t size) override {
    FENRUN_TRY(const auto present, this->size());
    if (size <= present) return {};
    int result = 0;
    do {
      result = ::fallocate(descriptor_, 0, static_cast<off_t>(present),
                           static_cast<off_t>(size - present));
    } while (result != 0 && errno == EINTR);
    // A file system that cannot reserve space extends the file; it may be full later, then.
    if (result != 0 && errno == EOPNOTSUPP) return truncate(size);
    if (result != 0) return system_error(path_, "allocate");
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
      return system_error(path_, "truncate");
    }
    return {};
  }

  Result<Bytes> read(std::uint64_t offset, std::size_t count) const override {
    // The size first: `count` may be a guess, and memory is taken for what exists only.
    FENRUN_TRY(const auto end, size());
    if (offset >= end) return Bytes{};
    Bytes out(static_cast<std::size_t>(std::min<std::uint64_t>(count, end - offset)));
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = ::pread(descriptor_, out.data() + done, out.size() - done,
                               static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error(path_, "read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return system_error(path_, "stat");
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  int descriptor_;
  Path path_;
};

int flags_of(FileAccess access) {
  switch (access) {
    case FileAccess::read:
      return O_RDONLY | O_CLOEXEC;
    case FileAccess::update:
      return O_RDWR | O_CLOEXEC;
    case FileAccess::replace:
      return O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
  }
  UNREACHABLE();
}

Path parent_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

}  // namespace

Error system_error(const Path& path, const char* operation) {
  const int code = errno;
  return {Errc::io_error,
          path.string() + ": " + operation + ": " + std::generic_category().message(code)};
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const Path& path, FileAccess access) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags_of(access), 0600);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0 && errno == ENOENT && access != FileAccess::replace) {
    return Error{Errc::not_found, path.string()};
  }
  if (descriptor < 0) return system_error(path, "open");
  return std::unique_ptr<File>(std::make_unique<PosixFile>(descriptor, path));
}

Result<bool> PosixFileSystem::holds(const Path& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_error(path, "stat");
}

Result<std::vector<std::string>> PosixFileSystem::list(const Path& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  auto it = std::filesystem::directory_iterator(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return Error{Errc::io_error, folder.string() + ": list: " + error.message()};
  std::ranges::sort(names);
  return names;
}

// A parent that may not be read is not one in which a process of ours made a folder.
Status PosixFileSystem::sync_name(const Path& folder) {
  const Path parent = parent_of(folder);
  if (::access(parent.c_str(), R_OK) != 0 && errno == EACCES) return {};
  return sync_directory(parent);
}

Status PosixFileSystem::make_folder(const Path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST) return sync_name(folder);
    if (errno != ENOENT || !folder.has_parent_path()) return system_error(folder, "mkdir");
    FENRUN_OK(make_folder(folder.parent_path()));
    if (::mkdir(folder.c_str(), 0700) != 0) return system_error(folder, "mkdir");
  }
  return sync_directory(parent_of(folder));
}

Status PosixFileSystem::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error(to, "rename");
  return {};
}

Status PosixFileSystem::remove(const Path& path) {
  if (::unlink(path.c_str()) != 0) return system_error(path, "remove");
  return {};
}

Status PosixFileSystem::remove_folder(const Path& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) return Error{Errc::io_error, folder.string() + ": remove: " + error.message()};
  return {};
}

Status PosixFileSystem::sync_directory(const Path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error(folder, "open");
  const int result = ::fsync(descriptor);
  const Error error = result != 0 ? system_error(folder, "fsync") : Error{};
  ::close(descriptor);
  if (result != 0) return error;
  return {};
}

Path temporary_path(const Path& path) {
  Path temporary = path;
  temporary += ".tmp";
  return temporary;
}

Status replace_file(FileSystem& files, const Path& path, ByteView bytes) {
  const Path temporary = temporary_path(path);
  FENRUN_TRY(const auto file, files.open(temporary, FileAccess::replace));
  FENRUN_OK(file->write(0, bytes));
  FENRUN_OK(file->sync());
  FENRUN_OK(files.rename(temporary, path));
  return files.sync_directory(parent_of(path));
}

Result<Bytes> read_file(FileSystem& files, const Path& path, std::size_t bytes_max) {
  FENRUN_TRY(const auto file, files.open(path, FileAccess::read));
  FENRUN_TRY(const auto size, file->size());
  if (size > bytes_max) {
    return Error{Errc::limit_exceeded, path.string() + ": " + std::to_string(size) + " bytes"};
  }
  return file->read(0, static_cast<std::size_t>(size));
}

}  // namespace fenrun
