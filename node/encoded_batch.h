// A batch of transactions with its encoding, which is made once: its digest, its size, and what is
// sent and logged of it are of the same bytes.
#pragma once

#include <memory>

#include "ledger/transaction.h"

namespace fenrun {

class EncodedBatch {
 public:
  explicit EncodedBatch(TxBatch batch);

  const TxBatch& batch() const { return batch_; }
  ByteView bytes() const;  // Its BCS.
  const Digest& digest() const { return digest_; }
  std::size_t operations() const { return operations_; }
  std::size_t memory() const { return memory_; }  // Bytes that all of this takes, about.

  // The NodeMessage that pushes it; the same bytes for all to whom it goes.
  const std::shared_ptr<const Bytes>& message() const { return message_; }

 private:
  TxBatch batch_;
  std::shared_ptr<const Bytes> message_;
  Digest digest_;
  std::size_t operations_ = 0;
  std::size_t memory_ = 0;
};

}  // namespace fenrun
