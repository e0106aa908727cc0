// A small batch for the tests of node/codes: 100 items, 6 in a box, 4 boxes in a case, 2 cases on a
// pallet.
#pragma once

#include "core/check.h"
#include "core/crypto/key_file.h"
#include "node/codes/code_batch.h"

namespace fenrun::test {

inline const Path kFolder = "/codes/batch-7";
inline constexpr UnitBatchId kPrinted(7);
inline constexpr std::uint32_t kItems = 100;

inline Digest chain() { return sha256(bytes_of("chain")); }

inline SigningKey seed_key() {
  Seed seed;
  std::ranges::fill(seed.mutable_view(), std::uint8_t{7});
  return SigningKey::from_seed(seed);
}

inline SecretText sealed_seed() {
  auto text = seal_key_file(seed_key(), KeyFilePurpose::codes, nullptr, KdfCost{}, {});
  CHECK(text.has_value());
  return *std::move(text);
}

inline CodeBatchOrder order() {
  CodeBatchOrder order;
  order.chain_id = chain();
  order.batch = kPrinted;
  order.codes.levels = {{UnitLevel::item, {"06901234567892"}, kItems, 6},
                        {UnitLevel::box, {"26901234567896"}, 17, 4},
                        {UnitLevel::case_, {"16901234567899"}, 5, 2},
                        {UnitLevel::logistic, {}, 3, 0}};
  order.codes.sscc_first = 6'901'234'000'000'011;
  order.codes.path = ClaimPath::bearer;
  order.codes.lot = {"L1"};
  return order;
}

inline Result<CodeBatchFacts> make_batch(FileSystem& files, unsigned threads = 1) {
  CodeBatchWork work;
  work.threads = threads;
  const auto key_file = sealed_seed();
  return make_code_batch(files, kFolder, order(), seed_key(), key_file, work);
}

}  // namespace fenrun::test
