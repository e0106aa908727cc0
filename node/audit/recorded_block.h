// A block as a journal has it, and what can be said of it without knowing the state: form,
// signatures, sums.  Blocks are examined on several threads; each object belongs to one of them.
#pragma once

#include <optional>
#include <vector>

#include "ledger/transaction.h"
#include "node/audit/tally.h"
#include "node/storage/journal_files.h"

namespace fenrun::audit {

// Where a journal first differs from what it must be.
struct Divergence {
  Height height;
  std::optional<Position> position;  // none: the block as a whole.
  Error error;
  // Entries, encoded, where two differ; empty where there is none.
  Bytes recorded;
  Bytes recomputed;
};

class RecordedBlock {
 public:
  // Takes over what lives during the visit only.
  explicit RecordedBlock(const StoredBlock& block);

  Height height() const { return height_; }
  Position first_position() const { return first_; }
  const Bytes& certificate() const { return certificate_; }
  const std::vector<ByteView>& entries() const { return entries_; }
  std::size_t size() const { return bytes_.size(); }

  // Decodes the entries, and checks form and signature of each transaction.  What is below is
  // meaningful afterwards.
  void examine(const Digest& chain_id);

  // The first thing found wrong.
  const std::optional<Divergence>& fault() const { return fault_; }
  // REQUIRES for all below: no fault.
  const Header& header() const { return *header_; }
  const std::vector<SignedTransaction>& transactions() const { return transactions_; }
  const Tally& tally() const { return tally_; }

  // A difference at this entry of the block.
  Divergence differs_at(std::size_t index, Error error) const;

 private:
  Status take(const Entry& entry);
  Status check_last_transaction(const Digest& chain_id) const;

  Height height_;
  Position first_;
  Bytes bytes_;                    // Of all entries.
  std::vector<ByteView> entries_;  // Views of them.
  Bytes certificate_;
  std::optional<Divergence> fault_;
  std::optional<Header> header_;
  std::vector<SignedTransaction> transactions_;
  Tally tally_;
};

}  // namespace fenrun::audit
