// A batch of printed codes for tests: items 0..n-1, two to a case, with keys that follow from their
// indices; what registers and commissions it; and claims of its codes.
#pragma once

#include "contracts/codes.h"
#include "tests/support/naive_merkle.h"
#include "tests/support/world.h"

namespace fenrun::test {

inline SubjectId subject_named(const std::string& name) {
  const Digest digest = digest_named("subject " + name);
  SubjectId subject;
  std::copy_n(digest.bytes.begin(), SubjectId::kSize, subject.bytes.begin());
  return subject;
}

inline const GtinText kCaseProduct{"16901234567899"};

class PrintedCodes {
 public:
  static constexpr std::uint32_t kPerCase = 2;

  PrintedCodes(const Digest& chain_id, UnitBatchId batch, std::uint32_t count)
      : chain_id_(chain_id), batch_(batch) {
    for (std::uint32_t i = 0; i < count; ++i) {
      leaves_.push_back(leaf_hash(code_leaf(item(i), key(i).public_key())));
    }
  }

  UnitBatchId batch() const { return batch_; }
  std::uint32_t count() const { return static_cast<std::uint32_t>(leaves_.size()); }
  UnitId item(std::uint32_t index) const { return {batch_, UnitLevel::item, index}; }
  EpcText item_epc(std::uint32_t index) const {
    return {"01/" + kItemProduct.value + "/21/" + serial_of({batch_, index})};
  }
  EpcText case_epc(std::uint32_t index) const {
    return {"01/" + kCaseProduct.value + "/21/" + serial_of({batch_, index})};
  }

  SigningKey key(std::uint32_t index) const {
    const Digest digest = digest_named("secret " + std::to_string(index));
    CodeSecret secret;
    std::copy_n(digest.bytes.begin(), CodeSecret::kSize, secret.bytes.begin());
    return SigningKey::from_seed(code_seed(chain_id_, batch_, index, secret));
  }
  List<Digest, kCodePathMax> path(std::uint32_t index) const {
    const auto path = naive::path(index, leaves_);
    return {std::vector<Digest>(path.begin(), path.end())};
  }

  RegisterCodes registration(ClaimPath path, ClaimGate gate = ClaimGate::commissioned) const {
    RegisterCodes out;
    out.batch = batch_;
    out.levels = {{UnitLevel::item, kItemProduct, count(), kPerCase},
                  {UnitLevel::case_, kCaseProduct, (count() + kPerCase - 1) / kPerCase, 0}};
    out.root = naive::root(leaves_);
    out.path = path;
    if (path == ClaimPath::gateway) out.gateway = party_named("gateway");
    out.gate = gate;
    return out;
  }
  // Of all its items and cases, by "brand".
  RecordEvent commissioning(TimeMs time) const {
    RecordEvent out;
    out.kind = EventKind::commissioning;
    out.time = time;
    out.place = party_named("brand");
    out.id.document = digest_named("commissioning of " + std::to_string(batch_.value()));
    out.ranges = {{batch_, UnitLevel::item, 0, count()},
                  {batch_, UnitLevel::case_, 0, (count() + kPerCase - 1) / kPerCase}};
    return out;
  }

  Claim claim(std::uint32_t index, const std::string& claimant, TimeMs time,
              const std::string& store = "") const {
    Claim out;
    out.batch = batch_;
    out.index = index;
    out.claimant = subject_named(claimant);
    if (!store.empty()) out.store = party_named(store);
    out.region = RegionCode(310'000);
    out.time = time;
    return out;
  }
  // Signed by the code at the claim's index.
  ClaimCode sign(const Claim& claim) const {
    const auto code = key(claim.index);
    return {claim, code.public_key(),
            code.sign(Domain::code_claim, claim_message(chain_id_, claim)), path(claim.index)};
  }

 private:
  Digest chain_id_;
  UnitBatchId batch_;
  std::vector<Digest> leaves_;
};

}  // namespace fenrun::test
