// The Merkle tree of a code batch on disk: what is needed to tell anybody the path of a code.  It
// holds no secret.  docs/spec/codes.md, "The tree".
//
//   header   128 bytes: who it is of, and the root
//   leaves   the leaf hash of each item, 32 bytes, in the order of their indices
//   nodes    the complete nodes of level 8, then of level 9, and so on to the greatest
//
// The levels in between would double the file; what a path needs of them is computed in some 50 µs.
#pragma once

#include <functional>
#include <memory>

#include "contracts/operations.h"
#include "ledger/merkle/tree.h"
#include "node/storage/file.h"

namespace fenrun {

using CodePath = List<Digest, kCodePathMax>;

// Whose tree it is.
struct CodeTreeFacts {
  Digest chain_id;
  UnitBatchId batch;
  std::uint32_t count = 0;  // Items: the tree's leaves.
  Digest root;

  FENRUN_FIELDS(chain_id, batch, count, root)
  friend bool operator==(const CodeTreeFacts&, const CodeTreeFacts&) = default;
};

// An open tree.  Reads what a question needs: neither the size of the batch nor the number of
// questions costs memory.  Not thread-safe.
class CodeTree {
 public:
  // Errc::not_found; Errc::corruption for what is no tree, or not a whole one.
  static Result<CodeTree> open(FileSystem& files, const Path& path);

  const CodeTreeFacts& facts() const { return facts_; }

  // The leaf hash of item `index`, as it was printed.  Errc::code_unknown past the last one.
  Result<Digest> leaf(std::uint32_t index) const;
  // The leaf's path to the root, as ClaimCode carries it.  What is answered leads there:
  // Errc::corruption where the file is damaged.  Errc::code_unknown past the last item.
  Result<CodePath> path(std::uint32_t index) const;

 private:
  CodeTree(const CodeTreeFacts& facts, std::unique_ptr<File> file)
      : facts_(facts), file_(std::move(file)) {}

  Result<std::vector<Digest>> digests(std::uint64_t offset, std::size_t count) const;
  Result<Digest> node(unsigned level, std::uint64_t index) const;

  CodeTreeFacts facts_;
  std::unique_ptr<File> file_;
};

// Writes the file of a tree, leaf by leaf.  It is a tree only once finish() has answered: before,
// its header is missing, and in its place may stand a mark of how far it is whole.
class CodeTreeWriter {
 public:
  // Tells a leaf hash as it must be.
  using LeafSource = std::function<Digest(std::uint32_t index)>;

  // `facts` but for the root.  REQUIRES: 1 <= count <= kCodesMax.
  // Takes the disk space at once: Errc::io_error if there is not enough.
  static Result<CodeTreeWriter> create(FileSystem& files, const Path& path,
                                       const CodeTreeFacts& facts);
  // The same, going on where the last mark of an earlier writer stands, or its end, if the leaves
  // before it are those that were marked, and some of them, looked at all over, those of `leaf`;
  // else anew.
  static Result<CodeTreeWriter> resume(FileSystem& files, const Path& path,
                                       const CodeTreeFacts& facts, const LeafSource& leaf);

  // How many leaves are appended.
  std::uint32_t size() const { return static_cast<std::uint32_t>(frontier_.size()); }

  // The next leaf hashes.  REQUIRES: no more than `count` in all.
  Status append(std::span<const Digest> leaves);
  // What is appended is durable, and marked as whole: resume() goes on here.
  Status mark();
  // Durable on return; the root.  REQUIRES: all leaves are appended.
  Result<Digest> finish();

 private:
  CodeTreeWriter(const CodeTreeFacts& facts, std::unique_ptr<File> file)
      : facts_(facts), file_(std::move(file)) {}

  Status write(std::span<const Digest> digests);
  void note(std::span<const Digest> leaves);
  Result<bool> take_over(const LeafSource& leaf);

  CodeTreeFacts facts_;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;  // Where the file goes on, behind the header.
  Frontier frontier_;
  std::vector<Digest> chunk_;  // Leaves of the level-8 node that is not complete.
  std::vector<Digest> nodes_;  // Complete ones of level 8.
};

}  // namespace fenrun
