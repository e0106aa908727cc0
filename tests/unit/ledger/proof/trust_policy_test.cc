#include "ledger/proof/trust_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace fenrun {
namespace {

constexpr std::string_view kOrigin = "demo/0011223344556677";

PublicKey public_key_number(std::uint8_t number) {
  Seed seed;
  seed.mutable_view()[0] = number;
  return SigningKey::from_seed(seed).public_key();
}

std::vector<CheckpointSigner> four() {
  return {{"brand", public_key_number(1)},
          {"north", public_key_number(2)},
          {"south", public_key_number(3)},
          {"auditor", public_key_number(4)}};
}

std::string canonical() { return canonical_trust_policy(kOrigin, four(), 3); }

std::string witness_line(const std::string& name, std::uint8_t number) {
  return "witness " + name + " " +
         print(VerifierKey{"witness.example/" + name, NoteKeyType::cosignature,
                           public_key_number(number)}) +
         "\n";
}

Errc code_of(const std::string& text) {
  const auto policy = TrustPolicy::parse(text);
  return policy ? Errc::ok : policy.error().code;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// The marks of the witnesses with these names.
std::vector<bool> marks(const TrustPolicy& policy, const std::vector<std::string>& names) {
  std::vector<bool> out;
  for (const auto& witness : policy.witnesses()) {
    out.push_back(std::ranges::count(names, witness.name) > 0);
  }
  return out;
}

TEST(TrustPolicy, CanonicalTextIsReadBack) {
  const auto policy = TrustPolicy::parse(canonical());
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->origin(), kOrigin);
  EXPECT_EQ(policy->print(), canonical());
  EXPECT_EQ(policy->validators_quorum(), 3u);
  EXPECT_EQ(policy->validators().size(), 4u);
  EXPECT_EQ(policy->digest(), hash(Domain::trust_policy, bytes_of(canonical())));
  EXPECT_EQ(policy->digest(), trust_policy_digest(kOrigin, four(), 3));
}

TEST(TrustPolicy, TheOrderOfTheSignersDoesNotMatterAllElseDoes) {
  auto signers = four();
  std::ranges::reverse(signers);
  EXPECT_EQ(canonical_trust_policy(kOrigin, signers, 3), canonical());
  EXPECT_NE(trust_policy_digest(kOrigin, four(), 4), trust_policy_digest(kOrigin, four(), 3));
  signers[0].name = "other";
  EXPECT_NE(trust_policy_digest(kOrigin, signers, 3), trust_policy_digest(kOrigin, four(), 3));
}

TEST(TrustPolicy, ThreeOfFourMeetIt) {
  const auto policy = TrustPolicy::parse(canonical()).value();
  EXPECT_TRUE(policy.is_met_by(marks(policy, {"brand", "north", "south"})));
  EXPECT_TRUE(policy.is_met_by(marks(policy, {"brand", "north", "south", "auditor"})));
  EXPECT_FALSE(policy.is_met_by(marks(policy, {"brand", "south"})));
  EXPECT_FALSE(policy.is_met_by(marks(policy, {})));
}

TEST(TrustPolicy, AClientMayAskForMoreAndTheDigestStays) {
  const auto text = replaced(canonical(), "quorum validators\n", "") +
                    "# zwei Zeugen, \xe4\xb8\xa4\n\n" + witness_line("w1", 11) +
                    witness_line("w2", 12) +
                    "group outside any w1 w2\ngroup both all validators outside\n  quorum\tboth \n";
  const auto policy = TrustPolicy::parse(text);
  ASSERT_TRUE(policy) << policy.error().to_string();
  EXPECT_EQ(policy->digest(), TrustPolicy::parse(canonical())->digest());
  EXPECT_EQ(TrustPolicy::parse(policy->print()).value(), *policy);
  EXPECT_TRUE(policy->is_met_by(marks(*policy, {"brand", "north", "south", "w2"})));
  EXPECT_FALSE(policy->is_met_by(marks(*policy, {"brand", "north", "south", "auditor"})));
  EXPECT_FALSE(policy->is_met_by(marks(*policy, {"brand", "north", "w1", "w2"})));
}

TEST(TrustPolicy, AQuorumOfOthersAloneNeverSuffices) {
  const auto text =
      replaced(canonical(), "quorum validators\n", "") + witness_line("w1", 11) + "quorum w1\n";
  const auto policy = TrustPolicy::parse(text).value();
  EXPECT_FALSE(policy.is_met_by(marks(policy, {"w1"})));
  EXPECT_TRUE(policy.is_met_by(marks(policy, {"w1", "brand", "north", "south"})));
}

TEST(TrustPolicy, UrlsAreReadPast) {
  const auto text = replaced(canonical(), "\nwitness ", " https://log.example/\nwitness ");
  EXPECT_EQ(TrustPolicy::parse(text).value().print(), canonical());
}

TEST(TrustPolicy, RefusesWhatItCannotRelyOn) {
  const auto text = canonical();
  const auto first_log = text.substr(0, text.find('\n') + 1);
  const auto with = [&](const std::string& line) {
    return replaced(text, "quorum validators\n", line + "quorum validators\n");
  };
  const VerifierKey stranger{std::string(kOrigin), NoteKeyType::log, public_key_number(9)};
  const VerifierKey elsewhere{"other/0011223344556677", NoteKeyType::log, public_key_number(9)};
  const VerifierKey again{"again", NoteKeyType::cosignature, public_key_number(1)};
  for (const auto& bad : {
           std::string(),
           std::string("quorum none\n"),
           text.substr(0, text.size() - 1),                         // The last LF.
           text + "quorum validators\n",                            // Twice.
           replaced(text, "quorum validators", "quorum nobody"),    //
           replaced(text, "quorum validators", "quorum none"),      //
           replaced(text, "quorum validators\n", ""),               //
           replaced(text, "group validators 3", "group others 3"),  //
           replaced(text, "group validators 3", "group validators 5"),
           replaced(text, "group validators 3", "group validators 0"),
           replaced(text, "group validators 3", "group validators 03"),
           replaced(text, " brand", " none"),
           replaced(text, first_log, ""),           // A validator without a log line.
           first_log + text,                        // The same log twice.
           "log " + print(stranger) + "\n" + text,  // A log that is no validator's.
           "log " + print(elsewhere) + "\n" + text,
           with("witness again " + print(again) + "\n"),  // A key under two names.
           with("group twice any brand\n"),               // A member of two groups.
           with(witness_line("brand", 11)),               // A name for two witnesses.
           with(witness_line("none", 11)),
           with("group w any nobody\n"),
           with("group w any\n"),
           with("witness w\n"),
           with("log\n"),
           with("witnes w\n"),
           with("witness w \x01\n"),
           std::string(kTrustPolicyBytesMax, '\n') + text,
       }) {
    EXPECT_EQ(code_of(bad), Errc::policy_malformed) << bad;
  }
}

TEST(TrustPolicy, AValidatorKeepsItsNameAndBothKeys) {
  // The same signers under other names or keys are another policy, or none.
  auto text = canonical();
  const VerifierKey cosigner{std::string(kOrigin) + "/brand", NoteKeyType::cosignature,
                             public_key_number(1)};
  auto renamed = cosigner;
  renamed.name = "brand";
  EXPECT_EQ(code_of(replaced(text, print(cosigner), print(renamed))), Errc::policy_malformed);
  auto rekeyed = cosigner;
  rekeyed.key = public_key_number(9);
  EXPECT_EQ(code_of(replaced(text, print(cosigner), print(rekeyed))), Errc::policy_malformed);
  auto retyped = cosigner;
  retyped.type = NoteKeyType::log;
  EXPECT_EQ(code_of(replaced(text, print(cosigner), print(retyped))), Errc::policy_malformed);
}

// Whatever one alters: it is refused, or it prints what it means.
RC_GTEST_PROP(TrustPolicyProperty, PrintAndParseAgree, ()) {
  auto text = canonical();
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  if (*rc::gen::arbitrary<bool>()) {
    text[at] = *rc::gen::arbitrary<char>();
  } else {
    text.erase(at, *rc::gen::inRange<std::size_t>(1, 80));
  }
  if (const auto policy = TrustPolicy::parse(text)) {
    RC_ASSERT(TrustPolicy::parse(policy->print()).value() == *policy);
  }
}

}  // namespace
}  // namespace fenrun
