#include "node/storage/index_environment.h"

#include <leveldb/env.h>
#include <leveldb/slice.h>

#include <algorithm>
#include <deque>
#include <set>

#include "core/check.h"

namespace fenrun {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

leveldb::Status status_of(const Error& error) {
  const std::string text = error.to_string();
  return error.code == Errc::not_found ? leveldb::Status::NotFound(text)
                                       : leveldb::Status::IOError(text);
}

leveldb::Status status_of(const Status& status) {
  return status ? leveldb::Status::OK() : status_of(status.error());
}

// Up to `count` bytes into LevelDB's buffer.
leveldb::Status read_into(const File& file, std::uint64_t offset, std::size_t count, char* buffer,
                          leveldb::Slice* result) {
  *result = leveldb::Slice();
  const auto bytes = file.read(offset, count);
  if (!bytes) return status_of(bytes.error());
  std::ranges::copy(*bytes, buffer);
  *result = leveldb::Slice(buffer, bytes->size());
  return leveldb::Status::OK();
}

class SequentialReader final : public leveldb::SequentialFile {
 public:
  explicit SequentialReader(std::unique_ptr<File> file) : file_(std::move(file)) {}

  leveldb::Status Read(std::size_t count, leveldb::Slice* result, char* buffer) override {
    const auto status = read_into(*file_, offset_, count, buffer, result);
    offset_ += result->size();
    return status;
  }
  leveldb::Status Skip(std::uint64_t count) override {
    offset_ += count;
    return leveldb::Status::OK();
  }

 private:
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
};

class RandomReader final : public leveldb::RandomAccessFile {
 public:
  explicit RandomReader(std::unique_ptr<File> file) : file_(std::move(file)) {}

  leveldb::Status Read(std::uint64_t offset, std::size_t count, leveldb::Slice* result,
                       char* buffer) const override {
    return read_into(*file_, offset, count, buffer, result);
  }

 private:
  std::unique_ptr<File> file_;
};

// Appends by way of a buffer.
class Writer final : public leveldb::WritableFile {
 public:
  Writer(FileSystem& files, Path path, std::unique_ptr<File> file)
      : files_(&files), path_(std::move(path)), file_(std::move(file)) {}
  ~Writer() override { Flush(); }

  leveldb::Status Append(const leveldb::Slice& data) override {
    append(buffer_, bytes_of({data.data(), data.size()}));
    return buffer_.size() < kBufferBytes ? leveldb::Status::OK() : Flush();
  }
  leveldb::Status Close() override { return Flush(); }

  leveldb::Status Flush() override {
    if (buffer_.empty()) return leveldb::Status::OK();
    const auto written = file_->write(end_, buffer_);
    end_ += buffer_.size();
    buffer_.clear();
    return status_of(written);
  }

  leveldb::Status Sync() override {
    // A manifest names files, and their names must be there when it is.
    if (path_.filename().string().starts_with("MANIFEST")) {
      const auto synced = files_->sync_directory(path_.parent_path());
      if (!synced) return status_of(synced);
    }
    const auto flushed = Flush();
    return flushed.ok() ? status_of(file_->sync()) : flushed;
  }

 private:
  FileSystem* files_;
  Path path_;
  std::unique_ptr<File> file_;
  Bytes buffer_;
  std::uint64_t end_ = 0;  // Of what is in the file.
};

class HeldLock final : public leveldb::FileLock {
 public:
  explicit HeldLock(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace

class IndexEnvironment::Adapter final : public leveldb::Env {
 public:
  explicit Adapter(FileSystem& files) : files_(&files) {}

  FileSystem& files() const { return *files_; }

  void run() {
    while (!work_.empty()) {
      const auto [function, argument] = work_.front();
      work_.pop_front();
      function(argument);
    }
  }
  bool is_idle() const { return work_.empty() && locks_.empty(); }

  leveldb::Status NewSequentialFile(const std::string& name,
                                    leveldb::SequentialFile** result) override {
    return open(name, FileAccess::read, result,
                [](std::unique_ptr<File> file) { return new SequentialReader(std::move(file)); });
  }
  leveldb::Status NewRandomAccessFile(const std::string& name,
                                      leveldb::RandomAccessFile** result) override {
    return open(name, FileAccess::read, result,
                [](std::unique_ptr<File> file) { return new RandomReader(std::move(file)); });
  }
  leveldb::Status NewWritableFile(const std::string& name,
                                  leveldb::WritableFile** result) override {
    return open(name, FileAccess::replace, result, [&](std::unique_ptr<File> file) {
      return new Writer(*files_, name, std::move(file));
    });
  }

  // Where it cannot be told, opening it tells.
  bool FileExists(const std::string& name) override {
    const auto held = files_->holds(name);
    return !held || *held;
  }
  leveldb::Status GetChildren(const std::string& folder, std::vector<std::string>* names) override {
    names->clear();
    auto listed = files_->list(folder);
    if (!listed) return status_of(listed.error());
    *names = *std::move(listed);
    return leveldb::Status::OK();
  }
  leveldb::Status RemoveFile(const std::string& name) override {
    return status_of(files_->remove(name));
  }
  leveldb::Status CreateDir(const std::string& name) override {
    return status_of(files_->make_folder(name));
  }
  leveldb::Status RemoveDir(const std::string& name) override {
    return status_of(files_->remove_folder(name));
  }
  leveldb::Status GetFileSize(const std::string& name, std::uint64_t* size) override {
    *size = 0;
    const auto file = files_->open(name, FileAccess::read);
    if (!file) return status_of(file.error());
    const auto present = (*file)->size();
    if (!present) return status_of(present.error());
    *size = *present;
    return leveldb::Status::OK();
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    return status_of(files_->rename(from, to));
  }

  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override {
    *lock = nullptr;
    if (!locks_.insert(name).second) return leveldb::Status::IOError(name, "already locked");
    *lock = new HeldLock(name);
    return leveldb::Status::OK();
  }
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override {
    const std::unique_ptr<HeldLock> held(static_cast<HeldLock*>(lock));
    locks_.erase(held->name());
    return leveldb::Status::OK();
  }

  void Schedule(void (*function)(void*), void* argument) override {
    work_.emplace_back(function, argument);
  }
  void StartThread(void (*function)(void*), void* argument) override {
    Schedule(function, argument);
  }

  leveldb::Status GetTestDirectory(std::string*) override {
    return leveldb::Status::NotSupported("no folder for tests");
  }
  leveldb::Status NewLogger(const std::string&, leveldb::Logger** logger) override {
    *logger = nullptr;
    return leveldb::Status::NotSupported("no log of its own");
  }
  // LevelDB asks for statistics only.
  std::uint64_t NowMicros() override { return 0; }
  void SleepForMicroseconds(int) override {}

 private:
  template <class Result, class Make>
  leveldb::Status open(const std::string& name, FileAccess access, Result** result,
                       const Make& make) {
    *result = nullptr;
    auto file = files_->open(name, access);
    if (!file) return status_of(file.error());
    *result = make(*std::move(file));
    return leveldb::Status::OK();
  }

  FileSystem* files_;
  std::deque<std::pair<void (*)(void*), void*>> work_;
  std::set<std::string> locks_;
};

IndexEnvironment::IndexEnvironment(FileSystem& files)
    : adapter_(std::make_unique<Adapter>(files)) {}

IndexEnvironment::~IndexEnvironment() { CHECK(adapter_->is_idle()); }

void IndexEnvironment::run_background() { adapter_->run(); }

FileSystem& IndexEnvironment::files() const { return adapter_->files(); }

leveldb::Env& IndexEnvironment::env() const { return *adapter_; }

}  // namespace fenrun
