#include "node/sim/virtual_disk.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace fenrun::sim {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kLatelyBytes = 32 * 1024;
constexpr std::uint64_t kPageBytes = 4'096;  // What the kernel copies and grows a file by.

void put(Bytes& file, std::uint64_t offset, ByteView bytes) {
  const auto begin = static_cast<std::size_t>(offset);
  if (file.size() < begin) file.resize(begin);
  const std::size_t inside = std::min(bytes.size(), file.size() - begin);
  std::ranges::copy(bytes.first(inside), file.begin() + static_cast<std::ptrdiff_t>(begin));
  append(file, bytes.subspan(inside));
}

void resize(Bytes& file, std::uint64_t size) { file.resize(static_cast<std::size_t>(size)); }

// The bytes of a file between the offsets, as far as it reaches.
ByteView cut(ByteView file, std::uint64_t begin, std::uint64_t end) {
  begin = std::min<std::uint64_t>(begin, file.size());
  end = std::clamp<std::uint64_t>(end, begin, file.size());
  return file.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

// How many bytes of a write go in if it is cut at the last boundary at or below `at` of them.
std::size_t cut_at(std::uint64_t step, std::uint64_t offset, std::uint64_t at) {
  const std::uint64_t boundary = (offset + at) / step * step;
  return boundary > offset ? static_cast<std::size_t>(boundary - offset) : 0;
}

}  // namespace

// A write or a change of size that is not synced, and what it takes to undo it.
struct VirtualDisk::Change {
  std::uint64_t offset = 0;
  Bytes bytes;  // None: a change of size.
  Bytes before;
  std::uint64_t size_before = 0;
  std::uint64_t size_after = 0;

  bool is_write() const { return !bytes.empty(); }
};

// Ranges of a file which the platter does not have as the page cache has them: offset to the bytes
// of the platter, zeros where its file ends before.  No two overlap.
class VirtualDisk::LostRanges {
 public:
  bool empty() const { return ranges_.empty(); }
  const std::map<std::uint64_t, Bytes>& ranges() const { return ranges_; }

  // The range was written and the writing failed.  What was lost before stays as it is.
  void add(std::uint64_t offset, Bytes platter) {
    const std::uint64_t end = offset + platter.size();
    std::vector<std::pair<std::uint64_t, Bytes>> fresh;
    std::uint64_t next = offset;
    for (const auto& [begin, bytes] : ranges_) {
      if (begin + bytes.size() <= next) continue;
      if (begin >= end) break;
      if (begin > next)
        fresh.emplace_back(next, to_bytes(cut(platter, next - offset, begin - offset)));
      next = begin + bytes.size();
    }
    if (next < end) fresh.emplace_back(next, to_bytes(cut(platter, next - offset, end - offset)));
    for (auto& [begin, bytes] : fresh) ranges_.emplace(begin, std::move(bytes));
  }

  // The range is on the platter as the page cache has it.
  void remove(std::uint64_t begin, std::uint64_t end) {
    std::map<std::uint64_t, Bytes> left;
    for (auto& [offset, bytes] : ranges_) {
      const std::uint64_t range_end = offset + bytes.size();
      if (range_end <= begin || offset >= end) {
        left.emplace(offset, std::move(bytes));
        continue;
      }
      if (offset < begin) left.emplace(offset, to_bytes(cut(bytes, 0, begin - offset)));
      if (range_end > end) left.emplace(end, to_bytes(cut(bytes, end - offset, bytes.size())));
    }
    ranges_ = std::move(left);
  }

  void clear() { ranges_.clear(); }

 private:
  std::map<std::uint64_t, Bytes> ranges_;
};

struct VirtualDisk::NameChange {
  std::string name;
  NodePointer node;      // null: removed.
  std::string old_name;  // Given up by it; empty: none.
};

// A file or a folder.
struct VirtualDisk::Node {
  bool is_folder = false;

  Bytes bytes;                    // As a running process sees them.
  std::uint64_t written_end = 0;  // Behind the last write.
  std::vector<Change> unsynced;
  LostRanges lost;

  Names names;  // As a running process sees them.
  Names durable_names;
  std::vector<NameChange> unsynced_names;

  void change(Change change) {
    change.size_before = bytes.size();
    change.before =
        to_bytes(cut(bytes, change.offset,
                     change.is_write() ? change.offset + change.bytes.size() : bytes.size()));
    if (change.is_write()) {
      put(bytes, change.offset, change.bytes);
      written_end = change.offset + change.bytes.size();
      change.size_after = bytes.size();
    } else {
      resize(bytes, change.size_after);
    }
    unsynced.push_back(std::move(change));
  }

  void make_durable() {
    if (!lost.empty()) {
      for (const auto& change : unsynced) {
        const bool is_write = change.is_write();
        lost.remove(is_write ? change.offset : change.size_after,
                    is_write ? change.offset + change.bytes.size()
                             : std::numeric_limits<std::uint64_t>::max());
      }
    }
    unsynced.clear();
  }

  // Without what a crash could take.
  Bytes durable() const {
    Bytes out = bytes;
    for (auto change = unsynced.rbegin(); change != unsynced.rend(); ++change) {
      resize(out, change->size_before);
      if (!change->before.empty()) put(out, change->offset, change->before);
    }
    for (const auto& [offset, platter] : lost.ranges()) {
      const std::uint64_t end = std::min<std::uint64_t>(offset + platter.size(), out.size());
      if (offset < end) put(out, offset, cut(platter, 0, end - offset));
    }
    return out;
  }

  // The kernel reports what it could not write once, and takes it for written from then on.
  void fail_to_make_durable() {
    for (auto& change : unsynced) {
      if (!change.is_write()) continue;
      change.before.resize(change.bytes.size());
      lost.add(change.offset, std::move(change.before));
    }
    unsynced.clear();
  }
};

class VirtualDisk::OpenFile final : public File {
 public:
  OpenFile(VirtualDisk& disk, Path path, NodePointer node)
      : disk_(&disk), path_(std::move(path)), life_(disk.life_), node_(std::move(node)) {}

  Status write(std::uint64_t offset, ByteView bytes) override {
    FENRUN_OK(check_life());
    const bool was_dark = disk_->is_dark_;
    auto status = disk_->begin_operation("write", path_);
    if (was_dark || bytes.empty()) return status;
    if (!status) {
      bytes = bytes.first(cut_at(kPageBytes, offset, disk_->random_.below(bytes.size() + 1)));
    }
    const std::uint64_t end = offset + bytes.size();
    if (!disk_->take_space(end, *node_)) {
      status = Error{Errc::io_error, "write: no space left on device"};
      // What was copied before it was noticed.
      bytes = bytes.first(cut_at(kPageBytes, offset, bytes.size() / 2));
    }
    if (!bytes.empty()) node_->change({offset, to_bytes(bytes), {}, 0, 0});
    return status;
  }

  Status sync() override {
    FENRUN_OK(check_life());
    auto status = disk_->begin_sync(path_);
    if (status) {
      node_->make_durable();
    } else if (!disk_->is_dark_) {
      node_->fail_to_make_durable();
    }
    return status;
  }

  Status allocate(std::uint64_t size) override {
    FENRUN_OK(check_life());
    FENRUN_OK(disk_->begin_operation("allocate", path_));
    if (size <= node_->bytes.size()) return {};
    if (!disk_->take_space(size, *node_)) {
      return Error{Errc::io_error, "allocate: no space left on device"};
    }
    node_->change({node_->bytes.size(), {}, {}, 0, size});
    return {};
  }

  Status truncate(std::uint64_t size) override {
    FENRUN_OK(check_life());
    FENRUN_OK(disk_->begin_operation("truncate", path_));
    node_->change({size, {}, {}, 0, size});
    return {};
  }

  Result<Bytes> read(std::uint64_t offset, std::size_t count) const override {
    const std::uint64_t end = offset + std::min<std::uint64_t>(count, node_->bytes.size());
    return to_bytes(cut(node_->bytes, offset, end));
  }

  Result<std::uint64_t> size() const override { return node_->bytes.size(); }

 private:
  Status check_life() const {
    if (disk_->life_ == life_) return {};
    return Error{Errc::io_error, "the process that opened the file has ended"};
  }

  VirtualDisk* disk_;
  Path path_;  // By which it was opened.
  std::uint64_t life_;
  NodePointer node_;
};

VirtualDisk::VirtualDisk(std::uint64_t seed) : random_(seed), root_(std::make_shared<Node>()) {
  root_->is_folder = true;
}

void VirtualDisk::crash() {
  lose_names(*root_);
  visit_files("/", *root_, [&](const Path&, Node& file) { lose_bytes(file); });
  kill();
}

void VirtualDisk::kill() {
  stop_at_.reset();
  power_failed_at_.clear();
  is_dark_ = false;
  ++life_;
}

// Some of the changes of names in order, in this folder and in those that are left in it.
void VirtualDisk::lose_names(Node& folder) {
  const std::uint64_t kept = random_.below(folder.unsynced_names.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) apply(folder.durable_names, folder.unsynced_names[i]);
  folder.unsynced_names.clear();
  folder.names = folder.durable_names;
  for (const auto& [name, node] : folder.names) {
    if (node->is_folder) lose_names(*node);
  }
}

// Back to the platter, and some of the unsynced changes in order, the last of them cut at a
// sector's end.
void VirtualDisk::lose_bytes(Node& file) {
  const std::uint64_t size = file.bytes.size();
  Bytes& out = file.bytes;
  for (auto change = file.unsynced.rbegin(); change != file.unsynced.rend(); ++change) {
    resize(out, change->size_before);
    if (!change->before.empty()) put(out, change->offset, change->before);
  }
  for (const auto& [offset, platter] : file.lost.ranges()) {
    const std::size_t kept = cut_at(kSectorBytes, offset, random_.below(platter.size() + 1));
    const std::uint64_t end = std::min<std::uint64_t>(offset + platter.size(), out.size());
    if (offset + kept >= end) continue;
    put(out, offset + kept, cut(platter, kept, end - offset));
    if (end == out.size() && random_.below(2) == 0) resize(out, offset + kept);
  }
  const std::uint64_t kept = random_.below(file.unsynced.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) {
    const auto& change = file.unsynced[i];
    if (!change.is_write()) {
      resize(out, change.size_after);
      continue;
    }
    std::size_t count = change.bytes.size();
    if (i + 1 == kept) count = cut_at(kSectorBytes, change.offset, random_.below(count + 1));
    put(out, change.offset, ByteView(change.bytes).first(count));
  }
  if (size > out.size() && random_.below(2) == 0) resize(out, size);
  file.unsynced.clear();
  file.lost.clear();
}

Bytes& VirtualDisk::bytes(const Path& path) {
  const auto node = find(path);
  CHECK(node && !node->is_folder);
  return node->bytes;
}

Bytes VirtualDisk::durable_bytes(const Path& path) const {
  const auto node = find_durable(path);
  return node && !node->is_folder ? node->durable() : Bytes{};
}

bool VirtualDisk::is_durable(const Path& path, ByteView part) const {
  const auto node = find_durable(path);
  if (!node || node->is_folder) return false;
  const auto holds = [&](ByteView bytes) {
    return text_of(bytes).find(text_of(part)) != std::string_view::npos;
  };
  if (!node->unsynced.empty() || !node->lost.empty()) return holds(node->durable());
  const std::uint64_t end = node->written_end;
  return holds(cut(node->bytes, end - std::min(end, kLatelyBytes), end)) || holds(node->bytes);
}

std::uint64_t VirtualDisk::size() const {
  std::uint64_t size = 0;
  visit_files("/", *root_, [&](const Path&, const Node& file) { size += file.bytes.size(); });
  return size;
}

std::map<std::string, Bytes> VirtualDisk::contents(const Path& folder) const {
  std::map<std::string, Bytes> out;
  if (const auto node = find(folder)) {
    visit_files(folder, *node,
                [&](const Path& path, Node& file) { out.emplace(path.string(), file.bytes); });
  }
  return out;
}

Result<std::unique_ptr<File>> VirtualDisk::open(const Path& path, FileAccess access) {
  auto node = find(path);
  if (node && node->is_folder) return Error{Errc::io_error, path.string() + ": open: a folder"};
  if (access != FileAccess::replace) {
    if (!node) return Error{Errc::not_found, path.string()};
    return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, path, std::move(node)));
  }
  FENRUN_TRY(const auto folder, find_folder(path.parent_path()));
  FENRUN_OK(begin_operation("open", path));
  node = std::make_shared<Node>();
  change_names(*folder, {path.filename().string(), node, {}});
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, path, std::move(node)));
}

Result<bool> VirtualDisk::holds(const Path& path) const {
  if (unseen_ == path) {
    unseen_.reset();
    return Error{Errc::io_error, path.string() + ": stat: input/output error"};
  }
  return find(path) != nullptr;
}

Result<std::vector<std::string>> VirtualDisk::list(const Path& folder) const {
  FENRUN_TRY(const auto node, find_folder(folder));
  std::vector<std::string> out;
  for (const auto& [name, entry] : node->names) out.push_back(name);
  return out;
}

Status VirtualDisk::make_folder(const Path& folder) {
  const auto node = find(folder);
  if (node && !node->is_folder) return Error{Errc::io_error, folder.string() + ": mkdir: a file"};
  if (node == root_) return {};
  if (!node) {
    const Path parent = folder.parent_path();
    if (!find(parent)) FENRUN_OK(make_folder(parent));
    FENRUN_TRY(const auto in, find_folder(parent));
    FENRUN_OK(begin_operation("mkdir", folder));
    const auto made = std::make_shared<Node>();
    made->is_folder = true;
    change_names(*in, {folder.filename().string(), made, {}});
  }
  return sync_directory(folder.parent_path());
}

Status VirtualDisk::rename(const Path& from, const Path& to) {
  FENRUN_OK(begin_operation("rename", to));
  FENRUN_TRY(const auto source, find_folder(from.parent_path()));
  FENRUN_TRY(const auto target, find_folder(to.parent_path()));
  const auto node = find(from);
  const auto present = find(to);
  if (!node) return Error{Errc::io_error, from.string() + ": rename: no such file"};
  if (present && present->is_folder && !present->names.empty()) {
    return Error{Errc::io_error, to.string() + ": rename: the folder is not empty"};
  }
  const std::string old_name = from.filename().string();
  if (source == target) {
    change_names(*target, {to.filename().string(), node, old_name});
  } else {
    change_names(*target, {to.filename().string(), node, {}});
    change_names(*source, {old_name, nullptr, {}});
  }
  return {};
}

Status VirtualDisk::remove(const Path& path) {
  const auto node = find(path);
  if (!node || node->is_folder) return Error{Errc::io_error, path.string() + ": remove: no file"};
  FENRUN_TRY(const auto folder, find_folder(path.parent_path()));
  return remove_entry(*folder, path);
}

Status VirtualDisk::remove_folder(const Path& folder) {
  const auto node = find(folder);
  if (!node) return {};
  FENRUN_TRY(const auto names, list(folder));
  for (const auto& name : names) {
    if (node->names.at(name)->is_folder) {
      FENRUN_OK(remove_folder(folder / name));
    } else {
      FENRUN_OK(remove_entry(*node, folder / name));
    }
  }
  FENRUN_TRY(const auto parent, find_folder(folder.parent_path()));
  return remove_entry(*parent, folder);
}

Status VirtualDisk::sync_directory(const Path& folder) {
  FENRUN_TRY(const auto node, find_folder(folder));
  FENRUN_OK(begin_sync(folder));
  make_names_durable(*node);
  return {};
}

void VirtualDisk::apply(Names& names, const NameChange& change) {
  if (!change.old_name.empty()) names.erase(change.old_name);
  if (change.node) {
    names[change.name] = change.node;
  } else {
    names.erase(change.name);
  }
}

void VirtualDisk::change_names(Node& folder, NameChange change) {
  apply(folder.names, change);
  folder.unsynced_names.push_back(std::move(change));
}

void VirtualDisk::make_names_durable(Node& folder) {
  for (const auto& change : folder.unsynced_names) apply(folder.durable_names, change);
  folder.unsynced_names.clear();
}

void VirtualDisk::visit_files(const Path& path, Node& node, const FileVisitor& visit) {
  if (!node.is_folder) return visit(path, node);
  for (const auto& [name, entry] : node.names) visit_files(path / name, *entry, visit);
}

VirtualDisk::NodePointer VirtualDisk::find(const Path& path) const {
  NodePointer node = root_;
  for (const auto& part : path.relative_path()) {
    if (part.empty() || part == ".") continue;
    const auto it = node->names.find(part.string());
    if (it == node->names.end()) return nullptr;
    node = it->second;
  }
  return node;
}

VirtualDisk::NodePointer VirtualDisk::find_durable(const Path& path) const {
  NodePointer node = root_;
  for (const auto& part : path.relative_path()) {
    if (part.empty() || part == ".") continue;
    const auto it = node->durable_names.find(part.string());
    if (it == node->durable_names.end()) return nullptr;
    node = it->second;
  }
  return node;
}

Result<VirtualDisk::NodePointer> VirtualDisk::find_folder(const Path& path) const {
  auto node = find(path);
  if (node && node->is_folder) return node;
  return Error{Errc::io_error, path.string() + ": no such folder"};
}

Status VirtualDisk::remove_entry(Node& folder, const Path& path) {
  FENRUN_OK(begin_operation("remove", path));
  change_names(folder, {path.filename().string(), nullptr, {}});
  return {};
}

// Whether the file may reach up to there.
bool VirtualDisk::take_space(std::uint64_t end, const Node& file) {
  const std::uint64_t size = file.bytes.size();
  const std::uint64_t growth = end > size ? end - size : 0;
  if (growth > space_) {
    ++faults_;
    return false;
  }
  space_ -= growth;
  return true;
}

Status VirtualDisk::begin_operation(const char* what, const Path& path) {
  if (is_dark_ || operations_ == stop_at_) {
    if (!is_dark_) power_failed_at_ = path;
    is_dark_ = true;
    ++faults_;
    return Error{Errc::io_error, std::string(what) + ": the power failed"};
  }
  ++operations_;
  return {};
}

Status VirtualDisk::begin_sync(const Path& path) {
  FENRUN_OK(begin_operation("sync", path));
  if (sync_failure_in_ && (*sync_failure_in_)-- == 0) {
    sync_failure_in_.reset();
    ++faults_;
    return Error{Errc::io_error, "sync: input/output error"};
  }
  ++syncs_;
  return {};
}

}  // namespace fenrun::sim
