// Signed transactions as they travel, and the batches in which nodes push them to one another.
// docs/spec/transactions.md.
#pragma once

#include "core/codec.h"
#include "core/crypto/sign.h"
#include "core/limits.h"
#include "ledger/proof/entry.h"

namespace fenrun {

using OperationBytes = Blob<kOperationBytesMax>;

struct SignedTransaction {
  TransactionBody body;
  Signature signature;  // By the signer's key over tag ‖ BCS(body), Domain::transaction.
  List<OperationBytes, kTransactionOperationsMax> operations;

  FENRUN_FIELDS(body, signature, operations)
  friend bool operator==(const SignedTransaction&, const SignedTransaction&) = default;

  Digest id() const { return body.id(); }
};

// Decodes and checks everything that needs no state: size, version, chain, operation count, at
// least one operation, operations root.  Not the signature: see verify_signature(). Errors: those
// of decode(), transaction_too_large, version_unsupported, chain_wrong, operations_root_mismatch,
// value_invalid.
Result<SignedTransaction> decode_transaction(ByteView bytes, const Digest& chain_id);
Status check_form(const SignedTransaction& transaction, const Digest& chain_id);
// The same for who knows the size of its encoding.
Status check_form(const SignedTransaction& transaction, const Digest& chain_id, std::size_t bytes);

// True iff the signature is the signer's.  Whether the key is the party's is for the state to say,
// and operations may hold signatures of their own: see verify_signatures() in contracts/claims.h.
[[nodiscard]] bool verify_signature(const SignedTransaction& transaction);

// RFC 6962 root over operation_leaf() of each operation.
Digest operations_root(const List<OperationBytes, kTransactionOperationsMax>& operations);

// Bytes of memory that it takes, about: of many small operations several times its encoding.
std::size_t memory_of(const SignedTransaction& transaction);

// Fills in count and root, and signs.
SignedTransaction sign_transaction(TransactionBody body,
                                   List<OperationBytes, kTransactionOperationsMax> operations,
                                   const SigningKey& key);

// Transactions that a client sends together, each of them by itself.
inline constexpr std::size_t kTransactionsTogetherMax = 256;
using TransactionsTogether = List<SignedTransaction, kTransactionsTogetherMax>;

// Transactions pushed together, in the order in which they are to be executed.
struct TxBatch {
  List<SignedTransaction, kTxBatchTransactionsMax> transactions;

  FENRUN_FIELDS(transactions)
  friend bool operator==(const TxBatch&, const TxBatch&) = default;

  Digest digest() const { return digest_of(encode(*this)); }
  static Digest digest_of(ByteView bytes) { return hash(Domain::tx_batch, bytes); }
};

using BatchList = List<Digest, kBlockBatchesMax>;

// Digest of a block's ordered list of batches, as its header carries it.
Digest batch_list_digest(const BatchList& batches);

}  // namespace fenrun
