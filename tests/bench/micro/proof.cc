// Proofs: one path in a large tree, and all of a party's statements, as they are made and verified.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "ledger/journal.h"
#include "ledger/merkle/tree.h"
#include "ledger/proof/merkle.h"
#include "ledger/proof_making.h"
#include "tests/bench/micro/work.h"
#include "tests/support/world.h"

namespace fenrun::micro {
namespace {

constexpr std::uint64_t kTreeLeaves = 1'000'000;
constexpr std::uint64_t kProvenLeaf = 654'321;
constexpr std::int64_t kProvenPostings = 100;
constexpr std::uint64_t kCosignedAt = 1'700'000'000;
constexpr std::size_t kProofQuorum = 3;

class StoredTree {
 public:
  explicit StoredTree(std::uint64_t leaves) {
    std::vector<Digest> row(leaves);
    for (std::uint64_t i = 0; i < leaves; ++i) {
      for (std::size_t byte = 0; byte < 8; ++byte) {
        row[i].bytes[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
      }
    }
    while (!row.empty()) {
      std::vector<Digest> above;
      for (std::size_t i = 0; i + 1 < row.size(); i += 2) {
        above.push_back(node_hash(row[i], row[i + 1]));
      }
      levels_.push_back(std::move(row));
      row = std::move(above);
    }
  }

  const Digest& node(unsigned level, std::uint64_t index) const { return levels_[level][index]; }
  std::vector<Digest> path(std::uint64_t index) const {
    return inclusion_path(index, kTreeLeaves,
                          [this](unsigned level, std::uint64_t i) { return node(level, i); });
  }
  Digest root() const {
    return merkle_root(kTreeLeaves,
                       [this](unsigned level, std::uint64_t i) { return node(level, i); });
  }

 private:
  std::vector<std::vector<Digest>> levels_;
};

Work prove_inclusion() {
  return {1,
          [tree = StoredTree(kTreeLeaves)] { benchmark::DoNotOptimize(tree.path(kProvenLeaf)); }};
}

Work verify_inclusion_of_leaf() {
  const StoredTree tree(kTreeLeaves);
  const auto path = tree.path(kProvenLeaf);
  const auto leaf = tree.node(0, kProvenLeaf);
  return {1, [path, leaf, root = tree.root()] {
            CHECK(verify_inclusion(leaf, kProvenLeaf, kTreeLeaves, path, root).has_value());
          }};
}

// A ledger in which the brand has some postings, and its checkpoint.
class ProvenLedger {
 public:
  ProvenLedger() {
    CHECK(world_.run("brand", OpenCampaign{test::kCampaign, {}}) == Errc::ok);
    std::vector<Operation> operations;
    for (std::int64_t i = 1; i <= kProvenPostings; ++i) {
      operations.push_back(DeclareBudget{test::kCampaign, AssetId(0), Amount::minor(i)});
    }
    const auto outcomes = world_.run_all("brand", operations);
    CHECK(std::ranges::count(outcomes, Errc::ok) == kProvenPostings);
    store_ = world_.store();
    journal_ = *Journal::open(store_);
    note_ = cosigned();
  }

  Proof account() const {
    const auto prover = Prover::at(*journal_, journal_->tip().height, note_);
    CHECK(prover.has_value());
    auto proof = made_at_once(prover->begin_account(test::party_named("brand")));
    CHECK(proof.has_value());
    return *std::move(proof);
  }
  TrustPolicy policy() const { return *TrustPolicy::parse(policy_text(world_.genesis())); }

 private:
  static SigningKey checkpoint_key(const std::string& name) {
    return test::key_named(name + " checkpoint");
  }
  static std::string origin(const Genesis& genesis) {
    return log_origin(genesis.network.value, chain_id(genesis));
  }
  static std::string policy_text(const Genesis& genesis) {
    std::vector<CheckpointSigner> signers;
    for (const auto& validator : genesis.validators) {
      signers.push_back({validator.name.value, validator.checkpoint_key});
    }
    return canonical_trust_policy(origin(genesis), signers, kProofQuorum);
  }
  static Digest policy_digest(const Genesis& genesis) {
    return hash(Domain::trust_policy, bytes_of(policy_text(genesis)));
  }
  std::string cosigned() const {
    const auto& genesis = world_.genesis();
    const CheckpointBody body{origin(genesis), store_.size(), journal_->root()};
    SignedNote note{body, {}};
    for (const auto& validator : genesis.validators) {
      const auto key = checkpoint_key(validator.name.value);
      const auto name = cosigner_name(body.origin, validator.name.value);
      note.signatures.push_back(log_signature_line(key, body));
      note.signatures.push_back(cosignature_line(key, name, body, kCosignedAt));
    }
    return print(note);
  }

  test::World world_{test::example_genesis(), policy_digest(test::example_genesis())};
  MemoryStore store_;
  std::unique_ptr<Journal> journal_;
  std::string note_;
};

Work prove_account() {
  // A function can be copied, a ledger cannot: the copies share it.
  const auto ledger = std::make_shared<const ProvenLedger>();
  return {1, [ledger] { benchmark::DoNotOptimize(ledger->account()); }};
}

// From the bytes of the proof on.
Work verify_account() {
  const ProvenLedger ledger;
  return {1, [bytes = encode_proof(ledger.account()), policy = ledger.policy()] {
            const auto proof = decode<Proof>(bytes);
            CHECK(proof.has_value());
            const auto verdict = verify(*proof, policy, {});
            CHECK(verdict.has_value());
            benchmark::DoNotOptimize(verdict);
          }};
}

}  // namespace

std::vector<NamedWork> proof_work() {
  return {
      {"inclusion_prove", prove_inclusion},
      {"inclusion_verify", verify_inclusion_of_leaf},
      {"proof_make", prove_account},
      {"proof_verify", verify_account},
  };
}

}  // namespace fenrun::micro
