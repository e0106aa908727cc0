#include "node/codes/code_tree.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "ledger/proof/merkle.h"

namespace fenrun {
namespace {

constexpr std::string_view kFirstLine = "fenrun-codes/v1\n";
constexpr std::uint64_t kHeaderBytes = 128;
constexpr unsigned kStoredLevel = 8;  // The lowest level of nodes that stands in the file.
constexpr std::size_t kChunkLeaves = std::size_t{1} << kStoredLevel;

// First line ‖ BCS of the facts ‖ SHA-256 of both, and zeros to the header's end.
Bytes header_of(const CodeTreeFacts& facts) {
  Bytes header = to_bytes(bytes_of(kFirstLine));
  append(header, encode(facts));
  append(header, sha256(header).view());
  CHECK(header.size() <= kHeaderBytes);
  header.resize(kHeaderBytes);
  return header;
}

Result<CodeTreeFacts> facts_in(ByteView header) {
  constexpr std::size_t kFactsBytes = 32 + 4 + 4 + 32;
  const auto damaged = Error{Errc::corruption, "not the tree of a code batch"};
  if (header.size() != kHeaderBytes || !text_of(header).starts_with(kFirstLine)) return damaged;
  const auto facts = decode<CodeTreeFacts>(header.subspan(kFirstLine.size(), kFactsBytes));
  if (!facts || !equal(header, header_of(*facts))) return damaged;
  if (facts->count == 0 || facts->count > kCodesMax) return damaged;
  return *facts;
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
  FENRUN_TRY(const auto bytes, file_->read(offset, count * Digest::kSize));
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

Status CodeTreeWriter::append(std::span<const Digest> leaves) {
  CHECK(frontier_.size() + leaves.size() <= facts_.count);
  for (const auto& leaf : leaves) {
    frontier_.append(leaf);
    chunk_.push_back(leaf);
    if (chunk_.size() < kChunkLeaves) continue;
    nodes_.push_back(tree_root(chunk_));
    chunk_.clear();
  }
  return write(leaves);
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
