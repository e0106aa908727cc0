// A code batch as its brand keeps it: a folder of four files.  docs/spec/codes.md, "The folder".
//
//   batch.key      the seed of all secrets: a key file of the purpose `codes`
//   tree           what paths are told from: node/codes/code_tree.h
//   register.json  the draft that registers the batch
//   batch.json     what anybody may know of it
//
// A folder is whole or does not exist: it is made beside its place, as `<folder>.partial`.
#pragma once

#include <functional>

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
};

// The operation that registers the batch.
RegisterCodes registration_of(UnitBatchId batch, const CodeSet& codes);

// Makes the folder.  `seed_key` is the key whose seed the secrets come from, `key_file` the text of
// its file.  Errc::value_invalid for an order that the ledger would refuse; Errc::io_error, also if
// the folder or its .partial exists; what was made is removed then.
// Uses so much memory and time as in docs/spec/codes.md, whatever the size of the batch.
Result<CodeBatchFacts> make_code_batch(FileSystem& files, const Path& folder,
                                       const CodeBatchOrder& order, const SigningKey& seed_key,
                                       const SecretText& key_file, const CodeBatchWork& work);

// Errc::not_found without a folder; Errc::io_error for one that is not whole; Errc::json_invalid;
// Errc::value_invalid where batch.json contradicts itself.
Result<CodeBatchFacts> read_code_batch(FileSystem& files, const Path& folder);
// Also Errc::corruption where the tree is another's.
Result<CodeTree> open_code_tree(FileSystem& files, const Path& folder, const CodeBatchFacts& facts);
// Errc::key_file_invalid if the seed is another batch's.
Result<CodeKeys> code_keys(const CodeBatchFacts& facts, const SigningKey& seed_key);

inline Path code_key_path(const Path& folder) { return folder / "batch.key"; }
inline Path code_tree_path(const Path& folder) { return folder / "tree"; }

}  // namespace fenrun
