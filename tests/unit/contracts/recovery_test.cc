// A network goes on by the word of its operators: contracts, journal, prover and verifier together.
// docs/spec/recovery.md.
#include "contracts/recovery.h"

#include <gtest/gtest.h>

#include "ledger/merkle/tree.h"
#include "ledger/proof_making.h"
#include "tests/support/journaled_network.h"

namespace fenrun::test {
namespace {

const Signers kOldKeys{{"brand", "brand"}, {"east", "east"}, {"auditor", "auditor"}};
const Signers kNewKeys{{"brand", "new brand"}, {"east", "new east"}, {"auditor", "new auditor"}};

class Recovered : public JournaledNetwork {
 protected:
  Recovered() {
    run("brand", OpenCampaign{CampaignId(1), {}});
    CHECK(journal->save_anchor(Epoch(0), note(kOldKeys)));
    run("brand", DeclareBudget{CampaignId(1), AssetId(0), Amount::minor(5'000)});
  }

  std::string note(const Signers& signers) const {
    auto signed_note = checkpoint(signers);
    sort_signatures(signed_note);
    return print(signed_note);
  }

  RecoveryAnchor anchor() const {
    const auto text = *store.anchor(Epoch(0));
    const Position header(parse_note(text)->body.size - 1);
    const auto path = inclusion_path(
        header.value(), header.value() + 1,
        [&](unsigned level, std::uint64_t index) { return journal->node(level, index); });
    return {{text}, {ProofEntryBytes(*store.entry(header)), MerklePath(path)}};
  }

  // What all operators state of the tip; the new keys begin with this word.
  NetworkRecovery recovery(const std::string& word = "new ") const {
    const auto& tip = journal->tip();
    NetworkRecovery out{
        tip.chain_id,
        {tip.epoch_of_child(), tip.height, journal->tip_id(), store.size(), journal->root()},
        validators(journal->state()),
        {},
        std::nullopt};
    for (const auto& one : out.validators) {
      const auto key = [&](const char* purpose) {
        return key_named(word + one.name.value + purpose);
      };
      RecoveryStatement statement{one.name,
                                  RecoveryLoss::votes,
                                  std::nullopt,
                                  key(" consensus").public_key(),
                                  key(" checkpoint").public_key(),
                                  TimeMs(9),
                                  {},
                                  {}};
      const auto bytes = signed_bytes(out, statement);
      statement.possession = key(" consensus").sign(Domain::recovery, bytes);
      statement.signature = key_named(one.name.value).sign(Domain::recovery, bytes);
      out.statements.push_back(statement);
    }
    return out;
  }

  Result<ExecutedBlock> execute(const NetworkRecovery& recovery) const {
    return execute_recovery(*journal->point(journal->tip_id()), journal->tip(), recovery);
  }

  void recover(const NetworkRecovery& recovery) {
    const auto next = trust_policy_text("example", chain_id(genesis), validators_after(recovery));
    auto block = execute(recovery);
    CHECK(block.has_value());
    CHECK(journal->save_handover(recovery.tip.epoch, {{print_recovery(recovery)}, {next}, {}, {}}));
    commit(*std::move(block));
  }

  Proof proof(const Signers& signers) const {
    const auto prover = Prover::at(*journal, journal->tip().height, note(signers));
    return *made_at_once(prover->begin_record(parameters_key()));
  }

  std::string refusal(const Proof& proof) const {
    const auto verdict = verify(proof, *TrustPolicy::parse(first_policy), {});
    return verdict ? "ok" : std::string(name_of(verdict.error().code));
  }

  NetworkRecovery anchored() const {
    auto out = recovery();
    out.anchor = anchor();
    return out;
  }
};

TEST_F(Recovered, TheJournalGoesOnUnderNewKeys) {
  const auto before = journal->tip();
  const auto fund = *find_fund(journal->state(), CampaignId(1), AssetId(0), party_named("brand"));
  const auto said = anchored();
  recover(said);
  const auto& tip = journal->tip();
  EXPECT_EQ(tip.height, before.height.next());
  EXPECT_EQ(tip.epoch, Epoch(0));
  EXPECT_TRUE(tip.ends_epoch());
  EXPECT_EQ(tip.time.value(), before.time.value() + 1);
  EXPECT_EQ(tip.next_validators, validators_digest(validators_after(said)));
  EXPECT_EQ(validators(journal->state()), validators_after(said));
  EXPECT_EQ(find_epoch_end(journal->state(), Epoch(0)), tip.height);
  EXPECT_EQ(*find_fund(journal->state(), CampaignId(1), AssetId(0), party_named("brand")), fund);
  for (const auto& one : validators_after(said)) {
    EXPECT_EQ(find_key_owner(journal->state(), one.consensus_key)->party, one.party);
    EXPECT_EQ(find_key_owner(journal->state(), one.checkpoint_key)->party, one.party);
  }
  // Everybody sees it.
  const auto entry = *decode_entry(*store.entry(before.position.next()));
  const auto work = *decode<SystemWork>(std::get<SystemEntry>(entry).payload);
  EXPECT_EQ(std::get<NetworkRecovered>(work).statements, said.statements);
  run("brand", OpenCampaign{CampaignId(2), {}});
  EXPECT_EQ(journal->tip().epoch, Epoch(1));
}

TEST_F(Recovered, EverybodyMakesTheSameBlock) {
  EXPECT_EQ(execute(anchored())->id, execute(recovery())->id);
  EXPECT_NE(execute(recovery())->id, execute(recovery("other "))->id);
}

TEST_F(Recovered, OnlyFromItsOwnTip) {
  const auto early = recovery();
  run("brand", OpenCampaign{CampaignId(2), {}});
  const auto code = [&](const NetworkRecovery& one) {
    const auto block = execute(one);
    return block ? Errc::ok : block.error().code;
  };
  EXPECT_EQ(code(early), Errc::recovery_mismatch);
  EXPECT_EQ(code(recovery()), Errc::ok);
  auto other = recovery();
  other.chain_id.bytes[0] ^= 1;
  EXPECT_EQ(code(other), Errc::chain_wrong);
  other = recovery();
  other.statements.pop_back();
  EXPECT_EQ(code(other), Errc::recovery_incomplete);
  other = recovery();
  other.validators[0].operator_key = key_named("thief").public_key();
  EXPECT_EQ(code(other), Errc::recovery_invalid);
  // Keys that were used once, even by nobody who validates now.
  recover(recovery());
  EXPECT_EQ(code(recovery()), Errc::recovery_invalid);  // The present keys.
  recover(recovery("newer "));
  EXPECT_EQ(code(recovery("new ")), Errc::key_invalid);
}

TEST_F(Recovered, AnOldTrustFileLeadsToTheNewKeys) {
  const Height end = journal->tip().height;
  recover(anchored());
  run("brand", OpenCampaign{CampaignId(2), {}});
  const auto made = proof(kNewKeys);
  const auto verdict = verify(made, *TrustPolicy::parse(first_policy), {});
  ASSERT_TRUE(verdict) << verdict.error().to_string();
  ASSERT_EQ(verdict->changes.size(), 1u);
  EXPECT_TRUE(verdict->changes[0].by_recovery);
  EXPECT_EQ(verdict->changes[0].height, end);
  EXPECT_EQ(verdict->changes[0].rekeyed.size(), 4u);
  EXPECT_EQ(verdict->policy.print(),
            trust_policy_text("example", chain_id(genesis), validators(journal->state())));
  // The old keys mean nothing any more, to whoever has seen it.
  EXPECT_EQ(refusal(proof(kOldKeys)), "cosigner_unknown");
}

TEST_F(Recovered, OldKeysFoolNobodyWhoHasSeenIt) {
  const auto fork = proof(kOldKeys);  // Say, made later, by keys that nobody destroyed.
  ASSERT_EQ(refusal(fork), "ok");
  recover(anchored());
  run("brand", OpenCampaign{CampaignId(2), {}});
  const auto seen = verify(proof(kNewKeys), *TrustPolicy::parse(first_policy), {});
  ASSERT_TRUE(seen);
  EXPECT_EQ(verify(fork, seen->policy, {}).error().code, Errc::validators_mismatch);
  auto with_handover = fork;
  with_handover.handovers = proof(kNewKeys).handovers;
  EXPECT_EQ(refusal(with_handover), "handover_invalid");
}

TEST_F(Recovered, WithoutAnchorNoFileOfTheEpochLeadsOn) {
  recover(recovery());
  run("brand", OpenCampaign{CampaignId(2), {}});
  EXPECT_EQ(refusal(proof(kNewKeys)), "handover_invalid");
  // But one that comes from before the epoch does: the next recovery needs none.
  const auto second = recovery("newer ");
  recover(second);
  run("brand", OpenCampaign{CampaignId(3), {}});
  const auto policy =
      *TrustPolicy::parse(trust_policy_text("example", chain_id(genesis), second.validators));
  const Signers newer{
      {"brand", "newer brand"}, {"east", "newer east"}, {"auditor", "newer auditor"}};
  EXPECT_EQ(verify(proof(newer), policy, {}).error().code, Errc::handover_invalid);
}

TEST_F(Recovered, TwiceInARowAndAtOnce) {
  recover(anchored());
  recover(recovery("newer "));  // Nothing was decided in between: the first names the operators.
  run("brand", OpenCampaign{CampaignId(2), {}});
  const Signers newer{
      {"brand", "newer brand"}, {"east", "newer east"}, {"auditor", "newer auditor"}};
  EXPECT_EQ(journal->tip().epoch, Epoch(2));
  const auto made = proof(newer);
  const auto verdict = verify(made, *TrustPolicy::parse(first_policy), {});
  ASSERT_TRUE(verdict) << verdict.error().to_string();
  EXPECT_EQ(verdict->changes.size(), 2u);
}

TEST_F(Recovered, AForgedAnchorNamesNobody) {
  // Thieves have all keys but those of the operators, and make a list of their own.
  auto forged = anchored();
  for (auto& one : forged.validators) {
    one.operator_key = key_named("thief of " + one.name.value).public_key();
  }
  for (auto& one : forged.statements) {
    one.signature =
        key_named("thief of " + one.name.value).sign(Domain::recovery, signed_bytes(forged, one));
  }
  ASSERT_TRUE(check_recovery(forged));
  recover(anchored());
  run("brand", OpenCampaign{CampaignId(2), {}});
  auto made = proof(kNewKeys);
  made.handovers[0].checkpoint.value = print_recovery(forged);
  EXPECT_EQ(refusal(made), "handover_invalid");
  // Signed by too few.
  auto weak = anchored();
  auto weak_note = *parse_note(weak.anchor->checkpoint.value);
  std::erase_if(weak_note.signatures,
                [](const NoteSignature& line) { return line.name.ends_with("/east"); });
  weak.anchor->checkpoint.value = print(weak_note);
  made.handovers[0].checkpoint.value = print_recovery(weak);
  EXPECT_EQ(refusal(made), "handover_invalid");
}

TEST_F(Recovered, EachByteOfTheHandoverIsFixed) {
  recover(anchored());
  run("brand", OpenCampaign{CampaignId(2), {}});
  const auto made = proof(kNewKeys);
  const auto recovery = encode(*parse_recovery(made.handovers[0].checkpoint.value));
  std::size_t tried = 0;
  for (std::size_t at = 0; at < recovery.size(); at += 3) {
    auto changed = recovery;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1u << (at % 8)));
    const auto decoded = decode<NetworkRecovery>(changed);
    if (!decoded) continue;
    auto altered = made;
    altered.handovers[0].checkpoint.value = print_recovery(*decoded);
    ASSERT_EQ(refusal(altered), "handover_invalid") << "byte " << at;
    ++tried;
  }
  EXPECT_GT(tried, 300u);
  for (const auto& part : {0, 1, 2}) {
    auto altered = made;
    auto& handover = altered.handovers[0];
    if (part == 0) handover.header.entry.back() ^= 1;
    if (part == 1) handover.header.path[0].bytes[0] ^= 1;
    if (part == 2) handover.next_policy.value = first_policy;
    EXPECT_EQ(refusal(altered), "handover_invalid") << part;
  }
}

}  // namespace
}  // namespace fenrun::test
