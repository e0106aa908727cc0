// What a verified proof says, in plain words and as JSON.
#pragma once

#include <string>
#include <vector>

#include "ledger/proof/verify.h"
#include "node/json/json.h"

namespace fenrun::cli {

enum class Language { english, chinese };

// A line of the report: what it speaks of, and what it says.
struct ReportLine {
  std::string label;
  std::string text;
};

// What verification leaves to who knows the contracts: that a posting's policy record is the record
// of the policy that the posting names, Errc::claim_mismatch; that a unit's history is all of it,
// the errors of check_provenance().
Status check_contract_facts(const ProofVerdict& verdict);

// REQUIRES: check_contract_facts() holds.
std::vector<ReportLine> words_of(const ProofVerdict& verdict, Language language);
Json view_of(const ProofVerdict& verdict);

// The changes of the validators since the trust file, oldest first.
Json changes_view(const std::vector<SetChange>& changes);

// Why a proof does not hold.
std::vector<ReportLine> words_of(const Error& error, Language language);

}  // namespace fenrun::cli
