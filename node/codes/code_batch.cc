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
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

Path facts_path(const Path& folder) { return folder / "batch.json"; }

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
  CHECK(work.threads > 0 && work.leaves_at_a_time > 0);
  const auto leaf = [&](std::uint32_t index) { return keys.leaf(index); };
  FENRUN_TRY(auto writer, CodeTreeWriter::resume(files, path, facts, leaf));
  std::uint32_t marked = writer.size();
  if (marked > 0 && work.resumed) work.resumed(marked, facts.count);
  std::vector<Digest> leaves;
  while (writer.size() < facts.count) {
    leaves.resize(std::min(work.leaves_at_a_time * work.threads, facts.count - writer.size()));
    compute_leaves(keys, writer.size(), leaves, work.threads);
    FENRUN_OK(writer.append(leaves));
    if (work.progress) work.progress(writer.size(), facts.count);
    if (writer.size() - marked < work.leaves_between_marks) continue;
    FENRUN_OK(writer.mark());
    marked = writer.size();
  }
  return writer.finish();
}

std::string draft_of(const RegisterCodes& registration) {
  Json draft;
  draft["mode"] = "atomic";
  draft["operations"] = Json::array({to_json(Operation(registration))});
  return draft.dump(2) + "\n";
}

Bytes facts_text(const CodeBatchFacts& facts) {
  return to_bytes(bytes_of(json::write(facts).dump(2) + "\n"));
}

// The key first, then what is to be made, as facts without a root: by these two the next run knows
// whether it may go on.
Status fill_folder(FileSystem& files, const Path& folder, CodeBatchFacts& facts,
                   const SigningKey& seed_key, const SecretText& key_file,
                   const CodeBatchWork& work) {
  FENRUN_OK(files.make_folder(folder));
  FENRUN_OK(replace_file(files, code_key_path(folder), bytes_of(key_file.view())));
  FENRUN_OK(replace_file(files, facts_path(folder), facts_text(facts)));
  const CodeKeys keys(facts.chain_id, facts.batch, seed_key.seed());
  const CodeTreeFacts tree{facts.chain_id, facts.batch, facts.codes.levels.front().count, {}};
  FENRUN_TRY(facts.codes.root, write_tree(files, code_tree_path(folder), tree, keys, work));
  const auto draft = draft_of(registration_of(facts.batch, facts.codes));
  FENRUN_OK(replace_file(files, folder / "register.json", bytes_of(draft)));
  FENRUN_OK(replace_file(files, facts_path(folder), facts_text(facts)));
  return files.sync_directory(folder);
}

// What an interrupted run left can be gone on with, if it was to make the same.
Status check_partial(FileSystem& files, const Path& folder, const CodeBatchFacts& facts,
                     const SecretText& key_file) {
  FENRUN_TRY(const auto key, unfinished_key_file(files, folder));
  if (!key) return {};
  const auto partial = partial_code_batch(folder);
  const auto other = [&](const std::string& what) {
    return Error{Errc::io_error, partial.string() + " is left of a run " + what +
                                     ": nothing was printed from it, so it can be removed"};
  };
  if (key->view() != key_file.view()) return other("with another seed");
  const auto bytes = read_file(files, facts_path(partial), kFactsBytesMax);
  if (!bytes && bytes.error().code == Errc::not_found) return {};
  FENRUN_OK(bytes);
  const auto value = parse_json(text_of(*bytes));
  CodeBatchFacts left;
  const bool is_read = value && json::read(*value, json::Place{nullptr, "batch.json"}, left);
  left.codes.root = facts.codes.root;
  if (!is_read || left != facts) return other("that was to make other codes");
  return {};
}

Path parent_of(const Path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : Path(".");
}

}  // namespace

Path partial_code_batch(const Path& folder) {
  auto path = folder;
  path += ".partial";
  return path;
}

Result<std::optional<SecretText>> unfinished_key_file(FileSystem& files, const Path& folder) {
  const auto path = code_key_path(partial_code_batch(folder));
  auto bytes = read_file(files, path, kKeyFileBytesMax);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<SecretText>();
  FENRUN_OK(bytes);
  SecretText text(text_of(*bytes));
  wipe(*bytes);
  return std::optional<SecretText>(std::move(text));
}

RegisterCodes registration_of(UnitBatchId batch, const CodeSet& codes) {
  return {batch,      codes.levels,  codes.sscc_first, codes.root,
          codes.path, codes.gateway, codes.gate,       codes.lot};
}

Result<CodeBatchFacts> make_code_batch(FileSystem& files, const Path& folder,
                                       const CodeBatchOrder& order, const SigningKey& seed_key,
                                       const SecretText& key_file, const CodeBatchWork& work) {
  FENRUN_OK(check_codes(registration_of(order.batch, order.codes)));
  const auto partial = partial_code_batch(folder);
  FENRUN_TRY(const bool is_taken, files.holds(folder));
  if (is_taken) return Error{Errc::io_error, folder.string() + " exists already"};
  CodeBatchFacts facts{{std::string(kFormat)},
                       order.chain_id,
                       order.batch,
                       order.codes,
                       seed_key.public_key(),
                       printed_levels(order.batch, order.codes)};
  facts.codes.root = {};
  FENRUN_OK(check_partial(files, folder, facts, key_file));
  auto status = fill_folder(files, partial, facts, seed_key, key_file, work);
  if (status) status = files.rename(partial, folder);
  if (status) status = files.sync_directory(parent_of(folder));
  if (status) return facts;
  static_cast<void>(files.remove_folder(partial));  // The first error is what is told.
  return status.error();
}

Result<CodeBatchFacts> read_code_batch(FileSystem& files, const Path& folder) {
  FENRUN_TRY(const bool is_there, files.holds(folder));
  if (!is_there) {
    return Error{Errc::file_missing, "there is no folder " + folder.string()};
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
