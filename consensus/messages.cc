#include "consensus/messages.h"

#include <bit>

namespace fenrun {

std::string_view name_of(VoteKind kind) {
  switch (kind) {
    case VoteKind::notarize:
      return "notarize";
    case VoteKind::nullify:
      return "nullify";
    case VoteKind::finalize:
      return "finalize";
  }
  UNREACHABLE();
}

Status Subject::validate() const {
  if (view == View(0)) return Error{Errc::value_invalid, "view 0"};
  if (parent_view >= view) return Error{Errc::value_invalid, "parent view not below the view"};
  if (kind == VoteKind::nullify && (parent_view != View(0) || !block_id.is_zero())) {
    return Error{Errc::encoding_not_canonical, "nullify names a block"};
  }
  return {};
}

Bytes signed_bytes(const Digest& chain_id, const Subject& subject) {
  Encoder out(1 + 32 + 3 * 8 + 32);
  codec::write(out, subject.kind);
  codec::write(out, chain_id);
  codec::write(out, subject.epoch);
  codec::write(out, subject.view);
  codec::write(out, subject.parent_view);
  codec::write(out, subject.block_id);
  return out.take();
}

Vote Certificate::vote_of(ValidatorIndex index) const {
  CHECK(signed_by(index));
  const std::uint64_t below = signers & ((std::uint64_t{1} << index.value()) - 1);
  return {subject, index, signatures[static_cast<std::size_t>(std::popcount(below))]};
}

Status Certificate::validate() const {
  if (static_cast<std::size_t>(std::popcount(signers)) != signatures.size()) {
    return Error{Errc::value_invalid, "signatures and bitmap differ"};
  }
  return {};
}

Digest block_id_of(const Payload& payload) { return leaf_hash(payload.header); }

Subject Propose::subject() const {
  return {VoteKind::notarize, epoch, view, parent_view, block_id_of(payload)};
}

}  // namespace fenrun
