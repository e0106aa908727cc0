#include "core/crypto/table_hash.h"

#include <sodium.h>

#include <array>
#include <cstring>

#include "core/check.h"

namespace fenrun {
namespace {

using TableKey = std::array<std::uint8_t, crypto_shorthash_KEYBYTES>;

TableKey draw_key() {
  CHECK(sodium_init() >= 0);
  TableKey key{};
  crypto_shorthash_keygen(key.data());
  return key;
}

}  // namespace

std::size_t table_hash(ByteView bytes) {
  static const TableKey key = draw_key();
  std::array<std::uint8_t, crypto_shorthash_BYTES> out{};
  CHECK(crypto_shorthash(out.data(), bytes.data(), bytes.size(), key.data()) == 0);
  std::size_t value = 0;
  static_assert(sizeof value <= out.size());
  std::memcpy(&value, out.data(), sizeof value);
  return value;
}

}  // namespace fenrun
