// A proof that is made and printed in its client's turns: no turn takes longer for a large one.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "ledger/proof_making.h"
#include "node/api/http.h"
#include "node/json/proof_json.h"

namespace fenrun::api {

// How many are being made that took more than one turn; each may hold twice kProofFileBytesMax.
// Shared by the routes and the jobs.
struct ProofSeats {
  static constexpr std::size_t kMax = 2;
  std::size_t taken = 0;
};

// Owned by the work that waits for its next turn, hence shared.
class ProofJob final : public std::enable_shared_from_this<ProofJob> {
 public:
  // Pieces of work in one turn, as ProofMaking and ProofPrinter count them.
  static constexpr std::size_t kPieces = 64;

  // Makes the file of this name, at once or in later turns of the request.  The answer of a file
  // larger than a verifier reads is limit_exceeded, and rate_limited where no seat is free.
  static void start(ProofMaking making, std::string name, const HttpRequest& request,
                    HttpReply reply, std::shared_ptr<ProofSeats> seats);

  ProofJob(ProofMaking making, std::string name, HttpReply reply,
           std::shared_ptr<ProofSeats> seats);
  ~ProofJob();
  ProofJob(const ProofJob&) = delete;
  ProofJob& operator=(const ProofJob&) = delete;

 private:
  // True when the reply was given.
  bool do_part();
  void go_on();

  ProofMaking making_;
  std::optional<ProofPrinter> printer_;
  std::string name_;
  HttpReply reply_;
  std::function<void(std::function<void()>)> later_;
  std::shared_ptr<ProofSeats> seats_;
  bool has_seat_ = false;
};

}  // namespace fenrun::api
