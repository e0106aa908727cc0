// The Merkle trees of the code batches whose claims a gateway takes.  docs/spec/codes.md, "The
// tree".
#pragma once

#include <map>
#include <vector>

#include "node/codes/code_tree.h"

namespace fenrun {

inline constexpr std::size_t kCodeTreesMax = 1'000;

// Each tree is an open file; nothing of it is held in memory.  Not thread-safe.
class CodeTrees {
 public:
  // Opens the file `tree` of each batch's folder.  Errc::config_invalid for more than
  // kCodeTreesMax, for the tree of another network, and for two of one batch; errors of
  // CodeTree::open().  All name the folder.
  static Result<CodeTrees> open(FileSystem& files, const std::vector<Path>& folders,
                                const Digest& chain_id);

  std::size_t size() const { return trees_.size(); }

  // The path from this leaf hash to the batch's root.  Errc::code_unknown if the tree has another
  // leaf at that index, or none; Errc::not_ready if there is no tree of the batch.
  Result<List<Digest, kCodePathMax>> path(UnitBatchId batch, std::uint32_t index,
                                          const Digest& leaf) const;

 private:
  std::map<UnitBatchId, CodeTree> trees_;
};

}  // namespace fenrun
