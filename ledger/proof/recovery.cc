#include "ledger/proof/recovery.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "core/text.h"

namespace fenrun {
namespace {

Error invalid(const std::string& whose, std::string_view why) {
  return {Errc::recovery_invalid, whose + ": " + std::string(why)};
}

const RecoveryStatement* statement_of(const NetworkRecovery& recovery, const Validator& validator) {
  const auto it = std::ranges::find(recovery.statements, validator.name, &RecoveryStatement::name);
  return it == recovery.statements.end() ? nullptr : &*it;
}

Status check_keys(const RecoveryStatement& statement, std::set<PublicKey>& seen) {
  for (const auto& key : {statement.consensus_key, statement.checkpoint_key}) {
    if (!is_valid_point(key)) return invalid(statement.name.value, "a key is no point");
    if (!seen.insert(key).second) return invalid(statement.name.value, "a key is not new");
  }
  return {};
}

// A block that somebody may have been told is final is never left behind while one of the operators
// knows of it.  Only a disk that is lost with its journal can have held its finalization, and as
// many as a quorum must have voted for that: those that say so, and those that cannot know.
Status check_nothing_lost(const NetworkRecovery& recovery) {
  std::size_t holders = 0;
  std::size_t unknown = 0;
  bool is_disk_lost = false;
  std::string names;
  for (const auto& statement : recovery.statements) {
    if (statement.loss != RecoveryLoss::none) ++unknown;
    if (statement.loss == RecoveryLoss::everything) is_disk_lost = true;
    if (!statement.unfinished || statement.unfinished->block_id == recovery.tip.block_id) continue;
    ++holders;
    names += (names.empty() ? "" : ", ") + statement.name.value;
  }
  const std::size_t quorum = governance_quorum(recovery.validators.size());
  if (holders == 0 || !is_disk_lost || holders + unknown < quorum) return {};
  return Error{Errc::recovery_unsafe,
               "the vote logs of " + names + " hold a block above the tip that may be final"};
}

}  // namespace

std::string print_recovery(const NetworkRecovery& recovery) {
  return std::string(kRecoveryTag) + "\n" + to_base64(encode(recovery)) + "\n";
}

bool is_recovery(std::string_view text) {
  return text.starts_with(kRecoveryTag) && text.substr(kRecoveryTag.size()).starts_with('\n');
}

Result<NetworkRecovery> parse_recovery(std::string_view text) {
  if (text.size() > kNoteBytesMax || !is_recovery(text) || !text.ends_with('\n')) {
    return Error{Errc::recovery_invalid, "not a recovery"};
  }
  text.remove_prefix(kRecoveryTag.size() + 1);
  if (text.empty()) return Error{Errc::recovery_invalid, "not a recovery"};
  text.remove_suffix(1);
  const auto bytes = from_base64(text);
  if (!bytes) return Error{Errc::recovery_invalid, bytes.error().to_string()};
  auto recovery = decode<NetworkRecovery>(*bytes);
  if (!recovery) return Error{Errc::recovery_invalid, recovery.error().to_string()};
  if (recovery->validators.empty()) return Error{Errc::recovery_invalid, "no validators"};
  return *std::move(recovery);
}

Bytes signed_bytes(const NetworkRecovery& recovery, const RecoveryStatement& statement) {
  Encoder out;
  codec::write(out, recovery.chain_id);
  codec::write(out, recovery.tip);
  codec::write(out, statement.name);
  codec::write(out, statement.loss);
  codec::write(out, statement.unfinished);
  codec::write(out, statement.consensus_key);
  codec::write(out, statement.checkpoint_key);
  codec::write(out, statement.time);
  return out.take();
}

std::vector<std::string> operators_missing(const NetworkRecovery& recovery) {
  std::vector<std::string> names;
  for (const auto& validator : recovery.validators) {
    if (!statement_of(recovery, validator)) names.push_back(validator.name.value);
  }
  std::ranges::sort(names);
  return names;
}

Status check_statements(const NetworkRecovery& recovery) {
  std::set<PublicKey> seen;
  for (const auto& validator : recovery.validators) {
    for (const auto& key : {validator.operator_key, validator.consensus_key,
                            validator.checkpoint_key, validator.transport_key}) {
      seen.insert(key);
    }
  }
  auto next = recovery.validators.begin();
  for (const auto& statement : recovery.statements) {
    const std::string& name = statement.name.value;
    next = std::ranges::find(next, recovery.validators.end(), statement.name, &Validator::name);
    if (next == recovery.validators.end()) {
      return invalid(name, "no validator of the epoch, or out of order");
    }
    FENRUN_OK(check_keys(statement, seen));
    const Bytes bytes = signed_bytes(recovery, statement);
    if (!verify(next->operator_key, Domain::recovery, bytes, statement.signature)) {
      return invalid(name, "not signed by its operator");
    }
    if (!verify(statement.consensus_key, Domain::recovery, bytes, statement.possession)) {
      return invalid(name, "not signed by its new consensus key");
    }
    ++next;
  }
  return {};
}

Status check_recovery(const NetworkRecovery& recovery) {
  FENRUN_OK(check_statements(recovery));
  const auto missing = operators_missing(recovery);
  if (!missing.empty()) {
    std::string names;
    for (const auto& name : missing) names += (names.empty() ? "" : ", ") + name;
    return Error{Errc::recovery_incomplete, names};
  }
  return check_nothing_lost(recovery);
}

Result<NetworkRecovery> combine(NetworkRecovery recovery, const NetworkRecovery& other) {
  if (recovery.chain_id != other.chain_id) return Error{Errc::chain_wrong, "of another network"};
  const auto tip_of = [](const NetworkRecovery& one) {
    std::string names;
    for (const auto& statement : one.statements) {
      names += (names.empty() ? "" : ", ") + statement.name.value;
    }
    return names + " at height " + std::to_string(one.tip.height.value()) + ", block " +
           to_hex(one.tip.block_id.view()).substr(0, 16);
  };
  if (recovery.tip != other.tip || recovery.validators != other.validators) {
    return Error{Errc::recovery_mismatch, tip_of(recovery) + "; " + tip_of(other)};
  }
  RecoveryStatements merged;
  for (const auto& validator : recovery.validators) {
    const auto* const one = statement_of(recovery, validator);
    const auto* const two = statement_of(other, validator);
    if (one && two && *one != *two) {
      return invalid(validator.name.value, "two statements: ask which of them holds");
    }
    if (one || two) merged.push_back(one ? *one : *two);
  }
  if (merged.size() < std::max(recovery.statements.size(), other.statements.size())) {
    return Error{Errc::recovery_invalid, "a statement of none of the validators"};
  }
  recovery.statements = std::move(merged);
  // Any of them serves; everybody takes the same.
  if (!recovery.anchor || (other.anchor && encode(*other.anchor) < encode(*recovery.anchor))) {
    recovery.anchor = other.anchor;
  }
  return recovery;
}

ValidatorList validators_after(const NetworkRecovery& recovery) {
  ValidatorList validators = recovery.validators;
  for (auto& validator : validators) {
    const auto* const statement = statement_of(recovery, validator);
    CHECK(statement);
    validator.consensus_key = statement->consensus_key;
    validator.checkpoint_key = statement->checkpoint_key;
  }
  std::ranges::sort(validators, {}, &Validator::consensus_key);
  return validators;
}

Digest recovery_digest(const NetworkRecovery& recovery) {
  NetworkRecovery bare = recovery;
  bare.anchor.reset();
  return sha256(bytes_of(print_recovery(bare)));
}

}  // namespace fenrun
