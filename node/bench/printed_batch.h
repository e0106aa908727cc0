// A batch of printed codes under load, and claims of them: each signed by its code, or a gateway's.
#pragma once

#include <vector>

#include "contracts/operations.h"

namespace fenrun::bench {

class PrintedBatch {
 public:
  // Codes that sign their claims.  Derives their keys on all cores: 25 µs of one for each code.
  static PrintedBatch of_bearers(const Digest& chain_id, std::uint32_t count);
  // Codes that the gateway claims.  They have no keys.
  static PrintedBatch of_gateway(const PartyId& gateway, std::uint32_t count);

  const RegisterCodes& registration() const { return registration_; }
  // Of all items, at this place.
  RecordEvent commissioning(const PartyId& place, TimeMs time) const;

  // The claim with this number.  Each uses another code, spread over the whole batch; behind the
  // last of them they begin anew, and use nothing.  Thread-safe.
  Operation claim(std::uint64_t number, const PartyId& store, TimeMs time) const;

 private:
  explicit PrintedBatch(std::uint32_t count);

  std::uint32_t count() const { return registration_.levels[0].count; }

  Digest chain_id_;
  RegisterCodes registration_;
  std::vector<std::vector<Digest>> tree_;  // The complete nodes of each level, leaves first.
};

}  // namespace fenrun::bench
