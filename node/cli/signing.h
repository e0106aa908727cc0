// From a draft and a key file to a signed transaction, asking the node for what the draft leaves
// open.
#pragma once

#include <optional>
#include <string>

#include "node/cli/api_client.h"
#include "node/json/views.h"

namespace fenrun::cli {

// How far ahead a transaction stays valid unless its draft says otherwise.
inline constexpr std::uint64_t kValidityHeights = 2'000;

Result<SigningKey> open_key(const Session& session, const Path& file);

// Errc::usage for what is no party id.
Result<PartyId> parse_party(const std::string& text);

// The chain id of a genesis file, or that of 64 hex digits.  Errc::usage if both are empty.
Result<Digest> chain_id_of(const Path& genesis, const std::string& hex);

// Signs.  `party` empty: whose key it is, by the node.
Result<SignedTransaction> sign_draft(const ApiClient& client, TransactionDraft draft,
                                     const SigningKey& key, const std::string& party);

// Prints what became of a transaction, its operations' outcomes included once it is committed.
// refused if it was not committed, or if any operation failed; unreachable while it is pending, and
// if nobody says what became of it: then the id is told, to ask with.
Result<Exit> report_transaction(const Session& session, const ApiClient& client,
                                const Json& answer);

// The same without printing: the answer, amended by "operations" once committed; "unknown" if they
// cannot be had.
Result<Json> with_outcomes(const ApiClient& client, Json answer);
Exit exit_of_transaction(const Json& answer);

}  // namespace fenrun::cli
