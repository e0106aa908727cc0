// Proofs of provenance in a World, from its journal to what a verifier makes of them.
#pragma once

#include "contracts/members.h"
#include "contracts/provenance_journal.h"
#include "ledger/proof/trust_policy.h"
#include "ledger/proof_making.h"
#include "tests/support/world.h"

namespace fenrun::test {

// A World whose validators can be believed.
inline std::string example_trust_policy() {
  const auto genesis = example_genesis();
  return trust_policy_text("example", chain_id(genesis), genesis.validators);
}
inline Digest example_trust_digest() {
  return hash(Domain::trust_policy, bytes_of(example_trust_policy()));
}

// Speaks of the World as it was when this was made.
class ProvenanceProver {
 public:
  explicit ProvenanceProver(const World& world)
      : store_(world.store()),
        journal_(*Journal::open(store_)),
        note_(note()),
        policy_(TrustPolicy::parse(example_trust_policy()).value()) {}

  static std::vector<OrderedFamily> families() {
    std::vector<OrderedFamily> out;
    for (const auto& scope : {history_bits_scope(UnitBatchId()), claim_bits_scope(UnitBatchId()),
                              commissioned_scope(UnitBatchId()), voided_scope(UnitBatchId())}) {
      out.push_back({scope[0], scope.size()});
    }
    return out;
  }

  // What a proof must hold.
  Result<HistoryParts> parts(const UnitId& unit) const {
    FENRUN_TRY(auto told, provenance_of(*journal_, store_.size(), unit));
    return std::move(told.parts);
  }
  Result<Proof> prove(const HistoryParts& parts) const {
    FENRUN_TRY(const auto prover, Prover::at(*journal_, journal_->tip().height, note_));
    return made_at_once(prover.begin_history(parts, families()));
  }
  Result<Provenance> judge(const Proof& proof) const {
    FENRUN_TRY(const auto verdict, verify(proof, policy_, {std::nullopt, 0, families()}));
    return check_provenance(verdict.header.chain_id, std::get<HistoryFacts>(verdict.facts));
  }
  Result<Provenance> judge(const HistoryParts& parts) const {
    FENRUN_TRY(const auto proof, prove(parts));
    return judge(proof);
  }
  // The life of the unit, told from a proof.
  Result<Provenance> life(const UnitId& unit) const {
    FENRUN_TRY(const auto needed, parts(unit));
    return judge(needed);
  }

 private:
  std::string note() const {
    const auto genesis = example_genesis();
    const CheckpointBody body{log_origin("example", chain_id(genesis)), store_.size(),
                              journal_->root()};
    SignedNote out{body, {}};
    for (const auto& validator : genesis.validators) {
      const auto key = key_named(validator.name.value + " checkpoint");
      out.signatures.push_back(log_signature_line(key, body));
      out.signatures.push_back(
          cosignature_line(key, cosigner_name(body.origin, validator.name.value), body, 1'000));
    }
    return print(out);
  }

  MemoryStore store_;
  std::unique_ptr<Journal> journal_;
  std::string note_;
  TrustPolicy policy_;
};

}  // namespace fenrun::test
