#include <set>

#include "contracts/keys.h"
#include "contracts/provenance.h"
#include "core/text.h"
#include "ledger/proof/verify.h"
#include "ledger/prover.h"
#include "node/json/families.h"
#include "node/json/proof_json.h"
#include "tests/support/printed_codes.h"
#include "tests/unit/node/api/api_fixture.h"

namespace fenrun::api {
namespace {

using test::party_named;

class ProofsTest : public ApiTest {
 protected:
  // Fetches a proof and has the verifier judge it.
  Result<ProofVerdict> prove(const std::string& what) {
    const auto answer = get("/v1/proofs/" + what);
    EXPECT_EQ(answer.status, 200) << what << answer.body;
    if (answer.status != 200) return Errc::not_found;
    EXPECT_EQ(answer.headers.at("content-type"), "application/vnd.fenrun.proof+json");
    EXPECT_TRUE(answer.headers.at("content-disposition").ends_with(".fenrun-proof\""));
    FENRUN_TRY(const auto proof, parse_proof(answer.body));
    EXPECT_EQ(print_proof(proof), answer.body);
    FENRUN_TRY(const auto policy, TrustPolicy::parse(get("/network.policy", "").body));
    VerifyOptions options;
    options.ordered_families = ordered_families();
    auto verdict = verify(proof, policy, options);
    EXPECT_TRUE(verdict.has_value()) << what << ": " << verdict.error().to_string();
    return verdict;
  }

  // Positions of the entries of one kind.
  template <class T>
  std::vector<Position> positions() {
    std::vector<Position> out;
    const auto size = node_.store().size();
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto entry = decode_entry(*node_.store().entry(Position(i)));
      if (std::holds_alternative<T>(*entry)) out.push_back(Position(i));
    }
    return out;
  }
};

std::string text(Position position) { return std::to_string(position.value()); }

TEST_F(ProofsTest, OfEveryTransactionOperationAndPosting) {
  for (const auto position : positions<TransactionEntry>()) {
    const auto entry = decode_entry(*node_.store().entry(position));
    const auto id = to_hex(std::get<TransactionEntry>(*entry).body.id().view());
    const auto bare = prove("transaction/" + id);
    ASSERT_TRUE(bare);
    const auto whole = prove("transaction/" + id + "?operations=true");
    ASSERT_TRUE(whole);
    EXPECT_FALSE(std::get<TransactionFacts>(whole->facts).operations.empty());
  }
  for (const auto position : positions<OperationEntry>()) {
    EXPECT_TRUE(prove("operation/" + text(position)));
  }
  std::set<PostingKind> kinds;
  for (const auto position : positions<Posting>()) {
    const auto verdict = prove("posting/" + text(position));
    ASSERT_TRUE(verdict);
    const auto& facts = std::get<PostingFacts>(verdict->facts);
    kinds.insert(facts.posting.entry.kind);
    EXPECT_EQ(facts.policy_record.has_value(), facts.posting.entry.kind == PostingKind::earning);
  }
  EXPECT_EQ(kinds.size(), 4u);
}

TEST_F(ProofsTest, OfEveryCurrentRecord) {
  const auto& state = node_.journal().state();
  std::size_t records = 0;
  const RecordKey first(1, 0);
  for (auto key = state.at_or_after(first); key; key = state.at_or_after(*key)) {
    const auto verdict = prove("record/" + to_hex(*key));
    ASSERT_TRUE(verdict) << to_hex(*key);
    EXPECT_EQ(Bytes(*std::get<RecordFacts>(verdict->facts).record.entry.value), state.value(*key));
    ++records;
    key->push_back(0);
  }
  EXPECT_GT(records, 50u);
}

TEST_F(ProofsTest, OfAbsenceInEveryOrderedFamily) {
  const UnitBatchId batch(77);
  const test::PrintedCodes codes(chain_id(node_.genesis()), batch, 4);
  on_loop([&] {
    node_.submit(node_.sign("brand", {codes.registration(ClaimPath::bearer)}),
                 [](const Result<Digest>& id) { CHECK(id); });
    node_.commit_block();
    node_.cosign();
    return true;
  });
  const RecordKey absent[] = {
      claim_bits_key(batch, 3),
      history_bits_key({batch, UnitLevel::item, 3}),
      commissioned_key(batch, UnitLevel::item, 0),
      voided_key(batch, UnitLevel::item, 0),
      party_key(party_named("nobody")),
      lane_key(party_named("store"), Lane(7)),
      policy_key(PolicyId(1), 2),
      policy_key(PolicyId(9), 1),
      period_key(test::kCampaign, PeriodId(9)),
      fund_key(test::kCampaign, AssetId(0), party_named("store")),
      payout_key(test::payout_named("second")),
      fault_count_key(party_named("brand")),
      statement_key(
          {{party_named("store"), Book::fund, test::kCampaign, AssetId(0)}, PeriodId(1)})};
  std::set<std::uint8_t> families;
  for (const auto& key : absent) {
    EXPECT_TRUE(prove("absence/" + to_hex(key))) << to_hex(key);
    families.insert(key[0]);
  }
  EXPECT_EQ(families.size(), ordered_families().size());
  const auto there = to_hex(party_key(party_named("store")));
  EXPECT_EQ(code("/v1/proofs/absence/" + there, 400), "value_invalid");
  EXPECT_EQ(code("/v1/proofs/absence/" + to_hex(campaign_key(CampaignId(9))), 400),
            "value_invalid");
  EXPECT_EQ(code("/v1/proofs/absence/" + to_hex(party_scope()), 400), "value_invalid");
  EXPECT_EQ(code("/v1/proofs/absence/" + to_hex(lane_key(party_named("nobody"), Lane(0))), 404),
            "not_found");
}

TEST_F(ProofsTest, OfEveryAccount) {
  std::size_t postings = 0;
  for (const std::string name : {"brand", "east", "auditor", "custodian", "store"}) {
    const auto verdict = prove("account/" + to_hex(party_named(name).view()));
    ASSERT_TRUE(verdict) << name;
    for (const auto& statement : std::get<AccountFacts>(verdict->facts).statements) {
      postings += statement.postings.size();
    }
  }
  // Each posting is in two statements.
  EXPECT_EQ(postings, 2 * positions<Posting>().size());
  EXPECT_EQ(code("/v1/proofs/account/" + to_hex(party_named("nobody").view()), 404), "not_found");
}

TEST_F(ProofsTest, OfTheProvenanceOfEveryUnit) {
  std::vector<std::size_t> events;
  for (int i = 0; i < 4; ++i) {
    const auto verdict = prove("provenance/" + test::item(i).value);
    ASSERT_TRUE(verdict) << i;
    const auto life =
        check_provenance(verdict->header.chain_id, std::get<HistoryFacts>(verdict->facts));
    ASSERT_TRUE(life) << life.error().to_string();
    EXPECT_EQ(life->epc, test::item(i));
    events.push_back(life->events.size());
  }
  EXPECT_EQ(events, (std::vector<std::size_t>{3, 3, 1, 1}));
  EXPECT_EQ(code("/v1/proofs/provenance/01/06901234567892/21/NOBODYS", 404), "not_found");
}

TEST_F(ProofsTest, OfProvenanceAtTheCheckpoint) {
  const auto transaction = on_loop([&] {
    return node_.sign("store", {test::event(EventKind::receiving, "store", {test::item(2)}, "late",
                                            node_.journal().tip().time)});
  });
  EXPECT_EQ(post("application/octet-stream", std::string(text_of(encode(transaction)))).status,
            202);
  on_loop([&] { node_.commit_block(); });
  // What came since is not told yet, and what was is provable still.
  const auto told = [&] {
    const auto verdict = prove("provenance/" + test::item(2).value);
    CHECK(verdict.has_value());
    const auto life =
        check_provenance(verdict->header.chain_id, std::get<HistoryFacts>(verdict->facts));
    CHECK(life.has_value());
    return life->events.size();
  };
  EXPECT_EQ(told(), 1u);
  on_loop([&] { node_.cosign(); });
  EXPECT_EQ(told(), 2u);
}

TEST_F(ProofsTest, AreMadeAtTheCheckpointNotAtTheTip) {
  const auto checkpoint = *node_.checkpoint();
  const auto lane = lane_key(party_named("east"), Lane(0));
  const auto before = *node_.journal().state().value(lane);
  const auto transaction = on_loop([&] {
    return node_.sign("east", {OpenLane{Lane(1)}, OpenLane{Lane(2)}});
  });
  EXPECT_EQ(post("application/octet-stream", std::string(text_of(encode(transaction)))).status,
            202);
  on_loop([&] { node_.commit_block(); });
  on_loop([&] { node_.commit_block(); });

  // Superseded since, yet current at the checkpoint.
  const auto verdict = prove("record/" + to_hex(lane));
  ASSERT_TRUE(verdict);
  EXPECT_EQ(Bytes(*std::get<RecordFacts>(verdict->facts).record.entry.value), before);
  EXPECT_EQ(verdict->checkpoint.size, checkpoint.size);
  // Opened since, yet absent at the checkpoint; beside a neighbour that came since as well.
  EXPECT_TRUE(prove("absence/" + to_hex(lane_key(party_named("east"), Lane(1)))));
  EXPECT_TRUE(prove("absence/" + to_hex(lane_key(party_named("east"), Lane(2)))));
  EXPECT_TRUE(prove("account/" + to_hex(party_named("east").view())));
  // What came since has no proof yet.
  const auto id = to_hex(transaction.id().view());
  EXPECT_EQ(code("/v1/proofs/transaction/" + id, 503), "not_ready");
  EXPECT_EQ(code("/v1/proofs/record/" + to_hex(lane_key(party_named("east"), Lane(1))), 503),
            "not_ready");
  on_loop([&] { node_.cosign(); });
  EXPECT_TRUE(prove("transaction/" + id));
  EXPECT_TRUE(prove("record/" + to_hex(lane_key(party_named("east"), Lane(1)))));
}

// That a validator contradicted itself, for whoever was not there.
TEST_F(ProofsTest, OfEvidence) {
  const auto evidence = commit_evidence_against("brand");
  on_loop([&] {
    node_.commit_block();
    node_.cosign();
  });
  const auto digest = evidence_digest(evidence);
  const auto verdict = prove("record/" + to_hex(evidence_key(digest)));
  ASSERT_TRUE(verdict);
  const auto& state = node_.journal().state();
  EXPECT_EQ(Bytes(*std::get<RecordFacts>(verdict->facts).record.entry.value),
            state.value(evidence_key(digest)));
  EXPECT_EQ(find_evidence(state, digest)->evidence, evidence);
}

TEST_F(ProofsTest, OfAPolicyThatWasChangedSince) {
  const auto earning = [&] {
    for (const auto position : positions<Posting>()) {
      const auto entry = decode_entry(*node_.store().entry(position));
      if (std::get<Posting>(*entry).kind == PostingKind::earning) return position;
    }
    return Position();
  }();
  auto terms = std::get<PolicyV1>(find_policy(node_.journal().state(), test::kPolicy, 1)->terms);
  terms.version = 2;
  terms.effective_from = TimeMs(node_.journal().tip().time.value() + 60'000);
  const auto run = [&](const std::string& name, const Operation& operation) {
    const auto transaction = on_loop([&] { return node_.sign(name, {operation}); });
    EXPECT_EQ(post("application/octet-stream", std::string(text_of(encode(transaction)))).status,
              202);
    on_loop([&] { node_.commit_block(); });
  };
  run("brand", PublishPolicy{terms});
  run("east", CountersignPolicy{test::kPolicy, 2, policy_digest(terms)});
  on_loop([&] { node_.cosign(); });
  // Version 2 ended version 1 earlier: its Record was superseded.
  const auto verdict = prove("posting/" + text(earning));
  ASSERT_TRUE(verdict);
  const auto& facts = std::get<PostingFacts>(verdict->facts);
  ASSERT_TRUE(facts.policy_record);
  EXPECT_EQ(RecordKey(facts.policy_record->entry.key), policy_key(test::kPolicy, 1));
  const auto current = node_.journal().state().record(policy_key(test::kPolicy, 1));
  EXPECT_LT(facts.policy_record->position, current->position);
}

TEST_F(ProofsTest, AreRefusedForWhatIsNotThere) {
  EXPECT_EQ(code("/v1/proofs/transaction/" + std::string(64, '0'), 404), "not_found");
  EXPECT_EQ(code("/v1/proofs/transaction/xyz", 400), "value_invalid");
  EXPECT_EQ(code("/v1/proofs/operation/0", 400), "value_invalid");
  EXPECT_EQ(code("/v1/proofs/posting/0", 400), "value_invalid");
  EXPECT_EQ(code("/v1/proofs/operation/999999", 404), "not_found");
  EXPECT_EQ(code("/v1/proofs/record/ff", 404), "not_found");
  const auto tip = node_.store().size() - 1;
  EXPECT_EQ(code("/v1/proofs/operation/" + std::to_string(tip), 400), "value_invalid");
}

TEST_F(ProofsTest, HaveOneSpelling) {
  const auto good = get("/v1/proofs/record/" + to_hex(parameters_key())).body;
  ASSERT_TRUE(parse_proof(good));
  const auto code_of_altered = [&](const std::string& from, const std::string& to) {
    std::string altered = good;
    const auto at = altered.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    altered.replace(at, from.size(), to);
    const auto proof = parse_proof(altered);
    return proof ? Errc::ok : proof.error().code;
  };
  EXPECT_EQ(code_of_altered("{\"checkpoint\"", "{ \"checkpoint\""), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_altered("\n", ""), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_altered("\"version\":2", "\"version\":2,\"x\":1"), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_altered("\"version\":2", "\"version\":2,\"version\":2"),
            Errc::proof_not_canonical);
  EXPECT_EQ(code_of_altered("\"version\":2", "\"version\":2.0"), Errc::proof_not_canonical);
  EXPECT_EQ(code_of_altered("\"version\":2", "\"version\":3"), Errc::proof_version);
  EXPECT_EQ(code_of_altered("\"fenrun-proof\"", "\"tlog-proof\""), Errc::proof_malformed);
  EXPECT_EQ(code_of_altered("\"type\":\"record\"", "\"type\":\"rumour\""), Errc::proof_malformed);
  EXPECT_EQ(code_of_altered("\"entries\"", "\"entrees\""), Errc::proof_malformed);
  EXPECT_EQ(code_of_altered("}", "]"), Errc::proof_malformed);
  EXPECT_EQ(code_of_altered("example", "ex\\u0061mple"), Errc::proof_not_canonical);
  // Whatever byte changes, it is refused or says something else; it never crashes.
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string altered = good;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    const auto proof = parse_proof(altered);
    EXPECT_EQ(proof ? print_proof(*proof) : altered, altered);
  }
}

}  // namespace
}  // namespace fenrun::api
