#include "ledger/proof/verify.h"

#include <algorithm>

namespace fenrun {
namespace {

Error mismatch(std::string_view what) { return {Errc::claim_mismatch, std::string(what)}; }
Error incomplete(std::string_view what) { return {Errc::statement_incomplete, std::string(what)}; }

const PublicKey& key_of(const Signer& signer) {
  return std::visit([](const auto& kind) -> const PublicKey& { return kind.key; }, signer);
}

bool starts_with(ByteView bytes, ByteView prefix) {
  return bytes.size() >= prefix.size() && equal(bytes.first(prefix.size()), prefix);
}

bool is_less(ByteView a, ByteView b) { return std::ranges::lexicographical_compare(a, b); }

// One claim's rules.  Each method takes its evidence and gives the facts.
class Judge {
 public:
  Judge(ProofEvidence& evidence, const Header& header, const VerifyOptions& options)
      : evidence_(evidence), header_(header), options_(options) {}

  Result<ProofFacts> operator()(const TransactionClaim& claim);
  Result<ProofFacts> operator()(const OperationClaim& claim);
  Result<ProofFacts> operator()(const PostingClaim& claim);
  Result<ProofFacts> operator()(const RecordClaim& claim);
  Result<ProofFacts> operator()(const AbsenceClaim& claim);
  Result<ProofFacts> operator()(const AccountClaim& claim);
  Result<ProofFacts> operator()(const HistoryClaim& claim);

 private:
  Result<ByteView> scope_of(ByteView key) const;
  Result<Proven<TransactionEntry>> take_transaction(Position position);
  Result<OperationFacts> take_operation(Position position, const MerklePath& path);
  Result<Proven<RecordEntry>> take_policy(const PolicyInProof& policy, Position posting);
  Result<StatementFacts> take_statement(const Proven<RecordEntry>& record, const Statement& totals);
  Status check_totals(const StatementFacts& statement) const;

  ProofEvidence& evidence_;
  const Header& header_;
  const VerifyOptions& options_;
};

Result<Proven<TransactionEntry>> Judge::take_transaction(Position position) {
  FENRUN_TRY(auto transaction, evidence_.take<TransactionEntry>(position));
  const auto& body = transaction.entry.body;
  if (body.version != kTransactionVersion) return mismatch("version of the transaction");
  if (body.chain_id != header_.chain_id) return mismatch("the transaction is of another network");
  if (!fenrun::verify(key_of(body.signer), Domain::transaction, encode(body),
                      transaction.entry.signature)) {
    return mismatch("the signer's signature is wrong");
  }
  return transaction;
}

Result<ProofFacts> Judge::operator()(const TransactionClaim& claim) {
  TransactionFacts facts;
  FENRUN_TRY(facts.transaction, take_transaction(claim.transaction));
  const auto& body = facts.transaction.entry.body;
  facts.id = body.id();
  if (!claim.with_operations) return ProofFacts{std::move(facts)};

  std::vector<Digest> leaves;
  for (const auto position : evidence_.positions()) {
    if (position <= claim.transaction) continue;
    FENRUN_TRY(auto operation, evidence_.take<OperationEntry>(position));
    if (operation.entry.transaction != claim.transaction ||
        operation.entry.index != leaves.size()) {
      return mismatch("an operation of another transaction, or out of order");
    }
    leaves.push_back(operation_leaf(operation.entry.payload));
    facts.operations.push_back(std::move(operation));
  }
  if (leaves.size() != body.operation_count) return mismatch("number of operations");
  if (tree_root(leaves) != body.operations_root) return mismatch("operations that were not signed");
  return ProofFacts{std::move(facts)};
}

Result<OperationFacts> Judge::take_operation(Position position, const MerklePath& path) {
  OperationFacts facts;
  FENRUN_TRY(facts.operation, evidence_.take<OperationEntry>(position));
  const auto& operation = facts.operation.entry;
  if (operation.transaction >= position) return mismatch("the operation precedes its transaction");
  FENRUN_TRY(facts.transaction, take_transaction(operation.transaction));
  const auto& body = facts.transaction.entry.body;
  FENRUN_OK(verify_inclusion(operation_leaf(operation.payload), operation.index,
                             body.operation_count, path, body.operations_root));
  return facts;
}

Result<ProofFacts> Judge::operator()(const OperationClaim& claim) {
  FENRUN_TRY(auto facts, take_operation(claim.operation, claim.operation_path));
  return ProofFacts{std::move(facts)};
}

Result<Proven<RecordEntry>> Judge::take_policy(const PolicyInProof& policy, Position posting) {
  if (policy.record >= posting) return mismatch("the policy is younger than the posting");
  FENRUN_TRY(auto record, evidence_.take<RecordEntry>(policy.record));
  if (!policy.successor) {
    FENRUN_OK(evidence_.require_current(policy.record));
    return record;
  }
  FENRUN_TRY(const auto successor, evidence_.take<RecordEntry>(*policy.successor));
  if (successor.entry.key != record.entry.key || successor.entry.previous != policy.record) {
    return mismatch("the successor is of another record");
  }
  if (*policy.successor <= posting) {
    return Error{Errc::not_current, "the policy was superseded before the posting"};
  }
  return record;
}

Result<ProofFacts> Judge::operator()(const PostingClaim& claim) {
  PostingFacts facts;
  FENRUN_TRY(facts.posting, evidence_.take<Posting>(claim.posting));
  const auto cause = facts.posting.entry.cause;
  if (cause >= claim.posting) return mismatch("the posting precedes its cause");
  if (auto system = evidence_.take<SystemEntry>(cause)) {
    if (!claim.operation_path.empty()) {
      return Error{Errc::proof_not_canonical, "a path without an operation"};
    }
    facts.cause = *std::move(system);
  } else {
    FENRUN_TRY(facts.cause, take_operation(cause, claim.operation_path));
  }
  if (claim.policy) {
    if (facts.posting.entry.policy == PolicyId()) return mismatch("no policy computed the amount");
    FENRUN_TRY(facts.policy_record, take_policy(*claim.policy, claim.posting));
  }
  return ProofFacts{std::move(facts)};
}

Result<ProofFacts> Judge::operator()(const RecordClaim& claim) {
  FENRUN_TRY(auto record, evidence_.take_current(claim.key));
  return ProofFacts{RecordFacts{std::move(record)}};
}

Result<ByteView> Judge::scope_of(ByteView key) const {
  const auto family = std::ranges::find_if(options_.ordered_families, [&](const auto& ordered) {
    return !key.empty() && key[0] == ordered.family && key.size() > ordered.scope_bytes;
  });
  if (family == options_.ordered_families.end()) return mismatch("not a key of an ordered family");
  return key.first(family->scope_bytes);
}

// The record links over the key.
Result<AbsenceFacts> absence_by(Proven<RecordEntry> record, ByteView key, ByteView scope) {
  AbsenceFacts facts{RecordKey(to_bytes(key)), std::move(record), {}};
  const auto& before = facts.before.entry;
  if (!before.value || !starts_with(before.key, scope))
    return mismatch("a record of another scope");
  Decoder in(*before.value);
  bool has_value = false;
  if (!codec::read(in, facts.next) || !codec::read(in, has_value))
    return mismatch("a record without links");
  if (has_value == (before.key.size() == scope.size())) return mismatch("a sentinel with a value");
  if (!is_less(before.key, key)) return mismatch("the record does not precede the key");
  if (facts.next && !is_less(key, *facts.next))
    return mismatch("the next record does not follow the key");
  return facts;
}

Result<ProofFacts> Judge::operator()(const AbsenceClaim& claim) {
  FENRUN_TRY(const auto scope, scope_of(claim.key));
  const auto positions = evidence_.positions();
  if (positions.size() != 1) return mismatch("absence is shown by one record");
  FENRUN_OK(evidence_.require_current(positions[0]));
  FENRUN_TRY(auto before, evidence_.take<RecordEntry>(positions[0]));
  FENRUN_TRY(auto facts, absence_by(std::move(before), claim.key, scope));
  return ProofFacts{std::move(facts)};
}

// One claim, one spelling: what is listed is listed once, in order.
Status check_order(const HistoryClaim& claim) {
  const auto is_not_below = [](ByteView a, ByteView b) { return !is_less(a, b); };
  const auto is_not_before = [](const OperationInProof& a, const OperationInProof& b) {
    return a.operation >= b.operation;
  };
  const bool ascends =
      std::ranges::adjacent_find(claim.records, is_not_below) == claim.records.end() &&
      std::ranges::adjacent_find(claim.absent, is_not_below) == claim.absent.end() &&
      std::ranges::adjacent_find(claim.operations, is_not_before) == claim.operations.end();
  if (ascends) return {};
  return Error{Errc::proof_not_canonical, "what the claim lists is not in order"};
}

Result<ProofFacts> Judge::operator()(const HistoryClaim& claim) {
  FENRUN_OK(check_order(claim));
  HistoryFacts facts{claim.subject, {}, {}, {}};
  for (const auto& key : claim.records) {
    FENRUN_TRY(auto record, evidence_.take_current(key));
    facts.records.push_back(std::move(record));
  }
  for (const auto& key : claim.absent) {
    FENRUN_TRY(const auto scope, scope_of(key));
    FENRUN_TRY(auto before, evidence_.take_current_before(key));
    FENRUN_TRY(auto absence, absence_by(std::move(before), key, scope));
    facts.absences.push_back(std::move(absence));
  }
  for (const auto& one : claim.operations) {
    FENRUN_TRY(auto operation, take_operation(one.operation, one.operation_path));
    facts.operations.push_back(std::move(operation));
  }
  return ProofFacts{std::move(facts)};
}

Result<ProofFacts> Judge::operator()(const AccountClaim& claim) {
  AccountFacts facts{claim.party, {}};
  const auto scope = statement_scope(claim.party);
  std::optional<RecordKey> key = scope;
  while (key) {
    const auto record = evidence_.take_current(*key);
    if (!record) {
      if (record.error().code == Errc::not_current) return record.error();
      return incomplete("a record of the run of statements");
    }
    if (!record->entry.value) return incomplete("a record without a value");
    const auto linked = decode<Linked<Statement>>(*record->entry.value);
    if (!linked) return Error{Errc::entry_malformed, "statement"};
    if (linked->value.has_value() == (*key == scope)) return mismatch("a sentinel with a value");
    // Ascending keys: the run ends.
    if (linked->next && (!is_less(*key, *linked->next) || !starts_with(*linked->next, scope))) {
      return mismatch("the run of statements leaves its scope");
    }
    if (linked->value) {
      FENRUN_TRY(auto statement, take_statement(*record, *linked->value));
      facts.statements.push_back(std::move(statement));
    }
    key = linked->next;
  }
  return ProofFacts{std::move(facts)};
}

// Walks from the last posting to the first: each names the one before it on this side.
Result<StatementFacts> Judge::take_statement(const Proven<RecordEntry>& record,
                                             const Statement& totals) {
  StatementFacts facts{{}, record.position, totals, {}};
  const auto id = statement_from_key(record.entry.key);
  if (!id) return Error{Errc::entry_malformed, "key of a statement"};
  facts.id = *id;
  std::optional<Position> at;
  if (totals.count > 0) at = totals.last;
  for (auto number = totals.count; number > 0; --number) {
    if (!at || !evidence_.has(*at)) return incomplete("posting " + std::to_string(number));
    auto taken = evidence_.take<Posting>(*at);
    if (!taken) return incomplete("an entry that is no posting");
    auto posting = *std::move(taken);
    const bool is_source = posting.entry.source_statement() == facts.id;
    const bool is_destination = posting.entry.destination_statement() == facts.id;
    if (is_source == is_destination) return incomplete("a posting of another statement");
    const auto& side = is_source ? posting.entry.source : posting.entry.destination;
    if (side.number != number) return incomplete("posting " + std::to_string(number));
    if (side.previous && *side.previous >= *at)
      return incomplete("a posting before its predecessor");
    at = side.previous;
    facts.postings.push_back(posting);
  }
  if (at) return incomplete("postings before the first");
  std::ranges::reverse(facts.postings);
  FENRUN_OK(check_totals(facts));
  return facts;
}

Status Judge::check_totals(const StatementFacts& statement) const {
  Digest head = statement_chain_open(header_.chain_id, statement.id);
  Amount debits;
  Amount credits;
  for (const auto& posting : statement.postings) {
    if (!posting.entry.amount.is_positive()) return Error{Errc::entry_malformed, "amount"};
    head = statement_chain_next(head, evidence_.leaf_at(posting.position));
    auto& sum = posting.entry.source_statement() == statement.id ? debits : credits;
    const auto added = add(sum, posting.entry.amount);
    if (!added) return Error{Errc::entry_malformed, "sum of a statement"};
    sum = *added;
  }
  if (head != statement.totals.head) return incomplete("chain of a statement");
  if (debits != statement.totals.debits || credits != statement.totals.credits) {
    return incomplete("sums of a statement");
  }
  return {};
}

// The handovers lead to the validators of the Header's epoch.
Status check_arrival(const HandoverWalk& walk, const Header& header) {
  if (walk.last) {
    const auto& last = walk.last->header;
    const Epoch epoch = walk.last->epoch;
    if (last.chain_id != header.chain_id || last.position >= header.position ||
        last.height >= header.height || epoch >= header.epoch) {
      return Error{Errc::handover_invalid, "it does not precede the checkpoint"};
    }
    if (epoch.next() != header.epoch) {
      return Error{Errc::handover_missing, "after epoch " + std::to_string(epoch.value())};
    }
  }
  if (header.trust_policy == walk.policy.digest()) return {};
  // In the first epoch there is nothing that could have changed.
  if (header.epoch == Epoch(0)) return Errc::validators_mismatch;
  return Error{Errc::handover_missing, "from the trust file's validators to those of epoch " +
                                           std::to_string(header.epoch.value())};
}

}  // namespace

Result<ProofVerdict> verify(const Proof& proof, const TrustPolicy& policy,
                            const VerifyOptions& options) {
  if (proof.version != kProofVersion) {
    return Error{Errc::proof_version, std::to_string(proof.version)};
  }
  FENRUN_TRY(const auto note, parse_note(proof.checkpoint.value));
  if (note.body.origin != policy.origin()) return Error{Errc::origin_unknown, note.body.origin};
  FENRUN_TRY(const auto header, prove_header(proof.header, note.body));
  FENRUN_TRY(auto walk, walk_handovers(proof.handovers, policy));
  FENRUN_OK(check_arrival(walk, header));
  FENRUN_TRY(auto checkpoint, verify_checkpoint(proof.checkpoint.value, walk.policy));
  if (options.age_s_max && options.now_s > checkpoint.cosigned_s &&
      options.now_s - checkpoint.cosigned_s > *options.age_s_max) {
    return Error{Errc::stale, std::to_string(options.now_s - checkpoint.cosigned_s) + " s old"};
  }
  FENRUN_TRY(auto evidence, ProofEvidence::from(proof, checkpoint.body, header));
  FENRUN_TRY(auto facts, std::visit(Judge(evidence, header, options), proof.claim));
  FENRUN_OK(evidence.finish());
  return ProofVerdict{std::move(checkpoint.body), header,           std::move(checkpoint.cosigners),
                      checkpoint.cosigned_s,      std::move(facts), std::move(walk.changes),
                      std::move(walk.policy)};
}

}  // namespace fenrun
