#include "node/intake/document_store.h"

#include "core/text.h"

namespace fenrun {

Result<DocumentStore> DocumentStore::open(FileSystem& files, Path folder, std::uint64_t bytes_max) {
  DocumentStore store(files, std::move(folder), bytes_max);
  FENRUN_OK(files.make_folder(store.folder_));
  FENRUN_TRY(const auto names, files.list(store.folder_));
  for (const auto& name : names) {
    const Path path = store.folder_ / name;
    if (!fixed_from_hex<Digest>(name)) {
      FENRUN_OK(files.remove(path));
      continue;
    }
    FENRUN_TRY(const auto file, files.open(path, FileAccess::read));
    FENRUN_TRY(const auto size, file->size());
    store.bytes_ += size;
  }
  return store;
}

Path DocumentStore::path_of(const Digest& id) const { return folder_ / to_hex(id.view()); }

Status DocumentStore::put(const Digest& id, std::string_view bytes) {
  const Path path = path_of(id);
  FENRUN_TRY(const bool is_there, files_->holds(path));
  if (is_there) return {};
  if (bytes.size() > kDocumentBytesMax || bytes_ + bytes.size() > bytes_max_) {
    return Error{Errc::mempool_full,
                 "documents take all of intake.documents_bytes_max: raise it in config.toml"};
  }
  FENRUN_OK(replace_file(*files_, path, bytes_of(bytes)));
  bytes_ += bytes.size();
  return {};
}

Result<std::string> DocumentStore::get(const Digest& id) const {
  FENRUN_TRY(const auto bytes, read_file(*files_, path_of(id), kDocumentBytesMax));
  if (sha256(bytes) != id) {
    return Error{Errc::corruption, "the file " + path_of(id).string() + " was altered"};
  }
  return std::string(text_of(bytes));
}

}  // namespace fenrun
