#include "node/sim/code_book.h"

#include <algorithm>

#include "contracts/codes.h"
#include "ledger/merkle/tree.h"

namespace fenrun::sim {
namespace {

constexpr UnitBatchId kPrinted(2);
constexpr RegionCode kShanghai(310'000);
const GtinText kBottle{"06901234567892"};

SigningKey code_key(const Digest& chain_id, std::uint32_t index) {
  const Digest digest = sha256(bytes_of("simulated secret " + std::to_string(index)));
  CodeSecret secret;
  std::ranges::copy_n(digest.bytes.begin(), CodeSecret::kSize, secret.bytes.begin());
  return SigningKey::from_seed(code_seed(chain_id, kPrinted, index, secret));
}

// The complete nodes of a tree over these leaves.
NodeSource nodes_over(const std::vector<Digest>& leaves) {
  return [&leaves](unsigned level, std::uint64_t index) {
    const auto size = std::size_t{1} << level;
    const auto first = leaves.begin() + static_cast<std::ptrdiff_t>(index * size);
    return root_of_leaves({first, first + static_cast<std::ptrdiff_t>(size)});
  };
}

}  // namespace

CodeBook::CodeBook(const Digest& chain_id) : chain_id_(chain_id) {
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const UnitId item{kPrinted, UnitLevel::item, i};
    leaves_.push_back(leaf_hash(code_leaf(item, code_key(chain_id, i).public_key())));
  }
}

UnitBatchId CodeBook::batch() const { return kPrinted; }

RegisterCodes CodeBook::registration() const {
  RegisterCodes out;
  out.batch = kPrinted;
  out.levels = {CodeLevel{UnitLevel::item, kBottle, kCount, 0}};
  out.root = root_of_leaves(leaves_);
  out.path = ClaimPath::bearer;
  return out;
}

SubjectId CodeBook::holder(std::uint32_t index) const {
  const Digest digest = sha256(bytes_of("simulated consumer " + std::to_string(index)));
  SubjectId subject;
  std::ranges::copy_n(digest.bytes.begin(), SubjectId::kSize, subject.bytes.begin());
  return subject;
}

ClaimCode CodeBook::claim(std::uint32_t index, TimeMs time) const {
  const auto key = code_key(chain_id_, index);
  ClaimCode out;
  out.claim = {kPrinted, index, holder(index), std::nullopt, kShanghai, time};
  out.key = key.public_key();
  out.signature = key.sign(Domain::code_claim, claim_message(chain_id_, out.claim));
  const auto path = inclusion_path(index, leaves_.size(), nodes_over(leaves_));
  out.path.assign(path.begin(), path.end());
  return out;
}

}  // namespace fenrun::sim
