#include "node/codes/code_keys.h"

#include <algorithm>

namespace fenrun {

CodeSecret CodeKeys::secret(std::uint32_t index) const {
  Digest digest = hash(Domain::code_secret, {seed_.view(), encode(index)});
  CodeSecret secret;
  std::copy_n(digest.bytes.begin(), CodeSecret::kSize, secret.bytes.begin());
  wipe(digest.bytes);
  return secret;
}

SigningKey CodeKeys::key(std::uint32_t index) const {
  auto printed = secret(index);
  auto key = code_key(chain_id_, batch_, index, printed);
  wipe(printed.bytes);
  return key;
}

Digest CodeKeys::leaf(std::uint32_t index) const {
  return code_leaf_hash(batch_, index, key(index).public_key());
}

SigningKey code_key(const Digest& chain_id, UnitBatchId batch, std::uint32_t index,
                    const CodeSecret& secret) {
  return SigningKey::from_seed(code_seed(chain_id, batch, index, secret));
}

Digest code_leaf_hash(UnitBatchId batch, std::uint32_t index, const PublicKey& key) {
  return leaf_hash(code_leaf({batch, UnitLevel::item, index}, key));
}

}  // namespace fenrun
