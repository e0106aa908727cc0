// Makes blocks of no meaning on top of one another: System and Transaction entries, operations, and
// any Records.  The finalized state is a MemoryStore, with which other stores are compared.
#pragma once

#include <functional>
#include <string>

#include "ledger/block_builder.h"
#include "ledger/memory_store.h"

namespace fenrun {

class BlockMaker {
 public:
  using Fill = std::function<void(BlockBuilder&)>;

  // The next block, committed to the memory store.
  ExecutedBlock next(const Fill& fill) {
    const std::uint64_t height = height_;
    const BlockPoint parent{.chain_id = {},
                            .id = id_,
                            .epoch = epoch_,
                            .height = Height(height == 0 ? 0 : height - 1),
                            .view = View(height),
                            .time = TimeMs(height),
                            .validators = validators_,
                            .trust_policy = {},
                            .frontier = frontier_,
                            .active_count = active_count_,
                            .state = &memory_,
                            .active = &bits_};
    const BlockContext context{.epoch = epoch_,
                               .height = Height(height),
                               .view = View(height),
                               .parent_view = View(height == 0 ? 0 : height - 1),
                               .time = TimeMs(height + 1),
                               .proposer = ValidatorIndex(0),
                               .batch_list = {}};
    BlockBuilder builder(parent, context);
    fill(builder);
    auto block = builder.finish();
    CHECK(memory_.commit(block, certificate(height)).has_value());
    bits_.absorb(block.active);
    block.rebase(memory_, bits_);
    frontier_ = block.frontier;
    active_count_ = block.header.active_count;
    id_ = block.id;
    if (block.header.validators != block.header.next_validators) epoch_ = epoch_.next();
    validators_ = block.header.next_validators;
    ++height_;
    return block;
  }

  static Bytes certificate(std::uint64_t height) {
    return to_bytes(bytes_of("certificate " + std::to_string(height)));
  }

  const MemoryStore& memory() const { return memory_; }
  const ActiveBits& bits() const { return bits_; }
  std::uint64_t height() const { return height_; }

 private:
  MemoryStore memory_;
  ActiveBits bits_;
  Frontier frontier_;
  std::uint64_t active_count_ = 0;
  Digest id_;
  Epoch epoch_;
  Digest validators_;
  std::uint64_t height_ = 0;
};

// A transaction of which only the id matters.
inline TransactionBody transaction_body(std::uint64_t sequence) {
  TransactionBody body;
  body.sequence = Sequence(sequence);
  return body;
}

}  // namespace fenrun
