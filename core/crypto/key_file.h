// The text of a key file.  Grammar: docs/spec/keys.md.
//
//   fenrun-key/v1
//   purpose consensus
//   public 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
//   kdf argon2id13 3 268435456 000102030405060708090a0b0c0d0e0f
//   secret <base64>
//
// `kdf none` leaves the seed readable; a file of that kind is protected by its permissions alone.
// Each file has one spelling: five lines in this order, single spaces, LF.  Parsing is strict and
// bounds what the kdf line may ask for, so that a hostile file can take neither the machine's
// memory nor its time.  The seal protects the seed; `purpose` and `public` are readable, and
// opening recomputes the public key from the seed.
//
// No file is touched here: node/ reads and writes them, with mode 0600.
// To change the passphrase: open, then seal.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "core/crypto/secret.h"
#include "core/crypto/sign.h"
#include "core/result.h"

namespace fenrun {

// What a key may be used for.  One key has one purpose.
enum class KeyFilePurpose : std::uint8_t {
  operator_,   // a validator's organisation as a party: transactions and inclusion promises
  consensus,   // votes
  checkpoint,  // cosignatures
  transport,   // peer links
  party,       // a party's transactions
  codes,       // signs nothing: the seed of a code batch's secrets
  printer,     // signs nothing: opens what is sealed to a printing plant
};

std::string_view name_of(KeyFilePurpose purpose);
Result<KeyFilePurpose> key_file_purpose_from(std::string_view name);  // Errc::value_invalid

// What Argon2id costs whoever opens the file.
struct KdfCost {
  static constexpr std::uint64_t kPassesMax = 16;
  static constexpr std::uint64_t kMemoryBytesMin = 8 * 1024;
  static constexpr std::uint64_t kMemoryBytesMax = 1024 * 1024 * 1024;

  std::uint64_t passes = 3;                           // From 1 to kPassesMax.
  std::uint64_t memory_bytes = 256ULL * 1024 * 1024;  // Whole KiB within the bounds above.

  bool is_valid() const;
  friend bool operator==(const KdfCost&, const KdfCost&) = default;
};

// The random bytes of one seal.  Never use the same twice with one passphrase.
struct SealRandomness {
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 24> nonce{};

  static SealRandomness fresh();
};

struct SealedSeed {
  KdfCost cost;
  SealRandomness randomness;
  std::array<std::uint8_t, 48> box{};  // crypto_secretbox of the seed.
};

struct KeyFile {
  KeyFilePurpose purpose = KeyFilePurpose::party;
  PublicKey public_key;
  std::variant<Seed, SealedSeed> secret;

  bool is_sealed() const { return std::holds_alternative<SealedSeed>(secret); }
};

// The text of the file; without a passphrase the seed stands in it as it is, and neither the cost
// nor the randomness matters.  The same arguments give the same text. REQUIRES: cost.is_valid().
// Errc::memory_short when Argon2id does not get its memory.
Result<SecretText> seal_key_file(const SigningKey& key, KeyFilePurpose purpose,
                                 const Passphrase* passphrase, KdfCost cost,
                                 const SealRandomness& randomness);

// Errc::key_file_invalid unless the text is exactly what seal_key_file writes.
Result<KeyFile> parse_key_file(std::string_view text);

// The key.  An unsealed file ignores the passphrase.  Errc::passphrase_wrong when a sealed file
// gets none or another one, Errc::key_file_invalid when the public key is not that of the seed,
// Errc::memory_short when Argon2id does not get its memory.
Result<SigningKey> open_key_file(const KeyFile& file, const Passphrase* passphrase);

}  // namespace fenrun
