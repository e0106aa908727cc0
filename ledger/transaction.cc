#include "ledger/transaction.h"

#include "core/overloaded.h"
#include "ledger/merkle/tree.h"

namespace fenrun {
namespace {

Status check_size(std::size_t bytes) {
  if (bytes <= kTransactionBytesMax) return {};
  return Error{Errc::transaction_too_large,
               std::to_string(bytes) + " bytes, at most " + std::to_string(kTransactionBytesMax)};
}

}  // namespace

Result<SignedTransaction> decode_transaction(ByteView bytes, const Digest& chain_id) {
  FENRUN_OK(check_size(bytes.size()));  // Before anything is allocated.
  FENRUN_TRY(auto transaction, decode<SignedTransaction>(bytes));
  FENRUN_OK(check_form(transaction, chain_id, bytes.size()));
  return transaction;
}

Status check_form(const SignedTransaction& transaction, const Digest& chain_id) {
  return check_form(transaction, chain_id, encode(transaction).size());
}

Status check_form(const SignedTransaction& transaction, const Digest& chain_id, std::size_t bytes) {
  const auto& body = transaction.body;
  if (body.version != kTransactionVersion) return Errc::version_unsupported;
  if (body.chain_id != chain_id) return Errc::chain_wrong;
  if (transaction.operations.empty()) {
    return Error{Errc::value_invalid, "a transaction has at least one operation"};
  }
  FENRUN_OK(check_size(bytes));
  if (body.operation_count != transaction.operations.size() ||
      body.operations_root != operations_root(transaction.operations)) {
    return Errc::operations_root_mismatch;
  }
  return {};
}

bool verify_signature(const SignedTransaction& transaction) {
  const PublicKey& key = std::visit(
      overloaded{[](const PartySigner& signer) -> const PublicKey& { return signer.key; }},
      transaction.body.signer);
  return verify(key, Domain::transaction, encode(transaction.body), transaction.signature);
}

Digest operations_root(const List<OperationBytes, kTransactionOperationsMax>& operations) {
  Frontier frontier;
  for (const auto& operation : operations) frontier.append(operation_leaf(operation));
  return frontier.root();
}

std::size_t memory_of(const SignedTransaction& transaction) {
  constexpr std::size_t kAllocationBytes = 16;  // What the allocator adds, or rounds up to.
  std::size_t bytes = sizeof transaction;
  for (const auto& operation : transaction.operations) {
    bytes += sizeof operation + operation.size() + kAllocationBytes;
  }
  return bytes;
}

SignedTransaction sign_transaction(TransactionBody body,
                                   List<OperationBytes, kTransactionOperationsMax> operations,
                                   const SigningKey& key) {
  body.operation_count = static_cast<std::uint32_t>(operations.size());
  body.operations_root = operations_root(operations);
  const Signature signature = key.sign(Domain::transaction, encode(body));
  return {body, signature, std::move(operations)};
}

Digest batch_list_digest(const BatchList& batches) {
  return hash(Domain::batch_list, encode(batches));
}

}  // namespace fenrun
