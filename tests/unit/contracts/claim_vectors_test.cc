// tests/vectors/claims.txt: what a code's secret gives, and what its key signs.  Whoever signs
// claims in another language compares with it, as the claim page does
// (node/web/claim/test/crypto.test.mjs).
#include <gtest/gtest.h>

#include <fstream>

#include "contracts/codes.h"
#include "core/text.h"
#include "tests/support/vectors.h"

namespace fenrun {
namespace {

constexpr std::string_view kHead =
    "# Claims by a code's key, docs/spec/codes.md.  One a line, parted by spaces:\n"
    "# chain_id batch index secret claimant store region time seed key signature claim_id\n"
    "# secret: base32; store: \"-\" if the claim names none; time: milliseconds; else hex or\n"
    "# decimal.  claim_id: SHA-256 of what is signed, its tag included.\n";

// The first bytes of SHA-256 of a text: what needs to be arbitrary.
template <class Fixed>
Fixed drawn(const std::string& text) {
  const Digest digest = sha256(bytes_of(text));
  Fixed out;
  std::copy_n(digest.bytes.begin(), Fixed::kSize, out.bytes.begin());
  return out;
}

struct Case {
  Digest chain_id;
  Claim claim;
  CodeSecret secret;
};

std::string line_of(const Case& it) {
  const auto& claim = it.claim;
  const Seed seed = code_seed(it.chain_id, claim.batch, claim.index, it.secret);
  const auto key = SigningKey::from_seed(seed);
  const Bytes message = claim_message(it.chain_id, claim);
  std::string out;
  const auto cell = [&](const std::string& text) { out += (out.empty() ? "" : " ") + text; };
  cell(to_hex(it.chain_id.view()));
  cell(std::to_string(claim.batch.value()));
  cell(std::to_string(claim.index));
  cell(to_base32(it.secret.view()));
  cell(to_hex(claim.claimant.view()));
  cell(claim.store ? to_hex(claim.store->view()) : "-");
  cell(std::to_string(claim.region.value()));
  cell(std::to_string(claim.time.value()));
  cell(to_hex(seed.view()));
  cell(to_hex(key.public_key().view()));
  cell(to_hex(key.sign(Domain::code_claim, message).view()));
  cell(to_hex(hash(Domain::code_claim, message).view()));
  return out + "\n";
}

Case random_case(int i) {
  const std::string name = "claim vector " + std::to_string(i);
  const auto number = [&](const std::string& of) {
    return decode<std::uint64_t>(drawn<FixedBytes<struct DrawnTag, 8>>(name + of).view());
  };
  Case out{drawn<Digest>(name + " chain"), {}, drawn<CodeSecret>(name + " secret")};
  out.claim.batch = UnitBatchId(static_cast<std::uint32_t>(*number(" batch")));
  out.claim.index = static_cast<std::uint32_t>(*number(" index") % kCodesMax);
  out.claim.claimant = drawn<SubjectId>(name + " claimant");
  if (i % 2 == 0) out.claim.store = drawn<PartyId>(name + " store");
  out.claim.region = RegionCode(static_cast<std::uint32_t>(*number(" region") % 1'000'000));
  out.claim.time = TimeMs(1'700'000'000'000 + *number(" time") % 300'000'000'000);
  return out;
}

std::string claims_text() {
  // Ends of the ranges first.
  Case smallest;
  Case greatest = random_case(0);
  greatest.secret.bytes.fill(0xff);
  greatest.claim.batch = UnitBatchId(0xffff'ffff);
  greatest.claim.index = kCodesMax - 1;
  greatest.claim.region = RegionCode(0xffff'ffff);
  greatest.claim.time = TimeMs((std::uint64_t{1} << 53) - 1);  // What every JSON reader holds.
  std::string text = std::string(kHead) + line_of(smallest) + line_of(greatest);
  for (int i = 0; i < 14; ++i) text += line_of(random_case(i));
  return text;
}

TEST(ClaimVectors, AreFrozen) {
  const auto text = claims_text();
  // Written anew only where the format is meant to change: FENRUN_FREEZE=1.
  if (std::getenv("FENRUN_FREEZE") != nullptr) {
    std::ofstream(test::checkout() / "tests/vectors/claims.txt", std::ios::binary) << text;
  }
  EXPECT_EQ(text, test::frozen_vector("claims.txt"));
}

}  // namespace
}  // namespace fenrun
