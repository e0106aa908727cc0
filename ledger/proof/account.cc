#include "ledger/proof/account.h"

namespace fenrun {

Digest statement_chain_open(const Digest& chain_id, const StatementId& id) {
  return hash(Domain::statement_open, {chain_id.view(), encode(id)});
}

Digest statement_chain_next(const Digest& head, const Digest& posting_leaf_hash) {
  return hash(Domain::statement_next, {head.view(), posting_leaf_hash.view()});
}

}  // namespace fenrun
