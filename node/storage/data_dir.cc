#include "node/storage/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace fenrun {
namespace {

constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

// A file descriptor that is closed on every way out.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

// An open descriptor with the lock on it.
Result<int> locked(const Path& folder, const Path& path, int flags) {
  Descriptor descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!descriptor.is_open()) return system_error(path, "open");
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error{Errc::locked, folder.string()};
    return system_error(path, "lock");
  }
  return descriptor.release();
}

Status write_all(const Path& path, int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path, "write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return system_error(path, "fsync");
  return {};
}

Status check_permissions(const Path& path, int descriptor, std::uint64_t& size) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_error(path, "stat");
  if (!S_ISREG(status.st_mode)) return Error{Errc::key_permissions, path.string() + ": no file"};
  if ((status.st_mode & 077) != 0 || status.st_uid != ::geteuid()) {
    return Error{Errc::key_permissions, path.string() + ": others may use it"};
  }
  size = static_cast<std::uint64_t>(status.st_size);
  return {};
}

}  // namespace

Result<DataDir> DataDir::lock(const Path& folder) {
  PosixFileSystem files;
  FENRUN_OK(files.make_folder(folder));
  const Path path = folder / "lock";
  FENRUN_TRY(const int descriptor, locked(folder, path, O_RDWR | O_CREAT));
  return DataDir(folder, descriptor);
}

DataDir::~DataDir() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<FolderLock> FolderLock::take(const Path& folder) {
  PosixFileSystem files;
  FENRUN_OK(files.make_folder(folder));
  FENRUN_TRY(const int descriptor, locked(folder, folder, O_RDONLY | O_DIRECTORY));
  return FolderLock(descriptor);
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

Status write_key_file(const Path& path, const SecretText& text) {
  // Written under another name and linked: the name never shows half a key, and link() refuses a
  // name that is taken.
  const Path temporary = temporary_path(path);
  ::unlink(temporary.c_str());
  {
    const Descriptor descriptor(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!descriptor.is_open()) return system_error(temporary, "create");
    if (auto written = write_all(temporary, descriptor.get(), text.view()); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  const int linked = ::link(temporary.c_str(), path.c_str());
  const bool exists = linked != 0 && errno == EEXIST;
  const Error error = linked != 0 ? system_error(path, "create") : Error{};
  ::unlink(temporary.c_str());
  if (exists) return Error{Errc::file_exists, path.string()};
  if (linked != 0) return error;
  PosixFileSystem files;
  return files.sync_directory(path.has_parent_path() ? path.parent_path() : Path("."));
}

Result<SecretText> read_key_file(const Path& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor.is_open() && errno == ENOENT) return Error{Errc::not_found, path.string()};
  if (!descriptor.is_open()) return system_error(path, "open");
  std::uint64_t size = 0;
  FENRUN_OK(check_permissions(path, descriptor.get(), size));
  if (size > kKeyFileBytesMax) return Error{Errc::key_file_invalid, path.string() + ": too large"};
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const auto got = ::read(descriptor.get(), text.data() + done, text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const Error error = system_error(path, "read");
      wipe(text);
      return error;
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return SecretText::take(text);
}

}  // namespace fenrun
