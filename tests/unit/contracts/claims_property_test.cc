// Whatever is claimed, repeated and voided, in whatever order and on either path: a code is used at
// most once, and bits, Records and counters tell one story.  A model says what each operation is
// answered.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "contracts/claims.h"
#include "contracts/counters.h"
#include "tests/support/printed_codes.h"

namespace fenrun::test {
namespace {

constexpr UnitBatchId kBearerCodes(21);
constexpr UnitBatchId kAttestedCodes(22);
constexpr std::uint32_t kCodesOfEach = 5;
constexpr std::size_t kStepsMax = 24;

enum class Act { claim, replay, take_out };

// What happened to one code, or is to happen next.
struct Deed {
  Act act{};
  bool is_bearer = false;
  std::uint32_t index = 0;
  std::string claimant;
  std::string store;  // Empty: the claim names none.
  VoidReason reason{};
};

class Story {
 public:
  Story() {
    CHECK(world_.join("gateway", Role::gateway, "brand") == Errc::ok);
    CHECK(world_.join("store", Role::store, "east") == Errc::ok);
    CHECK(world_.join("leader", Role::organizer, "east") == Errc::ok);
    auto policy = selling_policy(world_);
    policy.counts_by_store = true;
    start_campaign(world_, policy);
    CHECK(world_.run("brand", bearer_.registration(ClaimPath::bearer)) == Errc::ok);
    CHECK(world_.run("brand", attested_.registration(ClaimPath::gateway)) == Errc::ok);
    CHECK(world_.run("brand", bearer_.commissioning(world_.time())) == Errc::ok);
    CHECK(world_.run("brand", attested_.commissioning(world_.time())) == Errc::ok);
  }

  // Each of the three parties signs its part of the block; all are in one block.
  void tell(const std::vector<Deed>& deeds) {
    std::map<std::string, std::pair<std::vector<Operation>, std::vector<Errc>>> parts;
    for (const std::string signer : {"brand", "east", "gateway"}) {
      for (const auto& deed : deeds) {
        if (signer_of(deed) != signer) continue;
        const auto operation = operation_of(deed);
        parts[signer].first.push_back(operation);
        parts[signer].second.push_back(expected(deed, operation));
      }
    }
    std::vector<SignedTransaction> transactions;
    std::vector<Errc> outcomes;
    for (const auto& [signer, part] : parts) {
      transactions.push_back(world_.sign(signer, part.first));
      RC_ASSERT(verify_signatures(transactions.back()));
      outcomes.insert(outcomes.end(), part.second.begin(), part.second.end());
    }
    world_.block(transactions);
    RC_ASSERT(world_.outcomes() == outcomes);
  }

  void check() const {
    for (const auto* codes : {&bearer_, &attested_}) {
      std::uint64_t used = 0;
      for (std::uint32_t i = 0; i < kCodesOfEach; ++i) {
        const auto model = claims_.find(codes->item(i));
        const auto record = find_claim(world_.state(), codes->batch(), i);
        RC_ASSERT(is_used(world_.state(), codes->batch(), i) == (model != claims_.end()));
        RC_ASSERT(record.has_value() == (model != claims_.end()));
        if (record) RC_ASSERT(record->claim == model->second);
        if (record) ++used;
      }
      const auto counted =
          counters(world_.state(), {codes->batch(), RegionCode(310'000), month_of(world_.time())});
      RC_ASSERT(counted.claimed == used);
      for (const std::string store : {"store", "leader"}) check_store(*codes, store);
    }
  }

 private:
  // Nothing was ever received: whoever has the code is elsewhere.
  void check_store(const PrintedCodes& codes, const std::string& store) const {
    const auto named = std::ranges::count_if(claims_, [&](const auto& claim) {
      return claim.first.batch == codes.batch() && claim.second.store == party_named(store);
    });
    const auto counted = counters(
        world_.state(), StoreCounterId{month_of(world_.time()), party_named(store), codes.batch()});
    RC_ASSERT(counted.claimed == static_cast<std::uint64_t>(named));
    RC_ASSERT(counted.claimed_elsewhere == counted.claimed);
  }

  static std::string signer_of(const Deed& deed) {
    if (deed.act == Act::take_out) return "brand";
    return deed.is_bearer ? "east" : "gateway";
  }
  const PrintedCodes& codes_of(const Deed& deed) const {
    return deed.is_bearer ? bearer_ : attested_;
  }

  Operation operation_of(const Deed& deed) const {
    const auto& codes = codes_of(deed);
    if (deed.act == Act::take_out) {
      return VoidCodes{{codes.batch(), UnitLevel::item, deed.index, 1}, deed.reason};
    }
    auto claim = codes.claim(deed.index, deed.claimant, world_.time(), deed.store);
    const auto earlier = claims_.find(codes.item(deed.index));
    if (deed.act == Act::replay && earlier != claims_.end()) claim = earlier->second;
    if (deed.is_bearer) return codes.sign(claim);
    return AttestClaim{claim};
  }

  // The rules once more, in the fewest words.
  Errc expected(const Deed& deed, const Operation& operation) {
    const auto item = codes_of(deed).item(deed.index);
    if (deed.act == Act::take_out) {
      return voided_.emplace(item, deed.reason).second ? Errc::ok : Errc::code_void;
    }
    if (claims_.contains(item)) return Errc::code_used;
    if (const auto it = voided_.find(item); it != voided_.end()) {
      return it->second == VoidReason::recalled ? Errc::code_recalled : Errc::code_void;
    }
    const auto* bearers = std::get_if<ClaimCode>(&operation);
    claims_.emplace(item,
                    bearers != nullptr ? bearers->claim : std::get<AttestClaim>(operation).claim);
    return Errc::ok;
  }

  World world_;
  PrintedCodes bearer_{world_.point().chain_id, kBearerCodes, kCodesOfEach};
  PrintedCodes attested_{world_.point().chain_id, kAttestedCodes, kCodesOfEach};
  std::map<UnitId, Claim> claims_;
  std::map<UnitId, VoidReason> voided_;
};

rc::Gen<Deed> deed() {
  return rc::gen::build<Deed>(
      rc::gen::set(&Deed::act, rc::gen::weightedElement<Act>(
                                   {{6, Act::claim}, {3, Act::replay}, {1, Act::take_out}})),
      rc::gen::set(&Deed::is_bearer),
      rc::gen::set(&Deed::index, rc::gen::inRange<std::uint32_t>(0, kCodesOfEach)),
      rc::gen::set(&Deed::claimant, rc::gen::element<std::string>("anna", "berta", "carla")),
      rc::gen::set(&Deed::store, rc::gen::element<std::string>("", "store", "leader")),
      rc::gen::set(&Deed::reason, rc::gen::element(VoidReason::leaked, VoidReason::damaged,
                                                   VoidReason::recalled)));
}

RC_GTEST_PROP(ClaimsProperty, ACodeIsUsedAtMostOnceAndAllAgree, ()) {
  Story story;
  const auto blocks = *rc::gen::inRange<std::size_t>(1, 5);
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto deeds = *rc::gen::resize(
        kStepsMax, rc::gen::nonEmpty(rc::gen::container<std::vector<Deed>>(deed())));
    story.tell(deeds);
    story.check();
  }
}

}  // namespace
}  // namespace fenrun::test
