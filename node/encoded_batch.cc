#include "node/encoded_batch.h"

#include <type_traits>
#include <utility>

#include "node/messages.h"

namespace fenrun {
namespace {

// A variant's index comes first; of one below 128 it is a byte.
constexpr std::uint8_t kTag = 1;
static_assert(std::is_same_v<std::variant_alternative_t<kTag, NodeMessage>, TxBatch>);

Bytes message_of(const TxBatch& batch) {
  const Bytes bytes = encode(batch);
  Encoder out(1 + bytes.size());
  out.uleb(kTag);
  out.raw(bytes);
  return out.take();
}

}  // namespace

EncodedBatch::EncodedBatch(TxBatch batch)
    : batch_(std::move(batch)),
      message_(std::make_shared<const Bytes>(message_of(batch_))),
      digest_(TxBatch::digest_of(bytes())) {
  memory_ = bytes().size();
  for (const auto& transaction : batch_.transactions) {
    operations_ += transaction.operations.size();
    memory_ += memory_of(transaction);
  }
}

ByteView EncodedBatch::bytes() const { return ByteView(*message_).subspan(1); }

}  // namespace fenrun
