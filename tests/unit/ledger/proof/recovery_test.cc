// The statements of operators about the end of their epoch.  docs/spec/recovery.md, §1 and §2.
#include "ledger/proof/recovery.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/text.h"
#include "tests/support/recovery_statements.h"

namespace fenrun {
namespace {

using test::key_number;
using test::kNewCheckpoint;
using test::kNewConsensus;
using test::kOperators;
using test::number_of;
using test::sign;
using test::stated;
using test::statement;
using test::unstated;
using test::validator;

std::string refusal(const NetworkRecovery& recovery) {
  const auto status = check_recovery(recovery);
  return status ? "ok" : std::string(name_of(status.error().code));
}

TEST(Recovery, HoldsWithTheStatementsOfAll) {
  EXPECT_EQ(refusal(stated()), "ok");
  const auto after = validators_after(stated());
  ASSERT_EQ(after.size(), 4u);
  EXPECT_TRUE(std::ranges::is_sorted(after, {}, &Validator::consensus_key));
  for (const auto& one : after) {
    const auto i = number_of(one.name);
    const auto before = validator(i);
    EXPECT_EQ(one.consensus_key,
              key_number(static_cast<std::uint8_t>(kNewConsensus + i)).public_key());
    EXPECT_EQ(one.checkpoint_key,
              key_number(static_cast<std::uint8_t>(kNewCheckpoint + i)).public_key());
    EXPECT_EQ(one.operator_key, before.operator_key);
    EXPECT_EQ(one.transport_key, before.transport_key);
    EXPECT_EQ(one.party, before.party);
  }
}

TEST(Recovery, LacksNobody) {
  for (std::size_t i = 0; i < 4; ++i) {
    auto recovery = stated();
    const auto name = recovery.statements[i].name.value;
    recovery.statements.erase(recovery.statements.begin() + static_cast<std::ptrdiff_t>(i));
    const auto status = check_recovery(recovery);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error(), (Error{Errc::recovery_incomplete, name}));
    EXPECT_TRUE(check_statements(recovery));
    EXPECT_EQ(operators_missing(recovery), std::vector<std::string>{name});
  }
  EXPECT_EQ(refusal(unstated()), "recovery_incomplete");
}

TEST(Recovery, EachStatementIsItsOperators) {
  const auto with = [](const std::function<void(NetworkRecovery&)>& change) {
    auto recovery = stated();
    change(recovery);
    return refusal(recovery);
  };
  EXPECT_EQ(with([](auto& r) { r.statements[2].signature.bytes[0] ^= 1; }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.statements[2].possession.bytes[0] ^= 1; }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.statements[2].loss = RecoveryLoss::votes; }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.statements[2].time = TimeMs(1); }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) {
              r.statements[2].unfinished = UnfinishedBlock{View(9), Digest{}};
            }),
            "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.tip.height = Height(76); }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.tip.block_id.bytes[0] ^= 1; }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.tip.root.bytes[0] ^= 1; }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.tip.epoch = Epoch(2); }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.chain_id.bytes[0] ^= 1; }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { std::swap(r.statements[0], r.statements[1]); }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.statements.push_back(r.statements[3]); }), "recovery_invalid");
  EXPECT_EQ(with([](auto& r) { r.statements[1] = r.statements[0]; }), "recovery_invalid");
}

TEST(Recovery, KeysAreNewAndAllDifferent) {
  const auto with_key = [](const PublicKey& key) {
    return refusal(stated([&](RecoveryStatement& one) {
      if (number_of(one.name) == 1) one.checkpoint_key = key;
    }));
  };
  EXPECT_EQ(with_key(key_number(99).public_key()), "ok");
  EXPECT_EQ(with_key(key_number(1).public_key()), "recovery_invalid");   // Its old one.
  EXPECT_EQ(with_key(key_number(22).public_key()), "recovery_invalid");  // Another's old one.
  EXPECT_EQ(with_key(key_number(kOperators).public_key()), "recovery_invalid");
  EXPECT_EQ(with_key(key_number(kNewConsensus).public_key()), "recovery_invalid");
  EXPECT_EQ(with_key(key_number(kNewCheckpoint + 1).public_key()), "ok");
  EXPECT_EQ(with_key(key_number(kNewConsensus + 1).public_key()), "recovery_invalid");
  PublicKey no_point;
  no_point.bytes.fill(0xff);
  EXPECT_EQ(with_key(no_point), "recovery_invalid");
}

// Who lost what, by validator; w: a whole log, f: a whole log with a finalize above the tip.
std::string with_losses(const std::string& what) {
  return refusal(stated([&](RecoveryStatement& one) {
    const char state = what.at(number_of(one.name));
    if (state == 'v') one.loss = RecoveryLoss::votes;
    if (state == 'd') one.loss = RecoveryLoss::everything;
    if (state == 'f') one.unfinished = UnfinishedBlock{View(9), Digest{}};
    if (state == 't') one.unfinished = UnfinishedBlock{View(9), unstated().tip.block_id};
  }));
}

TEST(Recovery, LeavesNoBlockBehindThatMayBeFinal) {
  EXPECT_EQ(with_losses("wwvv"), "ok");
  EXPECT_EQ(with_losses("wwdd"), "ok");
  EXPECT_EQ(with_losses("ffvv"), "ok");  // All journals are there, and it is in none.
  EXPECT_EQ(with_losses("fwvd"), "recovery_unsafe");
  EXPECT_EQ(with_losses("fwdd"), "recovery_unsafe");
  EXPECT_EQ(with_losses("ffwd"), "recovery_unsafe");
  EXPECT_EQ(with_losses("fwwd"), "ok");  // Two of three.
  EXPECT_EQ(with_losses("twdd"), "ok");  // It is the tip.
  EXPECT_EQ(with_losses("dddd"), "ok");  // Nobody knows of any.
}

TEST(Recovery, IsPutTogetherInAnyOrder) {
  const auto whole = stated();
  std::vector<NetworkRecovery> parts;
  for (const auto& one : whole.statements) {
    auto part = unstated();
    part.statements.push_back(one);
    parts.push_back(part);
  }
  parts[1].anchor = RecoveryAnchor{{"note b"}, {}};
  parts[2].anchor = RecoveryAnchor{{"note a"}, {}};
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    auto made = parts[order[0]];
    for (std::size_t i = 1; i < 4; ++i) made = combine(made, parts[order[i]]).value();
    EXPECT_EQ(made.statements, whole.statements);
    EXPECT_EQ(made.anchor, parts[2].anchor);
    EXPECT_EQ(recovery_digest(made), recovery_digest(whole));
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(combine(parts[0], parts[0]).value().statements, parts[0].statements);

  const auto code = [](const NetworkRecovery& one, const NetworkRecovery& two) {
    const auto made = combine(one, two);
    return made ? Errc::ok : made.error().code;
  };
  auto other = parts[1];
  other.tip.height = Height(78);
  EXPECT_EQ(code(parts[0], other), Errc::recovery_mismatch);
  other = parts[1];
  other.validators.erase(other.validators.begin());
  EXPECT_EQ(code(parts[0], other), Errc::recovery_mismatch);
  other = parts[1];
  other.chain_id.bytes[0] ^= 1;
  EXPECT_EQ(code(parts[0], other), Errc::chain_wrong);
  other = parts[0];
  other.statements[0].time = TimeMs(5);
  EXPECT_EQ(code(parts[0], other), Errc::recovery_invalid);
}

TEST(Recovery, TextHasOneSpelling) {
  const auto text = print_recovery(stated());
  EXPECT_TRUE(is_recovery(text));
  EXPECT_EQ(parse_recovery(text).value(), stated());
  EXPECT_TRUE(text.starts_with("fenrun-recovery/v1\n"));
  for (const auto& wrong :
       {text + "\n", text.substr(0, text.size() - 1), " " + text,
        std::string("fenrun-recovery/v1\n"), std::string("fenrun-recovery/v1\n\n"),
        "fenrun-recovery/v1" + text.substr(19), "fenrun-recovery/v1\n" + text.substr(18),
        std::string()}) {
    const auto parsed = parse_recovery(wrong);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::recovery_invalid);
  }
  EXPECT_FALSE(is_recovery("fenrun-recovery/v11\n"));
  EXPECT_FALSE(is_recovery(print(test::ProofJournal().note())));
  auto none = stated();
  none.validators.clear();
  EXPECT_FALSE(parse_recovery(print_recovery(none)));
}

// Frozen: docs/spec/recovery.md, §1.  Found by a second implementation, of BCS and of Ed25519.
TEST(Recovery, BytesAreFrozen) {
  const auto recovery = stated();
  EXPECT_EQ(to_hex(signed_bytes(recovery, recovery.statements[0])),
            "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a03000000"
            "000000004d00000000000000111111111111111111111111111111111111111111111111"
            "1111111111111111e8030000000000002222222222222222222222222222222222222222"
            "222222222222222222222222027632000097eb816a49b0475b783ff50033f8348ff7d405"
            "70aa5ab5347bb8d04bf7909870f5174b5e2388e953d701f38c8a4b0627308b17c9dcf9ee"
            "3a48b67766e87f37650268e5cf8b010000");
  EXPECT_EQ(to_hex(recovery_digest(recovery).view()),
            "56f1304e2cf4149b1d86fa7872d3b68a5cb25d9f9e97a5bbf5baab248a50acad");
}

}  // namespace
}  // namespace fenrun
