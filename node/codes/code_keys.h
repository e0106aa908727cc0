// The secrets and keys of a batch's codes, each computed from the batch's seed when it is needed.
// docs/spec/codes.md, "Secrets and keys".
#pragma once

#include "contracts/codes.h"

namespace fenrun {

// Thread-safe: the functions only read.
class CodeKeys {
 public:
  CodeKeys(const Digest& chain_id, UnitBatchId batch, Seed seed)
      : chain_id_(chain_id), batch_(batch), seed_(std::move(seed)) {}

  // What stands under the cap of item `index`: the beginning of
  // hash(code_secret, seed ‖ u32le index).
  CodeSecret secret(std::uint32_t index) const;
  // The key that signs its claim.
  SigningKey key(std::uint32_t index) const;
  // The leaf hash of the item in the batch's tree.
  Digest leaf(std::uint32_t index) const;

 private:
  Digest chain_id_;
  UnitBatchId batch_;
  Seed seed_;
};

// The key of a code whose secret was scanned, and the leaf hash that it must have.
SigningKey code_key(const Digest& chain_id, UnitBatchId batch, std::uint32_t index,
                    const CodeSecret& secret);
Digest code_leaf_hash(UnitBatchId batch, std::uint32_t index, const PublicKey& key);

}  // namespace fenrun
