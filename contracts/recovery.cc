#include "contracts/recovery.h"

#include "contracts/invariants.h"
#include "contracts/members.h"
#include "core/check.h"

namespace fenrun {
namespace {

// A time that everybody knows; that of the operators' clocks could stop the network anew.
constexpr std::uint64_t kTimeAfterTipMs = 1;

Status check_fits(const BlockPoint& point, const Header& tip, const NetworkRecovery& recovery) {
  if (recovery.chain_id != point.chain_id) return Error{Errc::chain_wrong, "of another network"};
  const RecoveryTip expected{point.epoch, tip.height, point.id, tip.position.value() + 1,
                             point.frontier.root()};
  if (recovery.tip != expected) {
    return Error{Errc::recovery_mismatch, "it goes on from height " +
                                              std::to_string(recovery.tip.height.value()) +
                                              "; the newest final block here is of height " +
                                              std::to_string(tip.height.value())};
  }
  if (recovery.validators != validators(*point.state)) {
    return Error{Errc::recovery_invalid, "the ledger names other validators"};
  }
  FENRUN_OK(check_recovery(recovery));
  for (const auto& statement : recovery.statements) {
    for (const auto& key : {statement.consensus_key, statement.checkpoint_key}) {
      if (find_key_owner(*point.state, key)) {
        return Error{Errc::key_invalid, statement.name.value + ": registered already"};
      }
    }
  }
  return {};
}

}  // namespace

Result<ExecutedBlock> execute_recovery(const BlockPoint& point, const Header& tip,
                                       const NetworkRecovery& recovery) {
  FENRUN_OK(check_fits(point, tip, recovery));
  const View parent_view = tip.ends_epoch() ? View(0) : tip.view;
  const BlockContext context{.epoch = point.epoch,
                             .height = tip.height.next(),
                             .view = parent_view.next(),
                             .parent_view = parent_view,
                             .time = TimeMs(tip.time.value() + kTimeAfterTipMs),
                             .proposer = ValidatorIndex(0),
                             .batch_list = batch_list_digest({})};
  BlockBuilder block(point, context);
  block.append_system(encode(SystemWork(NetworkRecovered{recovery.tip, recovery.statements})));
  run_system_work(block, tip.time);
  write_new_keys(block.state(), validators_after(recovery));
  conclude_epoch(block, *point.state);
  check_invariants(block.conclude());
  return block.finish();
}

}  // namespace fenrun
