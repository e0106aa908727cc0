#include "node/audit/replay.h"

#include <algorithm>

#include "consensus/signatures.h"
#include "contracts/apply.h"
#include "contracts/members.h"
#include "contracts/recovery.h"
#include "core/text.h"
#include "node/network.h"

namespace fenrun::audit {
namespace {

Error mismatch(const std::string& what) { return {Errc::replay_mismatch, what}; }

std::vector<const SignedTransaction*> pointers_to(const std::vector<SignedTransaction>& all) {
  std::vector<const SignedTransaction*> pointers;
  pointers.reserve(all.size());
  for (const auto& transaction : all) pointers.push_back(&transaction);
  return pointers;
}

// The recovery with which the block begins, if it does.
std::optional<NetworkRecovered> recovery_in(const RecordedBlock& block) {
  const auto entry = decode_entry(block.entries().front());
  const auto* system = entry ? std::get_if<SystemEntry>(&*entry) : nullptr;
  if (system == nullptr) return std::nullopt;
  auto work = decode<SystemWork>(system->payload);
  if (!work || !std::holds_alternative<NetworkRecovered>(*work)) return std::nullopt;
  return std::get<NetworkRecovered>(std::move(*work));
}

// The first entry that differs.
std::optional<Divergence> compare(const RecordedBlock& block, const ExecutedBlock& executed) {
  const auto& recorded = block.entries();
  const auto& recomputed = executed.entries;
  for (std::size_t i = 0; i < std::max(recorded.size(), recomputed.size()); ++i) {
    if (i < recorded.size() && i < recomputed.size() && equal(recorded[i], recomputed[i])) continue;
    auto divergence =
        block.differs_at(i, mismatch(i >= recorded.size()     ? "execution gives an entry more"
                                     : i >= recomputed.size() ? "execution gives no such entry"
                                                              : "execution gives another entry"));
    if (i < recomputed.size()) divergence.recomputed = recomputed[i];
    return divergence;
  }
  return std::nullopt;
}

}  // namespace

Status check_certificate(const CertificateTask& task) {
  const auto certificate = decode<Certificate>(task.certificate);
  if (!certificate) return mismatch("the certificate: " + certificate.error().to_string());
  const auto& subject = certificate->subject;
  if (subject.kind != VoteKind::finalize || subject.epoch != task.header.epoch ||
      subject.block_id != task.block_id) {
    return mismatch("the certificate is no finalization of this block");
  }
  return SignatureChecker(task.header.chain_id, *task.validators).check(*certificate);
}

Replay::Replay(Genesis genesis, ScratchState& state, Checkpoints& checkpoints)
    : genesis_(std::move(genesis)),
      chain_id_(fenrun::chain_id(genesis_)),
      state_(&state),
      checkpoints_(&checkpoints) {}

BlockPoint Replay::point() const { return point_after(tip_, tip_id_, frontier_, *state_, active_); }

// What must hold before the block can be executed, and what execution does not compare.
std::optional<Error> Replay::header_error(const RecordedBlock& block) const {
  const Header& header = block.header();
  if (header.height != tip_.height.next() || block.height() != header.height) {
    return mismatch("the height does not follow");
  }
  if (header.epoch != tip_.epoch_of_child()) return mismatch("the epoch does not follow");
  if (header.time <= tip_.time) return mismatch("the time is not above the parent's");
  if (header.view <= header.parent_view) return mismatch("the view is not above the parent's");
  if (header.proposer != validators_->leader(epoch_first_block_, header.view)) {
    return mismatch("the proposer does not lead the view");
  }
  if (header.epoch != tip_.epoch && !is_tip_certified_) {
    return mismatch("nobody finalized the last block of the epoch before");
  }
  return std::nullopt;
}

Result<std::optional<Divergence>> Replay::take(const RecordedBlock& block) {
  if (is_empty() && block.header().chain_id != chain_id_) {
    return Error{Errc::chain_wrong, "the journal is of chain " +
                                        to_hex(block.header().chain_id.view()) +
                                        ", the genesis makes " + to_hex(chain_id_.view())};
  }
  const std::size_t last = block.entries().size() - 1;
  const auto recovered = is_empty() ? std::nullopt : recovery_in(block);
  if (!is_empty() && !recovered) {
    if (auto error = header_error(block)) return std::optional(block.differs_at(last, *error));
  }
  auto executed =
      is_empty()
          ? Result<ExecutedBlock>(execute_genesis(genesis_, trust_policy_digest_of(genesis_)))
      : recovered ? recover(*recovered)
                  : Result<ExecutedBlock>(execute(block));
  if (!executed) return std::optional(block.differs_at(0, executed.error()));
  if (auto divergence = compare(block, *executed)) return divergence;
  FENRUN_OK(advance(*executed));
  if (recovered) ++recoveries_;
  is_tip_certified_ = tip_.height == Height(0) || !block.certificate().empty();
  const auto checked = checkpoints_->check(tip_.position.value() + 1, frontier_.root());
  if (!checked) return std::optional(block.differs_at(last, checked.error()));
  if (tip_.ends_epoch()) FENRUN_OK(begin_epoch());
  is_tip_of_recovery_ = recovered.has_value();
  return std::optional<Divergence>();
}

ExecutedBlock Replay::execute(const RecordedBlock& block) const {
  const Header& header = block.header();
  const BlockContext context{.epoch = header.epoch,
                             .height = header.height,
                             .view = header.view,
                             .parent_view = header.parent_view,
                             .time = header.time,
                             .proposer = header.proposer,
                             .batch_list = header.batch_list};
  return execute_block(point(), context, pointers_to(block.transactions()));
}

Result<ExecutedBlock> Replay::recover(const NetworkRecovered& recovered) const {
  if (!is_tip_certified_) return mismatch("a recovery upon a block that nobody finalized");
  return execute_recovery(
      point(), tip_,
      {chain_id_, recovered.tip, validators(*state_), recovered.statements, std::nullopt});
}

// The block is what it must be: it is the tip.
Status Replay::advance(ExecutedBlock& executed) {
  if (is_empty()) executed.rebase(*state_, active_);
  FENRUN_OK(state_->absorb(executed.state.delta()));
  active_.absorb(executed.active);
  unpaid_ = unpaid_earnings_of(executed);
  frontier_ = executed.frontier;
  tip_ = executed.header;
  tip_id_ = executed.id;
  if (is_empty()) FENRUN_OK(begin_epoch());
  validators_of_tip_ = validators_;
  return {};
}

// The epoch of the tip's child.
Status Replay::begin_epoch() {
  const auto list = validators(*state_);
  validators_ = std::make_shared<const ValidatorSet>(consensus_set_of(list));
  epoch_first_block_ = tip_id_;
  return checkpoints_->begin_epoch(tip_.epoch_of_child(),
                                   trust_policy_text(genesis_.network.value, chain_id_, list));
}

std::optional<CertificateTask> Replay::certificate_task(const RecordedBlock& block) const {
  if (block.certificate().empty() || is_tip_of_recovery_) return std::nullopt;
  return CertificateTask{tip_.height, tip_, tip_id_, block.certificate(), validators_of_tip_};
}

}  // namespace fenrun::audit
