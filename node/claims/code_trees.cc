#include "node/claims/code_trees.h"

namespace fenrun {
namespace {

constexpr const char* kTreeFile = "tree";

Error about_folder(Error error, const Path& folder) {
  error.detail = folder.string() + (error.detail.empty() ? "" : ": " + error.detail);
  return error;
}

}  // namespace

Result<CodeTrees> CodeTrees::open(FileSystem& files, const std::vector<Path>& folders,
                                  const Digest& chain_id) {
  if (folders.size() > kCodeTreesMax) {
    return Error{Errc::config_invalid, "more than " + std::to_string(kCodeTreesMax) + " trees"};
  }
  CodeTrees out;
  for (const auto& folder : folders) {
    auto tree = CodeTree::open(files, folder / kTreeFile);
    if (!tree) return about_folder(tree.error(), folder);
    const auto facts = tree->facts();
    if (facts.chain_id != chain_id) {
      return about_folder({Errc::config_invalid, "codes of another network"}, folder);
    }
    if (!out.trees_.emplace(facts.batch, *std::move(tree)).second) {
      return about_folder(
          {Errc::config_invalid, "a second tree of batch " + std::to_string(facts.batch.value())},
          folder);
    }
  }
  return out;
}

Result<List<Digest, kCodePathMax>> CodeTrees::path(UnitBatchId batch, std::uint32_t index,
                                                   const Digest& leaf) const {
  const auto it = trees_.find(batch);
  if (it == trees_.end()) {
    return Error{Errc::not_ready,
                 "this node has no tree of code batch " + std::to_string(batch.value())};
  }
  // One read; the path costs some hundred hashes.
  FENRUN_TRY(const auto printed, it->second.leaf(index));
  if (printed != leaf) return Error{Errc::code_unknown, "key: not the code's"};
  return it->second.path(index);
}

}  // namespace fenrun
