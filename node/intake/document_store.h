// The documents that the intake took, by the SHA-256 of their exact bytes: a file each.
//
// What the ledger holds of a document is this digest; the document stays here, with whom it was
// given to.  A document is never altered: put() of one that is held changes nothing, and get()
// answers only what hashes to its name.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/crypto/hash.h"
#include "node/storage/file.h"

namespace fenrun {

class DocumentStore {
 public:
  // Makes the folder, and removes what a crash left half written.  REQUIRES: files outlive it.
  // Errc::io_error.
  static Result<DocumentStore> open(FileSystem& files, Path folder, std::uint64_t bytes_max);

  // Durable when it returns.  Errc::mempool_full once bytes_max are used up; Errc::io_error.
  Status put(const Digest& id, std::string_view bytes);

  // Errc::not_found; Errc::corruption for a file that is not what its name says; Errc::io_error.
  Result<std::string> get(const Digest& id) const;

  std::uint64_t bytes() const { return bytes_; }

  static constexpr std::size_t kDocumentBytesMax = 8 * 1024 * 1024;

 private:
  DocumentStore(FileSystem& files, Path folder, std::uint64_t bytes_max)
      : files_(&files), folder_(std::move(folder)), bytes_max_(bytes_max) {}

  Path path_of(const Digest& id) const;

  FileSystem* files_;
  Path folder_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
};

}  // namespace fenrun
