// Commands that need no node: keys, networks, drafts, signing, capture --check.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "node/cli/examples.h"
#include "node/cli/proof_words.h"
#include "node/config.h"
#include "node/home.h"
#include "node/json/views.h"
#include "node/network.h"
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using CliTest = CommandLineTest;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST_F(CliTest, help_names_exit_codes_and_every_command_has_an_example) {
  const auto help = run({"--help"});
  EXPECT_EQ(help.exit, Exit::ok);
  EXPECT_THAT(help.out, AllOf(HasSubstr("Exit codes"), HasSubstr("testnet"), HasSubstr("verify")));
  const std::vector<std::vector<std::string>> commands = {
      {"init"},           {"genesis"},          {"testnet"},          {"start"},
      {"status"},         {"keys", "new"},      {"keys", "show"},     {"keys", "passphrase"},
      {"tx", "submit"},   {"tx", "sign"},       {"tx", "send"},       {"tx", "status"},
      {"tx", "example"},  {"capture"},          {"query", "unit"},    {"query", "funds"},
      {"query", "block"}, {"proof", "account"}, {"proof", "posting"}, {"verify"}};
  for (auto words : commands) {
    words.emplace_back("--help");
    const auto shown = run(words);
    EXPECT_EQ(shown.exit, Exit::ok);
    EXPECT_THAT(shown.out, HasSubstr("Example:\n  fenrun " + words[0])) << words[0];
  }
}

TEST_F(CliTest, a_wrong_command_line_is_usage) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"keys"},
                                             {"keys", "new"},
                                             {"status", "--colour"},
                                             {"status", "--timeout", "0"},
                                             {"status"},
                                             {"status", "--node", "ftp://x"},
                                             {"tx", "example", "nothing"},
                                             {"init", "--home", "x", "--role", "supplier"},
                                             {"init", "--home", "x", "--name", "D"},
                                             {"testnet", "--home", "x", "--validators", "a,B"},
                                             {"keys", "new", "--out", "x", "--purpose", "foo"},
                                             {"query", "counters", "--by", "foo"},
                                             {"capture", "x.json"}}) {
    const auto ran = run(words);
    EXPECT_EQ(ran.exit, Exit::usage) << ran.err;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("error: usage"), HasSubstr("next: see --help")));
  }
  EXPECT_EQ(run({"--json", "status"}).json()["error"]["code"], "usage");
}

// The parser's own reading would take them for 2^64 - 1, sixteen, 2^64 - 1 and two.
TEST_F(CliTest, numbers_are_decimal_digits) {
  for (const auto* number : {"-1", "0x10", "18446744073709551616", "2.5"}) {
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"verify", "x", "--trust", "t", "--max-age"},  // Optional.
             {"tx", "send", "x", "--wait"},                 // Plain.
             {"bench", "--entries"},                        // A list.
             {"query", "lane", "p"},                        // By place.
             {"query", "funds", "--campaign"},              // Passed on.
             {"audit", "--data", "x", "--memory"}}) {
      auto with = words;
      with.emplace_back(number);
      const auto ran = run(with);
      EXPECT_EQ(ran.exit, Exit::usage) << words[0] << number << ran.err;
      EXPECT_THAT(ran.err, HasSubstr("no number in decimal digits")) << words[0];
    }
  }
  EXPECT_EQ(run({"status", "--timeout", "-1"}).exit, Exit::usage);
  EXPECT_EQ(run({"tx", "send", "x", "--wait", ""}).exit, Exit::usage);
}

TEST_F(CliTest, what_is_missing_here_is_a_local_error) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"start", "--home", path("nowhere")},
           {"audit", "--data", path("nowhere")},
           {"codes", "print", path("nowhere"), "--host", "id.example.com", "--out", path("rows")},
           {"codes", "path", "000000W0000050", "--dir", path("nowhere")},
           {"keys", "show", path("nowhere")},
           {"genesis", "--network", "n", "--card", path("nowhere"), "-o", path("genesis.bin")}}) {
    const auto ran = run(words);
    EXPECT_EQ(ran.exit, Exit::local) << words[0];
    EXPECT_THAT(ran.err, AllOf(HasSubstr("error: file_missing: "), HasSubstr(path("nowhere"))));
  }
  EXPECT_THAT(run({"audit", "--data", path("nowhere")}).err, HasSubstr("holds no journal"));
}

TEST_F(CliTest, every_refusal_of_a_proof_has_a_hint_in_chinese) {
  for (std::uint16_t number = 400; number < 500; ++number) {
    const auto code = errc_from_number(number);
    if (!code) continue;
    EXPECT_NE(chinese_hint_of(*code), hint_of(*code)) << name_of(*code);
  }
  EXPECT_EQ(chinese_hint_of(Errc::usage), hint_of(Errc::usage));
}

TEST_F(CliTest, no_node_is_unreachable) {
  const auto ran = run({"status", "--node", "http://127.0.0.1:1"});
  EXPECT_EQ(ran.exit, Exit::unreachable);
  EXPECT_THAT(ran.err, HasSubstr("error: unreachable"));
}

TEST_F(CliTest, a_plain_key_is_made_shown_and_sealed) {
  const auto made = run({"keys", "new", "--out", path("a.key"), "--plain", "--json"});
  ASSERT_EQ(made.exit, Exit::ok) << made.err;
  EXPECT_EQ(made.json()["purpose"], "party");
  EXPECT_EQ(made.json()["sealed"], false);
  EXPECT_EQ(mode_of(path("a.key")), 0600U);

  // Nothing overwrites a key.
  const auto again = run({"keys", "new", "--out", path("a.key"), "--plain"});
  EXPECT_EQ(again.exit, Exit::local);
  EXPECT_THAT(again.err, AllOf(HasSubstr("error: file_exists: " + path("a.key")),
                               HasSubstr("next: it is never overwritten")));

  const auto secret = write("secret", "correct horse\n");
  const auto sealed =
      run({"keys", "passphrase", path("a.key"), "--new-passphrase-file", secret, "--json"});
  ASSERT_EQ(sealed.exit, Exit::ok) << sealed.err;
  const auto shown = run({"keys", "show", path("a.key"), "--json"}).json();
  EXPECT_EQ(shown["sealed"], true);
  EXPECT_EQ(shown["public_key"], made.json()["public_key"]);
  EXPECT_EQ(mode_of(path("a.key")), 0600U);

  const auto wrong = run({"keys", "passphrase", path("a.key"), "--plain", "--passphrase-file",
                          write("wrong", "battery staple\n")});
  EXPECT_EQ(wrong.exit, Exit::local);
  EXPECT_THAT(wrong.err, HasSubstr("error: passphrase_wrong\n"));
  EXPECT_EQ(run({"keys", "passphrase", path("a.key"), "--plain", "--passphrase-file", secret}).exit,
            Exit::ok);
}

TEST_F(CliTest, a_passphrase_of_the_environment_seals_once_and_is_no_new_one) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(path(""));
  ASSERT_EQ(run({"keys", "new", "--out", "here.key", "--plain"}).exit, Exit::ok);
  ::setenv("FENRUN_PASSPHRASE", "correct horse", 1);
  const auto sealed = run({"keys", "passphrase", "here.key"});
  EXPECT_EQ(sealed.exit, Exit::ok) << sealed.err;
  const auto same = run({"keys", "passphrase", "here.key"});
  EXPECT_EQ(same.exit, Exit::usage);
  EXPECT_THAT(same.err, HasSubstr("--new-passphrase-file"));
  std::filesystem::current_path(before);
}

TEST_F(CliTest, key_files_that_others_can_read_are_refused) {
  ASSERT_EQ(run({"keys", "new", "--out", path("a.key"), "--plain"}).exit, Exit::ok);
  ASSERT_EQ(::chmod(path("a.key").c_str(), 0644), 0);
  const auto ran = run({"keys", "show", path("a.key")});
  EXPECT_EQ(ran.exit, Exit::local);
  EXPECT_THAT(ran.err, HasSubstr("key_permissions"));
  EXPECT_EQ(run({"keys", "show", path("nowhere.key")}).exit, Exit::local);
}

TEST_F(CliTest, a_testnet_has_all_that_its_nodes_need) {
  const auto ran = run({"testnet", "--home", path("net"), "--validators",
                        "brand,distributor-south,northern,auditor", "--roles",
                        "northern=distributor", "--base-port", "9100", "--plain-keys", "--json"});
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err;
  const auto view = ran.json();
  EXPECT_EQ(view["network"], "fenrun-testnet");
  ASSERT_EQ(view["nodes"].size(), 4U);
  EXPECT_EQ(view["nodes"][2]["node"], "http://127.0.0.1:9105");

  const auto config = load_config(path("net/northern"));
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->peer_port, 9104);
  EXPECT_EQ(config->peers.size(), 3U);
  EXPECT_EQ(mode_of(path("net/northern/token")), 0600U);
  EXPECT_EQ(mode_of(path("net/northern/keys/consensus.key")), 0600U);

  const auto genesis = read_genesis(bytes_of(contents("net/brand/genesis.bin")));
  ASSERT_TRUE(genesis) << genesis.error().to_string();
  EXPECT_EQ(contents("net/network.policy"), trust_policy_of(*genesis));
  EXPECT_EQ(contents("net/auditor/genesis.bin"), contents("net/brand/genesis.bin"));
  std::size_t with_parent = 0;
  for (const auto& party : genesis->parties) with_parent += party.parent ? 1U : 0U;
  EXPECT_EQ(with_parent, 2U);  // The distributors, under the brand.

  const auto keys = load_node_keys(*config, [](const Path&) -> Result<Passphrase> {
    return Error{Errc::passphrase_wrong, "plain keys need none"};
  });
  ASSERT_TRUE(keys) << keys.error().to_string();
  const auto index = validator_named(*genesis, "northern");
  ASSERT_TRUE(index);
  EXPECT_EQ(genesis->validators[index->value()].consensus_key, keys->consensus.public_key());

  // The digest that the node keeps is that of the token.
  const auto token = contents("net/brand/token");
  EXPECT_THAT(
      contents("net/brand/tokens"),
      HasSubstr("brand " + to_hex(sha256(bytes_of(token.substr(0, token.size() - 1))).view())));

  EXPECT_EQ(run({"testnet", "--home", path("net"), "--validators", "brand", "--plain-keys"}).exit,
            Exit::local);  // Its keys are there already.
  // Neither is another network made where one is, nor in a node's own home.
  for (const auto* home : {"net", "net/brand"}) {
    const auto into =
        run({"testnet", "--home", path(home), "--validators", "other", "--plain-keys"});
    EXPECT_EQ(into.exit, Exit::local);
    EXPECT_THAT(into.err, HasSubstr("error: file_exists: "));
    EXPECT_FALSE(std::filesystem::exists(path(home) + "/other"));
  }
}

TEST_F(CliTest, a_testnet_is_checked_before_it_is_made) {
  for (const auto& more :
       std::vector<std::vector<std::string>>{{"--validators", "a,a"},
                                             {"--validators", "a", "--roles", "b=brand"},
                                             {"--validators", "a", "--roles", "a=king"},
                                             {"--validators", "a,b", "--base-port", "65534"}}) {
    std::vector<std::string> words = {"testnet", "--home", path("net"), "--plain-keys"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words).exit, Exit::usage);
  }
  EXPECT_FALSE(std::filesystem::exists(path("net")));
}

TEST_F(CliTest, operators_who_hold_only_their_own_keys_make_a_network) {
  for (const auto* name : {"brand", "south"}) {
    const std::string port = std::string(name) == "brand" ? "9200" : "9300";
    const auto made =
        run({"init", "--home", path(name), "--name", name, "--role",
             std::string(name) == "brand" ? "brand" : "distributor", "--peer-host",
             std::string(name) + ".example.com", "--peer-port", port, "--plain-keys"});
    ASSERT_EQ(made.exit, Exit::ok) << made.err;
  }
  const auto brand_card = path("brand/card.json");
  const auto south_card = path("south/card.json");
  const auto genesis = run({"genesis", "--network", "fenfa", "--card", brand_card, "--card",
                            south_card, "-o", path("genesis.bin"), "--json"});
  ASSERT_EQ(genesis.exit, Exit::ok) << genesis.err;
  EXPECT_EQ(genesis.json()["validators"], 2);
  EXPECT_THAT(genesis.err, AllOf(HasSubstr("warning: south is a distributor without a parent"),
                                 HasSubstr("--parent"), Not(HasSubstr("brand is"))));

  const auto joined = run({"init", "--home", path("brand"), "--genesis", path("genesis.bin"),
                           "--card", south_card, "--api-port", "9201"});
  ASSERT_EQ(joined.exit, Exit::ok) << joined.err;
  const auto config = load_config(path("brand"));
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->api_port, 9201);
  ASSERT_EQ(config->peers.size(), 1U);
  EXPECT_EQ(config->peers[0].host, "south.example.com");
  // What its operator has edited since stays.
  const auto edited = write("brand/config.toml", contents("brand/config.toml") + "# ours\n");
  const auto again = run(
      {"init", "--home", path("brand"), "--genesis", path("genesis.bin"), "--card", south_card});
  EXPECT_EQ(again.exit, Exit::local);
  EXPECT_THAT(again.err, AllOf(HasSubstr("error: file_exists: " + edited),
                               HasSubstr("joined to this network already")));
  EXPECT_THAT(contents("brand/config.toml"), HasSubstr("# ours"));
  EXPECT_EQ(run({"init", "--home", path("brand"), "--name", "brand", "--role", "brand",
                 "--peer-port", "9200", "--plain-keys"})
                .exit,
            Exit::local);

  // A card that is missing, or not the one that genesis was made from.
  EXPECT_EQ(run({"init", "--home", path("south"), "--genesis", path("genesis.bin")}).exit,
            Exit::refused);
  const auto forged = write("forged.json", [&] {
    auto json = *parse_json(contents("brand/card.json"));
    json["transport_key"] = json["consensus_key"];
    return print_json(json);
  }());
  EXPECT_EQ(
      run({"init", "--home", path("south"), "--genesis", path("genesis.bin"), "--card", forged})
          .exit,
      Exit::refused);
}

TEST_F(CliTest, a_genesis_is_made_once_of_each_card_once) {
  ASSERT_EQ(run({"init", "--home", path("a"), "--name", "a", "--role", "brand", "--peer-port",
                 "9200", "--plain-keys"})
                .exit,
            Exit::ok);
  const auto card = path("a/card.json");
  const auto twice =
      run({"genesis", "--network", "n", "--card", card, "--card", card, "-o", path("twice.bin")});
  EXPECT_EQ(twice.exit, Exit::refused);
  EXPECT_THAT(twice.err, HasSubstr("two cards of a"));
  const std::vector<std::string> words = {"genesis", "--network",        "n", "--card", card,
                                          "-o",      path("genesis.bin")};
  ASSERT_EQ(run(words).exit, Exit::ok);
  const auto made = contents("genesis.bin");
  const auto again = run(words);
  EXPECT_EQ(again.exit, Exit::local);
  EXPECT_THAT(again.err, HasSubstr("error: file_exists: " + path("genesis.bin")));
  EXPECT_EQ(contents("genesis.bin"), made);

  const auto elsewhere = run({"init", "--home", path("a"), "--genesis", path("genesis.bin"),
                              "--chain-id", std::string(64, '0')});
  EXPECT_THAT(elsewhere.err, HasSubstr("error: chain_wrong"));
}

TEST_F(CliTest, each_option_of_init_belongs_to_one_of_its_steps) {
  const auto early = run({"init", "--home", path("a"), "--name", "a", "--role", "brand",
                          "--peer-port", "9200", "--plain-keys", "--api-port", "9201"});
  EXPECT_EQ(early.exit, Exit::usage);
  EXPECT_THAT(early.err, AllOf(HasSubstr("--api-port"), HasSubstr("--genesis or --join")));
  EXPECT_FALSE(std::filesystem::exists(path("a")));
  const auto late = run({"init", "--home", path("a"), "--genesis", "g", "--peer-port", "9200"});
  EXPECT_EQ(late.exit, Exit::usage);
  EXPECT_THAT(late.err, AllOf(HasSubstr("--peer-port"), HasSubstr("first step")));
}

TEST_F(CliTest, cards_are_read_strictly) {
  ASSERT_EQ(run({"init", "--home", path("a"), "--name", "a", "--role", "brand", "--peer-port",
                 "9200", "--plain-keys"})
                .exit,
            Exit::ok);
  const auto card = *parse_json(contents("a/card.json"));
  ASSERT_TRUE(card_from_json(card));
  const auto refused = [&](const std::string& member, const Json& value) {
    auto altered = card;
    altered[member] = value;
    return !card_from_json(altered);
  };
  EXPECT_TRUE(refused("card", "another"));
  EXPECT_TRUE(refused("role", "king"));
  EXPECT_TRUE(refused("party", "00"));
  EXPECT_TRUE(refused("peer_port", 65'536));
  EXPECT_TRUE(refused("note", "x"));
  auto missing = card;
  missing.erase("transport_key");
  EXPECT_FALSE(card_from_json(missing));
}

TEST_F(CliTest, there_is_an_example_of_every_operation_and_each_is_a_draft) {
  EXPECT_EQ(example_operations().size(), std::variant_size_v<Operation>);
  for (std::size_t i = 0; i < example_operations().size(); ++i) {
    const auto operation = example_operations()[i];
    EXPECT_EQ(operation.index(), i);
    const auto shown = run({"tx", "example", std::string(name_of(operation))});
    ASSERT_EQ(shown.exit, Exit::ok) << shown.err;
    const auto draft = transaction_from_json(*parse_json(shown.out));
    ASSERT_TRUE(draft) << draft.error().to_string();
    EXPECT_EQ(draft->operations.at(0), *encode_operation(operation));
  }
}

TEST_F(CliTest, there_is_an_example_of_every_change) {
  const auto proposals = example_changes();
  const std::vector<std::string> names{"set_parameters", "admit_party",   "admit_member",
                                       "remove_member",  "add_validator", "remove_validator",
                                       "recover_party"};
  ASSERT_EQ(names.size(), std::variant_size_v<Change>);
  ASSERT_EQ(proposals.size(), names.size());
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    EXPECT_EQ(proposals[i].change.index(), i);
    const auto shown = run({"tx", "example", names[i]});
    ASSERT_EQ(shown.exit, Exit::ok) << shown.err;
    const auto draft = transaction_from_json(*parse_json(shown.out));
    ASSERT_TRUE(draft) << draft.error().to_string();
    EXPECT_EQ(draft->operations.at(0), *encode_operation(proposals[i]));
  }
}

TEST_F(CliTest, a_transaction_is_signed_without_a_node) {
  const auto draft = write("draft.json", run({"tx", "example", "open_lane"}).out);
  const std::string chain(64, 'a');
  std::vector<std::string> words = {"tx",
                                    "sign",
                                    draft,
                                    "--key",
                                    key_file("brand"),
                                    "--party",
                                    std::string(32, '1'),
                                    "--chain-id",
                                    chain,
                                    "--sequence",
                                    "7",
                                    "--valid-until",
                                    "100",
                                    "-o",
                                    path("tx.bin"),
                                    "--json"};
  const auto ran = run(words);
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err;
  const auto bytes = contents("tx.bin");
  const auto transaction = decode_transaction(bytes_of(bytes), *fixed_from_hex<Digest>(chain));
  ASSERT_TRUE(transaction) << transaction.error().to_string();
  EXPECT_TRUE(verify_signature(*transaction));
  EXPECT_EQ(transaction->body.sequence, Sequence(7));
  EXPECT_EQ(ran.json()["id"], to_hex(transaction->id().view()));

  words[10] = "010";
  EXPECT_EQ(run(words).json()["sequence"], 10);
  words.erase(words.begin() + 9, words.begin() + 11);  // Without --sequence.
  EXPECT_EQ(run(words).exit, Exit::usage);
}

std::string sample(const std::string& name) {
  return (test::checkout() / "tests" / "samples" / "fmcg" / name).string();
}

TEST_F(CliTest, documents_are_checked_without_a_node) {
  const auto good = run({"capture", sample("05_receiving_distributor.jsonld"), "--places",
                         sample("places.json"), "--check", "--json"});
  ASSERT_EQ(good.exit, Exit::ok) << good.err;
  EXPECT_EQ(good.json()[0]["result"], "accepted");
  EXPECT_EQ(good.json()[0]["operations"][0]["units"][0], "00/069012340000000115");

  // Neither a place nor a batch is missed.
  const auto bare = run({"capture", sample("01_commissioning_bottles.jsonld"),
                         sample("08_receiving_store_open_case.jsonld"), "--check", "--json"});
  ASSERT_EQ(bare.exit, Exit::ok) << bare.out;
  const auto rows = bare.json();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["recorded"], "commissioning");
  EXPECT_FALSE(rows[0].contains("operations"));
  EXPECT_EQ(rows[2]["type"], "AggregationEvent");
  EXPECT_EQ(rows[2]["event"], 1);
  EXPECT_EQ(rows[2]["recorded"], "unpacking");
  EXPECT_EQ(rows[2]["flags"], Json::array());
  const auto hashes = test::contents_of(sample("08_receiving_store_open_case.hashes"));
  EXPECT_EQ(std::string(rows[1]["hash"]) + "\n" + std::string(rows[2]["hash"]) + "\n", hashes);
}

TEST_F(CliTest, a_check_tells_of_every_file) {
  const auto all =
      run({"capture", sample("R6_bad_check_digit.jsonld"), write("x.json", "{"),
           sample("R7_forged_eventID.jsonld"),
           sample("R9_sscc_bad_check_digit_in_digital_link.jsonld"), "--check", "--json"});
  EXPECT_EQ(all.exit, Exit::refused);
  const auto rows = all.json();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0]["result"], "refused");
  EXPECT_EQ(rows[0]["error"]["code"], "value_invalid");
  EXPECT_THAT(std::string(rows[0]["error"]["detail"]),
              HasSubstr("/epcisBody/eventList/0/epcList/0: check digit"));
  EXPECT_TRUE(rows[0].contains("hash"));
  EXPECT_EQ(rows[1]["error"]["code"], "json_invalid");
  EXPECT_EQ(rows[1]["file"], path("x.json"));
  EXPECT_EQ(rows[2]["result"], "accepted");
  EXPECT_EQ(rows[2]["flags"], Json::array({"event_id_mismatch"}));
  EXPECT_EQ(rows[3]["result"], "refused");

  const auto table = run({"capture", sample("R7_forged_eventID.jsonld"), "--check"});
  EXPECT_EQ(table.exit, Exit::ok);
  EXPECT_THAT(table.out, AllOf(HasSubstr("event_id_mismatch"), HasSubstr("ni:///sha-256;")));
  const auto places = write("places.json", R"({"urn:x:y": "00000000000000000000000000000001"})");
  const auto elsewhere = run({"capture", sample("R5_second_retail_scan_same_code.jsonld"),
                              "--places", places, "--check", "--json"});
  EXPECT_EQ(elsewhere.exit, Exit::refused);
  EXPECT_THAT(std::string(elsewhere.json()[0]["error"]["detail"]), HasSubstr("no party for"));

  EXPECT_EQ(run({"capture", path("nowhere.json"), "--check"}).exit, Exit::local);
  EXPECT_EQ(run({"capture", path("x.json"), "--check", "--error-behaviour", "ignore"}).exit,
            Exit::usage);
}

}  // namespace
}  // namespace fenrun::cli
