// Handovers of epochs that are over, whose files were lost or damaged here: others have them.
// docs/spec/storage.md, §8; docs/spec/network.md, §11.
//
// Nothing in the present epoch hangs on them.  They are needed by proofs that lead over epochs, and
// by peers who follow.  Who validated then says the journal.
#include <algorithm>

#include "contracts/members.h"
#include "contracts/records.h"
#include "ledger/proof/verify.h"
#include "node/epoch_chain.h"
#include "node/node.h"
#include "node/recovery.h"

namespace fenrun {
namespace {

// Of a handover, whichever kind it is.
Result<ValidatorList> validators_behind(const EpochHandover& handover) {
  if (!is_recovery(handover.checkpoint.value)) {
    return decode<ValidatorList>(handover.next_validators);
  }
  FENRUN_TRY(const auto recovery, parse_recovery(handover.checkpoint.value));
  return validators_after(recovery);
}

}  // namespace

// Of an epoch that has begun here.  What a snapshot left out of the Records' history, the handover
// before the epoch says.
Result<ValidatorList> Node::validators_of(Epoch epoch) const {
  if (epoch == journal_->tip().epoch_of_child()) return validators(journal_->state());
  if (epoch == Epoch(0)) return ValidatorList(options_.genesis.validators);
  const Epoch before(epoch.value() - 1);
  FENRUN_TRY(const auto header, last_header_of(before));
  const auto is_right = [&](const Result<ValidatorList>& list) {
    return list && validators_digest(*list) == header.next_validators;
  };
  auto list = validators_at(journal_->store(), header.position.value() + 1);
  if (!is_right(list)) {
    FENRUN_TRY(const auto handover, journal_->store().handover(before));
    list = validators_behind(handover);
  }
  if (is_right(list)) return list;
  return Error{Errc::corruption,
               "who validated in epoch " + std::to_string(epoch.value()) + " is not known here"};
}

std::string Node::policy_text(const ValidatorList& validators) const {
  return trust_policy_text(options_.genesis.network.value, journal_->tip().chain_id, validators);
}

void Node::find_lost_handovers() {
  for (Epoch epoch(0); epoch < own_epoch(); epoch = epoch.next()) {
    const auto handover = journal_->store().handover(epoch);
    if (handover) continue;
    log(LogLevel::warn, "the handover of epoch " + std::to_string(epoch.value()) +
                            " is asked of the others: " + handover.error().to_string());
    lost_handovers_.push_back(epoch);
  }
}

bool Node::is_handover_lost(Epoch epoch) const {
  return std::ranges::find(lost_handovers_, epoch) != lost_handovers_.end();
}

void Node::note_restored(Epoch epoch) {
  std::erase(lost_handovers_, epoch);
  log(LogLevel::info, "the handover of epoch " + std::to_string(epoch.value()) + " is here again");
}

// The rest of it is in the journal.  If it is not, since a snapshot left it out, a link has it.
void Node::restore_handover(net::PeerIndex from, const Handover& answer) {
  const auto status = restore_by_checkpoint(answer.epoch, answer.checkpoint.value);
  if (status) return note_restored(answer.epoch);
  const auto code = status.error().code;
  if (code == Errc::io_error) return fail(status.error());
  if (code == Errc::not_found || code == Errc::corruption) {
    return send(from, net::Channel::consensus, GetEpochLinks{answer.epoch});
  }
  log_of_peer(from, "sent no handover of epoch " + std::to_string(answer.epoch.value()) + ": " +
                        status.error().to_string());
}

Status Node::restore_by_checkpoint(Epoch epoch, const std::string& text) {
  if (is_recovery(text)) {
    FENRUN_TRY(const auto recovery, parse_recovery(text));
    if (recovery.tip.epoch != epoch) return Error{Errc::value_invalid, "of another epoch"};
    return restore_recovery(*journal_, options_.genesis.network.value, recovery);
  }
  FENRUN_TRY(const auto header, last_header_of(epoch));
  FENRUN_TRY(const auto signers, validators_of(epoch));
  FENRUN_TRY(const auto policy, TrustPolicy::parse(policy_text(signers)));
  if (const auto checkpoint = verify_checkpoint(text, policy); !checkpoint) {
    return Error{Errc::handover_invalid, checkpoint.error().to_string()};
  }
  FENRUN_TRY(const auto certificate, journal_->store().certificate(header.height));
  FENRUN_TRY(const auto next, validators_of(epoch.next()));
  return journal_->save_handover(epoch, {{text}, {policy_text(next)}, certificate, encode(next)});
}

void Node::restore_handovers(net::PeerIndex from, const EpochLinks& answer) {
  Epoch epoch = answer.from;
  for (const auto& link : answer.links) {
    if (is_handover_lost(epoch)) {
      const auto status = restore_by_link(epoch, link);
      if (!status && status.error().code == Errc::io_error) return fail(status.error());
      if (!status) return log_of_peer(from, "its epochs: " + status.error().to_string());
      note_restored(epoch);
    }
    epoch = epoch.next();
  }
}

Status Node::restore_by_link(Epoch epoch, const EpochLink& link) {
  FENRUN_TRY(const auto before, epoch == Epoch(0) ? journal_->header(Height(0))
                                                  : last_header_of(Epoch(epoch.value() - 1)));
  FENRUN_TRY(auto signers, validators_of(epoch));
  if (validators_digest(signers) != before.next_validators) {
    return Error{Errc::handover_invalid, "other validators than the journal names"};
  }
  EpochChain chain(before, options_.genesis.network.value, std::move(signers));
  FENRUN_TRY(const auto handover, chain.add(link));
  return journal_->save_handover(epoch, handover);
}

}  // namespace fenrun
