// From the validators that a client knows to those of today.  docs/spec/proofs.md, §4.
#include <gtest/gtest.h>

#include "ledger/proof/verify.h"
#include "tests/support/proof_journal.h"

namespace fenrun {
namespace {

using test::key_number;
using test::ProofJournal;

using Numbers = std::vector<std::uint8_t>;

// Four epochs.  v3 leaves with the first and v4 comes; v0 leaves with the second and v5 comes; v4
// leaves with the third.
struct Epochs {
  Epochs() {
    policies.push_back(journal.policy());
    journal.put(key, Bytes(8, 0x01));
    journal.end_epoch({0, 1, 2, 4}, {0, 1, 2, 3});
    policies.push_back(journal.policy());
    journal.put(key, Bytes(8, 0x02));
    journal.seal();
    journal.end_epoch({1, 2, 4, 5}, {0, 1, 4});
    policies.push_back(journal.policy());
    journal.end_epoch({1, 2, 5}, {1, 2, 4, 5});
    policies.push_back(journal.policy());
    journal.add(SystemEntry{Bytes(4, 0x33)});
    journal.seal();
  }

  // With a checkpoint by these validators.
  Proof proof(const Numbers& signing = {1, 2, 5}) const {
    auto out = journal.proof(RecordClaim{key}, {journal.record(key)}, {journal.record(key)});
    out.checkpoint.value = print(journal.note(signing));
    return out;
  }

  RecordKey key = KeyWriter(17).number(std::uint32_t{1}).take();
  ProofJournal journal;
  std::vector<TrustPolicy> policies;  // By epoch.
};

const Epochs& epochs() {
  static const Epochs kEpochs;
  return kEpochs;
}

std::string refusal(const Proof& proof, const TrustPolicy& policy) {
  const auto verdict = verify(proof, policy, {});
  return verdict ? "ok" : std::string(name_of(verdict.error().code));
}

TEST(Handovers, LeadClientsOfEveryEpochToToday) {
  const auto proof = epochs().proof();
  for (std::size_t epoch = 0; epoch < 4; ++epoch) {
    const auto verdict = verify(proof, epochs().policies[epoch], {});
    ASSERT_TRUE(verdict) << epoch << ": " << verdict.error().to_string();
    EXPECT_EQ(verdict->changes.size(), 3 - epoch);
    EXPECT_EQ(verdict->policy.digest(), epochs().policies[3].digest());
    EXPECT_EQ(verdict->policy.print(), epochs().policies[3].print());
  }
  const auto changes = verify(proof, epochs().policies[0], {})->changes;
  const auto time = [](std::uint64_t height) {
    return TimeMs(ProofJournal::kTime * 1000 + height);
  };
  EXPECT_EQ(changes[0], (SetChange{Epoch(0), Height(0), time(0), {"v4"}, {"v3"}, {}}));
  EXPECT_EQ(changes[1], (SetChange{Epoch(1), Height(2), time(2), {"v5"}, {"v0"}, {}}));
  EXPECT_EQ(changes[2], (SetChange{Epoch(2), Height(3), time(3), {}, {"v4"}, {}}));
}

TEST(Handovers, AreNotNeededByWhoeverKnowsTheValidators) {
  auto proof = epochs().proof();
  proof.handovers.clear();
  EXPECT_EQ(refusal(proof, epochs().policies[3]), "ok");
  EXPECT_EQ(refusal(proof, epochs().policies[2]), "handover_missing");
  proof.handovers = {epochs().journal.handovers()[2]};
  EXPECT_EQ(refusal(proof, epochs().policies[2]), "ok");
  EXPECT_EQ(refusal(proof, epochs().policies[0]), "handover_missing");
}

TEST(Handovers, EachByteIsFixed) {
  // One handover, and nothing besides.
  ProofJournal journal;
  const auto policy = journal.policy();
  const RecordKey key = KeyWriter(17).number(std::uint32_t{1}).take();
  journal.put(key, Bytes(8, 0x01));
  journal.end_epoch({0, 1, 2, 4}, {0, 1, 3});
  journal.seal();
  auto proof = journal.proof(RecordClaim{key}, {journal.record(key)}, {journal.record(key)});
  proof.checkpoint.value = print(journal.note({1, 2, 4}));
  ASSERT_EQ(refusal(proof, policy), "ok");

  const auto bytes = encode(proof.handovers[0]);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1u << (at % 8)));
    const auto handover = decode<ProofHandover>(changed);
    if (!handover) continue;
    proof.handovers[0] = *handover;
    ASSERT_EQ(refusal(proof, policy), "handover_invalid") << "byte " << at;
  }
}

TEST(Handovers, NoneMayBeLeftOutOrMoved) {
  const auto whole = epochs().proof();
  for (std::size_t i = 0; i < 3; ++i) {
    auto less = whole;
    less.handovers.erase(less.handovers.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(refusal(less, epochs().policies[0]), i == 1 ? "handover_invalid" : "handover_missing")
        << i;
    auto twice = whole;
    twice.handovers.insert(twice.handovers.begin() + static_cast<std::ptrdiff_t>(i),
                           twice.handovers[i]);
    EXPECT_EQ(refusal(twice, epochs().policies[0]), "handover_invalid") << i;
    auto swapped = whole;
    std::swap(swapped.handovers[i], swapped.handovers[(i + 1) % 3]);
    EXPECT_EQ(refusal(swapped, epochs().policies[0]), "handover_invalid") << i;
    // Also for whoever needs none of them.
    EXPECT_EQ(refusal(swapped, epochs().policies[3]), "handover_invalid") << i;
  }
  // Handovers of a time after the proof's.
  auto early = epochs().journal.handovers();
  Proof old;
  old.claim = whole.claim;
  old.checkpoint = early[1].checkpoint;
  old.header = early[1].header;
  old.handovers = {early[0]};
  EXPECT_EQ(refusal(old, epochs().policies[0]), "claim_mismatch");  // The checkpoint is believed.
  old.handovers = {early[0], early[1]};
  EXPECT_EQ(refusal(old, epochs().policies[0]), "handover_invalid");
}

TEST(Handovers, AreSignedByAQuorumOfTheirOwnEpoch) {
  const auto with_second = [](const Numbers& signing) {
    // The journal again, with other signatures under the second handover.
    Epochs other;
    auto proof = other.proof();
    ProofJournal again;
    again.put(other.key, Bytes(8, 0x01));
    again.end_epoch({0, 1, 2, 4}, {0, 1, 2, 3});
    again.put(other.key, Bytes(8, 0x02));
    again.seal();
    again.end_epoch({1, 2, 4, 5}, signing);
    proof.handovers[1] = again.handovers()[1];
    return refusal(proof, other.policies[0]);
  };
  EXPECT_EQ(with_second({0, 1, 4}), "ok");
  EXPECT_EQ(with_second({0, 1, 2, 4}), "ok");
  EXPECT_EQ(with_second({0, 1}), "handover_invalid");
  // v3 left with the epoch before, v5 comes with the next.
  EXPECT_EQ(with_second({0, 1, 3}), "handover_invalid");
  EXPECT_EQ(with_second({0, 1, 2, 3}), "handover_invalid");
  EXPECT_EQ(with_second({0, 1, 2, 5}), "handover_invalid");
}

TEST(Handovers, ACheckpointOfDepartedKeysIsNotBelieved) {
  EXPECT_EQ(refusal(epochs().proof({1, 2, 5}), epochs().policies[0]), "ok");
  EXPECT_EQ(refusal(epochs().proof({0, 1, 2, 3}), epochs().policies[0]), "cosigner_unknown");
  EXPECT_EQ(refusal(epochs().proof({1, 2, 4, 5}), epochs().policies[0]), "cosigner_unknown");
  EXPECT_EQ(refusal(epochs().proof({1, 2}), epochs().policies[0]), "quorum_short");
}

// A quorum of the first epoch, departed, writes a history of its own.
struct Forgery {
  explicit Forgery(Epoch epoch) {
    journal.put(key, Bytes(8, 0x66));
    auto header = journal.next_header();
    header.epoch = epoch;
    header.height = Height(1'000);
    for (int i = 0; i < 40; ++i) journal.add(SystemEntry{Bytes(4, 0x66)});
    auto late = journal.next_header();
    late.epoch = epoch;
    late.height = Height(1'000);
    journal.seal(late);
    proof = journal.proof(RecordClaim{key}, {journal.record(key)}, {journal.record(key)});
    proof.checkpoint.value = print(journal.note({0, 1, 3}));
  }

  RecordKey key = KeyWriter(17).number(std::uint32_t{1}).take();
  ProofJournal journal;
  Proof proof;
};

TEST(Handovers, ADepartedQuorumForgesNothingForWhoeverKnowsThatItLeft) {
  for (const auto epoch : {Epoch(0), Epoch(1), Epoch(3), Epoch(7)}) {
    auto forged = Forgery(epoch).proof;
    for (std::size_t known = 1; known < 4; ++known) {
      EXPECT_EQ(refusal(forged, epochs().policies[known]),
                epoch == Epoch(0) ? "validators_mismatch" : "handover_missing");
    }
    // A file that shows that they left cannot be read as if they had not.
    for (std::size_t count = 1; count <= 3; ++count) {
      const auto& all = epochs().journal.handovers();
      forged.handovers.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
      for (const auto& policy : epochs().policies) {
        const auto why = refusal(forged, policy);
        EXPECT_TRUE(why == "handover_missing" || why == "handover_invalid") << why;
      }
    }
  }
  // Whoever knows nothing newer believes them, unless it asks for a witness from outside.
  const auto forged = Forgery(Epoch(0)).proof;
  EXPECT_EQ(refusal(forged, epochs().policies[0]), "ok");
}

TEST(Handovers, ASetThatComesBackIsFoundAgain) {
  ProofJournal journal;
  const auto first = journal.policy();
  const RecordKey key = KeyWriter(17).number(std::uint32_t{1}).take();
  journal.put(key, Bytes(8, 0x01));
  journal.end_epoch({0, 1, 2, 3, 4}, {0, 1, 2});
  journal.end_epoch({0, 1, 2, 3}, {0, 1, 2, 4});
  journal.end_epoch({0, 1, 2, 5}, {0, 1, 3});
  journal.seal();
  auto proof = journal.proof(RecordClaim{key}, {journal.record(key)}, {journal.record(key)});
  proof.checkpoint.value = print(journal.note({0, 1, 5}));
  EXPECT_EQ(refusal(proof, first), "ok");
  proof.handovers.erase(proof.handovers.begin(), proof.handovers.begin() + 2);
  EXPECT_EQ(refusal(proof, first), "ok");
}

// ---- A client's own witnesses ------------------------------------------------------------------

const VerifierKey kOutside{"witness.example/w", NoteKeyType::cosignature,
                           key_number(60).public_key()};

TrustPolicy witnessed_policy(const std::string& name = "w") {
  auto text = epochs().policies[0].print();
  text.erase(text.rfind("quorum"));
  return TrustPolicy::parse(text + "witness " + name + " " + print(kOutside) +
                            "\ngroup both all validators " + name + "\nquorum both\n")
      .value();
}

TEST(Handovers, OwnWitnessesStayAndNeedNotHaveSeenThem) {
  const auto policy = witnessed_policy();
  auto proof = epochs().proof();
  EXPECT_EQ(refusal(proof, policy), "quorum_short");
  auto note = epochs().journal.note({1, 2, 5});
  note.signatures.push_back(cosignature_line(key_number(60), kOutside.name, note.body, 9));
  sort_signatures(note);
  proof.checkpoint.value = print(note);
  const auto verdict = verify(proof, policy, {});
  ASSERT_TRUE(verdict) << verdict.error().to_string();
  EXPECT_EQ(verdict->changes.size(), 3u);
  const auto& walked = verdict->policy;
  EXPECT_EQ(walked.digest(), epochs().policies[3].digest());
  ASSERT_EQ(walked.witnesses().size(), 4u);
  EXPECT_EQ(walked.witnesses()[3].key, kOutside);
  EXPECT_NE(walked.print().find("group both 2 validators w\nquorum both\n"), std::string::npos);
  // The forgers of old lack its signature.
  EXPECT_EQ(refusal(Forgery(Epoch(0)).proof, policy), "quorum_short");
}

TEST(Handovers, OfAnotherQuorumAreAnotherPolicys) {
  // As `validators` of fewer: not the policy that the network's Headers name.
  auto text = epochs().policies[0].print();
  const auto at = text.find("group validators 3");
  text.replace(at, 18, "group validators 2");
  EXPECT_EQ(refusal(epochs().proof(), TrustPolicy::parse(text).value()), "handover_missing");
}

TEST(Handovers, ANameThatAValidatorTakesIsToBeChangedByTheClient) {
  EXPECT_EQ(refusal(epochs().proof(), witnessed_policy("v4")), "policy_malformed");
  EXPECT_EQ(refusal(epochs().proof(), witnessed_policy("v6")), "quorum_short");
}

TEST(TrustPolicyOfOthers, TakesTheirValidatorsOnly) {
  const auto& policies = epochs().policies;
  const auto merged = policies[0].with_validators_of(policies[2]);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, policies[2]);
  EXPECT_EQ(merged->canonical(), policies[2].print());
  const auto other = TrustPolicy::parse(
      canonical_trust_policy("other/0011223344556677", policies[0].validators(), 3));
  EXPECT_EQ(policies[0].with_validators_of(other.value()).error().code, Errc::origin_unknown);
}

}  // namespace
}  // namespace fenrun
