#include "node/encoded_batch.h"

#include <type_traits>
#include <utility>

#include "node/messages.h"

namespace fenrun {

EncodedBatch::EncodedBatch(TxBatch batch)
    : batch_(std::move(batch)), bytes_(encode(batch_)), digest_(TxBatch::digest_of(bytes_)) {
  memory_ = bytes_.size();
  for (const auto& transaction : batch_.transactions) {
    operations_ += transaction.operations.size();
    memory_ += memory_of(transaction);
  }
}

Bytes EncodedBatch::message() const {
  constexpr std::uint32_t kTag = 1;
  static_assert(std::is_same_v<std::variant_alternative_t<kTag, NodeMessage>, TxBatch>);
  Encoder out(1 + bytes_.size());
  out.uleb(kTag);
  out.raw(bytes_);
  return out.take();
}

}  // namespace fenrun
