// A file system in memory that fails as disks do: a stroke of power failure at a chosen operation,
// an error at a chosen operation, a full disk; and after a crash, lost and torn writes.
//
// What survives crash(): everything synced; of the rest, an arbitrary beginning, cut at a 512-byte
// boundary of its file, with the file at its old size, its new one, or cut there; and an arbitrary
// beginning of the changes of names since the folder was last synced.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include "node/storage/file.h"

namespace fenrun {

class FaultyFiles final : public FileSystem {
 public:
  explicit FaultyFiles(std::uint64_t seed = 1) : random_(seed) {}

  // Operations that change something, counted from 0.  At the chosen one the power fails: it and
  // all that follow return an error, until crash().
  void fail_power_at(std::uint64_t operation) { power_failure_at_ = operation; }
  // The n-th sync from now fails, once; what it covered may be lost.
  void fail_sync_in(std::uint64_t syncs) { sync_failure_in_ = syncs; }
  // Bytes that still fit.
  void set_space(std::uint64_t bytes) { space_ = bytes; }
  std::uint64_t operations() const { return operations_; }

  // The machine goes down and comes up again.  Files that are open are gone.
  void crash() {
    for (auto& [folder, changes] : unsynced_names_) {
      const std::size_t kept = below(changes.size() + 1);
      for (std::size_t i = 0; i < kept; ++i) apply(durable_names_, changes[i]);
    }
    unsynced_names_.clear();
    for (auto& node : nodes_) lose_unsynced(*node);
    names_ = durable_names_;
    power_failure_at_.reset();
    is_dark_ = false;
  }

  // The present bytes of a file, to look at and to damage.
  Bytes& bytes(const Path& path) { return names_.at(path.string())->bytes; }

  Result<std::unique_ptr<File>> open(const Path& path, FileAccess access) override {
    const auto it = names_.find(path.string());
    if (access != FileAccess::replace) {
      if (it == names_.end()) return Error{Errc::not_found, path.string()};
      return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, it->second));
    }
    FENRUN_OK(begin_operation("open"));
    nodes_.push_back(std::make_shared<Node>());
    change_names(path.parent_path(), {path.string(), nodes_.back(), {}});
    return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, nodes_.back()));
  }

  bool exists(const Path& path) const override {
    return names_.contains(path.string()) || std::ranges::any_of(names_, [&](const auto& name) {
             return Path(name.first).parent_path() == path;
           });
  }

  Result<std::vector<std::string>> list(const Path& folder) const override {
    std::vector<std::string> out;
    for (const auto& [name, node] : names_) {
      if (Path(name).parent_path() == folder) out.push_back(Path(name).filename().string());
    }
    return out;
  }

  // Folders exist as soon as they are named.
  Status make_folder(const Path&) override { return begin_operation("make_folder"); }

  Status rename(const Path& from, const Path& to) override {
    FENRUN_OK(begin_operation("rename"));
    const auto node = names_.at(from.string());
    change_names(to.parent_path(), {to.string(), node, from.string()});
    return {};
  }

  Status remove(const Path& path) override {
    FENRUN_OK(begin_operation("remove"));
    change_names(path.parent_path(), {path.string(), nullptr, {}});
    return {};
  }

  Status sync_directory(const Path& folder) override {
    FENRUN_OK(begin_sync());
    for (const auto& change : unsynced_names_[folder.string()]) apply(durable_names_, change);
    unsynced_names_.erase(folder.string());
    return {};
  }

 private:
  struct Write {
    std::uint64_t offset = 0;
    Bytes bytes;
  };
  struct Node {
    Bytes bytes;    // As the running machine sees it.
    Bytes durable;  // As of the last sync.
    std::vector<Write> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct NameChange {
    std::string name;
    std::shared_ptr<Node> node;  // null: removed.
    std::string old_name;        // Given up by it; empty: none.
  };

  class OpenFile final : public File {
   public:
    OpenFile(FaultyFiles& files, std::shared_ptr<Node> node)
        : files_(&files), node_(std::move(node)) {}

    Status write(std::uint64_t offset, ByteView bytes) override {
      const bool is_dark = files_->is_dark_;
      auto status = files_->begin_operation("write");
      if (is_dark) return status;
      const std::uint64_t end = offset + bytes.size();
      const std::uint64_t growth = end > node_->bytes.size() ? end - node_->bytes.size() : 0;
      if (growth > files_->space_) {
        status = Error{Errc::io_error, "write: no space left on device"};
        bytes = bytes.first(bytes.size() / 2);  // What was copied before it was noticed.
      } else {
        files_->space_ -= growth;
      }
      put(node_->bytes, offset, bytes);
      node_->unsynced.push_back({offset, to_bytes(bytes)});
      return status;
    }

    Status sync() override {
      FENRUN_OK(files_->begin_sync());
      node_->durable = node_->bytes;
      node_->unsynced.clear();
      return {};
    }

    Status allocate(std::uint64_t size) override {
      FENRUN_OK(files_->begin_operation("allocate"));
      if (size <= node_->bytes.size()) return {};
      const std::uint64_t growth = size - node_->bytes.size();
      if (growth > files_->space_) return Error{Errc::io_error, "allocate: no space left"};
      files_->space_ -= growth;
      node_->bytes.resize(static_cast<std::size_t>(size));
      return {};
    }

    Status truncate(std::uint64_t size) override {
      FENRUN_OK(files_->begin_operation("truncate"));
      node_->bytes.resize(static_cast<std::size_t>(size));
      return {};
    }

    Result<Bytes> read(std::uint64_t offset, std::size_t count) const override {
      if (offset >= node_->bytes.size()) return Bytes{};
      const auto rest = ByteView(node_->bytes).subspan(static_cast<std::size_t>(offset));
      return to_bytes(rest.first(std::min(count, rest.size())));
    }

    Result<std::uint64_t> size() const override { return node_->bytes.size(); }

   private:
    FaultyFiles* files_;
    std::shared_ptr<Node> node_;
  };

  static void put(Bytes& file, std::uint64_t offset, ByteView bytes) {
    const auto end = static_cast<std::size_t>(offset) + bytes.size();
    if (file.size() < end) file.resize(end);
    std::ranges::copy(bytes, file.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  static void apply(Names& names, const NameChange& change) {
    if (!change.old_name.empty()) names.erase(change.old_name);
    if (change.node) {
      names[change.name] = change.node;
    } else {
      names.erase(change.name);
    }
  }

  void change_names(const Path& folder, const NameChange& change) {
    apply(names_, change);
    unsynced_names_[folder.string()].push_back(change);
  }

  // Some of the unsynced writes in order, the last of them cut at a sector's end.
  void lose_unsynced(Node& node) {
    Bytes out = node.durable;
    const std::size_t kept = below(node.unsynced.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
      const auto& write = node.unsynced[i];
      std::size_t count = write.bytes.size();
      if (i + 1 == kept) {
        const std::uint64_t cut = (write.offset + below(count + 1)) / 512 * 512;
        count = cut > write.offset ? static_cast<std::size_t>(cut - write.offset) : 0;
      }
      put(out, write.offset, ByteView(write.bytes).first(count));
    }
    if (node.bytes.size() > out.size() && below(2) == 0) out.resize(node.bytes.size());
    node.bytes = out;
    node.durable = std::move(out);
    node.unsynced.clear();
  }

  Status begin_operation(const char* what) {
    if (is_dark_ || operations_ == power_failure_at_) {
      is_dark_ = true;
      return Error{Errc::io_error, std::string(what) + ": the power failed"};
    }
    ++operations_;
    return {};
  }

  Status begin_sync() {
    FENRUN_OK(begin_operation("sync"));
    if (sync_failure_in_ && (*sync_failure_in_)-- == 0) {
      sync_failure_in_.reset();
      return Error{Errc::io_error, "sync: input/output error"};
    }
    return {};
  }

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  std::mt19937_64 random_;
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> power_failure_at_;
  bool is_dark_ = false;
  std::optional<std::uint64_t> sync_failure_in_;
  std::uint64_t space_ = std::numeric_limits<std::uint64_t>::max();

  std::vector<std::shared_ptr<Node>> nodes_;
  Names names_;
  Names durable_names_;
  std::map<std::string, std::vector<NameChange>> unsynced_names_;
};

}  // namespace fenrun
