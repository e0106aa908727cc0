// The disk of a simulated machine: a file system in memory that fails as disks do.  Everything it
// does follows from its seed and the calls.
//
// A process that ends by kill() leaves all that it wrote, as the page cache keeps it; what it had
// not synced a later crash() may still take.  What survives crash(): everything synced; of the
// rest, an arbitrary beginning, cut at a 512-byte boundary of its file, with the file at its old
// size, its new one, or cut there; and an arbitrary beginning of the changes of names in a folder
// since the folder was last synced.  After a sync that failed, what it covered can be read, but is
// never written by a later sync: a crash may take any of it, until the same bytes are written and
// synced again.
//
// The process is killed by stop() or fail_power_at(), its objects are destroyed, whose last
// operations then fail, and crash() or kill() begins the next life.
//
// Removed files are forgotten when neither a name, an open file nor a crash can bring them back.
// Syncing costs as much as was written since the last sync.  Not thread-safe.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "node/sim/random.h"
#include "node/storage/file.h"

namespace fenrun::sim {

class VirtualDisk final : public FileSystem {
 public:
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  explicit VirtualDisk(std::uint64_t seed = 1);
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;
  VirtualDisk(VirtualDisk&&) = default;
  VirtualDisk& operator=(VirtualDisk&&) = default;

  // Operations that change something, counted from 0.  At the chosen one the process stops: it and
  // all that follow return an error, until crash() or kill().
  void fail_power_at(std::uint64_t operation) { stop_at_ = operation; }
  bool is_to_fail_power() const { return stop_at_.has_value(); }
  // What that operation was about, since the last crash() or kill(); empty: none came to it.
  const Path& power_failed_at() const { return power_failed_at_; }
  // The same, at once.
  void stop() { is_dark_ = true; }
  // The n-th sync from now fails, once; what it covered may be lost.
  void fail_sync_in(std::uint64_t syncs) { sync_failure_in_ = syncs; }
  // The next question whether there is a file of this path fails, once.
  void fail_look_at(Path path) { unseen_ = std::move(path); }
  // Bytes that still fit; removing gives none back.
  void set_space(std::uint64_t bytes) { space_ = bytes; }
  std::uint64_t operations() const { return operations_; }
  std::uint64_t syncs() const { return syncs_; }    // Successful ones.
  std::uint64_t faults() const { return faults_; }  // Errors that were answered.
  // Whether the process has stopped.
  bool is_dark() const { return is_dark_; }
  // Faults that were ordered and have not come are called off.
  void forgive_sync() { sync_failure_in_.reset(); }
  void forgive() {
    stop_at_.reset();
    forgive_sync();
    unseen_.reset();
  }

  // The machine goes down and comes up again.  Files that are open can no longer be written.
  void crash();
  // The process goes down and comes up again; the machine stays up.
  void kill();

  // The present bytes of a file, to look at and to damage.  REQUIRES: it exists.
  Bytes& bytes(const Path& path);
  // What a crash could leave of a file at the least: what is synced of it.  Empty if its name is
  // not durable.
  Bytes durable_bytes(const Path& path) const;
  // Whether the part stands in it.  Fast if it was written lately.
  bool is_durable(const Path& path, ByteView part) const;
  // Of all files, as a running process sees them.
  std::uint64_t size() const;
  // All files below the folder with their paths, as a running process sees them.
  std::map<std::string, Bytes> contents(const Path& folder = "/") const;

  Result<std::unique_ptr<File>> open(const Path& path, FileAccess access) override;
  Result<bool> holds(const Path& path) const override;
  Result<std::vector<std::string>> list(const Path& folder) const override;
  Status make_folder(const Path& folder) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status remove_folder(const Path& folder) override;
  Status sync_directory(const Path& folder) override;

 private:
  struct Node;
  class LostRanges;
  struct Change;
  struct NameChange;
  class OpenFile;
  // Shared by the names of it, now and durably, and by those who have it open.
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;
  using FileVisitor = std::function<void(const Path& path, Node& file)>;

  static void apply(Names& names, const NameChange& change);
  static void change_names(Node& folder, NameChange change);
  static void make_names_durable(Node& folder);
  static void visit_files(const Path& path, Node& node, const FileVisitor& visit);

  NodePointer find(const Path& path) const;
  NodePointer find_durable(const Path& path) const;
  Result<NodePointer> find_folder(const Path& path) const;
  Status remove_entry(Node& folder, const Path& path);
  bool take_space(std::uint64_t end, const Node& file);
  void lose_names(Node& folder);
  void lose_bytes(Node& file);
  Status begin_operation(const char* what, const Path& path);
  Status begin_sync(const Path& path);

  Random random_;
  std::uint64_t operations_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t faults_ = 0;
  std::uint64_t life_ = 0;  // Ended by crash() and kill().
  std::optional<std::uint64_t> stop_at_;
  bool is_dark_ = false;
  Path power_failed_at_;
  std::optional<std::uint64_t> sync_failure_in_;
  mutable std::optional<Path> unseen_;
  std::uint64_t space_ = kUnlimited;
  NodePointer root_;
};

}  // namespace fenrun::sim
