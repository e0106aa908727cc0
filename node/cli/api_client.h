// The API of a node, as the commands use it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/crypto/sign.h"
#include "core/types.h"
#include "ledger/transaction.h"
#include "node/cli/session.h"

namespace fenrun::cli {

// A unit's identifier as segments of a path: they stay segments, but a serial may hold a slash.
std::string unit_segments(std::string_view epc);

// {"id", "status": "unknown", "reason"}: no answer tells what became of the transaction.
Json unknown_transaction(const std::string& id, const Error& reason);

class ApiClient {
 public:
  // Reads the token's file.  Errc::io_error; Errc::usage without an address.
  static Result<ApiClient> create(const Session& session);

  // The body of a successful answer; else the problem's code and detail.
  Result<std::string> get_text(const std::string& target) const;
  Result<Json> get(const std::string& target) const;
  // All items of a list, page by page, at most `count_max`.
  Result<Json> get_all(const std::string& target, std::size_t count_max) const;

  // What POST /v1/transactions answered; waits until it is final, for `wait_s` seconds at most.
  // unknown_transaction() if no answer tells what became of it: it may be taken.
  Result<Json> submit(const SignedTransaction& transaction, std::uint64_t wait_s) const;
  // What POST /v1/transactions/batch says of each, at most kTransactionsTogetherMax of them.
  Result<std::vector<Json>> submit_all(std::span<const SignedTransaction> transactions) const;
  // Waits on while it is pending.
  Result<Json> wait_for(const std::string& id, std::uint64_t wait_s) const;

  Result<Digest> chain_id() const;
  Result<Height> height() const;
  // Whose transactions key it is.  Errc::signer_unknown if nobody's.
  Result<PartyId> party_of(const PublicKey& key) const;
  Result<Sequence> next_sequence(const PartyId& party, Lane lane) const;

 private:
  ApiClient(std::string url, std::string token, unsigned timeout_s)
      : url_(std::move(url)), token_(std::move(token)), timeout_s_(timeout_s) {}

  Result<Json> post(const SignedTransaction& transaction, std::uint64_t wait_s) const;

  std::string url_;
  std::string token_;
  unsigned timeout_s_;
};

}  // namespace fenrun::cli
