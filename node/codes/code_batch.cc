#include "node/codes/code_batch.h"

#include <algorithm>
#include <thread>

#include "core/check.h"
#include "node/json/reflect.h"
#include "node/json/views.h"

namespace fenrun {
namespace {

constexpr std::string_view kFormat = "fenrun-code-batch/v1";
constexpr std::size_t kFactsBytesMax = 64 * 1024;
constexpr std::uint32_t kLeavesAtATime = 16'384;  // Of each thread.

Path facts_path(const Path& folder) { return folder / "batch.json"; }

Path partial_path(const Path& folder) {
  auto path = folder;
  path += ".partial";
  return path;
}

List<PrintedLevel, kEnumCount<UnitLevel>> printed_levels(UnitBatchId batch, const CodeSet& codes) {
  List<PrintedLevel, kEnumCount<UnitLevel>> out;
  for (const auto& level : codes.levels) {
    out.push_back({level.level, printed_epc(codes, {batch, level.level, 0}),
                   printed_epc(codes, {batch, level.level, level.count - 1})});
  }
  return out;
}

// The leaves [first, first + out.size()), by as many threads as there are.
void compute_leaves(const CodeKeys& keys, std::uint32_t first, std::span<Digest> out,
                    unsigned threads) {
  const std::size_t share = (out.size() + threads - 1) / threads;
  const auto compute = [&](std::size_t begin) {
    const std::size_t end = std::min(begin + share, out.size());
    for (std::size_t i = begin; i < end; ++i) {
      out[i] = keys.leaf(first + static_cast<std::uint32_t>(i));
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t begin = share; begin < out.size(); begin += share) {
    others.emplace_back(compute, begin);
  }
  compute(0);
}

Result<Digest> write_tree(FileSystem& files, const Path& path, const CodeTreeFacts& facts,
                          const CodeKeys& keys, const CodeBatchWork& work) {
  CHECK(work.threads > 0);
  FENRUN_TRY(auto writer, CodeTreeWriter::create(files, path, facts));
  std::vector<Digest> leaves;
  for (std::uint32_t done = 0; done < facts.count;) {
    leaves.resize(std::min(kLeavesAtATime * work.threads, facts.count - done));
    compute_leaves(keys, done, leaves, work.threads);
    FENRUN_OK(writer.append(leaves));
    done += static_cast<std::uint32_t>(leaves.size());
    if (work.progress) work.progress(done, facts.count);
  }
  return writer.finish();
}

std::string draft_of(const RegisterCodes& registration) {
  Json draft;
  draft["mode"] = "atomic";
  draft["operations"] = Json::array({to_json(Operation(registration))});
  return draft.dump(2) + "\n";
}

Status fill_folder(FileSystem& files, const Path& folder, CodeBatchFacts& facts,
                   const SigningKey& seed_key, const SecretText& key_file,
                   const CodeBatchWork& work) {
  FENRUN_OK(files.make_folder(folder));
  FENRUN_OK(replace_file(files, code_key_path(folder), bytes_of(key_file.view())));
  const CodeKeys keys(facts.chain_id, facts.batch, seed_key.seed());
  const CodeTreeFacts tree{facts.chain_id, facts.batch, facts.codes.levels.front().count, {}};
  FENRUN_TRY(facts.codes.root, write_tree(files, code_tree_path(folder), tree, keys, work));
  const auto draft = draft_of(registration_of(facts.batch, facts.codes));
  FENRUN_OK(replace_file(files, folder / "register.json", bytes_of(draft)));
  const auto text = json::write(facts).dump(2) + "\n";
  FENRUN_OK(replace_file(files, facts_path(folder), bytes_of(text)));
  return files.sync_directory(folder);
}

Path parent_of(const Path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : Path(".");
}

}  // namespace

RegisterCodes registration_of(UnitBatchId batch, const CodeSet& codes) {
  return {batch,      codes.levels,  codes.sscc_first, codes.root,
          codes.path, codes.gateway, codes.gate,       codes.lot};
}

Result<CodeBatchFacts> make_code_batch(FileSystem& files, const Path& folder,
                                       const CodeBatchOrder& order, const SigningKey& seed_key,
                                       const SecretText& key_file, const CodeBatchWork& work) {
  FENRUN_OK(check_codes(registration_of(order.batch, order.codes)));
  const auto partial = partial_path(folder);
  if (files.exists(folder)) return Error{Errc::io_error, folder.string() + " exists already"};
  if (files.exists(partial)) {
    return Error{Errc::io_error, partial.string() +
                                     " is left of a run that did not end, or still goes on: "
                                     "nothing was printed from it, so it can be removed"};
  }
  CodeBatchFacts facts{{std::string(kFormat)},
                       order.chain_id,
                       order.batch,
                       order.codes,
                       seed_key.public_key(),
                       printed_levels(order.batch, order.codes)};
  auto status = fill_folder(files, partial, facts, seed_key, key_file, work);
  if (status) status = files.rename(partial, folder);
  if (status) status = files.sync_directory(parent_of(folder));
  if (status) return facts;
  static_cast<void>(files.remove_folder(partial));  // The first error is what is told.
  return status.error();
}

Result<CodeBatchFacts> read_code_batch(FileSystem& files, const Path& folder) {
  if (!files.exists(folder)) {
    return Error{Errc::not_found, "there is no folder " + folder.string()};
  }
  const auto path = facts_path(folder);
  const auto bytes = read_file(files, path, kFactsBytesMax);
  if (!bytes && bytes.error().code == Errc::not_found) {
    return Error{Errc::io_error, folder.string() + " holds no whole code batch: no batch.json"};
  }
  if (!bytes) return bytes.error();
  FENRUN_TRY(const auto value, parse_json(text_of(*bytes)));
  CodeBatchFacts facts;
  FENRUN_OK(json::read(value, json::Place{nullptr, "batch.json"}, facts));
  if (facts.format.value != kFormat) return Error{Errc::value_invalid, path.string() + ": format"};
  FENRUN_OK(check_codes(registration_of(facts.batch, facts.codes)));
  if (facts.printed != printed_levels(facts.batch, facts.codes)) {
    return Error{Errc::value_invalid, path.string() + ": printed: not of these levels"};
  }
  return facts;
}

Result<CodeTree> open_code_tree(FileSystem& files, const Path& folder,
                                const CodeBatchFacts& facts) {
  const auto path = code_tree_path(folder);
  FENRUN_TRY(auto tree, CodeTree::open(files, path));
  const CodeTreeFacts expected{facts.chain_id, facts.batch, facts.codes.levels.front().count,
                               facts.codes.root};
  if (tree.facts() != expected) {
    return Error{Errc::corruption, path.string() + ": is another batch's"};
  }
  return tree;
}

Result<CodeKeys> code_keys(const CodeBatchFacts& facts, const SigningKey& seed_key) {
  if (seed_key.public_key() != facts.seed_key) {
    return Error{Errc::key_file_invalid, "the seed is another batch's"};
  }
  return CodeKeys(facts.chain_id, facts.batch, seed_key.seed());
}

}  // namespace fenrun
