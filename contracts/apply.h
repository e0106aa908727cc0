// What transactions do: from a block point and an ordered list of transactions to a block.
// docs/spec/contracts.md.
//
// Deterministic: equal inputs give equal bytes, on every machine.
#pragma once

#include <span>

#include "contracts/operations.h"
#include "ledger/block_builder.h"

namespace fenrun {

// Whether a transaction may stand next in a block at `next_height` on this state.
// Form and signatures are checked elsewhere: see ledger/transaction.h and contracts/claims.h.
// Errors: signer_unknown, lane_unknown, sequence_stale and sequence_gap (detail "next is N"),
// expired, valid_until_too_far.
Status check_admission(const StateView& state, Height next_height,
                       const SignedTransaction& transaction);

// The sequence that the lane expects; none if the lane does not exist.
std::optional<Sequence> next_sequence(const StateView& state, const PartyId& party, Lane lane);

// Executes the block `context` on top of `parent`: the System work that is due, then each
// transaction in order.  A transaction that fails form or admission at its place, or for which the
// block has no room left, is passed over and leaves no trace; whether one was executed is told by
// ExecutedBlock::transactions.  All others are journaled with their outcome.
//
// REQUIRES: context.time > parent.time; context.height is the parent's + 1; verify_signatures()
// holds for every transaction.
ExecutedBlock execute_block(const BlockPoint& parent, const BlockContext& context,
                            std::span<const SignedTransaction* const> transactions);

// The two halves of it: what the transactions do, and the block that comes of it.
BlockBuilder execute_transactions(const BlockPoint& parent, const BlockContext& context,
                                  std::span<const SignedTransaction* const> transactions);
ExecutedBlock conclude_block(BlockBuilder block);

}  // namespace fenrun
