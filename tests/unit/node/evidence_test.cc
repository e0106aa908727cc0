// From two votes that exclude each other to a Record that anyone can prove.
#include "contracts/evidence.h"

#include <gtest/gtest.h>

#include "tests/support/node_cluster.h"

namespace fenrun {
namespace {

Vote vote_of(NodeCluster& cluster, std::size_t signer, const Subject& subject) {
  Vote vote{subject, ValidatorIndex(static_cast<std::uint16_t>(signer)), {}};
  vote.signature = cluster.consensus_key(signer).sign(
      Domain::consensus_vote, signed_bytes(chain_id(cluster.genesis()), subject));
  return vote;
}

TEST(NodeEvidence, AnEquivocatorIsConvictedOnTheLedger) {
  NodeCluster cluster(kFourNames);
  const auto guilty = cluster.index_of("distributor-west");
  const auto witness = cluster.index_of("auditor");
  cluster.run_ms(200);
  const View view(cluster.node(witness).status().view.value() + 2);
  for (const auto* block : {"one", "another"}) {
    const Digest id = sha256(bytes_of(block));
    const Subject subject{VoteKind::finalize, Epoch(0), view, View(view.value() - 1), id};
    cluster.inject(guilty, witness, Message(vote_of(cluster, guilty, subject)));
  }
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.evidence(witness).empty(); }));
  const auto found = cluster.evidence(witness).front();
  EXPECT_EQ(found.accused, cluster.consensus_key(guilty).public_key());
  EXPECT_EQ(cluster.node(witness).status().evidence_seen, 1u);

  const auto id = cluster.submit(witness, cluster.transaction("auditor", 0, found));
  ASSERT_TRUE(id) << id.error().to_string();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed_everywhere(*id); }));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const auto record = find_evidence(cluster.journal(i).state(), evidence_digest(found));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->party, test_party("distributor-west"));
    EXPECT_EQ(fault_count(cluster.journal(i).state(), test_party("distributor-west")), 1u);
  }
}

// Whoever is Byzantine can sign any number of pairs: they must cost the others next to nothing.
TEST(NodeEvidence, ManyPiecesAgainstOneSignerAreOne) {
  NodeCluster cluster(kFourNames);
  const auto guilty = cluster.index_of("distributor-west");
  const auto witness = cluster.index_of("auditor");
  cluster.run_ms(200);
  std::map<std::size_t, std::size_t> told;
  cluster.set_tamper([&](std::size_t from, std::size_t, net::Payload bytes) {
    const auto message = decode<NodeMessage>(*bytes);
    const auto* said = message ? std::get_if<Message>(&*message) : nullptr;
    if (said != nullptr && std::holds_alternative<Evidence>(*said)) ++told[from];
    return bytes;
  });
  for (std::uint64_t view = 1'000; view < 1'100; ++view) {
    const auto vote = [&](const char* block) {
      return vote_of(cluster, guilty,
                     {VoteKind::notarize, Epoch(0), View(view), View(1), sha256(bytes_of(block))});
    };
    cluster.inject(guilty, witness, Message(Evidence{vote("one"), vote("another")}));
    cluster.run_ms(20);
  }
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    if (i == guilty) continue;
    EXPECT_EQ(cluster.evidence(i).size(), 1u) << i;
    EXPECT_EQ(told[i], cluster.size() - 1) << i << " tells each of the others once";
  }
}

}  // namespace
}  // namespace fenrun
