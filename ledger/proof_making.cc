#include "ledger/proof_making.h"

#include "core/check.h"
#include "ledger/merkle/tree.h"

namespace fenrun {
namespace {

constexpr std::size_t base64_bytes(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace

ProofMaking::ProofMaking(const Prover& prover, ProofClaim claim, ProofParts parts)
    : prover_(prover),
      parts_(std::move(parts)),
      tiles_(prover_.journal_->store()),
      stage_(Stage::header),
      next_handover_(prover_.first_handover_) {
  if (const auto* account = std::get_if<AccountClaim>(&claim)) {
    stage_ = Stage::statements;
    next_statement_ = statement_scope(account->party);
  }
  proof_.claim = std::move(claim);
}

Result<bool> ProofMaking::step(std::size_t pieces) {
  for (std::size_t i = 0; i < pieces && stage_ != Stage::made; ++i) FENRUN_OK(do_piece());
  return stage_ == Stage::made;
}

Status ProofMaking::do_piece() {
  switch (stage_) {
    case Stage::statements:
      return add_next_statement();
    case Stage::postings:
      return add_next_posting();
    case Stage::header:
      return add_header();
    case Stage::entries:
      return add_next_entry();
    case Stage::handovers:
      return add_next_handover();
    case Stage::chunks:
      add_next_chunk();
      return {};
    case Stage::made:
      return {};
  }
  UNREACHABLE();
}

// What the Records say of their postings is known before any of these is read.
Status ProofMaking::add_next_statement() {
  if (!next_statement_) {
    stage_ = Stage::postings;
    return {};
  }
  const RecordKey key = *next_statement_;
  FENRUN_TRY(const auto position, prover_.record_position(key));
  FENRUN_TRY(const auto record, prover_.add_current(parts_, position));
  if (!record.value) return Error{Errc::corruption, "a statement's record has no value"};
  FENRUN_TRY(const auto linked, decode<Linked<Statement>>(*record.value));
  if (linked.value && linked.value->count > 0) {
    FENRUN_TRY(const auto id, statement_from_key(key));
    chains_.push_back({id, linked.value->last});
    postings_ += linked.value->count;
  }
  next_statement_ = linked.next;
  // A posting is in two of the statements at most.
  if (parts_.entries.size() + (postings_ + 1) / 2 > kProofEntriesMax) {
    return Error{Errc::limit_exceeded, "an account of more than " +
                                           std::to_string(kProofEntriesMax) +
                                           " entries has no proof in one file"};
  }
  return {};
}

Status ProofMaking::add_next_posting() {
  if (chains_.empty()) {
    stage_ = Stage::header;
    return {};
  }
  auto& chain = chains_.back();
  FENRUN_TRY(const auto posting, prover_.add<Posting>(parts_, chain.next));
  const bool is_source = posting.source_statement() == chain.id;
  if (!is_source && posting.destination_statement() != chain.id) {
    return Error{Errc::corruption,
                 "entry " + std::to_string(chain.next.value()) + " is not of the statement"};
  }
  const auto& previous = is_source ? posting.source.previous : posting.destination.previous;
  if (previous) {
    chain.next = *previous;
  } else {
    chains_.pop_back();
  }
  return {};
}

Status ProofMaking::add_header() {
  const Position header(prover_.size_ - 1);
  FENRUN_TRY(auto bytes, prover_.journal_->store().entry(header));
  proof_.checkpoint.value = prover_.note_;
  proof_.header = {ProofEntryBytes(std::move(bytes)), path_to(header)};
  stage_ = Stage::entries;
  return {};
}

Status ProofMaking::add_next_entry() {
  if (parts_.entries.empty()) {
    stage_ = Stage::handovers;
    return {};
  }
  auto taken = parts_.entries.extract(parts_.entries.begin());
  auto path = path_to(taken.key());
  file_bytes_ += base64_bytes(taken.mapped().size()) + path.size() * base64_bytes(Digest::kSize);
  if (file_bytes_ > kProofFileBytesMax) {
    return Error{Errc::limit_exceeded, "the proof is larger than a verifier reads"};
  }
  proof_.entries.push_back(
      {taken.key(), ProofEntryBytes(std::move(taken.mapped())), std::move(path)});
  return {};
}

Status ProofMaking::add_next_handover() {
  if (next_handover_ >= prover_.epoch_) {
    stage_ = Stage::chunks;
    return {};
  }
  if (proof_.handovers.size() == kHandoversMax) {
    return Error{Errc::limit_exceeded,
                 "more handovers than a proof may have: bring the trust file up to date, and ask "
                 "with from_epoch for those after it"};
  }
  FENRUN_TRY(auto one, prove_handover(*prover_.journal_, next_handover_));
  proof_.handovers.push_back(std::move(one));
  next_handover_ = next_handover_.next();
  return {};
}

void ProofMaking::add_next_chunk() {
  if (parts_.chunks.empty()) {
    stage_ = Stage::made;
    return;
  }
  proof_.chunks.push_back(std::move(parts_.chunks.extract(parts_.chunks.begin()).mapped()));
}

MerklePath ProofMaking::path_to(Position position) {
  return MerklePath(inclusion_path(
      position.value(), prover_.size_,
      [this](unsigned level, std::uint64_t index) { return tiles_.node(level, index); }));
}

Result<Proof> made_at_once(Result<ProofMaking> begun) {
  constexpr std::size_t kMany = 1'000;
  if (!begun) return begun.error();
  for (bool made = false; !made;) {
    FENRUN_TRY(made, begun->step(kMany));
  }
  return begun->take();
}

}  // namespace fenrun
