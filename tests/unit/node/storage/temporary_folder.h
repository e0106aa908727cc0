// A folder of the machine's own files that a test has to itself.
#pragma once

#include <stdlib.h>

#include <string>

#include "core/check.h"
#include "node/storage/file.h"

namespace fenrun {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const Path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "fenrun-test-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Where syncing costs nothing, if the machine has such a place: for what a test never crashes.
  static Path memory() {
    return std::filesystem::exists("/dev/shm") ? "/dev/shm"
                                               : std::filesystem::temp_directory_path();
  }

  const Path& path() const { return path_; }

 private:
  Path path_;
};

}  // namespace fenrun
