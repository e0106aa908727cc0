// One operation under execution: what its rules may look at and write through.
#pragma once

#include "contracts/records.h"
#include "ledger/block_builder.h"

namespace fenrun {

struct OperationContext {
  BlockBuilder& block;
  PartyId signer;
  PublicKey key;         // With which the transaction is signed.
  Party party;           // The signer's Record when the operation began.
  OperationEntry entry;  // As journaled if the operation succeeds.
  Position position;     // Of that entry.

  Overlay& state() const { return block.state(); }
  TimeMs time() const { return block.context().time; }
  Height height() const { return block.context().height; }
};

}  // namespace fenrun
