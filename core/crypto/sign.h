// Ed25519.  libsodium's verifier is the only one that decides anything in this system.
// docs/spec/keys.md.
//
// Thread-safe: every function may be called from any thread.
#pragma once

#include "core/bytes.h"
#include "core/codec.h"
#include "core/crypto/hash.h"
#include "core/crypto/secret.h"
#include "core/result.h"

namespace fenrun {

using PublicKey = FixedBytes<struct PublicKeyTag, 32>;
using Signature = FixedBytes<struct SignatureTag, 64>;

// True iff the bytes are a point of the main subgroup; only such keys are ever registered.
bool is_valid_point(const PublicKey& key);

// A private key.  Wiped when it goes; neither copied nor printed.
class SigningKey {
 public:
  // The key of RFC 8032 for this 32-byte seed.
  static SigningKey from_seed(const Seed& seed);
  // A fresh random key.
  static SigningKey generate();

  const PublicKey& public_key() const { return public_; }
  Seed seed() const;

  // Signature over the bytes as they are: only for formats that others define (C2SP notes).
  Signature sign_raw(ByteView message) const;
  // Signature over tag ‖ message.
  Signature sign(Domain domain, ByteView message) const;

 private:
  SigningKey() = default;

  PublicKey public_;
  Secret<64> secret_;
};

// True iff the signature is valid for the bytes as they are.
[[nodiscard]] bool verify_raw(const PublicKey& key, ByteView message, const Signature& signature);
// True iff the signature is valid for tag ‖ message.
[[nodiscard]] bool verify(const PublicKey& key, Domain domain, ByteView message,
                          const Signature& signature);

// Fills the span with random bytes of the operating system.  Not for the pure folders.
void random_bytes(std::span<std::uint8_t> out);

}  // namespace fenrun
