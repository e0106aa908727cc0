// The .fenrun-proof file: the one JSON spelling of a Proof.  docs/spec/proofs.md, §3.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "ledger/proof/proof.h"
#include "node/json/json.h"

namespace fenrun {

// RFC 8785 and one LF.  Equal proofs have equal texts.
std::string print_proof(const Proof& proof);

// The same in steps: a large proof takes a second.
class ProofPrinter {
 public:
  explicit ProofPrinter(Proof proof) : proof_(std::move(proof)) {}

  // Prints so many more entries, chunks and handovers.  Whether that was all.
  bool step(std::size_t count);
  // So far.
  std::size_t bytes() const { return text_.size(); }
  // REQUIRES: step() said that it was all.  Once.
  std::string take() { return std::move(text_); }

 private:
  enum class Part { begin, chunks, entries, handovers, printed };

  bool print_next();

  Proof proof_;
  std::string text_;
  Part part_ = Part::begin;
  std::size_t next_ = 0;  // Of the list that is being printed.
};

// Errc::proof_malformed for what is no such document, Errc::proof_not_canonical for another
// spelling of one, Errc::proof_version, Errc::limit_exceeded above kProofFileBytesMax.
// parse_proof(print_proof(p)) == p, and print_proof(parse_proof(t)) == t.
Result<Proof> parse_proof(std::string_view text);

// One handover as a proof file has it: {"checkpoint", "header", "policy"}.
Json handover_view(const ProofHandover& handover);
// Errc::proof_malformed.  Other members are passed over.
Result<ProofHandover> handover_from_json(const Json& json);

}  // namespace fenrun
