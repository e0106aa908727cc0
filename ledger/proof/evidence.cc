#include "ledger/proof/evidence.h"

#include "core/text.h"

namespace fenrun {
namespace {

Result<Entry> decode_proof_entry(ByteView bytes) {
  auto entry = decode_entry(bytes);
  if (!entry) return Error{Errc::entry_malformed, entry.error().to_string()};
  return entry;
}

Error header_error(std::string_view what) { return {Errc::header_mismatch, std::string(what)}; }

}  // namespace

Result<Header> prove_header(const ProofHeader& proof, const CheckpointBody& checkpoint) {
  if (checkpoint.size == 0) return header_error("a checkpoint of nothing");
  const auto index = checkpoint.size - 1;
  FENRUN_OK(verify_inclusion(leaf_hash(proof.entry), index, checkpoint.size, proof.path,
                             checkpoint.root));
  FENRUN_TRY(const auto entry, decode_proof_entry(proof.entry));
  const Header* header = std::get_if<Header>(&entry);
  if (!header) return header_error("the checkpoint's last entry is no header");
  if (header->version != kProtocolVersion) {
    return Error{Errc::proof_version, "header " + std::to_string(header->version)};
  }
  // Otherwise the bits of an older state could pass for those of this checkpoint.
  if (header->position.value() != index) return header_error("position");
  if (header->journal_root != root_before_last(proof.path)) return header_error("journal root");
  if (!checkpoint.origin.ends_with("/" + to_hex(header->chain_id.view().first(8)))) {
    return header_error("chain id");
  }
  return *header;
}

Result<ProofEvidence> ProofEvidence::from(const Proof& proof, const CheckpointBody& checkpoint,
                                          const Header& header) {
  ProofEvidence evidence;
  for (const auto& entry : proof.entries) FENRUN_OK(evidence.add(entry, checkpoint));
  for (const auto& chunk : proof.chunks) FENRUN_OK(evidence.add(chunk, header));
  return evidence;
}

Status ProofEvidence::add(const ProofEntry& entry, const CheckpointBody& checkpoint) {
  const auto position = entry.position;
  if (!items_.empty() && position <= items_.rbegin()->first) {
    return Error{Errc::proof_not_canonical, "entries are not in the order of their positions"};
  }
  // The last leaf is the Header, and has its own place.
  if (position.value() >= checkpoint.size - 1) {
    return Error{Errc::index_out_of_range, std::to_string(position.value())};
  }
  const auto leaf = leaf_hash(entry.entry);
  FENRUN_OK(verify_inclusion(leaf, position.value(), checkpoint.size, entry.path, checkpoint.root));
  FENRUN_TRY(auto decoded, decode_proof_entry(entry.entry));
  if (const auto* record = std::get_if<RecordEntry>(&decoded)) {
    records_.emplace(record->key, position);
  }
  items_.emplace_hint(items_.end(), position, Item{std::move(decoded), leaf, false});
  return {};
}

Status ProofEvidence::add(const ProofChunk& chunk, const Header& header) {
  if (!chunks_.empty() && chunk.index <= chunks_.rbegin()->first) {
    return Error{Errc::proof_not_canonical, "chunks are not in order"};
  }
  FENRUN_OK(verify_inclusion(active_chunk_leaf(chunk.index, chunk.bits), chunk.index,
                             active_chunk_count(header.position), chunk.path, header.active_root));
  chunks_.emplace_hint(chunks_.end(), chunk.index, Chunk{chunk.bits, false});
  return {};
}

Result<const ProofEvidence::Item*> ProofEvidence::take_any(Position position) {
  const auto it = items_.find(position);
  if (it == items_.end()) {
    return Error{Errc::claim_mismatch,
                 "the entry at " + std::to_string(position.value()) + " is missing"};
  }
  it->second.is_taken = true;
  return &it->second;
}

Result<Proven<RecordEntry>> ProofEvidence::take_current(ByteView key) {
  const auto it = records_.find(RecordKey(to_bytes(key)));
  if (it == records_.end()) return Error{Errc::claim_mismatch, "the record is missing"};
  FENRUN_OK(require_current(it->second));
  return take<RecordEntry>(it->second);
}

Result<Proven<RecordEntry>> ProofEvidence::take_current_before(ByteView key) {
  const auto it = records_.lower_bound(RecordKey(to_bytes(key)));
  if (it == records_.begin()) return Error{Errc::claim_mismatch, "no record before the key"};
  return take_current(std::prev(it)->first);
}

Status ProofEvidence::require_current(Position position) {
  const auto it = chunks_.find(position.value() / kActiveChunkBits);
  if (it == chunks_.end()) return Error{Errc::claim_mismatch, "the chunk of bits is missing"};
  it->second.is_taken = true;
  if (!is_set(it->second.bits, position)) {
    return Error{Errc::not_current, std::to_string(position.value())};
  }
  return {};
}

std::vector<Position> ProofEvidence::positions() const {
  std::vector<Position> out;
  for (const auto& [position, item] : items_) out.push_back(position);
  return out;
}

Status ProofEvidence::finish() const {
  for (const auto& [position, item] : items_) {
    if (!item.is_taken) {
      return Error{Errc::proof_not_canonical,
                   "the entry at " + std::to_string(position.value()) + " is not needed"};
    }
  }
  for (const auto& [index, chunk] : chunks_) {
    if (!chunk.is_taken) {
      return Error{Errc::proof_not_canonical,
                   "the chunk " + std::to_string(index) + " is not needed"};
    }
  }
  return {};
}

}  // namespace fenrun
