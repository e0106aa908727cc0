#include "node/recovery.h"

#include <utility>

#include "consensus/io.h"
#include "consensus/signatures.h"
#include "contracts/members.h"
#include "contracts/records.h"
#include "contracts/recovery.h"
#include "ledger/merkle/tree.h"
#include "node/node.h"

namespace fenrun {
namespace {

Certificate certificate_of(const ExecutedBlock& block) {
  const auto& header = block.header;
  return {{VoteKind::finalize, header.epoch, header.view, header.parent_view, block.id}, 0, {}};
}

EpochHandover handover_of(std::string_view network, const NetworkRecovery& recovery) {
  return {{print_recovery(recovery)},
          {trust_policy_text(network, recovery.chain_id, validators_after(recovery))},
          {},
          {}};
}

// The view in which the tip was finalized; 0 if an epoch begins upon it, and for the first block.
Result<View> view_of_tip(const Journal& journal, const ValidatorList& validators) {
  const Header& tip = journal.tip();
  if (tip.ends_epoch() || tip.height == Height(0)) return View(0);
  const auto bytes = journal.store().certificate(tip.height);
  if (!bytes || bytes->empty()) return Error{Errc::corruption, "the tip has no certificate"};
  FENRUN_TRY(const auto certificate, decode<Certificate>(*bytes));
  std::vector<PublicKey> keys;
  for (const auto& validator : validators) keys.push_back(validator.consensus_key);
  FENRUN_TRY(auto set, ValidatorSet::from_keys(std::move(keys)));
  SignatureChecker checker(tip.chain_id, std::move(set));
  const auto& subject = certificate.subject;
  if (subject.kind != VoteKind::finalize || subject.epoch != tip.epoch ||
      subject.block_id != journal.tip_id() || !checker.check(certificate)) {
    return Error{Errc::corruption, "the tip's certificate is not of its validators"};
  }
  return subject.view;
}

// Signature lines for one log and a quorum of cosigners: what a verifier asks for.
std::string shortest_quorum(SignedNote note, std::size_t quorum) {
  std::size_t cosignatures = 0;
  bool has_log = false;
  std::erase_if(note.signatures, [&](const NoteSignature& line) {
    if (line.name == note.body.origin) return std::exchange(has_log, true);
    return cosignatures++ >= quorum;
  });
  return print(note);
}

Result<RecoveryAnchor> anchor_of(const Journal& journal, Epoch epoch, std::size_t quorum) {
  FENRUN_TRY(const auto text, journal.store().anchor(epoch));
  FENRUN_TRY(const auto note, parse_note(text));
  const std::uint64_t size = note.body.size;
  if (size == 0 || size > journal.store().size()) return Errc::not_found;
  FENRUN_TRY(auto header, journal.store().entry(Position(size - 1)));
  auto path = inclusion_path(size - 1, size, [&](unsigned level, std::uint64_t index) {
    return journal.node(level, index);
  });
  return RecoveryAnchor{{shortest_quorum(note, quorum)},
                        {ProofEntryBytes(std::move(header)), MerklePath(std::move(path))}};
}

}  // namespace

Result<NetworkRecovery> begin_recovery(const Journal& journal) {
  const Header& tip = journal.tip();
  if (tip.ends_epoch() && !journal.store().handover(tip.epoch)) {
    return Error{Errc::handover_missing,
                 "the checkpoint of the epoch's last block: start the nodes that can sign it"};
  }
  const auto list = validators(journal.state());
  if (const auto view = view_of_tip(journal, list); !view) return view.error();
  NetworkRecovery recovery{tip.chain_id,
                           {tip.epoch_of_child(), tip.height, journal.tip_id(),
                            tip.position.value() + 1, journal.root()},
                           list,
                           {},
                           std::nullopt};
  auto anchor = anchor_of(journal, recovery.tip.epoch, governance_quorum(list.size()));
  if (anchor) recovery.anchor = *std::move(anchor);
  return recovery;
}

Result<std::optional<UnfinishedBlock>> unfinished_block(const Journal& journal,
                                                        const std::vector<VoteLogRecord>& records) {
  const Epoch epoch = journal.tip().epoch_of_child();
  FENRUN_TRY(View highest, view_of_tip(journal, validators(journal.state())));
  std::optional<UnfinishedBlock> found;
  for (const auto& record : records) {
    if (record.type != kConsensusLogRecord) continue;
    FENRUN_TRY(const auto value, decode<LogRecord>(record.bytes));
    const auto* vote = std::get_if<Vote>(&value);
    if (vote == nullptr || vote->subject.kind != VoteKind::finalize) continue;
    if (vote->subject.epoch != epoch || vote->subject.view <= highest) continue;
    highest = vote->subject.view;
    found = UnfinishedBlock{highest, vote->subject.block_id};
  }
  return found;
}

Result<bool> is_above_tip(const Journal& journal, const UnfinishedBlock& block) {
  FENRUN_TRY(const auto view, view_of_tip(journal, validators(journal.state())));
  return block.view > view;
}

bool is_of_recovery(const Certificate& certificate) { return certificate.signers == 0; }

Status restore_recovery(Journal& journal, std::string_view network,
                        const NetworkRecovery& recovery) {
  FENRUN_OK(check_recovery(recovery));
  FENRUN_TRY(const auto header, journal.header(recovery.tip.height));
  FENRUN_TRY(const auto bytes, journal.store().entry(header.position.next()));
  const NetworkRecovered work{recovery.tip, recovery.statements};
  if (bytes != encode_entry(SystemEntry{encode(SystemWork(work))}) ||
      header.next_validators != validators_digest(recovery.validators)) {
    return Error{Errc::value_invalid, "not the recovery that the journal goes on from"};
  }
  return journal.save_handover(recovery.tip.epoch, handover_of(network, recovery));
}

bool holds_recovery(const Journal& journal, const NetworkRecovery& recovery) {
  const auto end = find_epoch_end(journal.state(), recovery.tip.epoch);
  if (!end || *end != recovery.tip.height.next()) return false;
  const auto handover = journal.store().handover(recovery.tip.epoch);
  if (!handover) return false;
  const auto held = parse_recovery(handover->checkpoint.value);
  return held && recovery_digest(*held) == recovery_digest(recovery);
}

Status append_recovery(Journal& journal, std::string_view network,
                       const NetworkRecovery& recovery) {
  const auto point = journal.point(journal.tip_id());
  FENRUN_TRY(auto block, execute_recovery(*point, journal.tip(), recovery));
  FENRUN_OK(journal.save_handover(recovery.tip.epoch, handover_of(network, recovery)));
  const Bytes certificate = encode(certificate_of(block));
  const Digest id = block.id;
  journal.add(std::make_unique<ExecutedBlock>(std::move(block)));
  return journal.commit(std::span(&id, 1), certificate);
}

}  // namespace fenrun
