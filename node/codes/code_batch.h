// A code batch as its brand keeps it: a folder of four files.  docs/spec/codes.md, "The folder".
//
//   batch.key      the seed of all secrets: a key file of the purpose `codes`
//   tree           what paths are told from: node/codes/code_tree.h
//   register.json  the draft that registers the batch
//   batch.json     what anybody may know of it
//
// A folder is whole or does not exist: it is made beside its place, as `<folder>.partial`.  A run
// that was interrupted leaves that, and the next one goes on with it.
#pragma once

#include <functional>
#include <optional>

#include "node/codes/code_keys.h"
#include "node/codes/code_tree.h"
#include "node/json/json.h"

namespace fenrun {

// The first and the last identifier of a level.
struct PrintedLevel {
  UnitLevel level{};
  EpcText first;
  EpcText last;

  FENRUN_FIELDS(level, first, last)
  friend bool operator==(const PrintedLevel&, const PrintedLevel&) = default;
};

// What batch.json says.
struct CodeBatchFacts {
  NameText format;  // "fenrun-code-batch/v1"
  Digest chain_id;
  UnitBatchId batch;
  CodeSet codes;
  PublicKey seed_key;  // Of the key file: tells whether a seed is this batch's.
  List<PrintedLevel, kEnumCount<UnitLevel>> printed;

  FENRUN_FIELDS(format, chain_id, batch, codes, seed_key, printed)
  friend bool operator==(const CodeBatchFacts&, const CodeBatchFacts&) = default;
};

// What is to be made: `codes` but for the root.
struct CodeBatchOrder {
  Digest chain_id;
  UnitBatchId batch;
  CodeSet codes;
};

struct CodeBatchWork {
  unsigned threads = 1;
  // Of so many codes so many are made.
  std::function<void(std::uint32_t done, std::uint32_t count)> progress = {};
  // Told once where a run goes on that was interrupted: so many are whole, and are not made again.
  std::function<void(std::uint32_t done, std::uint32_t count)> resumed = {};
  std::uint32_t leaves_at_a_time = 16'384;  // Of each thread.
  std::uint32_t leaves_between_marks = 1U
                                       << 18U;  // What an interruption costs at most, and a piece.
};

// The operation that registers the batch.
RegisterCodes registration_of(UnitBatchId batch, const CodeSet& codes);

// Where the folder is while it is not whole.
Path partial_code_batch(const Path& folder);
// The text of the key file that an interrupted run left, with which alone it can go on; none if
// there is nothing to go on with.  Errc::io_error.
Result<std::optional<SecretText>> unfinished_key_file(FileSystem& files, const Path& folder);

// Makes the folder, or goes on making it: what comes of it is the same.  `seed_key` is the key
// whose seed the secrets come from, `key_file` the text of its file.  Errc::value_invalid for an
// order that the ledger would refuse; Errc::io_error if the folder exists, or its .partial is of
// another order or seed; nothing is changed then.  Errc::io_error of the disk: what was made is
// removed. REQUIRES: nobody else is making it. Uses so much memory and time as in
// docs/spec/codes.md, whatever the size of the batch.
Result<CodeBatchFacts> make_code_batch(FileSystem& files, const Path& folder,
                                       const CodeBatchOrder& order, const SigningKey& seed_key,
                                       const SecretText& key_file, const CodeBatchWork& work);

// Errc::file_missing without a folder; Errc::io_error for one that is not whole;
// Errc::json_invalid; Errc::value_invalid where batch.json contradicts itself.
Result<CodeBatchFacts> read_code_batch(FileSystem& files, const Path& folder);
// Also Errc::corruption where the tree is another's.
Result<CodeTree> open_code_tree(FileSystem& files, const Path& folder, const CodeBatchFacts& facts);
// Errc::key_file_invalid if the seed is another batch's.
Result<CodeKeys> code_keys(const CodeBatchFacts& facts, const SigningKey& seed_key);

inline Path code_key_path(const Path& folder) { return folder / "batch.key"; }
inline Path code_tree_path(const Path& folder) { return folder / "tree"; }

}  // namespace fenrun
