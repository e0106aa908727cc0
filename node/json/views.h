// JSON views of what the ledger holds, and the JSON from which transactions are made.
// docs/spec/api.md, "JSON".
#pragma once

#include <optional>

#include "contracts/genesis.h"
#include "contracts/operations.h"
#include "ledger/state.h"
#include "node/json/json.h"

namespace fenrun {

// Any value with an encoding, by the names of its fields; see node/json/reflect.h.
Json to_json(const Operation& operation);
Json to_json(const Genesis& genesis);
Json to_json(const Party& party);
Json to_json(const PolicyRecord& policy);
Json to_json(const Campaign& campaign);
Json to_json(const Period& period);
Json to_json(const Fund& fund);
Json to_json(const Unit& unit);
Json to_json(const Payout& payout);
Json to_json(const EventEarning& earning);
Json to_json(const Parameters& parameters);
Json to_json(const StatementId& id);
Json to_json(const Statement& statement);
Json to_json(const Posting& posting);
Json to_json(const Header& header);

// "type" and the entry's fields; and, beside the bytes that it carries, what they mean: the "id" of
// a Transaction and a Header, the "operation" of an Operation, the "work" of a System entry, the
// "decoded" key and value of a Record.
Json to_json(const Entry& entry);

// {"family", "key": {named fields}, "value", "next"}; no "value" in a sentinel or for a removed
// key, no "next" outside ordered families and at the end of a scope.  None for a key or value that
// this version does not know.
std::optional<Json> decoded_record(ByteView key, const std::optional<Bytes>& value);

// {"type": "register_party", ...}.  Errc::json_invalid naming the member; Errc::limit_exceeded.
Result<Operation> operation_from_json(const Json& json);

// What `fenrun tx submit` reads: all of a transaction but signer, key and chain.
struct TransactionDraft {
  List<OperationBytes, kTransactionOperationsMax> operations;
  Lane lane;
  TransactionMode mode{};
  std::optional<Sequence> sequence;   // none: the lane's next.
  std::optional<Height> valid_until;  // none: as far as is sensible.
};

// {"operations": [...], "lane": 0, "mode": "atomic", "sequence": 7, "valid_until": 1000}; all but
// the operations may be absent.  Errc::json_invalid, Errc::limit_exceeded.
Result<TransactionDraft> transaction_from_json(const Json& json);

}  // namespace fenrun
