// How many operations a transaction still takes.
#pragma once

#include "ledger/transaction.h"

namespace fenrun {

class TransactionRoom {
 public:
  // So many more, of so many bytes together?
  bool takes(std::size_t operations, std::size_t bytes) const {
    return operations_ + operations <= kTransactionOperationsMax &&
           bytes_ + bytes + operations * kLengthBytes <= kTransactionBytesMax;
  }
  void take(std::size_t operation_bytes) {
    ++operations_;
    bytes_ += operation_bytes + kLengthBytes;
  }

 private:
  // What a transaction holds besides its operations, generously.
  static constexpr std::size_t kEnvelopeBytes = 1'024;
  static constexpr std::size_t kLengthBytes = 5;  // Of an operation's length, at most.

  std::size_t operations_ = 0;
  std::size_t bytes_ = kEnvelopeBytes;
};

}  // namespace fenrun
