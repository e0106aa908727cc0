// fenrun codes: from one seed to a claim that the ledger would take.
#include <sys/stat.h>

#include "contracts/claims.h"
#include "contracts/codes.h"
#include "node/json/views.h"
#include "node/storage/data_dir.h"
#include "tests/unit/node/cli/command_line.h"

namespace fenrun::cli {
namespace {

constexpr const char* kChain = "9414886b1ebf025db067a4cbd13a0903fbd9733a5372bba1b58bd72c1699b798";
constexpr const char* kClaimant = "000102030405060708090a0b0c0d0e0f";

class CodesCommand : public CommandLineTest {
 protected:
  std::vector<std::string> generate_words(const std::string& name) const {
    return {"codes",      "generate", "--out",        path(name),
            "--batch",    "7",        "--gtin",       "06901234567892",
            "--count",    "100",      "--case-gtin",  "16901234567899",
            "--per-case", "24",       "--per-pallet", "2",
            "--lot",      "L1",       "--sscc-first", "6901234000000011",
            "--chain-id", kChain,     "--plain",      "--json"};
  }
  std::string made(const std::string& name = "batch-7") const {
    const auto ran = run(generate_words(name));
    EXPECT_EQ(ran.exit, Exit::ok) << ran.err;
    return path(name);
  }
  // The rows that were printed in clear, titles first.
  std::vector<std::vector<std::string>> rows(const std::string& name) const {
    std::vector<std::vector<std::string>> out;
    std::istringstream lines(contents(name));
    for (std::string line; std::getline(lines, line);) {
      auto& row = out.emplace_back();
      std::istringstream cells(line.substr(0, line.size() - 1));
      for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    }
    return out;
  }
  // The link under the cap of an item.
  std::string link_of(const std::string& folder, std::uint32_t index) const {
    const auto ran = run({"codes", "print", folder, "--host", "id.brand.example.com", "--out",
                          path("rows"), "--secrets-in-clear"});
    EXPECT_EQ(ran.exit, Exit::ok) << ran.err;
    const auto link = rows("rows").at(index + 1).at(3);
    std::filesystem::remove(path("rows"));
    return link;
  }
};

TEST_F(CodesCommand, GenerateMakesAFolderAndTellsTheLevels) {
  const auto ran = run(generate_words("batch-7"));
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err;
  const auto view = ran.json();
  ASSERT_EQ(view.at("levels").size(), 3u);
  EXPECT_EQ(view.at("levels")[0].at("first"), "01/06901234567892/21/000000W0000009");
  EXPECT_EQ(view.at("levels")[1].at("count"), 5);  // 100 items, 24 in a case.
  EXPECT_EQ(view.at("levels")[2].at("count"), 3);
  EXPECT_EQ(view.at("levels")[2].at("level"), "logistic");
  for (const auto* name : {"batch.key", "tree", "register.json", "batch.json"}) {
    EXPECT_TRUE(std::filesystem::exists(path("batch-7") + "/" + name)) << name;
  }
  struct stat status {};
  ASSERT_EQ(::stat((path("batch-7") + "/batch.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  // Never over another's.
  EXPECT_EQ(run(generate_words("batch-7")).exit, Exit::local);
}

TEST_F(CodesCommand, TwoBatchesHaveNothingInCommon) {
  const auto first = run(generate_words("a")).json();
  const auto second = run(generate_words("b")).json();
  EXPECT_NE(first.at("root"), second.at("root"));
}

// A run that was killed early leaves its seed and nothing that was made from it.
TEST_F(CodesCommand, GenerateGoesOnWithWhatAnInterruptedRunLeft) {
  const auto whole = run(generate_words("whole"));
  std::filesystem::create_directory(path("again.partial"));
  std::filesystem::copy(path("whole") + "/batch.key", path("again.partial") + "/batch.key");
  {
    const auto lock = FolderLock::take(path("again.partial"));
    ASSERT_TRUE(lock);
    const auto second = run(generate_words("again"));
    EXPECT_EQ(second.exit, Exit::local);
    EXPECT_EQ(second.json().at("error").at("code"), "locked");
  }
  const auto again = run(generate_words("again"));
  ASSERT_EQ(again.exit, Exit::ok) << again.err;
  EXPECT_NE(again.err.find("going on with " + path("again.partial")), std::string::npos);
  EXPECT_EQ(again.json().at("root"), whole.json().at("root"));
  for (const auto* name : {"batch.key", "tree", "register.json", "batch.json"}) {
    EXPECT_EQ(contents(std::string("again/") + name), contents(std::string("whole/") + name))
        << name;
  }
  EXPECT_FALSE(std::filesystem::exists(path("again.partial")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path("again")), {}), 4);
}

TEST_F(CodesCommand, GenerateRefusesWhatTheLedgerWould) {
  const auto with = [&](const std::string& option, const std::string& value) {
    auto words = generate_words("bad");
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == option) words[i + 1] = value;
    }
    const auto ran = run(words);
    EXPECT_FALSE(std::filesystem::exists(path("bad")));
    EXPECT_FALSE(std::filesystem::exists(path("bad.partial")));
    return ran.json().at("error").at("code").get<std::string>();
  };
  EXPECT_EQ(with("--gtin", "06901234567890"), "value_invalid");
  EXPECT_EQ(with("--count", "10000001"), "value_invalid");
  EXPECT_EQ(with("--count", "0"), "value_invalid");
  EXPECT_EQ(with("--case-gtin", "06901234567892"), "value_invalid");
  EXPECT_EQ(with("--sscc-first", "99999999999999999"), "value_invalid");
  EXPECT_EQ(with("--per-case", "0"), "usage");
  EXPECT_EQ(with("--per-pallet", "0"), "usage");
  EXPECT_EQ(with("--chain-id", "00"), "usage");
  EXPECT_EQ(with("--lot", "a lot with spaces"), "value_invalid");
  auto gateway = generate_words("bad");
  gateway.insert(gateway.end(), {"--path", "gateway"});
  EXPECT_EQ(run(gateway).json().at("error").at("code"), "value_invalid");
  gateway.back() = "anybody";
  EXPECT_EQ(run(gateway).json().at("error").at("code"), "usage");
}

TEST_F(CodesCommand, SecretsAreNotPrintedInClearByOversight) {
  const auto folder = made();
  const auto print = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {
        "codes", "print",      folder,  "--host", "id.brand.example.com",
        "--out", path("rows"), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  EXPECT_EQ(print({}).exit, Exit::usage);
  EXPECT_FALSE(std::filesystem::exists(path("rows")));
  // Containers have no secrets.
  EXPECT_EQ(print({"--level", "case"}).exit, Exit::ok);
  EXPECT_EQ(rows("rows").size(), 6u);
  EXPECT_EQ(print({"--secrets-in-clear"}).exit, Exit::local);  // The file exists.
  std::filesystem::remove(path("rows"));
  ASSERT_EQ(print({"--secrets-in-clear", "--first", "90", "--count", "3"}).exit, Exit::ok);
  EXPECT_EQ(rows("rows").size(), 4u);
  EXPECT_EQ(rows("rows")[1][0], "90");
  struct stat status {};
  ASSERT_EQ(::stat(path("rows").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(print({"--secrets-in-clear", "--first", "101"}).exit, Exit::local);
  EXPECT_EQ(print({"--level", "box"}).exit, Exit::usage);
}

TEST_F(CodesCommand, ThePlantOpensWhatIsSealedToIt) {
  const auto folder = made();
  const auto key =
      run({"keys", "new", "--purpose", "printer", "--out", path("plant.key"), "--plain", "--json"});
  ASSERT_EQ(key.exit, Exit::ok) << key.err;
  const auto ran = run({"codes", "print", folder, "--host", "id.brand.example.com", "--out",
                        path("sealed"), "--to", key.json().at("public_key").get<std::string>()});
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err;
  EXPECT_EQ(contents("sealed").find("claim_url"), std::string::npos);
  const auto opened =
      run({"codes", "open", path("sealed"), "--key", path("plant.key"), "--out", path("rows")});
  ASSERT_EQ(opened.exit, Exit::ok) << opened.err;
  EXPECT_EQ(rows("rows").size(), 101u);
  const auto link = rows("rows").at(38).at(3);
  std::filesystem::remove(path("rows"));
  EXPECT_EQ(link, link_of(folder, 37));

  ASSERT_EQ(
      run({"keys", "new", "--purpose", "printer", "--out", path("other.key"), "--plain"}).exit,
      Exit::ok);
  EXPECT_EQ(
      run({"codes", "open", path("sealed"), "--key", path("other.key"), "--out", path("no")}).exit,
      Exit::local);
  EXPECT_EQ(
      run({"codes", "open", path("sealed"), "--key", folder + "/batch.key", "--out", path("no")})
          .exit,
      Exit::local);
  EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(CodesCommand, LookupResolvesEveryLevelToEveryOther) {
  const auto folder = made();
  const auto look = [&](const std::string& code) {
    return run({"codes", "lookup", code, "--dir", folder, "--json"});
  };
  const auto item = look("000000W0000050");
  ASSERT_EQ(item.exit, Exit::ok) << item.err;
  EXPECT_EQ(item.json().at("index"), 5);
  EXPECT_EQ(item.json().at("containers").size(), 2u);
  const auto pallet_epc = item.json().at("containers")[1].at("epc").get<std::string>();
  const auto pallet = look(pallet_epc).json();
  EXPECT_EQ(pallet.at("level"), "logistic");
  EXPECT_EQ(pallet.at("contents")[1].at("count"), 48);
  EXPECT_EQ(look("01/16901234567899/21/000000W0000050").exit, Exit::refused);  // 5 cases: 0..4.
  EXPECT_EQ(look("000000W0000051").json().at("error").at("code"), "value_invalid");
}

TEST_F(CodesCommand, LookupTellsAWrongSecret) {
  const auto folder = made();
  const auto link = link_of(folder, 37);
  const auto look = [&](const std::string& code) {
    return run({"codes", "lookup", code, "--dir", folder, "--json"});
  };
  EXPECT_EQ(look(link).exit, Exit::ok);
  EXPECT_EQ(look(link).json().at("genuine"), true);
  auto fake = link;
  fake[link.find('#') + 1] = link[link.find('#') + 1] == 'a' ? 'b' : 'a';
  EXPECT_EQ(look(fake).exit, Exit::refused);
  EXPECT_EQ(look(fake).json().at("genuine"), false);
}

TEST_F(CodesCommand, AClaimIsWhatTheLedgerTakes) {
  const auto folder = made();
  const auto link = link_of(folder, 37);
  const auto ran =
      run({"codes", "claim", link, "--dir", folder, "--claimant", kClaimant, "--region", "4403",
           "--time", "2026-03-01T08:00:00.000Z", "--bare", "--json"});
  ASSERT_EQ(ran.exit, Exit::ok) << ran.err;
  const auto operation = operation_from_json(ran.json());
  ASSERT_TRUE(operation) << operation.error().to_string();
  const auto& claim = std::get<ClaimCode>(*operation);
  EXPECT_TRUE(verify_claim(*fixed_from_hex<Digest>(kChain), claim));
  EXPECT_EQ(claim.claim.batch, UnitBatchId(7));
  EXPECT_EQ(claim.claim.index, 37u);
  EXPECT_EQ(claim.claim.region, RegionCode(4403));
  EXPECT_EQ(claim.path.size(), 7u);

  // With the path alone, as a claimant has it.
  const auto told = run({"codes", "path", link.substr(0, link.find('#')), "--dir", folder});
  ASSERT_EQ(told.exit, Exit::ok) << told.err;
  const auto path_file = write("path.json", told.out);
  const auto again =
      run({"codes", "claim", link, "--path-file", path_file, "--claimant", kClaimant, "--region",
           "4403", "--time", "2026-03-01T08:00:00.000Z", "--bare", "--json"});
  ASSERT_EQ(again.exit, Exit::ok) << again.err;
  EXPECT_EQ(again.json(), ran.json());

  const auto draft = run({"codes", "claim", link, "--dir", folder, "--claimant", kClaimant});
  ASSERT_EQ(draft.exit, Exit::ok);
  EXPECT_TRUE(transaction_from_json(draft.json()));
}

TEST_F(CodesCommand, ClaimsThatCannotHoldAreNotSigned) {
  const auto folder = made();
  const auto link = link_of(folder, 37);
  const auto claim = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"codes", "claim", "--claimant", kClaimant, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).json().at("error").at("code").get<std::string>();
  };
  const auto hash = link.find('#');
  EXPECT_EQ(claim({link}), "usage");  // Neither folder nor path.
  EXPECT_EQ(claim({link.substr(0, hash), "--dir", folder}), "usage");
  EXPECT_EQ(claim({link, "--dir", folder, "--time", "yesterday"}), "usage");
  EXPECT_EQ(claim({link, "--dir", folder, "--store", "x"}), "usage");
  auto fake = link;
  fake[hash + 1] = link[hash + 1] == 'a' ? 'b' : 'a';
  EXPECT_EQ(claim({fake, "--dir", folder}), "code_unknown");
  const auto other = run({"codes", "path", "000000W0000050", "--dir", folder});
  EXPECT_EQ(claim({link, "--path-file", write("other.json", other.out)}), "code_unknown");
  auto altered = other.out;
  altered.replace(altered.find("\"index\": 5"), 10, "\"index\": 6");
  EXPECT_EQ(claim({link, "--path-file", write("altered.json", altered)}), "root_mismatch");
  EXPECT_EQ(run({"codes", "path", "01/16901234567899/21/000000W0000009", "--dir", folder, "--json"})
                .json()
                .at("error")
                .at("code"),
            "value_invalid");
  EXPECT_EQ(run({"codes", "path", "000000W0000050", "--dir", path("none")}).exit, Exit::local);
}

TEST_F(CodesCommand, HelpHasExamples) {
  for (const auto* command : {"generate", "print", "open", "lookup", "path", "claim"}) {
    const auto ran = run({"codes", command, "--help"});
    EXPECT_EQ(ran.exit, Exit::ok);
    EXPECT_NE(ran.out.find(std::string("fenrun codes ") + command), std::string::npos) << command;
  }
}

class CodesOnLedger : public NodeCommandTest {};

TEST_F(CodesOnLedger, ABatchIsRegisteredFromItsDraft) {
  const auto made = ask({"codes", "generate", "--out", path("batch-7"), "--batch", "7", "--gtin",
                         "06901234567892", "--count", "100", "--plain", "--json"});
  ASSERT_EQ(made.exit, Exit::ok) << made.err;
  const auto look = [&] {
    return ask({"codes", "lookup", "000000W0000050", "--dir", path("batch-7"), "--json"});
  };
  EXPECT_TRUE(look().json().at("ledger").is_null());
  const auto sent = ask(
      {"tx", "submit", path("batch-7") + "/register.json", "--key", key_file("brand"), "--json"});
  EXPECT_EQ(sent.exit, Exit::ok) << sent.out << sent.err;
  const auto again = ask(
      {"tx", "submit", path("batch-7") + "/register.json", "--key", path("brand.key"), "--json"});
  EXPECT_EQ(again.exit, Exit::refused);
  EXPECT_NE(again.out.find("batch_exists"), std::string::npos);
  const auto found = look();
  ASSERT_EQ(found.exit, Exit::ok) << found.err;
  EXPECT_EQ(found.json().at("ledger").at("state"), "printed");  // Not goods yet.
  EXPECT_EQ(found.json().at("ledger").at("used"), false);
  // The ledger knows it without the folder.
  const auto epc = found.json().at("epc").get<std::string>();
  EXPECT_EQ(ask({"codes", "lookup", epc, "--json"}).json().at("ledger"), found.json().at("ledger"));
  EXPECT_EQ(ask({"codes", "lookup", "01/06901234567892/21/X", "--json"}).exit, Exit::refused);
}

}  // namespace
}  // namespace fenrun::cli
