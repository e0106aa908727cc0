// The validators change, and proofs lead from those of genesis to those of today: contracts,
// journal, prover and verifier together.
#include <gtest/gtest.h>

#include "ledger/proof/handover_lead.h"
#include "ledger/proof_making.h"
#include "tests/support/journaled_network.h"

namespace fenrun::test {
namespace {

class HandedOver : public JournaledNetwork {
 protected:
  Errc decide(const Change& change, const std::vector<std::string>& approvers) {
    const ProposeChange proposal{change, Height(next_height().value() + 50)};
    Errc outcome = run(approvers[0], proposal);
    for (std::size_t i = 1; i < approvers.size() && outcome == Errc::ok; ++i) {
      outcome = run(approvers[i], ApproveChange{proposal_digest(proposal)});
    }
    return outcome;
  }

  std::string note(const Signers& signers) const { return print(checkpoint(signers)); }

  // Keeps the handover of the epoch that the tip has just ended.
  Status hand_over(const std::string& signed_note) {
    const auto list = validators(journal->state());
    return journal->save_handover(
        journal->tip().epoch,
        {{signed_note}, {trust_policy_text("example", chain_id(genesis), list)}, {}, encode(list)});
  }

  ReplaceValidatorKeys replacement(const std::string& name, const std::string& keys) const {
    const auto key = [&](const char* purpose) { return key_named(keys + purpose); };
    ReplaceValidatorKeys out{{name},
                             key(" consensus").public_key(),
                             key(" checkpoint").public_key(),
                             key_named(name + " transport").public_key(),
                             {},
                             prove_possession(key(" checkpoint"), chain_id(genesis),
                                              party_named(name), KeyPurpose::checkpoint),
                             std::nullopt};
    out.possession =
        key(" consensus")
            .sign(Domain::validator_keys,
                  encode(ValidatorKeysStatement{chain_id(genesis), out.name, out.consensus_key,
                                                out.checkpoint_key, Height(0)}));
    return out;
  }
};

TEST_F(HandedOver, ProofsLeadFromGenesisToToday) {
  ASSERT_EQ(decide(RemoveValidator{{"custodian"}}, {"brand", "east", "auditor"}), Errc::ok);
  const std::uint64_t first_end = store.size();
  ASSERT_TRUE(
      hand_over(note({{"east", "east"}, {"brand", "brand"}, {"auditor", "auditor"}})).has_value());
  ASSERT_EQ(run("east", replacement("east", "east 2")), Errc::ok);
  EXPECT_EQ(journal->tip().epoch, Epoch(1));
  const std::uint64_t second_end = store.size();
  const auto second_note = note({{"auditor", "auditor"}, {"brand", "brand"}, {"east", "east"}});
  const Height end = journal->tip().height;
  ASSERT_EQ(run("brand", OpenLane{Lane(1)}), Errc::ok);
  EXPECT_EQ(journal->tip().epoch, Epoch(2));

  const auto today = note({{"brand", "brand"}, {"east", "east 2"}, {"auditor", "auditor"}});
  auto prover = *Prover::at(*journal, journal->tip().height, today);
  // While a handover is not there, no proof leads over it.
  EXPECT_EQ(made_at_once(prover.begin_record(parameters_key())).error().code, Errc::not_ready);
  ASSERT_TRUE(journal->save_handover(
      Epoch(1),
      {{second_note},
       {trust_policy_text("example", chain_id(genesis), *validators_at(store, second_end))},
       {},
       encode(*validators_at(store, second_end))}));
  const auto proof = made_at_once(prover.begin_record(parameters_key()));
  ASSERT_TRUE(proof) << proof.error().to_string();
  EXPECT_EQ(proof->handovers.size(), 2u);

  const auto verdict = verify(*proof, *TrustPolicy::parse(first_policy), {});
  ASSERT_TRUE(verdict) << verdict.error().to_string();
  ASSERT_EQ(verdict->changes.size(), 2u);
  EXPECT_EQ(verdict->changes[0].removed, std::vector<std::string>{"custodian"});
  EXPECT_EQ(verdict->changes[1].rekeyed, std::vector<std::string>{"east"});
  EXPECT_EQ(verdict->changes[1].height, end);
  EXPECT_EQ(verdict->policy.print(),
            trust_policy_text("example", chain_id(genesis), validators(journal->state())));

  // For readers who know a later set.
  prover.skip_handovers_before(Epoch(1));
  const auto shorter = *made_at_once(prover.begin_record(parameters_key()));
  EXPECT_EQ(shorter.handovers.size(), 1u);
  EXPECT_EQ(verify(shorter, *TrustPolicy::parse(first_policy), {}).error().code,
            Errc::handover_missing);
  const auto later =
      trust_policy_text("example", chain_id(genesis), *validators_at(store, first_end));
  EXPECT_TRUE(verify(shorter, *TrustPolicy::parse(later), {}));
  // A proof at the end of an epoch lacks that epoch's own handover.
  auto earlier = *Prover::at(*journal, end, second_note);
  EXPECT_EQ(made_at_once(earlier.begin_record(parameters_key()))->handovers.size(), 1u);
}

// The custodian leaves and comes back, with new keys, more often than a proof has handovers.
class LongHistory : public HandedOver {
 protected:
  static constexpr std::uint64_t kEpochs = kHandoversMax + 2;
  const Signers staying{{"brand", "brand"}, {"east", "east"}, {"auditor", "auditor"}};

  ReportReady report(const std::string& keys) const {
    const auto consensus = key_named(keys + " consensus");
    const auto checkpoint = key_named(keys + " checkpoint");
    ReportReady out{{"custodian"},
                    consensus.public_key(),
                    checkpoint.public_key(),
                    journal->tip().height,
                    journal->tip_id(),
                    {},
                    possession(keys + " checkpoint", "custodian", KeyPurpose::checkpoint)};
    out.possession =
        consensus.sign(Domain::validator_keys,
                       encode(ValidatorKeysStatement{chain_id(genesis), out.name, out.consensus_key,
                                                     out.checkpoint_key, out.height}));
    return out;
  }

  void end_epoch(std::uint64_t epoch) {
    Change change = RemoveValidator{{"custodian"}};
    if (epoch % 2 == 1) {
      ASSERT_EQ(run("custodian", report("custodian " + std::to_string(epoch))), Errc::ok);
      change = AddValidator{{"custodian"}};
    }
    ASSERT_EQ(decide(change, {"brand", "east", "auditor"}), Errc::ok);
    ASSERT_TRUE(hand_over(note(staying)));
  }

  HandoverLead lead(const std::string& policy) const {
    return HandoverLead(*TrustPolicy::parse(policy));
  }
  Status walk(HandoverLead& lead, std::optional<std::uint64_t> without = std::nullopt) const {
    for (std::uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
      if (epoch == without) continue;
      FENRUN_TRY(auto handover, prove_handover(*journal, Epoch(epoch)));
      FENRUN_OK(lead.add(std::move(handover)));
    }
    return lead.finish();
  }
};

TEST_F(LongHistory, IsWalkedInPiecesFromATrustFileOfAnyAge) {
  std::string middle;
  for (std::uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
    if (epoch == 500) {
      middle = trust_policy_text("example", chain_id(genesis), validators(journal->state()));
    }
    ASSERT_NO_FATAL_FAILURE(end_epoch(epoch));
  }
  ASSERT_EQ(run("brand", OpenLane{Lane(1)}), Errc::ok);
  const auto today = trust_policy_text("example", chain_id(genesis), validators(journal->state()));
  auto prover = *Prover::at(*journal, journal->tip().height, note(staying));
  EXPECT_EQ(made_at_once(prover.begin_record(parameters_key())).error().code, Errc::limit_exceeded);
  prover.skip_handovers_before(Epoch(kEpochs));
  const auto proof = made_at_once(prover.begin_record(parameters_key()));
  ASSERT_TRUE(proof) << proof.error().to_string();
  EXPECT_FALSE(verify(*proof, *TrustPolicy::parse(middle), {}));

  for (const auto& [policy, changes] : {std::pair(first_policy, kEpochs),
                                        std::pair(middle, kEpochs - 500), std::pair(today, 0ul)}) {
    auto found = lead(policy);
    const auto status = walk(found);
    ASSERT_TRUE(status) << status.error().to_string();
    EXPECT_EQ(found.changes().size(), changes);
    EXPECT_EQ(found.policy().print(), today);
    EXPECT_TRUE(verify(*proof, found.policy(), {}));
  }
  // Within a piece, between two, and of a time that nobody asks about.
  for (const std::uint64_t gap : {700U, 704U, 705U}) {
    auto torn = lead(middle);
    EXPECT_EQ(walk(torn, gap).error().code, Errc::handover_invalid) << gap;
  }
}

TEST_F(HandedOver, ValidatorsOfAnyTimeAreFound) {
  EXPECT_EQ(*validators_at(store, store.size()), genesis.validators);
  EXPECT_TRUE(validators_at(store, 0)->empty());
  const auto first_size = store.size();
  ASSERT_EQ(decide(RemoveValidator{{"custodian"}}, {"brand", "east", "auditor"}), Errc::ok);
  const auto second = validators(journal->state());
  const auto second_size = store.size();
  ASSERT_EQ(run("east", replacement("east", "east 2")), Errc::ok);
  ASSERT_EQ(run("brand", replacement("brand", "brand 2")), Errc::ok);
  EXPECT_EQ(*validators_at(store, first_size), genesis.validators);
  // Records stand before their block's Header.
  EXPECT_EQ(*validators_at(store, second_size - 1), second);
  EXPECT_EQ(*validators_at(store, second_size), second);
  EXPECT_EQ(*validators_at(store, store.size()), validators(journal->state()));
}

TEST_F(HandedOver, OnlyTheHandoverOfTheEpochIsKept) {
  const auto refused = [](const Status& status) {
    return !status && status.error().code == Errc::value_invalid;
  };
  const auto sign = [&] { return note({{"brand", "brand"}}); };
  // Genesis ended no epoch.
  EXPECT_TRUE(refused(hand_over(sign())));
  ASSERT_EQ(decide(RemoveValidator{{"custodian"}}, {"brand", "east", "auditor"}), Errc::ok);
  auto other = *parse_note(sign());
  other.body.root.bytes[0] ^= 1;
  EXPECT_TRUE(refused(hand_over(print(other))));
  EXPECT_TRUE(refused(journal->save_handover(Epoch(0), {{sign()}, {first_policy}, {}, {}})));
  EXPECT_TRUE(refused(journal->save_handover(
      Epoch(1), {{sign()},
                 {trust_policy_text("example", chain_id(genesis), validators(journal->state()))},
                 {},
                 {}})));
  other = *parse_note(sign());
  other.body.size += 1;
  EXPECT_TRUE(refused(hand_over(print(other))));
  EXPECT_FALSE(store.handover(Epoch(0)));
  EXPECT_TRUE(hand_over(sign()));
  EXPECT_TRUE(store.handover(Epoch(0)));
}

}  // namespace
}  // namespace fenrun::test
