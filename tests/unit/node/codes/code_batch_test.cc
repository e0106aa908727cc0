#include "node/codes/code_batch.h"

#include <gtest/gtest.h>

#include "core/crypto/key_file.h"
#include "ledger/proof/merkle.h"
#include "node/json/views.h"
#include "node/sim/virtual_disk.h"
#include "tests/unit/node/codes/printed_batch.h"

namespace fenrun::test {
namespace {

TEST(CodeBatch, EveryCodeIsInTheTreeUnderItsKey) {
  sim::VirtualDisk disk;
  const auto made = make_batch(disk);
  ASSERT_TRUE(made) << made.error().to_string();
  const auto facts = read_code_batch(disk, kFolder);
  ASSERT_TRUE(facts) << facts.error().to_string();
  EXPECT_EQ(*facts, *made);
  const auto tree = open_code_tree(disk, kFolder, *facts);
  ASSERT_TRUE(tree) << tree.error().to_string();
  const auto keys = code_keys(*facts, seed_key());
  ASSERT_TRUE(keys);
  for (std::uint32_t i = 0; i < kItems; ++i) {
    // By the specification's formulas, not by CodeKeys.
    Bytes preimage = to_bytes(bytes_of("fenrun/code-secret/v1"));
    append(preimage, seed_key().seed().view());
    append(preimage, encode(i));
    const auto digest = sha256(preimage);
    const auto secret = CodeSecret::from(ByteView(digest.bytes).first(16));
    EXPECT_EQ(keys->secret(i), *secret);
    const auto key =
        SigningKey::from_seed(code_seed(facts->chain_id, facts->batch, i, *secret)).public_key();
    const auto leaf = leaf_hash(code_leaf({facts->batch, UnitLevel::item, i}, key));
    EXPECT_TRUE(verify_inclusion(leaf, i, kItems, *tree->path(i), facts->codes.root)) << i;
  }
}

// Computed from docs/spec/codes.md by Python's hashlib and cryptography.
TEST(CodeBatch, IsThatOfTheSpecificationsExample) {
  sim::VirtualDisk disk;
  const auto facts = make_batch(disk);
  ASSERT_TRUE(facts);
  EXPECT_EQ(to_hex(facts->codes.root.view()),
            "2493fcce6e464b43b0be127ee651eff5603fcaeec11db8532c6a9c76fea0176f");
  const CodeKeys keys(chain(), kPrinted, seed_key().seed());
  EXPECT_EQ(to_hex(keys.secret(0).view()), "9605775a7130ee21068884cccd3ad577");
  EXPECT_EQ(to_base32(keys.secret(37).view()), "p37zvdmdvzpjigbmsxxymjuoru");
  EXPECT_EQ(to_hex(keys.key(37).public_key().view()),
            "6bc2fae6fa8963098a705edbc031a01981c41d704a2578e07319cdc31f7d5d20");
  EXPECT_EQ(to_hex(keys.leaf(37).view()),
            "812207225bf4773c5b4825615ea35f67837b288f92a06a569f6d91156d6e24ad");
  EXPECT_EQ(facts->printed.front().last.value, "01/06901234567892/21/000000W000033S");
}

TEST(CodeBatch, ThreadsMakeNoDifference) {
  std::optional<Bytes> expected;
  for (const unsigned threads : {1u, 2u, 7u}) {
    sim::VirtualDisk disk;
    ASSERT_TRUE(make_batch(disk, threads));
    if (!expected) expected = disk.bytes(code_tree_path(kFolder));
    EXPECT_EQ(disk.bytes(code_tree_path(kFolder)), *expected) << threads;
  }
}

TEST(CodeBatch, TellsHowFarItIs) {
  sim::VirtualDisk disk;
  std::uint32_t last = 0;
  CodeBatchWork work;
  work.progress = [&](std::uint32_t done, std::uint32_t count) {
    EXPECT_GT(done, last);
    EXPECT_EQ(count, kItems);
    last = done;
  };
  const auto key_file = sealed_seed();
  ASSERT_TRUE(make_code_batch(disk, kFolder, order(), seed_key(), key_file, work));
  EXPECT_EQ(last, kItems);
}

TEST(CodeBatch, NoFileButTheKeyHoldsTheSeed) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(make_batch(disk));
  EXPECT_EQ(*disk.list(kFolder),
            (std::vector<std::string>{"batch.json", "batch.key", "register.json", "tree"}));
  const auto secret = CodeKeys(chain(), kPrinted, seed_key().seed()).secret(0);
  const auto contains = [](const Bytes& text, ByteView part) {
    return std::ranges::search(text, part).begin() != text.end();
  };
  for (const auto* name : {"batch.json", "register.json", "tree"}) {
    const auto& bytes = disk.bytes(kFolder / name);
    EXPECT_FALSE(contains(bytes, seed_key().seed().view())) << name;
    EXPECT_FALSE(contains(bytes, secret.view())) << name;
    EXPECT_FALSE(contains(bytes, bytes_of(to_hex(seed_key().seed().view())))) << name;
  }
}

TEST(CodeBatch, TheDraftRegistersWhatWasMade) {
  sim::VirtualDisk disk;
  const auto facts = make_batch(disk);
  ASSERT_TRUE(facts);
  const auto json = parse_json(text_of(disk.bytes(kFolder / "register.json")));
  ASSERT_TRUE(json);
  const auto draft = transaction_from_json(*json);
  ASSERT_TRUE(draft) << draft.error().to_string();
  ASSERT_EQ(draft->operations.size(), 1u);
  const auto operation = decode_operation(draft->operations.front());
  ASSERT_TRUE(operation);
  EXPECT_EQ(std::get<RegisterCodes>(*operation), registration_of(facts->batch, facts->codes));
  EXPECT_TRUE(check_codes(std::get<RegisterCodes>(*operation)));
}

TEST(CodeBatch, AFolderIsNeverMadeTwice) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(make_batch(disk));
  const auto before = disk.contents();
  EXPECT_EQ(make_batch(disk).error().code, Errc::io_error);
  EXPECT_EQ(disk.contents(), before);
}

TEST(CodeBatch, WhatTheLedgerWouldRefuseIsNotMade) {
  sim::VirtualDisk disk;
  auto wrong = order();
  wrong.codes.levels[0].gtin = {"06901234567890"};
  const auto key_file = sealed_seed();
  EXPECT_EQ(make_code_batch(disk, kFolder, wrong, seed_key(), key_file, {}).error().code,
            Errc::value_invalid);
  EXPECT_FALSE(disk.exists(kFolder));
}

TEST(CodeBatch, ACrashLeavesAWholeFolderOrNone) {
  sim::VirtualDisk measure;
  ASSERT_TRUE(make_batch(measure));
  for (std::uint64_t stop = 0; stop < measure.operations(); ++stop) {
    sim::VirtualDisk disk(stop + 1);
    disk.fail_power_at(stop);
    EXPECT_FALSE(make_batch(disk)) << stop;
    disk.crash();
    const auto facts = read_code_batch(disk, kFolder);
    if (!facts) {
      EXPECT_EQ(facts.error().code, Errc::not_found) << stop;
      continue;
    }
    EXPECT_TRUE(open_code_tree(disk, kFolder, *facts)) << stop;
    EXPECT_TRUE(disk.exists(code_key_path(kFolder))) << stop;
  }
}

TEST(CodeBatch, WhatARunLeftBehindIsNotTakenForABatch) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(disk.make_folder("/codes/batch-7.partial"));
  const auto refused = make_batch(disk);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::io_error);
  EXPECT_NE(refused.error().detail.find("batch-7.partial"), std::string::npos);
  ASSERT_TRUE(disk.remove_folder("/codes/batch-7.partial"));
  ASSERT_TRUE(disk.make_folder(kFolder));
  EXPECT_EQ(read_code_batch(disk, kFolder).error().code, Errc::io_error);
}

TEST(CodeBatch, AFullDiskLeavesNothing) {
  sim::VirtualDisk disk;
  disk.set_space(4'000);
  const auto made = make_batch(disk);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::io_error);
  EXPECT_FALSE(disk.exists(kFolder));
  EXPECT_FALSE(disk.exists("/codes/batch-7.partial"));
}

TEST(CodeBatch, FactsThatContradictThemselvesAreRefused) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(make_batch(disk));
  auto& bytes = disk.bytes(kFolder / "batch.json");
  const std::string whole(text_of(bytes));
  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = whole;
    const auto at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    bytes = to_bytes(bytes_of(text.replace(at, from.size(), to)));
    const auto facts = read_code_batch(disk, kFolder);
    return facts ? Errc::ok : facts.error().code;
  };
  EXPECT_EQ(with("fenrun-code-batch/v1", "fenrun-code-batch/v2"), Errc::value_invalid);
  EXPECT_EQ(with("\"batch\": 7", "\"batch\": 8"), Errc::value_invalid);  // Other serials.
  EXPECT_EQ(with("\"count\": 100", "\"count\": 99"), Errc::value_invalid);
  EXPECT_EQ(with("\"format\"", "\"form\""), Errc::json_invalid);
  EXPECT_EQ(with("}", "}}"), Errc::json_invalid);
}

TEST(CodeBatch, SeedAndTreeOfAnotherBatchAreRefused) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(make_batch(disk));
  auto facts = read_code_batch(disk, kFolder);
  ASSERT_TRUE(facts);
  EXPECT_EQ(code_keys(*facts, SigningKey::generate()).error().code, Errc::key_file_invalid);
  facts->codes.root.bytes[0] ^= 1;
  EXPECT_EQ(open_code_tree(disk, kFolder, *facts).error().code, Errc::corruption);
}

}  // namespace
}  // namespace fenrun::test
