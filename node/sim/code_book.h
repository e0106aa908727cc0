// The printed codes of a simulation, and who holds each: what honest clients know of codes, and
// what the judge holds claims against.
//
// All follows from the network and the code's index.
#pragma once

#include <vector>

#include "contracts/operations.h"

namespace fenrun::sim {

class CodeBook {
 public:
  static constexpr std::uint32_t kCount = 96;

  explicit CodeBook(const Digest& chain_id);

  UnitBatchId batch() const;
  // What the brand prints.
  RegisterCodes registration() const;
  // The consumer who holds the code: nobody else knows its secret.
  SubjectId holder(std::uint32_t index) const;
  // The holder's claim.  REQUIRES: index < kCount.
  ClaimCode claim(std::uint32_t index, TimeMs time) const;

 private:
  Digest chain_id_;
  std::vector<Digest> leaves_;
};

}  // namespace fenrun::sim
