#include "ledger/proof/proof.h"

#include "core/check.h"

namespace fenrun {

Result<Proof> decode_proof(ByteView bytes) {
  if (bytes.size() > kProofFileBytesMax) return Error{Errc::limit_exceeded, "proof"};
  Decoder version_in(bytes);
  std::uint16_t version = 0;
  if (version_in.fixed(version) && version != kProofVersion) {
    return Error{Errc::proof_version, std::to_string(version)};
  }
  auto proof = decode<Proof>(bytes);
  if (!proof) return Error{Errc::proof_malformed, proof.error().to_string()};
  return proof;
}

Digest active_chunk_leaf(std::uint64_t index, ByteView bits) {
  CHECK(bits.size() == kActiveChunkBits / 8);
  const auto number = encode(index);
  return leaf_hash({bytes_of(tag_of(Domain::active_chunk)), number, bits});
}

std::uint64_t active_chunk_count(Position position) {
  return position.value() / kActiveChunkBits + (position.value() % kActiveChunkBits != 0 ? 1 : 0);
}

bool is_set(const ChunkBits& bits, Position position) {
  const auto bit = position.value() % kActiveChunkBits;
  return ((bits[bit / 8] >> (bit % 8)) & 1) == 1;
}

}  // namespace fenrun
