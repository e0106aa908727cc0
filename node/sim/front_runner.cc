#include "node/sim/front_runner.h"

#include "contracts/apply.h"
#include "contracts/codes.h"
#include "node/sim/cast.h"

namespace fenrun::sim {
namespace {

constexpr std::size_t kClaimsMax = 4;  // That it takes on of one batch.
constexpr std::uint64_t kHeightsAhead = 400;

std::vector<ClaimCode> claims_in(const TxBatch& batch, const PartyId& self) {
  std::vector<ClaimCode> out;
  for (const auto& transaction : batch.transactions) {
    if (std::get<PartySigner>(transaction.body.signer).party == self) continue;
    for (const auto& bytes : transaction.operations) {
      const auto operation = decode_operation(bytes);
      const auto* claim = operation ? std::get_if<ClaimCode>(&*operation) : nullptr;
      if (claim != nullptr && out.size() < kClaimsMax) out.push_back(*claim);
    }
  }
  return out;
}

// For its own consumer, signed by nobody, or by a key that it has.
ClaimCode for_itself(const Digest& chain_id, ClaimCode claim, bool is_signed) {
  claim.claim.claimant = SubjectId();
  if (!is_signed) return claim;
  const auto key = named_key("front-runner's code");
  claim.key = key.public_key();
  claim.signature = key.sign(Domain::code_claim, claim_message(chain_id, claim.claim));
  return claim;
}

}  // namespace

std::vector<TxBatch> FrontRunner::overtake(const TxBatch& seen, const std::string& organisation,
                                           const Journal& journal) {
  const auto self = named_party(organisation);
  const auto claims = claims_in(seen, self);
  const auto sequence = next_sequence(journal.state(), self, kLane);
  if (claims.empty() || !sequence) return {};
  const auto key = named_key(organisation + " operator");
  const auto batch_of = [&](const ClaimCode& claim) {
    TransactionBody body;
    body.chain_id = chain_id_;
    body.signer = PartySigner{self, key.public_key()};
    body.lane = kLane;
    body.sequence = *sequence;
    body.mode = TransactionMode::independent;
    body.valid_until = Height(journal.tip().height.value() + kHeightsAhead);
    return TxBatch{{sign_transaction(body, {*encode_operation(claim)}, key)}};
  };
  std::vector<TxBatch> out;
  for (const auto& claim : claims) {
    switch (random_.below(3)) {
      case 0:
        out.push_back(batch_of(claim));
        break;
      case 1:
        out.push_back(batch_of(for_itself(chain_id_, claim, false)));
        break;
      default:
        out.push_back(batch_of(for_itself(chain_id_, claim, true)));
        break;
    }
  }
  return out;
}

}  // namespace fenrun::sim
