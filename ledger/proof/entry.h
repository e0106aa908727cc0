// The six kinds of journal entries.  docs/spec/ledger.md, §2.
//
// The journal is one sequence of entries; an entry's bytes are its BCS, its leaf hash RFC 6962's.
// Order within a block: System entries with their Postings; each Transaction followed by its
// Operations, each of them followed by its Postings; Records in key order; the Header, last.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/limits.h"
#include "core/types.h"
#include "ledger/proof/account.h"

namespace fenrun {

// Work that time triggered.  The ledger carries the payload without reading it.
struct SystemEntry {
  Blob<kOperationBytesMax> payload;

  FENRUN_FIELDS(payload)
  friend bool operator==(const SystemEntry&, const SystemEntry&) = default;
};

// Who signed: a party with one of its registered keys.
// Further kinds of signers (a code's own key) are further alternatives.
struct PartySigner {
  PartyId party;
  PublicKey key;

  FENRUN_FIELDS(party, key)
  friend bool operator==(const PartySigner&, const PartySigner&) = default;
};
using Signer = std::variant<PartySigner>;

// atomic: all operations take effect or none.  independent: each for itself.
enum class TransactionMode : std::uint8_t { atomic = 0, independent = 1 };
template <>
inline constexpr std::uint8_t kEnumCount<TransactionMode> = 2;

inline constexpr std::uint16_t kTransactionVersion = 1;

// What is signed.  The operations are bound by count and root, so that one of them can be shown
// without the others.
struct TransactionBody {
  std::uint16_t version = kTransactionVersion;
  Digest chain_id;
  Signer signer;
  Lane lane;
  Sequence sequence;
  Height valid_until;  // The last height at which it may be journaled.
  TransactionMode mode{};
  std::uint32_t operation_count = 0;
  Digest operations_root;  // RFC 6962 root over leaf(tag of Domain::operation ‖ operation bytes).

  FENRUN_FIELDS(version, chain_id, signer, lane, sequence, valid_until, mode, operation_count,
                operations_root)
  friend bool operator==(const TransactionBody&, const TransactionBody&) = default;

  // hash(transaction, BCS of this).  The signature is over the same bytes and tag.
  Digest id() const { return hash(Domain::transaction, encode(*this)); }
};

struct TransactionEntry {
  TransactionBody body;
  Signature signature;
  Errc outcome = Errc::ok;  // atomic: why nothing took effect.  independent: always ok.

  FENRUN_FIELDS(body, signature, outcome)
  friend bool operator==(const TransactionEntry&, const TransactionEntry&) = default;
};

struct OperationEntry {
  Position transaction;  // Its Transaction entry.
  std::uint32_t index = 0;
  Blob<kOperationBytesMax> payload;  // As signed.
  Errc outcome = Errc::ok;

  FENRUN_FIELDS(transaction, index, payload, outcome)
  friend bool operator==(const OperationEntry&, const OperationEntry&) = default;
};

// The new value of a key.  At most one a key and block.
struct RecordEntry {
  Blob<kRecordKeyBytesMax> key;
  std::uint64_t version = 0;                        // 0 for the first Record of the key.
  std::optional<Blob<kRecordValueBytesMax>> value;  // none: the key was removed.
  std::optional<Position> previous;                 // none for version 0 only.

  FENRUN_FIELDS(key, version, value, previous)
  friend bool operator==(const RecordEntry&, const RecordEntry&) = default;
};

inline constexpr std::uint16_t kProtocolVersion = 1;

// The last leaf of a block; its leaf hash is the block's id.
struct Header {
  std::uint16_t version = kProtocolVersion;
  Digest chain_id;
  Epoch epoch;
  Height height;
  View view;         // In which the block was proposed; 0 for genesis.
  Digest parent;     // Block id; zero for genesis.
  View parent_view;  // In which the parent was notarized.
  TimeMs time;       // Above the parent's.
  ValidatorIndex proposer;
  Digest batch_list;  // hash(batch_list, BCS of the list of TxBatch digests).
  Position position;  // Of this leaf = size of the journal that journal_root covers.
  std::array<std::uint32_t, 5> counts{};  // Entries of the block by kind, System to Record.
  Digest journal_root;                    // Of all leaves before this one.
  Digest active_root;                     // Active-bits tree over [0, position).
  std::uint64_t active_count = 0;         // Bits set in it.
  Digest validators;                      // Of this block's epoch.
  Digest next_validators;    // Differs from `validators` in an epoch's last block only.
  Digest trust_policy;       // Of the canonical trust policy of `validators`.
  Digest next_trust_policy;  // Of `next_validators`.

  // Whether another set of validators follows the block: it is the last of its epoch.
  bool ends_epoch() const {
    return next_validators != validators || next_trust_policy != trust_policy;
  }
  Epoch epoch_of_child() const { return ends_epoch() ? epoch.next() : epoch; }

  FENRUN_FIELDS(version, chain_id, epoch, height, view, parent, parent_view, time, proposer,
                batch_list, position, counts, journal_root, active_root, active_count, validators,
                next_validators, trust_policy, next_trust_policy)
  friend bool operator==(const Header&, const Header&) = default;
};

// Variant order is the format: System 0, Transaction 1, Operation 2, Posting 3, Record 4, Header 5.
using Entry =
    std::variant<SystemEntry, TransactionEntry, OperationEntry, Posting, RecordEntry, Header>;

// BCS of the entry, at most kEntryBytesMax bytes.
Bytes encode_entry(const Entry& entry);

// Errors of decode(), and Errc::limit_exceeded above kEntryBytesMax.
Result<Entry> decode_entry(ByteView bytes);

// Sets the outcome of an encoded Transaction or Operation entry: its last two bytes.
void set_outcome(Bytes& entry, Errc outcome);

// The leaf of one operation in its transaction's operations tree.
Digest operation_leaf(ByteView payload);

// The block's id: leaf hash of the Header as an entry.
Digest block_id(const Header& header);

}  // namespace fenrun
