#include "node/codes/code_tree.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/check.h"
#include "ledger/proof/merkle.h"

namespace fenrun {
namespace {

constexpr std::string_view kFirstLine = "fenrun-codes/v1\n";
constexpr std::string_view kMarkLine = "fenrun-codes/p1\n";
constexpr std::uint64_t kHeaderBytes = 128;
constexpr std::size_t kFactsBytes = 32 + 4 + 4 + 32;
constexpr unsigned kStoredLevel = 8;  // The lowest level of nodes that stands in the file.
constexpr std::size_t kChunkLeaves = std::size_t{1} << kStoredLevel;
constexpr std::uint32_t kLeavesRead = 65'536;  // At a time.
constexpr std::uint32_t kLeavesCompared = 64;  // Of those that an earlier writer left.

// First line ‖ BCS of the facts ‖ SHA-256 of both, and zeros to the header's end.
Bytes header_of(const CodeTreeFacts& facts) {
  Bytes header = to_bytes(bytes_of(kFirstLine));
  append(header, encode(facts));
  append(header, sha256(header).view());
  CHECK(header.size() <= kHeaderBytes);
  header.resize(kHeaderBytes);
  return header;
}

// First line ‖ BCS of the facts, with the root of the leaves so far ‖ how many there are ‖ SHA-256
// of it all, and zeros to the header's end.
Bytes mark_of(const CodeTreeFacts& facts, std::uint32_t leaves) {
  Bytes mark = to_bytes(bytes_of(kMarkLine));
  append(mark, encode(facts));
  append(mark, encode(leaves));
  append(mark, sha256(mark).view());
  CHECK(mark.size() <= kHeaderBytes);
  mark.resize(kHeaderBytes);
  return mark;
}

struct TreeMark {
  CodeTreeFacts facts;
  std::uint32_t leaves = 0;
};

Result<std::vector<Digest>> read_digests(const File& file, std::uint64_t offset,
                                         std::size_t count) {
  FENRUN_TRY(const auto bytes, file.read(offset, count * Digest::kSize));
  if (bytes.size() != count * Digest::kSize) {
    return Error{Errc::corruption, "the tree's file ends early"};
  }
  std::vector<Digest> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * Digest::kSize), Digest::kSize,
                out[i].bytes.begin());
  }
  return out;
}

Result<CodeTreeFacts> facts_in(ByteView header) {
  const auto damaged = Error{Errc::corruption, "not the tree of a code batch"};
  if (header.size() != kHeaderBytes || !text_of(header).starts_with(kFirstLine)) return damaged;
  const auto facts = decode<CodeTreeFacts>(header.subspan(kFirstLine.size(), kFactsBytes));
  if (!facts || !equal(header, header_of(*facts))) return damaged;
  if (facts->count == 0 || facts->count > kCodesMax) return damaged;
  return *facts;
}

// A whole tree is marked to its end.  None for anything else.
std::optional<TreeMark> mark_in(ByteView header) {
  if (const auto whole = facts_in(header)) return TreeMark{*whole, whole->count};
  if (header.size() != kHeaderBytes || !text_of(header).starts_with(kMarkLine)) return std::nullopt;
  const auto rest = header.subspan(kMarkLine.size());
  const auto facts = decode<CodeTreeFacts>(rest.first(kFactsBytes));
  const auto leaves = decode<std::uint32_t>(rest.subspan(kFactsBytes, 4));
  if (!facts || !leaves || !equal(header, mark_of(*facts, *leaves))) return std::nullopt;
  return TreeMark{*facts, *leaves};
}

// Where the nodes of a level begin; of the level behind the last one: where the file ends.
std::uint64_t level_offset(std::uint64_t count, unsigned level) {
  std::uint64_t nodes = count;
  for (unsigned below = kStoredLevel; below < level; ++below) nodes += count >> below;
  return kHeaderBytes + nodes * Digest::kSize;
}

std::uint64_t file_size(std::uint64_t count) {
  unsigned level = kStoredLevel;
  while (count >> level > 0) ++level;
  return level_offset(count, level);
}

std::vector<Digest> parents_of(const std::vector<Digest>& nodes) {
  std::vector<Digest> parents;
  parents.reserve(nodes.size() / 2);
  for (std::size_t i = 0; i + 1 < nodes.size(); i += 2) {
    parents.push_back(node_hash(nodes[i], nodes[i + 1]));
  }
  return parents;
}

Error no_item(std::uint32_t index, std::uint32_t count) {
  return {Errc::code_unknown,
          "index " + std::to_string(index) + ": the batch has " + std::to_string(count) + " items"};
}

}  // namespace

Result<CodeTree> CodeTree::open(FileSystem& files, const Path& path) {
  FENRUN_TRY(auto file, files.open(path, FileAccess::read));
  FENRUN_TRY(const auto header, file->read(0, kHeaderBytes));
  const auto facts = facts_in(header);
  if (!facts) return Error{facts.error().code, path.string() + ": " + facts.error().detail};
  FENRUN_TRY(const auto size, file->size());
  if (size != file_size(facts->count)) {
    return Error{Errc::corruption, path.string() + ": is not whole"};
  }
  return CodeTree(*facts, std::move(file));
}

Result<std::vector<Digest>> CodeTree::digests(std::uint64_t offset, std::size_t count) const {
  return read_digests(*file_, offset, count);
}

// A node below the stored levels is computed from its leaves.
Result<Digest> CodeTree::node(unsigned level, std::uint64_t index) const {
  if (level >= kStoredLevel) {
    const auto offset = level_offset(facts_.count, level) + index * Digest::kSize;
    FENRUN_TRY(const auto stored, digests(offset, 1));
    return stored.front();
  }
  const auto offset = kHeaderBytes + (index << level) * Digest::kSize;
  FENRUN_TRY(const auto leaves, digests(offset, std::size_t{1} << level));
  return tree_root(leaves);
}

Result<Digest> CodeTree::leaf(std::uint32_t index) const {
  if (index >= facts_.count) return no_item(index, facts_.count);
  return node(0, index);
}

Result<CodePath> CodeTree::path(std::uint32_t index) const {
  FENRUN_TRY(const auto own, leaf(index));
  Status failure;
  const auto source = [&](unsigned level, std::uint64_t at) {
    const auto found = node(level, at);
    if (found) return *found;
    if (failure) failure = found.error();
    return Digest{};
  };
  CodePath path(inclusion_path(index, facts_.count, source));
  FENRUN_OK(failure);
  if (!verify_inclusion(own, index, facts_.count, path, facts_.root)) {
    return Error{Errc::corruption, "the tree's file is damaged at index " + std::to_string(index)};
  }
  return path;
}

Result<CodeTreeWriter> CodeTreeWriter::create(FileSystem& files, const Path& path,
                                              const CodeTreeFacts& facts) {
  CHECK(facts.count > 0 && facts.count <= kCodesMax);
  FENRUN_TRY(auto file, files.open(path, FileAccess::replace));
  FENRUN_OK(file->allocate(file_size(facts.count)));
  CodeTreeWriter writer(facts, std::move(file));
  writer.offset_ = kHeaderBytes;
  return writer;
}

Status CodeTreeWriter::write(std::span<const Digest> digests) {
  Bytes bytes;
  bytes.reserve(digests.size() * Digest::kSize);
  for (const auto& digest : digests) fenrun::append(bytes, digest.view());
  FENRUN_OK(file_->write(offset_, bytes));
  offset_ += bytes.size();
  return {};
}

Result<CodeTreeWriter> CodeTreeWriter::resume(FileSystem& files, const Path& path,
                                              const CodeTreeFacts& facts, const LeafSource& leaf) {
  CHECK(facts.count > 0 && facts.count <= kCodesMax);
  auto file = files.open(path, FileAccess::update);
  if (!file && file.error().code != Errc::not_found) return file.error();
  if (file) {
    CodeTreeWriter writer(facts, *std::move(file));
    FENRUN_TRY(const bool is_whole, writer.take_over(leaf));
    if (is_whole) return writer;
  }
  return create(files, path, facts);
}

// False if there is no mark, or what is marked is not what stands there.
Result<bool> CodeTreeWriter::take_over(const LeafSource& leaf) {
  FENRUN_TRY(const auto header, file_->read(0, kHeaderBytes));
  FENRUN_TRY(const auto size, file_->size());
  const auto mark = mark_in(header);
  auto expected = facts_;
  if (mark) expected.root = mark->facts.root;
  const bool is_of_this = mark && mark->facts == expected && mark->leaves <= facts_.count &&
                          size == file_size(facts_.count);
  if (!is_of_this) return false;
  const std::uint32_t step = mark->leaves / kLeavesCompared + 1;
  offset_ = kHeaderBytes;
  while (this->size() < mark->leaves) {
    const auto first = this->size();
    const auto count = std::min(kLeavesRead, mark->leaves - first);
    FENRUN_TRY(const auto leaves, read_digests(*file_, offset_, count));
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool is_looked_at = (first + i) % step == 0 || first + i + 1 == mark->leaves;
      if (is_looked_at && leaves[i] != leaf(first + i)) return false;
    }
    note(leaves);
    offset_ += leaves.size() * Digest::kSize;
  }
  return frontier_.root() == mark->facts.root;
}

void CodeTreeWriter::note(std::span<const Digest> leaves) {
  CHECK(frontier_.size() + leaves.size() <= facts_.count);
  for (const auto& leaf : leaves) {
    frontier_.append(leaf);
    chunk_.push_back(leaf);
    if (chunk_.size() < kChunkLeaves) continue;
    nodes_.push_back(tree_root(chunk_));
    chunk_.clear();
  }
}

Status CodeTreeWriter::append(std::span<const Digest> leaves) {
  note(leaves);
  return write(leaves);
}

Status CodeTreeWriter::mark() {
  auto so_far = facts_;
  so_far.root = frontier_.root();
  FENRUN_OK(file_->sync());
  FENRUN_OK(file_->write(0, mark_of(so_far, size())));
  return file_->sync();
}

Result<Digest> CodeTreeWriter::finish() {
  CHECK(frontier_.size() == facts_.count);
  for (; !nodes_.empty(); nodes_ = parents_of(nodes_)) FENRUN_OK(write(nodes_));
  CHECK(offset_ == file_size(facts_.count));
  // What a crash leaves behind must not look whole: the header last.
  FENRUN_OK(file_->sync());
  facts_.root = frontier_.root();
  FENRUN_OK(file_->write(0, header_of(facts_)));
  FENRUN_OK(file_->sync());
  return facts_.root;
}

}  // namespace fenrun
