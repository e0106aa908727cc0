// Commands that talk to a node: its API is the real one, its journal a short story.
#include <gmock/gmock.h>

#include "node/json/views.h"
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string party_hex(const std::string& name) { return to_hex(test::party_named(name).view()); }

TEST_F(NodeCommandTest, status_is_shown_and_needs_a_token) {
  const auto status = ask({"status", "--why"});
  ASSERT_EQ(status.exit, Exit::ok) << status.err;
  EXPECT_THAT(status.out, AllOf(HasSubstr("height"), HasSubstr("All is well.")));
  EXPECT_EQ(ask({"status", "--json"}).json()["ready"], true);

  const auto without = run({"status", "--node", url_});
  EXPECT_EQ(without.exit, Exit::refused);
  EXPECT_THAT(without.err, AllOf(HasSubstr("error: unauthorized"), HasSubstr("next: ")));
}

TEST_F(NodeCommandTest, every_query_answers) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"status"},
                                             {"party"},
                                             {"party", party_hex("store")},
                                             {"statements", party_hex("store")},
                                             {"campaigns"},
                                             {"policy"},
                                             {"policy", "1"},
                                             {"periods"},
                                             {"periods", "--campaign", "1"},
                                             {"funds"},
                                             {"funds", "--campaign", "1"},
                                             {"unit", "01/06901234567892/21/B0"},
                                             {"unit", "urn:epc:id:sgtin:6901234.056789.B0"},
                                             {"counters"},
                                             {"counters", "--batch", "1", "--month", "0"},
                                             {"payouts"},
                                             {"block"},
                                             {"block", "1"},
                                             {"entry", "1"},
                                             {"record", "15"},
                                             {"parameters"},
                                             {"checkpoint"},
                                             {"validators"},
                                             {"members"},
                                             {"evidence"}}) {
    std::vector<std::string> query = {"query"};
    query.insert(query.end(), words.begin(), words.end());
    const auto shown = ask(query);
    EXPECT_EQ(shown.exit, Exit::ok) << words[0] << ": " << shown.err;
    EXPECT_FALSE(shown.out.empty());
    query.emplace_back("--json");
    EXPECT_TRUE(ask(query).json().is_structured()) << words[0];
  }
  EXPECT_THAT(ask({"query", "funds"}).out,
              AllOf(HasSubstr("declared"), HasSubstr("10000"), HasSubstr(party_hex("brand"))));
  EXPECT_THAT(ask({"query", "statements", party_hex("store")}).out, HasSubstr("payable"));
  EXPECT_EQ(ask({"query", "counters", "--json"}).json()[0]["sold"], 2);
  EXPECT_TRUE(ask({"query", "counters", "--store", party_hex("store"), "--json"}).json().empty());
  EXPECT_EQ(ask({"query", "counters", "--store", "no party"}).exit, Exit::refused);
  EXPECT_EQ(ask({"query", "unit", "01/06901234567892/21/none"}).exit, Exit::refused);
  EXPECT_EQ(ask({"query", "unit", "urn:nonsense:1"}).exit, Exit::refused);
  EXPECT_EQ(ask({"query", "party", std::string(32, '0')}).exit, Exit::refused);
  EXPECT_EQ(ask({"query", "campaigns", "--rows-max", "1", "--json"}).json().size(), 1U);
}

TEST_F(NodeCommandTest, a_trust_file_is_shown_and_followed) {
  const auto trust = write("old.policy", node_.trust_policy() + "# our copy\n");
  const auto shown = ask({"policy", "show", "--trust", trust, "--json"});
  ASSERT_EQ(shown.exit, Exit::ok) << shown.err;
  EXPECT_EQ(shown.json()["quorum"], 3);
  EXPECT_EQ(shown.json()["validators"].size(), 4U);

  const auto updated =
      ask({"policy", "update", "--trust", trust, "-o", path("new.policy"), "--json"});
  ASSERT_EQ(updated.exit, Exit::ok) << updated.err;
  EXPECT_EQ(updated.json()["changes"].size(), 0U);
  EXPECT_EQ(contents("new.policy"), node_.trust_policy());

  // Neither the one so far nor any other is overwritten: proofs of its time need it.
  const auto over = ask({"policy", "update", "--trust", trust, "-o", trust});
  EXPECT_EQ(over.exit, Exit::local);
  EXPECT_THAT(over.err, HasSubstr("error: file_exists: " + trust));
  EXPECT_THAT(contents("old.policy"), HasSubstr("# our copy"));

  const auto missing = ask({"policy", "update", "--trust", trust, "--proof", trust, "-o", "-"});
  EXPECT_EQ(missing.exit, Exit::refused);
  EXPECT_EQ(ask({"query", "handover", "0"}).exit, Exit::refused);
}

TEST_F(NodeCommandTest, a_draft_is_signed_sent_and_final) {
  const auto draft = write("draft.json", R"({"operations": [{"type": "open_lane", "lane": 3}]})");
  const auto sent = ask({"tx", "submit", draft, "--key", key_file("brand"), "--json"});
  ASSERT_EQ(sent.exit, Exit::ok) << sent.err << sent.out;
  EXPECT_EQ(sent.json()["status"], "committed");
  EXPECT_EQ(sent.json()["operations"][0]["outcome"], "ok");

  const auto again = ask({"tx", "status", sent.json()["id"].get<std::string>()});
  EXPECT_EQ(again.exit, Exit::ok) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("committed"), HasSubstr("open_lane")));

  // What is refused in execution is final as well, and the answer is no.
  const auto twice =
      ask({"tx", "submit", draft, "--key", key_file("auditor"), "--party", party_hex("brand")});
  EXPECT_EQ(twice.exit, Exit::refused);
  const auto repeated = ask({"tx", "submit", draft, "--key", path("brand.key")});
  EXPECT_EQ(repeated.exit, Exit::refused);
  EXPECT_THAT(repeated.err, HasSubstr("error: lane_exists"));
}

TEST_F(NodeCommandTest, a_lane_tells_its_next_sequence) {
  const auto shown = ask({"query", "lane", party_hex("brand")});
  ASSERT_EQ(shown.exit, Exit::ok) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("next_sequence"));
  const auto before = ask({"query", "lane", party_hex("brand"), "0", "--json"}).json();
  const auto draft = write("draft.json", R"({"operations": [{"type": "open_lane", "lane": 3}]})");
  ASSERT_EQ(ask({"tx", "submit", draft, "--key", key_file("brand")}).exit, Exit::ok);
  const auto after = ask({"query", "lane", party_hex("brand"), "--json"}).json();
  EXPECT_EQ(after["next_sequence"].get<int>(), before["next_sequence"].get<int>() + 1);
  EXPECT_EQ(ask({"query", "lane", party_hex("brand"), "3", "--json"}).json()["next_sequence"], 0);
  EXPECT_EQ(ask({"query", "lane", party_hex("brand"), "9"}).exit, Exit::refused);
}

TEST_F(NodeCommandTest, a_proposal_shows_what_is_approved_and_by_whom) {
  const auto transport_key = to_hex(test::key_named("south transport").public_key().view());
  const auto possession = test::possession("south transport", "store", KeyPurpose::transport);
  const Json change = {{"type", "admit_member"},
                       {"name", "south"},
                       {"party", party_hex("store")},
                       {"transport_key", transport_key},
                       {"possession", to_hex(possession.view())}};
  const Json draft = {
      {"operations", {{{"type", "propose_change"}, {"change", change}, {"valid_until", 500}}}}};
  const auto sent =
      ask({"tx", "submit", write("draft.json", draft.dump()), "--key", key_file("brand")});
  ASSERT_EQ(sent.exit, Exit::ok) << sent.err << sent.out;
  EXPECT_THAT(ask({"query", "proposals"}).out,
              AllOf(HasSubstr("admit_member"), HasSubstr("south"), HasSubstr(party_hex("store")),
                    HasSubstr(transport_key), HasSubstr("[\"" + party_hex("brand") + "\"]")));
}

TEST_F(NodeCommandTest, a_key_that_nobody_has_signs_nothing) {
  const auto draft = write("draft.json", R"({"operations": [{"type": "open_lane", "lane": 3}]})");
  const auto ran = ask({"tx", "submit", draft, "--key", key_file("nobody")});
  EXPECT_EQ(ran.exit, Exit::refused);
  EXPECT_THAT(ran.err, HasSubstr("error: signer_unknown"));
  EXPECT_EQ(ask({"tx", "submit", draft, "--key", path("none.key")}).exit, Exit::local);
  EXPECT_EQ(
      ask({"tx", "submit", write("bad.json", "{\"operations\": 1}"), "--key", path("nobody.key")})
          .exit,
      Exit::refused);
}

TEST_F(NodeCommandTest, what_was_signed_offline_is_sent) {
  const auto draft = write("draft.json", R"({"operations": [{"type": "open_lane", "lane": 5}]})");
  const auto status = ask({"query", "status", "--json"}).json();
  ASSERT_EQ(ask({"tx", "sign", draft, "--key", key_file("east"), "--party", party_hex("east"),
                 "--chain-id", status["chain_id"].get<std::string>(), "--sequence", "999",
                 "--valid-until", "500", "-o", path("tx.bin")})
                .exit,
            Exit::ok);
  const auto sent = ask({"tx", "send", path("tx.bin")});
  EXPECT_EQ(sent.exit, Exit::refused);
  EXPECT_THAT(sent.err, HasSubstr("error: sequence_gap"));
}

TEST_F(NodeCommandTest, several_signed_transactions_are_sent_together) {
  const auto status = ask({"query", "status", "--json"}).json();
  const auto key = key_file("east");
  const auto sign = [&](const std::string& name, int lane, int sequence) {
    const auto draft = write(name + ".json", R"({"operations": [{"type": "open_lane", "lane": )" +
                                                 std::to_string(lane) + "}]}");
    EXPECT_EQ(ask({"tx", "sign", draft, "--key", key, "--party", party_hex("east"), "--chain-id",
                   status["chain_id"].get<std::string>(), "--sequence", std::to_string(sequence),
                   "--valid-until", "500", "-o", path(name + ".bin")})
                  .exit,
              Exit::ok);
    return path(name + ".bin");
  };
  const auto before =
      ask({"tx", "submit", write("d.json", R"({"operations": [{"type": "open_lane", "lane": 6}]})"),
           "--key", key, "--json"});
  ASSERT_EQ(before.exit, Exit::ok) << before.out << before.err;
  const int first = before.json()["transaction"]["body"]["sequence"].get<int>() + 1;
  const auto a = sign("a", 7, first);
  const auto b = sign("b", 7, first + 1);  // The lane is open by then.
  const auto c = sign("c", 8, first + 5);
  const auto sent = ask({"tx", "send", a, b, c, "--json"});
  EXPECT_EQ(sent.exit, Exit::refused) << sent.out << sent.err;
  const auto rows = sent.json();
  ASSERT_EQ(rows.size(), 3u) << sent.out;
  EXPECT_EQ(rows[0]["file"], a);
  EXPECT_EQ(rows[0]["status"], "committed");
  EXPECT_EQ(rows[0]["operations"][0]["outcome"], "ok");
  EXPECT_EQ(rows[1]["operations"][0]["outcome"], "lane_exists");
  EXPECT_EQ(rows[2]["status"], "refused");
  EXPECT_EQ(rows[2]["reason"]["code"], "sequence_gap");
  // None is taken, and of each it is told why, as people read it.
  const auto again = ask({"tx", "send", a, c});
  EXPECT_EQ(again.exit, Exit::refused);
  EXPECT_THAT(again.out, AllOf(HasSubstr("sequence_stale"), HasSubstr("sequence_gap")));
  // Nobody there: of each file it is told that nothing is known.
  const auto gone = run({"tx", "send", a, c, "--node", "http://127.0.0.1:9", "--json"});
  EXPECT_EQ(gone.exit, Exit::unreachable) << gone.err;
  EXPECT_EQ(gone.json()[1]["status"], "unknown") << gone.out;
  EXPECT_EQ(gone.json()[1]["reason"]["code"], "unreachable");
  // A file that is none: nothing is sent.
  EXPECT_EQ(ask({"tx", "send", a, write("none.bin", "x")}).exit, Exit::refused);
}

TEST_F(NodeCommandTest, goods_events_are_captured_into_the_ledger) {
  const std::string store = party_hex("store");
  const auto places = write("places.json", R"({"urn:x:store": ")" + store + R"("})");
  const auto event = [&](const std::string& epc) {
    return R"({"type": "ObjectEvent", "eventTime": "1970-01-01T00:00:01Z", "action": "OBSERVE",
               "eventTimeZoneOffset": "+00:00", "bizStep": "receiving",
               "readPoint": {"id": "urn:x:store"}, "epcList": ["urn:epc:id:sgtin:)" +
           epc + R"("]})";
  };
  const auto known = write("known.json", "[" + event("6901234.056789.B2") + "]");
  const auto captured =
      ask({"capture", known, "--places", places, "--key", key_file("store"), "--json"});
  ASSERT_EQ(captured.exit, Exit::ok) << captured.err << captured.out;
  EXPECT_EQ(captured.json()[0]["outcome"], "ok");

  // One unit is unknown: rolled back as a whole, or each for itself.
  const auto mixed = write(
      "mixed.json", "[" + event("6901234.056789.B3") + "," + event("6901234.056789.B9") + "]");
  const auto rolled_back =
      ask({"capture", mixed, "--places", places, "--key", path("store.key"), "--json"});
  EXPECT_EQ(rolled_back.exit, Exit::refused);
  EXPECT_EQ(rolled_back.json()[1]["outcome"], "unit_unknown") << rolled_back.out;
  EXPECT_EQ(ask({"query", "unit", "01/06901234567892/21/B3", "--json"}).json()["state"],
            "commissioned");
  const auto proceeded = ask({"capture", mixed, "--places", places, "--key", path("store.key"),
                              "--error-behaviour", "proceed", "--json"});
  EXPECT_EQ(proceeded.exit, Exit::refused);
  EXPECT_EQ(proceeded.json()[0]["outcome"], "ok");
  EXPECT_EQ(proceeded.json()[1]["outcome"], "unit_unknown");
  EXPECT_EQ(ask({"query", "unit", "01/06901234567892/21/B3", "--json"}).json()["state"],
            "received");
}

class ProofCommandTest : public NodeCommandTest {
 protected:
  void SetUp() override {
    trust_ = write("network.policy", node_.trust_policy());
    const auto tip = node_.journal().store().size();
    for (std::uint64_t i = 0; i < tip; ++i) {
      const auto entry = decode_entry(*node_.journal().store().entry(Position(i)));
      if (std::holds_alternative<Posting>(*entry) &&
          std::get<Posting>(*entry).kind == PostingKind::earning) {
        earning_ = std::to_string(i);
      }
      if (std::holds_alternative<OperationEntry>(*entry)) operation_ = std::to_string(i);
      if (std::holds_alternative<TransactionEntry>(*entry)) {
        transaction_ = to_hex(std::get<TransactionEntry>(*entry).body.id().view());
      }
    }
    fund_ = to_hex(fund_key(test::kCampaign, AssetId(0), test::party_named("brand")));
    NodeCommandTest::SetUp();
  }

  Ran verified(const std::vector<std::string>& what, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"proof"};
    words.insert(words.end(), what.begin(), what.end());
    words.insert(words.end(), {"-o", path("it.fenrun-proof")});
    const auto fetched = ask(words);
    EXPECT_EQ(fetched.exit, Exit::ok) << what[0] << ": " << fetched.err;
    more.insert(more.begin(), {"verify", path("it.fenrun-proof"), "--trust", trust_});
    return run(more);
  }

  std::string trust_;
  std::string earning_;
  std::string operation_;
  std::string transaction_;
  std::string fund_;
};

TEST_F(ProofCommandTest, each_kind_of_proof_is_fetched_and_holds) {
  for (const auto& what :
       std::vector<std::vector<std::string>>{{"transaction", transaction_},
                                             {"transaction", transaction_, "--with-operations"},
                                             {"operation", operation_},
                                             {"posting", earning_},
                                             {"account", party_hex("store")},
                                             {"record", fund_},
                                             {"absence", to_hex(party_key(PartyId{}))}}) {
    const auto held = verified(what);
    EXPECT_EQ(held.exit, Exit::ok) << what[0] << held.out << held.err;
    EXPECT_THAT(held.out, AllOf(HasSubstr("VALID"), HasSubstr("as of"), HasSubstr("cosigned by")))
        << what[0];
    EXPECT_EQ(verified(what, {"--json"}).json()["claim"], what[0]);
  }
}

TEST_F(ProofCommandTest, a_posting_is_told_in_plain_words) {
  const auto words = verified({"posting", earning_}).out;
  EXPECT_THAT(words, AllOf(HasSubstr("an event earned money under a rule"), HasSubstr(" CNY"),
                           HasSubstr("policy 1, version 1"), HasSubstr("flat_per_event"),
                           HasSubstr("countersigned"), HasSubstr("reports that goods were"),
                           HasSubstr("record_event"),
                           HasSubstr("backed or only declared is not in this proof")));
  const auto chinese = verified({"posting", earning_}, {"--lang", "zh"}).out;
  EXPECT_THAT(chinese, AllOf(HasSubstr("有效"), HasSubstr("金额"), HasSubstr("元"),
                             HasSubstr("事件依规则产生收益"), HasSubstr("应付"),
                             Not(HasSubstr("payable, "))));
  EXPECT_THAT(verified({"account", party_hex("store")}, {"--lang", "zh"}).out,
              AllOf(HasSubstr("应付"), Not(HasSubstr("payable"))));
}

TEST_F(ProofCommandTest, a_units_life_is_told_in_plain_words) {
  const auto unit = test::item(0).value;
  const auto words = verified({"provenance", unit}).out;
  EXPECT_THAT(words, AllOf(HasSubstr("VALID"), HasSubstr("no recorded event is missing"),
                           HasSubstr("event 1"), HasSubstr("given its code at "),
                           HasSubstr("event 2"), HasSubstr("received at "), HasSubstr("event 3"),
                           HasSubstr("sold to a consumer at "), HasSubstr("last held by "),
                           HasSubstr("beyond proof")));
  // As it is printed, with a secret that stays here.
  const auto chinese =
      verified({"provenance", "https://id.example.com/" + unit + "#" + std::string(26, 'a')},
               {"--lang", "zh"});
  EXPECT_THAT(chinese.out, AllOf(HasSubstr("没有遗漏任何已记录的事件"), HasSubstr("零售售出"),
                                 HasSubstr("最后持有方")))
      << chinese.err;
  const auto view = verified({"provenance", unit}, {"--json"}).json();
  EXPECT_EQ(view["claim"], "history");
  EXPECT_EQ(view["facts"]["epc"], unit);
  ASSERT_EQ(view["facts"]["events"].size(), 3u);
  EXPECT_EQ(view["facts"]["events"][2]["kind"], "retail_selling");
  EXPECT_EQ(view["facts"]["custody"]["state"], "sold");
  EXPECT_EQ(ask({"proof", "provenance", "01/06901234567892/21/NOBODYS", "-o", path("no")}).exit,
            Exit::refused);
}

TEST_F(ProofCommandTest, a_fund_says_what_is_declared_and_what_is_backed) {
  EXPECT_THAT(verified({"record", fund_}).out,
              AllOf(HasSubstr("declared 100.00"), HasSubstr("backed 0.00")));
}

TEST_F(ProofCommandTest, what_does_not_hold_is_refused_with_its_reason) {
  ASSERT_EQ(verified({"posting", earning_}).exit, Exit::ok);
  auto text = contents("it.fenrun-proof");
  const auto at = text.find("\"path\":[\"") + 12;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  const auto altered = run({"verify", write("altered", text), "--trust", trust_});
  EXPECT_EQ(altered.exit, Exit::refused);
  EXPECT_THAT(altered.out, HasSubstr("NOT VALID"));
  EXPECT_THAT(run({"verify", path("altered"), "--trust", trust_, "--lang", "zh"}).out,
              AllOf(HasSubstr("无效"), HasSubstr("文件被改动过"), Not(HasSubstr("the file"))));
  EXPECT_EQ(run({"verify", path("altered"), "--trust", trust_, "--json"}).json()["valid"], false);

  const auto old = verified({"posting", earning_}, {"--max-age", "60", "--json"});
  EXPECT_EQ(old.exit, Exit::refused);
  EXPECT_EQ(old.json()["code"], "stale");

  EXPECT_EQ(run({"verify", path("it.fenrun-proof"), "--trust", write("bad", "log x\n")}).exit,
            Exit::refused);
  EXPECT_EQ(run({"verify", path("nowhere"), "--trust", trust_}).exit, Exit::local);
  EXPECT_EQ(run({"verify", path("it.fenrun-proof"), "--trust", trust_, "--lang", "fr"}).exit,
            Exit::usage);
}

TEST_F(ProofCommandTest, what_has_no_proof_is_not_written) {
  const auto ran = ask({"proof", "transaction", std::string(64, '0'), "-o", path("none")});
  EXPECT_EQ(ran.exit, Exit::refused);
  EXPECT_THAT(ran.err, HasSubstr("error: not_found"));
  EXPECT_FALSE(std::filesystem::exists(path("none")));
}

}  // namespace
}  // namespace fenrun::cli
