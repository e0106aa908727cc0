// Which party a place of an EPCIS document is.
//
// Places and their names stay with whoever submits; the ledger knows party ids.  The file is one
// JSON object: {"urn:epc:id:sgln:6901234.00001.0": "<32 hex digits>", ...}.  Spellings of one GLN
// are one place.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/types.h"

namespace fenrun::epcis {

class Places {
 public:
  // `file` is how errors call the text.  Errc::json_invalid, value_invalid, text_invalid,
  // personal_data, limit_exceeded; value_invalid also for one place given two parties.
  static Result<Places> parse(std::string_view text, std::string file);

  // Errc::value_invalid naming the URI and the file if the place is not in it.
  Result<PartyId> find(std::string_view uri) const;

 private:
  std::string file_ = "no places file";
  std::map<std::string, PartyId, std::less<>> parties_;
};

}  // namespace fenrun::epcis
