// Printed codes: how they name units, and the keys behind them.  docs/spec/codes.md.
#pragma once

#include <string>
#include <string_view>

#include "contracts/context.h"

namespace fenrun {

Status apply(OperationContext& context, const RegisterCodes& operation);
Status apply(OperationContext& context, const VoidCodes& operation);

// What can be said of a batch without the state: its levels, SSCCs, path and lot.
// Errc::value_invalid, naming the field.
Status check_codes(const RegisterCodes& codes);

// What stands under the cap.  Whoever knows it can use the code.
using CodeSecret = FixedBytes<struct CodeSecretTag, 16>;

struct PrintedSerial {
  UnitBatchId batch;
  std::uint32_t index = 0;

  friend bool operator==(const PrintedSerial&, const PrintedSerial&) = default;
};

// 14 characters: batch and index, big-endian, as 13 digits to the base 32 (0-9, A-Z without I, L, O
// and U), and a check character by ISO/IEC 7064, MOD 37,36.
std::string serial_of(const PrintedSerial& printed);
// None for another form, or a wrong check character: a serial of somebody else's.
std::optional<PrintedSerial> printed_serial(std::string_view serial);

// The identifier that is printed on the unit.  REQUIRES: is_laid_out(codes), the unit's level is
// one of the set's, its index below the level's count.
EpcText printed_epc(const CodeSet& codes, const UnitId& unit);

// Whether every unit of the set has one place and one identifier: levels ascend, and pallets have
// SSCCs.  Of what was registered it holds; of what somebody shows in a proof it may not.
bool is_laid_out(const CodeSet& codes);

// The level of a set; null if it has none of the kind.
const CodeLevel* find_level(const CodeSet& codes, UnitLevel level);

// What the batch's root is over, for each item in the order of their indices:
// tag(code) ‖ BCS{batch, level, index, key}.  Its leaf hash is the leaf.
Bytes code_leaf(const UnitId& unit, const PublicKey& key);

// The seed of the code's key: hash(code_key, chain id ‖ u32le batch ‖ u32le index ‖ secret).
Seed code_seed(const Digest& chain_id, UnitBatchId batch, std::uint32_t index,
               const CodeSecret& secret);

// What the code's key signs under Domain::code_claim: BCS{chain id, claim}.
Bytes claim_message(const Digest& chain_id, const Claim& claim);

}  // namespace fenrun
