// Four operators, v0 to v3, who state that their network can go on only under new keys.
#pragma once

#include <functional>

#include "ledger/proof/recovery.h"
#include "tests/support/proof_journal.h"

namespace fenrun::test {

inline constexpr std::uint8_t kOperators = 10;  // Numbers of keys, by validator.
inline constexpr std::uint8_t kNewConsensus = 50;
inline constexpr std::uint8_t kNewCheckpoint = 60;

inline Validator validator(std::uint8_t i) {
  return {{"v" + std::to_string(i)},
          party_number(i),
          key_number(kOperators + i).public_key(),
          key_number(20 + i).public_key(),
          key_number(i).public_key(),
          key_number(30 + i).public_key()};
}

// Of four validators named v0 to v3; none has stated anything yet.
inline NetworkRecovery unstated() {
  NetworkRecovery recovery;
  recovery.chain_id.bytes.fill(0x5a);
  recovery.tip = {Epoch(3), Height(77), Digest{}, 1'000, Digest{}};
  recovery.tip.block_id.bytes.fill(0x11);
  recovery.tip.root.bytes.fill(0x22);
  for (std::uint8_t i = 0; i < 4; ++i) recovery.validators.push_back(validator(i));
  std::ranges::sort(recovery.validators, {}, &Validator::consensus_key);
  return recovery;
}

inline std::uint8_t number_of(const Text<kValidatorNameBytesMax>& name) {
  return static_cast<std::uint8_t>(name.value.at(1) - '0');
}

inline void sign(const NetworkRecovery& recovery, RecoveryStatement& statement) {
  const auto i = number_of(statement.name);
  const auto bytes = signed_bytes(recovery, statement);
  statement.signature =
      key_number(static_cast<std::uint8_t>(kOperators + i)).sign(Domain::recovery, bytes);
  statement.possession =
      key_number(static_cast<std::uint8_t>(kNewConsensus + i)).sign(Domain::recovery, bytes);
}

using StatementChange = std::function<void(RecoveryStatement&)>;

inline RecoveryStatement statement(const NetworkRecovery& recovery, const Validator& of,
                                   const StatementChange& change = {}) {
  const auto i = number_of(of.name);
  RecoveryStatement out;
  out.name = of.name;
  out.consensus_key = key_number(static_cast<std::uint8_t>(kNewConsensus + i)).public_key();
  out.checkpoint_key = key_number(static_cast<std::uint8_t>(kNewCheckpoint + i)).public_key();
  out.time = TimeMs(1'700'000'000'000 + i);
  if (change) change(out);
  sign(recovery, out);
  return out;
}

// All four, each changed before it is signed.
inline NetworkRecovery stated(const StatementChange& change = {}) {
  auto recovery = unstated();
  for (const auto& one : recovery.validators) {
    recovery.statements.push_back(statement(recovery, one, change));
  }
  return recovery;
}

}  // namespace fenrun::test
