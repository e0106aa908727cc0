#include "core/crypto/key_file.h"

#include <sodium.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::string_view kFirstLine = "fenrun-key/v1";
constexpr std::string_view kKdfName = "argon2id13";
constexpr std::size_t kFileBytesMax = 512;  // A sealed file has at most 292.

static_assert(std::tuple_size_v<decltype(SealRandomness::salt)> ==
              crypto_pwhash_argon2id_SALTBYTES);
static_assert(std::tuple_size_v<decltype(SealRandomness::nonce)> == crypto_secretbox_NONCEBYTES);
static_assert(std::tuple_size_v<decltype(SealedSeed::box)> == 32 + crypto_secretbox_MACBYTES);
static_assert(KdfCost::kMemoryBytesMin >= crypto_pwhash_argon2id_MEMLIMIT_MIN);

constexpr auto kPurposes = std::to_array<std::pair<KeyFilePurpose, std::string_view>>({
    {KeyFilePurpose::operator_, "operator"},
    {KeyFilePurpose::consensus, "consensus"},
    {KeyFilePurpose::checkpoint, "checkpoint"},
    {KeyFilePurpose::transport, "transport"},
    {KeyFilePurpose::party, "party"},
    {KeyFilePurpose::codes, "codes"},
    {KeyFilePurpose::printer, "printer"},
});

Error invalid(std::string_view what) { return {Errc::key_file_invalid, std::string(what)}; }

// Argon2id of the passphrase.
Result<Secret<32>> stretch(const Passphrase& passphrase, const KdfCost& cost,
                           const SealRandomness& randomness) {
  CHECK(sodium_init() >= 0);
  Secret<32> key;
  // libsodium wants an address even for no bytes at all.
  const std::string_view text = passphrase.empty() ? "" : passphrase.view();
  if (crypto_pwhash_argon2id(key.mutable_view().data(), key.view().size(), text.data(), text.size(),
                             randomness.salt.data(), cost.passes, cost.memory_bytes,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return Error{Errc::memory_short, std::to_string(cost.memory_bytes) + " bytes for Argon2id"};
  }
  return key;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (auto end = text.find(separator); end != text.npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

// What stands behind "<word> " in the line.
Result<std::string_view> value_of(std::string_view line, std::string_view word) {
  if (!line.starts_with(word) || line.substr(word.size()).substr(0, 1) != " ") {
    return invalid("expected a line '" + std::string(word) + " ...'");
  }
  return line.substr(word.size() + 1);
}

// Copies exactly out.size() decoded bytes, and wipes the rest.
Status take_bytes(Result<Bytes> decoded, std::span<std::uint8_t> out, std::string_view what) {
  if (!decoded || decoded->size() != out.size()) {
    if (decoded) wipe(*decoded);
    return invalid(what);
  }
  std::ranges::copy(*decoded, out.begin());
  wipe(*decoded);
  return {};
}

// "argon2id13 <passes> <memory bytes> <salt>"
Status parse_kdf(std::string_view text, SealedSeed& out) {
  const auto words = split(text, ' ');
  if (words.size() != 4 || words[0] != kKdfName) {
    return invalid("kdf: neither 'none' nor 'argon2id13 <passes> <memory> <salt>'");
  }
  const auto passes = from_decimal(words[1]);
  const auto memory_bytes = from_decimal(words[2]);
  if (!passes || !memory_bytes) return invalid("kdf: not a number");
  out.cost = {.passes = *passes, .memory_bytes = *memory_bytes};
  if (!out.cost.is_valid()) return invalid("kdf: the cost is out of bounds");
  return take_bytes(from_hex(words[3]), out.randomness.salt,
                    "kdf: the salt is not 16 bytes of hex");
}

Result<SealedSeed> parse_sealed(std::string_view kdf, std::string_view secret) {
  SealedSeed sealed;
  FENRUN_OK(parse_kdf(kdf, sealed));
  std::array<std::uint8_t, 24 + 48> bytes{};
  FENRUN_OK(take_bytes(from_base64(secret), bytes, "secret: not 72 bytes of base64"));
  std::copy_n(bytes.begin(), 24, sealed.randomness.nonce.begin());
  std::copy_n(bytes.begin() + 24, 48, sealed.box.begin());
  return sealed;
}

Result<Seed> unseal(const SealedSeed& sealed, const Passphrase& passphrase) {
  FENRUN_TRY(const auto key, stretch(passphrase, sealed.cost, sealed.randomness));
  Seed seed;
  if (crypto_secretbox_open_easy(seed.mutable_view().data(), sealed.box.data(), sealed.box.size(),
                                 sealed.randomness.nonce.data(), key.view().data()) != 0) {
    return Errc::passphrase_wrong;
  }
  return seed;
}

Result<SigningKey> key_in(const KeyFile& file, const Passphrase* passphrase) {
  if (const auto* seed = std::get_if<Seed>(&file.secret)) return SigningKey::from_seed(*seed);
  if (!passphrase) return Error{Errc::passphrase_wrong, "the key file is sealed"};
  FENRUN_TRY(const auto seed, unseal(std::get<SealedSeed>(file.secret), *passphrase));
  return SigningKey::from_seed(seed);
}

}  // namespace

std::string_view name_of(KeyFilePurpose purpose) {
  for (const auto& [value, name] : kPurposes) {
    if (value == purpose) return name;
  }
  UNREACHABLE();
}

Result<KeyFilePurpose> key_file_purpose_from(std::string_view name) {
  for (const auto& [value, text] : kPurposes) {
    if (text == name) return value;
  }
  return Error{Errc::value_invalid, "no key purpose: " + std::string(name)};
}

bool KdfCost::is_valid() const {
  return passes >= 1 && passes <= kPassesMax && memory_bytes >= kMemoryBytesMin &&
         memory_bytes <= kMemoryBytesMax && memory_bytes % 1024 == 0;
}

SealRandomness SealRandomness::fresh() {
  SealRandomness out;
  random_bytes(out.salt);
  random_bytes(out.nonce);
  return out;
}

Result<SecretText> seal_key_file(const SigningKey& key, KeyFilePurpose purpose,
                                 const Passphrase* passphrase, KdfCost cost,
                                 const SealRandomness& randomness) {
  CHECK(cost.is_valid());
  const Seed seed = key.seed();
  std::string kdf = "none";
  std::string secret;
  if (passphrase) {
    FENRUN_TRY(const auto sealing_key, stretch(*passphrase, cost, randomness));
    Bytes bytes = to_bytes(randomness.nonce);
    bytes.resize(24 + 48);
    CHECK(crypto_secretbox_easy(bytes.data() + 24, seed.view().data(), seed.view().size(),
                                randomness.nonce.data(), sealing_key.view().data()) == 0);
    kdf = std::string(kKdfName) + " " + std::to_string(cost.passes) + " " +
          std::to_string(cost.memory_bytes) + " " + to_hex(randomness.salt);
    secret = to_base64(bytes);
  } else {
    secret = to_base64(seed.view());
  }
  std::string text;
  text.reserve(kFileBytesMax);  // Growing would leave a copy of the seed in freed memory.
  text.append(kFirstLine).append("\npurpose ").append(name_of(purpose));
  text.append("\npublic ").append(to_hex(key.public_key().view()));
  text.append("\nkdf ").append(kdf).append("\nsecret ").append(secret).append("\n");
  CHECK(text.size() <= kFileBytesMax);
  wipe(secret);
  return SecretText::take(text);
}

Result<KeyFile> parse_key_file(std::string_view text) {
  if (text.size() > kFileBytesMax) return invalid("too long");
  const auto lines = split(text, '\n');
  if (lines.size() != 6 || lines[0] != kFirstLine || !lines[5].empty()) {
    return invalid("not five lines, of which the first is " + std::string(kFirstLine));
  }
  KeyFile file;
  FENRUN_TRY(const auto purpose_text, value_of(lines[1], "purpose"));
  const auto purpose = key_file_purpose_from(purpose_text);
  if (!purpose) return invalid("purpose: unknown");
  file.purpose = *purpose;

  FENRUN_TRY(const auto public_text, value_of(lines[2], "public"));
  FENRUN_OK(take_bytes(from_hex(public_text), file.public_key.bytes,
                       "public: not 32 bytes of lower-case hex"));
  if (!is_valid_point(file.public_key)) return invalid("public: not an Ed25519 public key");

  FENRUN_TRY(const auto kdf, value_of(lines[3], "kdf"));
  FENRUN_TRY(const auto secret, value_of(lines[4], "secret"));
  if (kdf == "none") {
    Seed seed;
    FENRUN_OK(
        take_bytes(from_base64(secret), seed.mutable_view(), "secret: not 32 bytes of base64"));
    file.secret = std::move(seed);
    return file;
  }
  FENRUN_TRY(file.secret, parse_sealed(kdf, secret));
  return file;
}

Result<SigningKey> open_key_file(const KeyFile& file, const Passphrase* passphrase) {
  FENRUN_TRY(auto key, key_in(file, passphrase));
  if (key.public_key() != file.public_key) return invalid("the public key is not that of the seed");
  return key;
}

}  // namespace fenrun
