#include "contracts/codes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <set>

#include "contracts/epc.h"
#include "contracts/units.h"
#include "ledger/ordered_family.h"
#include "ledger/proof/merkle.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

constexpr UnitBatchId kRegistered(7);
const GtinText kBoxProduct{"26901234567896"};
const GtinText kCaseProduct{"16901234567899"};

// 100 items, 6 in a box, 4 boxes in a case, 2 cases on a pallet.
RegisterCodes printed_codes() {
  RegisterCodes codes;
  codes.batch = kRegistered;
  codes.levels = {{UnitLevel::item, kItemProduct, 100, 6},
                  {UnitLevel::box, kBoxProduct, 17, 4},
                  {UnitLevel::case_, kCaseProduct, 5, 2},
                  {UnitLevel::logistic, {}, 3, 0}};
  codes.sscc_first = 6'901'234'000'000'998;
  codes.root = digest_named("root");
  codes.path = ClaimPath::bearer;
  codes.gate = ClaimGate::received;
  codes.lot = {"L20261129"};
  return codes;
}

CodeSet set_of(const RegisterCodes& codes) {
  return {codes.levels,  codes.sscc_first, codes.root, codes.path,
          codes.gateway, codes.gate,       codes.lot};
}

// ---- Serials -----------------------------------------------------------------------------------

// ISO/IEC 7064, MOD 37,36, as its clause on computing writes it: the sum of the products, from the
// other end and with other arithmetic than the code's.
char iso_7064_check(const std::string& digits) {
  const std::string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const char candidate : alphabet) {
    int product = 36;
    for (const char c : digits) {
      int sum = product + static_cast<int>(alphabet.find(c));
      while (sum > 36) sum -= 36;
      product = sum * 2 >= 37 ? sum * 2 - 37 : sum * 2;
    }
    if ((product + static_cast<int>(alphabet.find(candidate))) % 36 == 1) return candidate;
  }
  return '?';
}

TEST(Serial, IsTheNumberAndACheckCharacter) {
  EXPECT_EQ(serial_of({UnitBatchId(0), 0}).substr(0, 13), "0000000000000");
  EXPECT_EQ(serial_of({UnitBatchId(0), 31}).substr(0, 13), "000000000000Z");
  EXPECT_EQ(serial_of({UnitBatchId(0), 32}).substr(0, 13), "0000000000010");
  EXPECT_EQ(serial_of({UnitBatchId(1), 0}).substr(0, 13), "0000004000000");
  EXPECT_EQ(serial_of({UnitBatchId(0xffff'ffff), 0xffff'ffff}).substr(0, 13), "FZZZZZZZZZZZZ");
  // Those of docs/spec/codes.md.
  EXPECT_EQ(serial_of({kRegistered, 0}), "000000W0000009");
  EXPECT_EQ(serial_of({kRegistered, 5}), "000000W0000050");
  EXPECT_EQ(serial_of({UnitBatchId(0xffff'ffff), 0xffff'ffff}), "FZZZZZZZZZZZZA");
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    const auto serial = serial_of({UnitBatchId(i * 977), i * 65'537});
    EXPECT_EQ(serial.back(), iso_7064_check(serial.substr(0, 13))) << serial;
  }
}

// ISO/IEC 7064 gives this check character for its own example of MOD 37,36.
TEST(Serial, ChecksAsTheStandardsExampleDoes) {
  EXPECT_EQ(iso_7064_check("A12425GABC1234002"), 'M');  // Global Release Identifier.
}

RC_GTEST_PROP(Serial, ComesBack, (std::uint32_t batch, std::uint32_t index)) {
  const PrintedSerial printed{UnitBatchId(batch), index};
  const auto serial = serial_of(printed);
  RC_ASSERT(serial.size() == 14u);
  RC_ASSERT(is_gs1_text(serial));
  RC_ASSERT(printed_serial(serial) == printed);
}

RC_GTEST_PROP(Serial, EveryOtherCharacterIsNoticed, (std::uint32_t batch, std::uint32_t index)) {
  const auto serial = serial_of({UnitBatchId(batch), index});
  for (std::size_t i = 0; i < serial.size(); ++i) {
    for (int c = 1; c < 128; ++c) {
      auto changed = serial;
      changed[i] = static_cast<char>(c);
      if (changed != serial) RC_ASSERT(!printed_serial(changed));
    }
  }
}

// The standard misses one exchange of neighbours: of two characters whose values follow each other
// modulo 36 (Z and 0 do), where the sum with the first of them is 18 or 19.
RC_GTEST_PROP(Serial, ExchangedNeighboursAreNoticed, (std::uint32_t batch, std::uint32_t index)) {
  const std::string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto serial = serial_of({UnitBatchId(batch), index});
  for (std::size_t i = 0; i + 1 < serial.size(); ++i) {
    auto changed = serial;
    std::swap(changed[i], changed[i + 1]);
    if (changed == serial || !printed_serial(changed)) continue;
    const auto a = static_cast<int>(alphabet.find(serial[i]));
    const auto b = static_cast<int>(alphabet.find(serial[i + 1]));
    RC_ASSERT((a - b + 36) % 36 == 1 || (b - a + 36) % 36 == 1);
  }
}

TEST(Serial, ExchangedNeighboursHardlyEverPass) {
  int tried = 0;
  int passed = 0;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const auto digest = sha256(encode(i));
    const auto batch = decode<UnitBatchId>(ByteView(digest.bytes).first(4));
    const auto index = decode<std::uint32_t>(ByteView(digest.bytes).subspan(4, 4));
    const auto serial = serial_of({*batch, *index});
    for (std::size_t at = 0; at + 1 < serial.size(); ++at) {
      auto changed = serial;
      std::swap(changed[at], changed[at + 1]);
      if (changed == serial) continue;
      ++tried;
      passed += printed_serial(changed) ? 1 : 0;
    }
  }
  EXPECT_GT(tried, 100'000);
  EXPECT_LT(passed * 300, tried);
}

TEST(Serial, OtherFormsAreSomebodyElses) {
  const auto serial = serial_of({kRegistered, 5});
  ASSERT_TRUE(printed_serial(serial));
  auto lower = serial_of({UnitBatchId(0xabcdef), 0xabcdef});
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const auto& bad : {std::string(), serial.substr(1), "0" + serial, serial + " ",
                          std::string("B00001"), lower, std::string("00000000000000")}) {
    EXPECT_FALSE(printed_serial(bad)) << bad;
  }
  // I, L, O and U are no digits, whatever the check character says.
  for (const char c : std::string("ILOU")) {
    const std::string digits = std::string(1, '0') + c + "00000000000";
    EXPECT_FALSE(printed_serial(digits + iso_7064_check(digits))) << c;
  }
  // 2^64 and above: a second spelling of smaller numbers.
  for (const char c : std::string("GHZ")) {
    const std::string digits = c + std::string(12, '0');
    EXPECT_FALSE(printed_serial(digits + iso_7064_check(digits))) << c;
  }
}

// ---- Identifiers -------------------------------------------------------------------------------

TEST(PrintedEpc, IsCanonicalAtEveryLevel) {
  const auto codes = set_of(printed_codes());
  std::set<std::string> seen;
  for (const auto& level : codes.levels) {
    for (std::uint32_t i = 0; i < level.count; ++i) {
      const auto epc = printed_epc(codes, {kRegistered, level.level, i}).value;
      ASSERT_TRUE(parse_epc(epc)) << epc;
      EXPECT_TRUE(seen.insert(epc).second) << epc;
    }
  }
  EXPECT_EQ(printed_epc(codes, {kRegistered, UnitLevel::item, 5}).value,
            "01/06901234567892/21/" + serial_of({kRegistered, 5}));
  EXPECT_EQ(printed_epc(codes, {kRegistered, UnitLevel::case_, 4}).value,
            "01/16901234567899/21/" + serial_of({kRegistered, 4}));
  EXPECT_EQ(printed_epc(codes, {kRegistered, UnitLevel::logistic, 0}).value.substr(0, 20),
            "00/06901234000000998");
}

TEST(FindLevel, ByItsKind) {
  const auto codes = set_of(printed_codes());
  EXPECT_EQ(find_level(codes, UnitLevel::box)->count, 17u);
  CodeSet items;
  items.levels = {codes.levels.front()};
  EXPECT_EQ(find_level(items, UnitLevel::box), nullptr);
}

// ---- Keys --------------------------------------------------------------------------------------

// The bytes by hand: another implementation has nothing else to go by.
TEST(Code, LeafAndSeedAreWhatTheSpecificationSays) {
  const auto key = key_named("code").public_key();
  Bytes leaf = to_bytes(bytes_of("fenrun/code/v1"));
  append(leaf, Bytes{7, 0, 0, 0, 0, 0x02, 0x01, 0, 0});
  append(leaf, key.view());
  EXPECT_EQ(code_leaf({kRegistered, UnitLevel::item, 0x102}, key), leaf);

  CodeSecret secret;
  secret.bytes.fill(9);
  const auto chain = digest_named("chain");
  Bytes preimage = to_bytes(bytes_of("fenrun/code-key/v1"));
  append(preimage, chain.view());
  append(preimage, Bytes{7, 0, 0, 0, 0x02, 0x01, 0, 0});
  append(preimage, secret.view());
  const auto seed = code_seed(chain, kRegistered, 0x102, secret);
  EXPECT_TRUE(equal(seed.view(), sha256(preimage).view()));
}

TEST(Code, ClaimMessageBindsTheNetworkAndEveryField) {
  Claim claim;
  claim.batch = kRegistered;
  claim.index = 3;
  claim.time = TimeMs(9);
  Bytes expected = to_bytes(digest_named("chain").view());
  append(expected, Bytes{7, 0, 0, 0, 3, 0, 0, 0});
  append(expected, Bytes(16));          // claimant
  append(expected, Bytes{0});           // no store
  append(expected, Bytes{0, 0, 0, 0});  // region
  append(expected, Bytes{9, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(claim_message(digest_named("chain"), claim), expected);
}

// ---- Registering -------------------------------------------------------------------------------

class Codes : public testing::Test {
 protected:
  Errc run(const std::string& signer, const Operation& operation) {
    return world_.run(signer, operation);
  }
  // What is refused of the codes when they are changed like this.
  Errc changed(const std::function<void(RegisterCodes&)>& change) {
    auto codes = printed_codes();
    change(codes);
    return run("brand", codes);
  }

  World world_;
};

TEST_F(Codes, ABatchIsWrittenAsItWasPrinted) {
  ASSERT_EQ(run("brand", printed_codes()), Errc::ok);
  const auto batch = find_unit_batch(world_.state(), kRegistered);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->brand, party_named("brand"));
  EXPECT_EQ(batch->product, kItemProduct);
  EXPECT_EQ(batch->codes, set_of(printed_codes()));
  const std::array<std::uint32_t, 4> counts{100, 5, 3, 17};  // item, case, logistic, box
  EXPECT_EQ(batch->counts, counts);
  EXPECT_TRUE(world_.state().value(claim_bits_scope(kRegistered)));
  // Two blocks of a thousand: ...998 to ...1000.
  for (const auto sscc : {6'901'234'000'000'998u, 6'901'234'000'001'000u}) {
    const auto owner = world_.state().value(sscc_block_key(sscc));
    ASSERT_TRUE(owner);
    EXPECT_EQ(*decode<UnitBatchId>(*owner), kRegistered);
  }
  EXPECT_FALSE(world_.state().value(sscc_block_key(6'901'234'000'002'000u)));
}

TEST_F(Codes, ABatchOfNamesAloneCannotBeUsed) {
  auto codes = printed_codes();
  codes.path = ClaimPath::none;
  ASSERT_EQ(run("brand", codes), Errc::ok);
  EXPECT_FALSE(world_.state().value(claim_bits_scope(kRegistered)));
}

TEST_F(Codes, OnlyBrandsRegisterAndEachBatchOnce) {
  EXPECT_EQ(run("east", printed_codes()), Errc::role_not_allowed);
  ASSERT_EQ(run("brand", printed_codes()), Errc::ok);
  EXPECT_EQ(run("brand", printed_codes()), Errc::batch_exists);
  EXPECT_EQ(changed([](auto& c) {
              c.batch = UnitBatchId(8);
              c.sscc_first = 1;
            }),
            Errc::ok);
  ASSERT_EQ(run("brand", OpenUnitBatch{UnitBatchId(9), kItemProduct}), Errc::ok);
  EXPECT_EQ(changed([](auto& c) { c.batch = UnitBatchId(9); }), Errc::batch_exists);
}

TEST_F(Codes, LevelsThatContradictThemselvesAreRefused) {
  using Change = std::function<void(RegisterCodes&)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"no levels", [](auto& c) { c.levels.clear(); }},
      {"no items", [](auto& c) { c.levels.erase(c.levels.begin()); }},
      {"a level twice", [](auto& c) { c.levels[1].level = UnitLevel::item; }},
      {"in another order", [](auto& c) { std::swap(c.levels[1], c.levels[2]); }},
      {"no unit", [](auto& c) { c.levels[1].count = 0; }},
      {"too many items", [](auto& c) { c.levels[0].count = kCodesMax + 1; }},
      {"too many pallets", [](auto& c) { c.levels[3].count = kLogisticMax + 1; }},
      {"wrong check digit", [](auto& c) { c.levels[0].gtin = {"06901234567890"}; }},
      {"no GTIN", [](auto& c) { c.levels[2].gtin = {}; }},
      {"a GTIN twice", [](auto& c) { c.levels[2].gtin = kItemProduct; }},
      {"a GTIN of pallets", [](auto& c) { c.levels[3].gtin = kCaseProduct; }},
      {"pallets in something", [](auto& c) { c.levels[3].per_parent = 2; }},
      {"pallets without SSCC", [](auto& c) { c.sscc_first.reset(); }},
      {"SSCC without pallets",
       [](auto& c) {
         c.levels.pop_back();
         c.levels.back().per_parent = 0;
       }},
      {"SSCCs of 18 digits", [](auto& c) { c.sscc_first = 99'999'999'999'999'998; }},
      {"SSCCs beyond 64 bits", [](auto& c) { c.sscc_first = ~std::uint64_t{0}; }},
      {"a lot with a space", [](auto& c) { c.lot = {"lot 7"}; }},
      {"a gateway of bearers", [](auto& c) { c.gateway = party_named("brand"); }},
      {"no gateway", [](auto& c) { c.path = ClaimPath::gateway; }},
  };
  for (const auto& [what, change] : changes) {
    auto codes = printed_codes();
    change(codes);
    EXPECT_EQ(check_codes(codes).error().code, Errc::value_invalid) << what;
    EXPECT_EQ(run("brand", codes), Errc::value_invalid) << what;
  }
  EXPECT_FALSE(find_unit_batch(world_.state(), kRegistered));
  EXPECT_EQ(changed([](auto& c) { c.sscc_first = 99'999'999'999'999'997; }), Errc::ok);
}

TEST_F(Codes, TailsStandAlone) {
  // 100 items need 17 boxes; the seventeenth is not full, and a batch may have fewer.
  EXPECT_EQ(changed([](auto& c) { c.levels[1].count = 16; }), Errc::ok);
}

TEST_F(Codes, TheGatewayIsOne) {
  ASSERT_EQ(world_.join("gate", Role::gateway, "brand"), Errc::ok);
  const auto by = [](const std::string& name) {
    return [name](RegisterCodes& codes) {
      codes.path = ClaimPath::gateway;
      codes.gateway = party_named(name);
    };
  };
  EXPECT_EQ(changed(by("nobody")), Errc::party_unknown);
  EXPECT_EQ(changed(by("east")), Errc::role_not_allowed);
  EXPECT_EQ(changed(by("gate")), Errc::ok);
}

TEST_F(Codes, NoTwoBatchesShareAThousandOfSsccs) {
  ASSERT_EQ(run("brand", printed_codes()), Errc::ok);
  const auto from = [](std::uint64_t first) {
    return [first](RegisterCodes& codes) {
      codes.batch = UnitBatchId(8);
      codes.sscc_first = first;
    };
  };
  EXPECT_EQ(changed(from(6'901'234'000'000'000)), Errc::value_invalid);
  EXPECT_EQ(changed(from(6'901'234'000'001'999)), Errc::value_invalid);
  EXPECT_EQ(changed(from(6'901'233'999'999'998)), Errc::value_invalid);  // The last one reaches in.
  EXPECT_FALSE(world_.state().value(sscc_block_key(6'901'233'999'999'998)));
  EXPECT_EQ(changed(from(6'901'234'000'002'000)), Errc::ok);
}

TEST_F(Codes, APalletBatchToTheFullFitsAnOperation) {
  EXPECT_EQ(changed([](auto& c) {
              c.levels[3].count = kLogisticMax;
              c.sscc_first = 6'901'234'000'000'001;
            }),
            Errc::ok);
}

// ---- Voiding -----------------------------------------------------------------------------------

class Voiding : public Codes {
 protected:
  void SetUp() override { ASSERT_EQ(run("brand", printed_codes()), Errc::ok); }

  Errc void_codes(std::uint32_t first, std::uint32_t count, UnitLevel level = UnitLevel::item,
                  const std::string& signer = "brand", UnitBatchId batch = kRegistered) {
    return run(signer, VoidCodes{{batch, level, first, count}, VoidReason::leaked});
  }
};

TEST_F(Voiding, CodesThatLeakedAreVoidedBeforeTheyAreGoods) {
  ASSERT_EQ(void_codes(10, 5), Errc::ok);
  for (const std::uint32_t index : {10u, 14u}) {
    const auto found = find_voided(world_.state(), {kRegistered, UnitLevel::item, index});
    ASSERT_TRUE(found) << index;
    EXPECT_EQ(found->first, 10u);
    EXPECT_EQ(found->range.count, 5u);
    EXPECT_EQ(found->range.reason, VoidReason::leaked);
  }
  EXPECT_FALSE(find_voided(world_.state(), {kRegistered, UnitLevel::item, 9}));
  EXPECT_FALSE(find_voided(world_.state(), {kRegistered, UnitLevel::item, 15}));
  EXPECT_FALSE(find_voided(world_.state(), {kRegistered, UnitLevel::box, 10}));
}

TEST_F(Voiding, OnceOnly) {
  ASSERT_EQ(void_codes(10, 5), Errc::ok);
  EXPECT_EQ(void_codes(10, 5), Errc::code_void);
  EXPECT_EQ(void_codes(14, 1), Errc::code_void);
  EXPECT_EQ(void_codes(0, 11), Errc::code_void);
  EXPECT_EQ(void_codes(0, 100), Errc::code_void);
  EXPECT_EQ(void_codes(15, 85), Errc::ok);
  EXPECT_EQ(void_codes(10, 5, UnitLevel::box), Errc::ok);
}

TEST_F(Voiding, OnlyWhatWasPrinted) {
  EXPECT_EQ(void_codes(99, 1), Errc::ok);
  EXPECT_EQ(void_codes(99, 2), Errc::value_invalid);
  EXPECT_EQ(void_codes(0xffff'ffff, 0xffff'ffff), Errc::value_invalid);
  EXPECT_EQ(void_codes(1, 0), Errc::value_invalid);
  EXPECT_EQ(void_codes(2, 1, UnitLevel::logistic), Errc::ok);
  EXPECT_EQ(void_codes(3, 1, UnitLevel::logistic), Errc::value_invalid);
  EXPECT_EQ(void_codes(1, 1, UnitLevel::item, "brand", UnitBatchId(8)), Errc::batch_unknown);
  ASSERT_EQ(run("brand", OpenUnitBatch{UnitBatchId(9), kItemProduct}), Errc::ok);
  EXPECT_EQ(void_codes(0, 1, UnitLevel::item, "brand", UnitBatchId(9)), Errc::value_invalid);
}

TEST_F(Voiding, OnlyByTheBatchsBrand) {
  EXPECT_EQ(void_codes(1, 1, UnitLevel::item, "east"), Errc::not_authorized);
}

TEST_F(Voiding, ALevelHasAtMostSixtyFourRanges) {
  for (std::uint32_t i = 0; i < kCodeRangesMax; ++i) {
    ASSERT_EQ(void_codes(i, 1), Errc::ok) << i;
  }
  EXPECT_EQ(void_codes(kCodeRangesMax, 1), Errc::limit_exceeded);
  EXPECT_EQ(void_codes(1, 1, UnitLevel::box), Errc::ok);  // Each level for itself.
}

// Whoever shows codes in a proof may show others than could be registered.
TEST(CodeSets, AreLaidOutIfEveryUnitHasOnePlaceAndOneIdentifier) {
  CodeSet codes;
  codes.levels = {{UnitLevel::item, {"06901234567892"}, 4, 2}, {UnitLevel::logistic, {}, 2, 0}};
  EXPECT_FALSE(is_laid_out(codes));  // No SSCCs.
  codes.sscc_first = 99'999'999'999'999'998;
  EXPECT_TRUE(is_laid_out(codes));
  codes.sscc_first = 99'999'999'999'999'999;
  EXPECT_FALSE(is_laid_out(codes));  // One too few.
  codes.sscc_first = 1;
  std::swap(codes.levels[0], codes.levels[1]);
  EXPECT_FALSE(is_laid_out(codes));
  codes.levels = {codes.levels[1], codes.levels[1]};
  EXPECT_FALSE(is_laid_out(codes));
}

}  // namespace
}  // namespace fenrun::test
