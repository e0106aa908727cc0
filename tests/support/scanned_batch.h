// A batch of printed codes in memory: its secrets, its tree, and the claims that its codes sign.
#pragma once

#include <string>
#include <vector>

#include "contracts/codes.h"
#include "node/claims/claims_intake.h"
#include "tests/support/naive_merkle.h"
#include "tests/support/world.h"

namespace fenrun::test {

class ScannedBatch {
 public:
  static constexpr std::uint32_t kCount = 12;
  static constexpr UnitBatchId kPrinted{7};

  explicit ScannedBatch(const Digest& chain_id) : chain_id_(chain_id) {
    for (std::uint32_t i = 0; i < kCount; ++i) {
      const UnitId unit{kPrinted, UnitLevel::item, i};
      leaves_.push_back(leaf_hash(code_leaf(unit, key(i).public_key())));
    }
  }

  CodeSecret secret(std::uint32_t index) const {
    const Digest digest = sha256(bytes_of("secret " + std::to_string(index)));
    CodeSecret out;
    std::copy_n(digest.bytes.begin(), CodeSecret::kSize, out.bytes.begin());
    return out;
  }
  SigningKey key(std::uint32_t index) const {
    return SigningKey::from_seed(code_seed(chain_id_, kPrinted, index, secret(index)));
  }

  RegisterCodes registration(ClaimPath path = ClaimPath::bearer,
                             ClaimGate gate = ClaimGate::commissioned) const {
    RegisterCodes out;
    out.batch = kPrinted;
    out.levels = {{UnitLevel::item, kItemProduct, kCount, 0}};
    out.root = naive::root(leaves_);
    out.path = path;
    if (path == ClaimPath::gateway) out.gateway = party_named("gateway");
    out.gate = gate;
    out.lot = {"L2026"};
    return out;
  }

  // Makes codes 0 up to `count`, which is less than all.
  RecordEvent commissioning(std::uint32_t count, TimeMs time) const {
    RecordEvent out;
    out.kind = EventKind::commissioning;
    out.time = time;
    out.place = party_named("brand");
    out.id.document = digest_named("production of printed codes");
    out.ranges = {{kPrinted, UnitLevel::item, 0, count}};
    return out;
  }

  Claim claim(std::uint32_t index, TimeMs time, const std::string& claimant = "somebody") const {
    Claim out;
    out.batch = kPrinted;
    out.index = index;
    const Digest digest = sha256(bytes_of(claimant));
    std::copy_n(digest.bytes.begin(), SubjectId::kSize, out.claimant.bytes.begin());
    out.region = RegionCode(310'100);
    out.time = time;
    return out;
  }
  // By the code's own key, or by that of another code.
  SignedClaim sign(const Claim& claim, std::optional<std::uint32_t> by = std::nullopt) const {
    const auto signer = key(by.value_or(claim.index));
    return {claim, signer.public_key(),
            signer.sign(Domain::code_claim, claim_message(chain_id_, claim))};
  }

  // As a gateway's trees answer.
  Result<List<Digest, kCodePathMax>> path(UnitBatchId batch, std::uint32_t index,
                                          const Digest& leaf) const {
    if (batch != kPrinted) return Errc::not_ready;
    if (leaves_.at(index) != leaf) return Errc::code_unknown;
    const auto path = naive::path(index, leaves_);
    return List<Digest, kCodePathMax>(path.begin(), path.end());
  }

  std::string serial(std::uint32_t index) const { return serial_of({kPrinted, index}); }

 private:
  Digest chain_id_;
  std::vector<Digest> leaves_;
};

}  // namespace fenrun::test
