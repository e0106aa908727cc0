#include "ledger/proof/entry.h"

#include "core/check.h"

namespace fenrun {

Bytes encode_entry(const Entry& entry) {
  auto bytes = encode(entry);
  CHECK(bytes.size() <= kEntryBytesMax);
  return bytes;
}

Result<Entry> decode_entry(ByteView bytes) {
  if (bytes.size() > kEntryBytesMax) return Error{Errc::limit_exceeded, "journal entry"};
  return decode<Entry>(bytes);
}

void set_outcome(Bytes& entry, Errc outcome) {
  constexpr std::uint8_t kTransaction = 1;
  constexpr std::uint8_t kOperation = 2;
  const Bytes encoded = encode(outcome);
  CHECK(entry.size() > encoded.size() && (entry[0] == kTransaction || entry[0] == kOperation));
  std::ranges::copy(encoded, entry.end() - static_cast<std::ptrdiff_t>(encoded.size()));
}

Digest operation_leaf(ByteView payload) {
  return leaf_hash({bytes_of(tag_of(Domain::operation)), payload});
}

Digest block_id(const Header& header) { return leaf_hash(encode_entry(header)); }

}  // namespace fenrun
