// The examples in docs/spec/checkpoints.md are what this code writes: they cannot drift apart, and
// a second implementation can be checked against them.
#include <gtest/gtest.h>

#include "core/text.h"
#include "ledger/proof/proof.h"
#include "ledger/proof/trust_policy.h"
#include "tests/support/proof_journal.h"
#include "tests/support/vectors.h"

namespace fenrun {
namespace {

using test::key_number;

void expect_in_specification(const std::string& file, const std::string& text) {
  const auto document = test::contents_of(test::checkout() / "docs/spec" / file);
  ASSERT_TRUE(document) << file;
  EXPECT_NE(document->find(text), std::string::npos) << file << " lacks\n" << text;
}

Digest counting_chain_id() {
  Digest id;
  for (std::size_t i = 0; i < 32; ++i) id.bytes[i] = static_cast<std::uint8_t>(i * 0x11 % 0x100);
  return id;
}

TEST(Specification, HoldsTheExampleOfATrustFile) {
  const auto origin = log_origin("demo", counting_chain_id());
  const std::vector<CheckpointSigner> signers{{"brand", key_number(1).public_key()},
                                              {"north", key_number(2).public_key()},
                                              {"south", key_number(3).public_key()},
                                              {"auditor", key_number(4).public_key()}};
  expect_in_specification("checkpoints.md", canonical_trust_policy(origin, signers, 3));
  expect_in_specification("checkpoints.md", to_hex(trust_policy_digest(origin, signers, 3).view()));
}

TEST(Specification, HoldsTheExampleOfANote) {
  const auto origin = log_origin("demo", counting_chain_id());
  SignedNote note{{origin, 3, sha256(bytes_of("three"))}, {}};
  note.signatures.push_back(
      cosignature_line(key_number(1), cosigner_name(origin, "brand"), note.body, 1'700'000'000));
  note.signatures.push_back(log_signature_line(key_number(1), note.body));
  sort_signatures(note);
  expect_in_specification("checkpoints.md", print(note));
}

TEST(Specification, HoldsTheExampleOfAChunk) {
  ChunkBits bits{};
  bits[0] = 0x05;
  expect_in_specification("proofs.md", to_hex(active_chunk_leaf(3, bits).view()));
}

}  // namespace
}  // namespace fenrun
