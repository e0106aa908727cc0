// The .fenrun-proof file: the one JSON spelling of a Proof.  docs/spec/proofs.md, §3.
#pragma once

#include <string>
#include <string_view>

#include "ledger/proof/proof.h"

namespace fenrun {

// RFC 8785 and one LF.  Equal proofs have equal texts.
std::string print_proof(const Proof& proof);

// Errc::proof_malformed for what is no such document, Errc::proof_not_canonical for another
// spelling of one, Errc::proof_version, Errc::limit_exceeded above kProofFileBytesMax.
// parse_proof(print_proof(p)) == p, and print_proof(parse_proof(t)) == t.
Result<Proof> parse_proof(std::string_view text);

}  // namespace fenrun
