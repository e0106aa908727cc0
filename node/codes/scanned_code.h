// What somebody read off a unit, and what it says.  docs/spec/codes.md, "What is printed".
#pragma once

#include "node/codes/code_batch.h"

namespace fenrun {

// At least one of `epc` and `serial`.
struct ScannedCode {
  std::optional<EpcText> epc;           // Canonical: contracts/epc.h.
  std::optional<PrintedSerial> serial;  // Where it has the form of one that Fenrun printed.
  std::optional<CodeSecret> secret;     // What stands behind '#'.
};

// A GS1 Digital Link on any host, with or without the secret behind '#'; an EPC URN; a canonical
// identifier; or a serial alone, in capitals.  Errc::value_invalid, naming what is wrong with it.
Result<ScannedCode> read_scanned_code(std::string_view text);

// Which unit of the batch it is.  Errc::code_unknown if none.
Result<UnitId> unit_of(const CodeBatchFacts& facts, const ScannedCode& scanned);

// The container around it as packed; then the one around that, and so on.
std::vector<UnitId> containers_of(const CodeSet& codes, const UnitId& unit);
// What it holds as packed, of each smaller level from the greatest down.
std::vector<UnitRange> contents_of(const CodeSet& codes, const UnitId& unit);

// "id.brand.example.com", or with a path behind it: what stands between https:// and /01/.
// Errc::value_invalid.
Status check_url_host(std::string_view host);
// https://<host>/<identifier>
std::string digital_link(std::string_view host, const EpcText& epc);
// The same with the secret behind '#', where no server sees it.
std::string claim_link(std::string_view host, const EpcText& epc, const CodeSecret& secret);

}  // namespace fenrun
