#include "core/crypto/sign.h"

#include <sodium.h>

namespace fenrun {
namespace {

// libsodium picks its CPU-specific code here; safe to call from any thread, any number of times.
void ensure_sodium() { CHECK(sodium_init() >= 0); }

Bytes tagged(Domain domain, ByteView message) {
  const auto tag = bytes_of(tag_of(domain));
  Bytes out;
  out.reserve(tag.size() + message.size());
  append(out, tag);
  append(out, message);
  return out;
}

}  // namespace

bool is_valid_point(const PublicKey& key) {
  ensure_sodium();
  return crypto_core_ed25519_is_valid_point(key.bytes.data()) == 1;
}

SigningKey SigningKey::from_seed(const Seed& seed) {
  ensure_sodium();
  static_assert(crypto_sign_ed25519_SEEDBYTES == 32 && crypto_sign_ed25519_SECRETKEYBYTES == 64);
  SigningKey key;
  CHECK(crypto_sign_ed25519_seed_keypair(
            key.public_.bytes.data(), key.secret_.mutable_view().data(), seed.view().data()) == 0);
  return key;
}

SigningKey SigningKey::generate() {
  Seed seed;
  random_bytes(seed.mutable_view());
  return from_seed(seed);
}

Seed SigningKey::seed() const {
  Seed seed;
  CHECK(crypto_sign_ed25519_sk_to_seed(seed.mutable_view().data(), secret_.view().data()) == 0);
  return seed;
}

Signature SigningKey::sign_raw(ByteView message) const {
  Signature signature;
  CHECK(crypto_sign_ed25519_detached(signature.bytes.data(), nullptr, message.data(),
                                     message.size(), secret_.view().data()) == 0);
  return signature;
}

Signature SigningKey::sign(Domain domain, ByteView message) const {
  return sign_raw(tagged(domain, message));
}

bool verify_raw(const PublicKey& key, ByteView message, const Signature& signature) {
  ensure_sodium();
  return crypto_sign_ed25519_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                             key.bytes.data()) == 0;
}

bool verify(const PublicKey& key, Domain domain, ByteView message, const Signature& signature) {
  return verify_raw(key, tagged(domain, message), signature);
}

void random_bytes(std::span<std::uint8_t> out) {
  ensure_sodium();
  randombytes_buf(out.data(), out.size());
}

}  // namespace fenrun
