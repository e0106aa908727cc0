// The life of a unit that a proof shows, in plain words and as JSON.
#pragma once

#include "contracts/provenance.h"
#include "node/cli/verdict.h"

namespace fenrun::cli {

std::vector<ReportLine> words_of(const Provenance& life, Language language);
Json view_of(const Provenance& life);

}  // namespace fenrun::cli
