// SHA-256, plain as RFC 6962 wants it and domain-separated for everything of our own.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "core/bytes.h"

namespace fenrun {

using Digest = FixedBytes<struct DigestTag, 32>;

// What a hash or a signature is for.  The tag's ASCII bytes stand before the data, so that bytes
// made for one purpose mean nothing for another.  Closed list; docs/spec/encoding.md has a line for
// each. No tag is a prefix of another.
enum class Domain {
  genesis,           // chain id = hash(BCS of Genesis)
  transaction,       // transaction id, and what its signer signs: BCS of TransactionBody
  operation,         // leaf of a transaction's operations tree: the operation's bytes
  tx_batch,          // TxBatch digest: BCS of TxBatch
  batch_list,        // digest of a block's ordered list of batch digests
  consensus_vote,    // what a validator signs: BCS of the vote's subject
  active_chunk,      // leaf of the active-bits tree
  statement_open,    // h0 of a statement chain
  statement_next,    // h(n) of a statement chain
  validator_set,     // validators digest
  trust_policy,      // trust policy digest
  policy,            // policy digest, what countersigners approve
  inputs,            // digest of what a posting's amount was computed from
  governance,        // digest of a proposed change
  payout_reference,  // provider number of a payout attempt
  unit_open,         // h0 of a unit's chain of events
  unit_next,         // h(n) of a unit's chain of events
  validator_keys,    // what a validator's new consensus key signs to show that it is held
  evidence,          // digest of a key and the epoch in which it signed what excludes itself
  snapshot,          // digest of a snapshot's manifest
  recovery,          // what operators sign to begin anew from a finalized tip
  code,              // leaf of a code batch's tree
  code_secret,       // a code's printed secret, from its batch's seed
  code_key,          // seed of a code's key
  code_claim,        // what a code's key signs to use the code
  key_possession,    // what a new key signs to show that it is held
};

std::string_view tag_of(Domain domain);

// Incremental SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(ByteView bytes);
  Digest finish();  // Once.

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// SHA-256 of the bytes alone.
Digest sha256(ByteView bytes);

// SHA-256(tag ‖ parts).
Digest hash(Domain domain, ByteView bytes);
Digest hash(Domain domain, std::initializer_list<ByteView> parts);

// RFC 6962 §2.1: SHA-256(0x00 ‖ entry) and SHA-256(0x01 ‖ left ‖ right).
Digest leaf_hash(ByteView entry);
Digest leaf_hash(std::initializer_list<ByteView> parts);
Digest node_hash(const Digest& left, const Digest& right);

}  // namespace fenrun
