// The statements by which a network goes on that has lost its votes: what all operators did not
// sign as it stands is refused.
#include <algorithm>

#include "tests/fuzz/fuzz.h"
#include "tests/support/recovery_statements.h"

namespace fenrun::fuzz {
namespace {

const NetworkRecovery& stated() {
  static const auto kStated = test::stated();
  return kStated;
}

bool is_code_of_recoveries(Errc code) {
  return code == Errc::recovery_invalid || code == Errc::recovery_incomplete ||
         code == Errc::recovery_unsafe;
}

std::vector<Bytes> text_seeds() {
  auto anchored = stated();
  anchored.anchor = RecoveryAnchor{{"a note"}, {}};
  return {seed_of(print_recovery(stated())), seed_of(print_recovery(test::unstated())),
          seed_of(print_recovery(anchored))};
}

std::vector<Bytes> edit_seeds() { return {Bytes{0, 40, 1}, Bytes{1, 200, 2, 3}}; }

// Whatever passes is what the four have signed.  The anchor and what no statement rests on of the
// validators are for others to judge, by the tip's Header.
void expect_signed(const NetworkRecovery& recovery) {
  const auto status = check_recovery(recovery);
  if (!status) {
    EXPECT_FUZZ(is_code_of_recoveries(status.error().code), status.error().to_string());
    return;
  }
  EXPECT_FUZZ(recovery.chain_id == stated().chain_id && recovery.tip == stated().tip &&
                  recovery.statements == stated().statements,
              "a recovery that nobody signed holds");
  EXPECT_FUZZ(validators_after(recovery).size() == stated().validators.size(), "others go on");
}

}  // namespace

FENRUN_FUZZ(recovery_text, text_seeds) {
  const auto recovery = parse_recovery(text_of(input));
  if (!recovery) {
    EXPECT_FUZZ(recovery.error().code == Errc::recovery_invalid, recovery.error().to_string());
    return;
  }
  EXPECT_FUZZ(is_recovery(text_of(input)), "it is read, and is none");
  EXPECT_FUZZ(print_recovery(*recovery) == text_of(input), "a recovery has two texts");
  expect_signed(*recovery);
  const auto both = combine(*recovery, stated());
  if (both) return expect_signed(*both);
  const auto code = both.error().code;
  EXPECT_FUZZ(code == Errc::chain_wrong || code == Errc::recovery_mismatch ||
                  code == Errc::recovery_invalid,
              both.error().to_string());
}

// A few bytes of the encoding are changed.
FENRUN_FUZZ(recovery_edited, edit_seeds) {
  Choices choices(input);
  auto bytes = encode(stated());
  for (int edits = 0; edits < 4 && !choices.empty(); ++edits) {
    const auto at = choices.below(bytes.size());
    bytes[at] ^= choices.byte();
  }
  const auto recovery = decode<NetworkRecovery>(bytes);
  if (recovery) expect_signed(*recovery);
}

}  // namespace fenrun::fuzz
