#include "node/codes/code_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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
  EXPECT_FALSE(*disk.holds(kFolder));
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
      EXPECT_EQ(facts.error().code, Errc::file_missing) << stop;
      continue;
    }
    EXPECT_TRUE(open_code_tree(disk, kFolder, *facts)) << stop;
    EXPECT_TRUE(*disk.holds(code_key_path(kFolder))) << stop;
  }
}

// 600 items in pieces of 40, marked each 80: as a large batch, some marks within a chunk of the
// tree.
CodeBatchOrder large_order() {
  auto large = order();
  large.codes.levels = {{UnitLevel::item, {"06901234567892"}, 600, 6},
                        {UnitLevel::box, {"26901234567896"}, 100, 4},
                        {UnitLevel::case_, {"16901234567899"}, 25, 2},
                        {UnitLevel::logistic, {}, 13, 0}};
  return large;
}

struct LargeRun {
  Result<CodeBatchFacts> facts;
  std::uint32_t resumed_at = 0;  // 0: from the beginning.
  std::uint32_t made = 0;        // Codes of this run.
};

LargeRun make_large(FileSystem& files, const CodeBatchOrder& order = large_order()) {
  LargeRun run{Error{}};
  CodeBatchWork work;
  work.leaves_at_a_time = 40;
  work.leaves_between_marks = 80;
  work.resumed = [&](std::uint32_t done, std::uint32_t) { run.resumed_at = done; };
  work.progress = [&](std::uint32_t done, std::uint32_t) { run.made = done - run.resumed_at; };
  const auto key_file = sealed_seed();
  run.facts = make_code_batch(files, kFolder, order, seed_key(), key_file, work);
  return run;
}

// At whatever moment the power fails or the process is killed, the next run goes on, and makes what
// one run would have made.
TEST(CodeBatch, AnInterruptedRunIsGoneOnWith) {
  sim::VirtualDisk whole;
  ASSERT_TRUE(make_large(whole).facts);
  std::set<std::uint32_t> resumed_at;
  for (const bool is_power_lost : {false, true}) {
    for (std::uint64_t stop = 0; stop < whole.operations(); ++stop) {
      sim::VirtualDisk disk(stop + 1);
      disk.fail_power_at(stop);
      EXPECT_FALSE(make_large(disk).facts) << stop;
      is_power_lost ? disk.crash() : disk.kill();
      if (*disk.holds(kFolder)) continue;  // It was renamed, and only that was not synced.
      const auto run = make_large(disk);
      ASSERT_TRUE(run.facts) << run.facts.error().to_string();
      EXPECT_EQ(disk.contents(), whole.contents()) << stop;
      EXPECT_EQ(run.resumed_at + run.made, 600U);
      resumed_at.insert(run.resumed_at);
    }
  }
  EXPECT_THAT(resumed_at, ::testing::ElementsAre(0, 80, 160, 240, 320, 400, 480, 560, 600));
}

// What an interrupted run left, up to the last mark before the end.
sim::VirtualDisk interrupted_disk() {
  sim::VirtualDisk measure;
  EXPECT_TRUE(make_large(measure).facts);
  for (auto stop = measure.operations(); stop-- > 0;) {
    sim::VirtualDisk disk;
    disk.fail_power_at(stop);
    EXPECT_FALSE(make_large(disk).facts);
    disk.kill();
    if (*disk.holds(kFolder)) continue;
    const auto partial = partial_code_batch(kFolder);
    if (text_of(disk.bytes(code_tree_path(partial))).starts_with("fenrun-codes/p1\n")) return disk;
  }
  ADD_FAILURE() << "no run was marked";
  return sim::VirtualDisk();
}

TEST(CodeBatch, WhatIsGoneOnWithIsVerified) {
  sim::VirtualDisk whole;
  ASSERT_TRUE(make_large(whole).facts);
  const auto partial = partial_code_batch(kFolder);
  constexpr std::size_t kFirstLeaf = 128;
  for (const std::size_t damaged : {std::size_t{0}, std::size_t{20}, std::size_t{90},
                                    std::size_t{125}, kFirstLeaf, kFirstLeaf + 300 * 32 + 5}) {
    auto disk = interrupted_disk();
    disk.bytes(code_tree_path(partial))[damaged] ^= 1;
    const auto run = make_large(disk);
    ASSERT_TRUE(run.facts) << damaged;
    EXPECT_EQ(run.resumed_at, 0U) << damaged;  // Nothing of it is used.
    EXPECT_EQ(disk.contents(), whole.contents()) << damaged;
  }
  auto shorter = interrupted_disk();
  shorter.bytes(code_tree_path(partial)).resize(1'000);
  EXPECT_EQ(make_large(shorter).resumed_at, 0U);
  EXPECT_EQ(shorter.contents(), whole.contents());
}

TEST(CodeBatch, OnlyTheSameIsGoneOnWith) {
  auto disk = interrupted_disk();
  const auto before = disk.contents();
  auto other = large_order();
  other.codes.lot = {"L2"};
  const auto refused = make_large(disk, other).facts;
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::io_error);
  EXPECT_NE(refused.error().detail.find("batch-7.partial"), std::string::npos);
  EXPECT_NE(refused.error().detail.find("other codes"), std::string::npos);

  const auto seed = SigningKey::generate();
  const auto key_file = seal_key_file(seed, KeyFilePurpose::codes, nullptr, KdfCost{}, {});
  const auto foreign = make_code_batch(disk, kFolder, large_order(), seed, *key_file, {});
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().detail.find("another seed"), std::string::npos);
  EXPECT_EQ(disk.contents(), before);

  EXPECT_EQ((*unfinished_key_file(disk, kFolder))->view(), sealed_seed().view());
  EXPECT_FALSE(*unfinished_key_file(disk, "/codes/batch-8"));
}

TEST(CodeBatch, WhatARunLeftBehindIsNotTakenForABatch) {
  sim::VirtualDisk disk;
  ASSERT_TRUE(disk.make_folder(partial_code_batch(kFolder)));
  EXPECT_EQ(read_code_batch(disk, kFolder).error().code, Errc::file_missing);
  ASSERT_TRUE(disk.make_folder(kFolder));
  EXPECT_EQ(read_code_batch(disk, kFolder).error().code, Errc::io_error);
  auto left = interrupted_disk();
  EXPECT_EQ(CodeTree::open(left, code_tree_path(partial_code_batch(kFolder))).error().code,
            Errc::corruption);
}

TEST(CodeBatch, AFullDiskLeavesNothing) {
  sim::VirtualDisk disk;
  disk.set_space(4'000);
  const auto made = make_batch(disk);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::io_error);
  EXPECT_FALSE(*disk.holds(kFolder));
  EXPECT_FALSE(*disk.holds(partial_code_batch(kFolder)));
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
