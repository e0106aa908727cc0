// Keys of Records: a family byte, then fixed-width fields, numbers big-endian so that bytewise
// order is the natural order.  docs/spec/records.md.
//
// Ordered families link their keys: a scope starts with a sentinel Record whose key is the scope's
// prefix itself, and each Record's value is Linked<V>, naming the next key of its scope.  A current
// Record with key < K < next proves that K does not exist; a run of them proves a complete list.
#pragma once

#include <optional>

#include "core/codec.h"
#include "core/limits.h"
#include "core/types.h"
#include "ledger/proof/account.h"

namespace fenrun {

// Families of Records.  Do not renumber.  Those named here are known to verifiers; the contracts
// own the rest and list them in contracts/keys.h from 16 on.
enum class Family : std::uint8_t {
  statement = 1,  // Ordered within a party: statement ‖ party ‖ book ‖ campaign ‖ asset ‖ period.
};

using RecordKey = Blob<kRecordKeyBytesMax>;

// The value of a Record in an ordered family.
template <class V>
struct Linked {
  std::optional<RecordKey> next;  // The next key of the scope; none at its end.
  std::optional<V> value;         // none in the sentinel only.

  FENRUN_FIELDS(next, value)
  friend bool operator==(const Linked&, const Linked&) = default;
};

// What a Linked<V> begins with: the next key, as it lies there.  What follows is the optional
// value.
Result<ByteView> link_of(ByteView linked);

// The value of a Linked<V>, without its next key.  Errors as of decode().
template <class V>
Result<std::optional<V>> decode_linked_value(ByteView linked) {
  FENRUN_TRY(const auto link, link_of(linked));
  return decode<std::optional<V>>(linked.subspan(link.size()));
}

// A Linked<V> of the same link and another value.
template <class V>
Bytes encode_linked(ByteView link, const V& value) {
  Encoder out;
  out.raw(link);
  codec::write(out, true);
  codec::write(out, value);
  return out.take();
}

// Writes the parts of a key.
class KeyWriter {
 public:
  explicit KeyWriter(std::uint8_t family) {
    key_.reserve(kUsualBytes);
    key_.push_back(family);
  }

  KeyWriter& raw(ByteView bytes) {
    key_.insert(key_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <std::unsigned_integral U>
  KeyWriter& number(U value) {
    for (std::size_t i = sizeof(U); i-- > 0;) {
      key_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return *this;
  }
  template <class Tag, class Rep>
  KeyWriter& number(Strong<Tag, Rep> value) {
    return number(value.value());
  }

  RecordKey take() {
    CHECK(key_.size() <= kRecordKeyBytesMax);
    return std::move(key_);
  }

 private:
  static constexpr std::size_t kUsualBytes = 40;

  RecordKey key_;
};

// The scope of a party's statements, and the key of one of them.
RecordKey statement_scope(const PartyId& party);
RecordKey statement_key(const StatementId& id);
// Errc::value_invalid unless it is the key of a statement (a sentinel is none).
Result<StatementId> statement_from_key(ByteView key);

}  // namespace fenrun
