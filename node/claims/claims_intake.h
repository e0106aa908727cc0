// Consumers' claims on their way to the ledger.  docs/spec/api.md, "Claims".
//
// A claim that cannot succeed is answered at once, with the ledger's own reason.  What is left is
// gathered for a few milliseconds and submitted as one transaction of the node's organisation,
// whose signature it amortises; each claim carries its code's own, so the organisation can change
// nothing in it.
//
// Not thread-safe: everything on the thread of the event loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "contracts/records.h"
#include "node/intake/submitter.h"
#include "node/service.h"

namespace fenrun {

// A ClaimCode without the path, which the consumer does not know.
struct SignedClaim {
  Claim claim;
  PublicKey key;
  Signature signature;
};

// The path that leads from this leaf hash to the batch's root; Errc::code_unknown if the tree has
// another leaf at that index, Errc::not_ready if the node has no tree of the batch.
using CodePaths = std::function<Result<List<Digest, kCodePathMax>>(
    UnitBatchId batch, std::uint32_t index, const Digest& leaf)>;

struct ClaimsIntakeOptions {
  CodePaths paths;
  std::function<TimeMs()> clock;         // The wall clock.
  std::chrono::milliseconds gather{5};   // How long the first claim of a transaction waits.
  std::size_t claims_max = 10'000;       // That are not final.
  std::size_t transaction_claims = 250;  // In one transaction: what 256 KiB hold.
  std::size_t transactions_max = 4;      // That are not final.
  std::size_t askers_max = 16;           // Who wait for one and the same claim.
};

class ClaimsIntake {
 public:
  using Done = std::function<void(const Result<ClaimRecord>&)>;

  // REQUIRES: all outlive the intake, a null submitter apart: then each claim that the ledger could
  // take is answered not_ready.
  ClaimsIntake(boost::asio::io_context& io, NodeService& node, Submitter* submitter,
               ClaimsIntakeOptions options);
  ClaimsIntake(const ClaimsIntake&) = delete;
  ClaimsIntake& operator=(const ClaimsIntake&) = delete;

  // Calls back once: with the Record once the claim is final, now and whenever it was recorded
  // before; or with why not, perhaps from within this call.  Not at all if the intake goes first.
  // Beyond the refusals of docs/spec/codes.md: signature_invalid; not_ready where the node signs
  // nothing or has no tree of the batch; mempool_full; errors of the submitter.
  void submit(const SignedClaim& claim, Done done);

  // What became of a claim, by its id: its Record, code_used if another claim used the code,
  // not_ready while it is under way, not_found if nothing is known of it.
  Result<ClaimRecord> find(UnitBatchId batch, std::uint32_t index, const Digest& claim_id) const;

  TimeMs now() const { return options_.clock(); }

 private:
  struct Waiting {
    ClaimCode operation;
    std::vector<Done> done;  // Of everybody who sent this claim.
  };

  Status check(const SignedClaim& claim) const;
  Result<List<Digest, kCodePathMax>> path_of(const SignedClaim& claim) const;
  void join(Waiting& waiting, const PublicKey& key, Done done) const;
  void flush();
  void finish(const std::vector<Digest>& ids, const Result<std::vector<IntakeOutcome>>& outcomes);
  Result<ClaimRecord> result_of(const Digest& id, const IntakeOutcome& outcome) const;

  NodeService* node_;
  Submitter* submitter_;
  ClaimsIntakeOptions options_;
  Digest chain_id_;
  boost::asio::steady_timer timer_;
  bool gathering_ = false;
  std::map<Digest, Waiting> claims_;                            // By id: all that are not final.
  std::deque<Digest> queue_;                                    // Of those, what is not submitted.
  std::size_t in_flight_ = 0;                                   // Transactions.
  std::shared_ptr<const int> alive_ = std::make_shared<int>();  // What callbacks look at.
};

}  // namespace fenrun
