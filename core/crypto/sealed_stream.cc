#include "core/crypto/sealed_stream.h"

#include <sodium.h>

#include "core/check.h"
#include "core/text.h"

namespace fenrun {
namespace {

constexpr std::string_view kSealedFirstLine = "fenrun-sealed/v1\n";
constexpr std::size_t kStreamKeyBytes = crypto_secretstream_xchacha20poly1305_KEYBYTES;
constexpr std::size_t kStreamHeaderBytes = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr std::size_t kSealedKeyBytes = kStreamKeyBytes + crypto_box_SEALBYTES;
constexpr std::size_t kSealedKeyText = (kSealedKeyBytes + 2) / 3 * 4;
constexpr std::size_t kToBytes = 3 + 64 + 1;
constexpr std::size_t kKeyBytes = 4 + kSealedKeyText + 1;

static_assert(kSealedPieceOverhead == crypto_secretstream_xchacha20poly1305_ABYTES);
static_assert(StreamOpener::kBeginningBytes ==
              kSealedFirstLine.size() + kToBytes + kKeyBytes + kStreamHeaderBytes);

using SealedKey = std::array<std::uint8_t, kSealedKeyBytes>;

std::string lines_of(const PublicKey& reader, const SealedKey& key) {
  return std::string(kSealedFirstLine) + "to " + to_hex(reader.view()) + "\nkey " + to_base64(key) +
         "\n";
}

// The box key of an Ed25519 key; none if it is no point of the main subgroup.
std::optional<std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES>> box_key(const PublicKey& key) {
  std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES> out{};
  if (!is_valid_point(key)) return std::nullopt;
  if (crypto_sign_ed25519_pk_to_curve25519(out.data(), key.bytes.data()) != 0) return std::nullopt;
  return out;
}

Secret<crypto_box_SECRETKEYBYTES> box_secret(const SigningKey& key) {
  const Seed seed = key.seed();
  Secret<crypto_sign_SECRETKEYBYTES> secret;
  PublicKey ignored;
  CHECK(crypto_sign_seed_keypair(ignored.bytes.data(), secret.mutable_view().data(),
                                 seed.view().data()) == 0);
  Secret<crypto_box_SECRETKEYBYTES> out;
  CHECK(crypto_sign_ed25519_sk_to_curve25519(out.mutable_view().data(), secret.view().data()) == 0);
  return out;
}

Result<Secret<kStreamKeyBytes>> unsealed(const SealedKey& sealed, const SigningKey& reader) {
  const auto public_key = box_key(reader.public_key());
  CHECK(public_key.has_value());
  const auto secret = box_secret(reader);
  Secret<kStreamKeyBytes> key;
  if (crypto_box_seal_open(key.mutable_view().data(), sealed.data(), sealed.size(),
                           public_key->data(), secret.view().data()) != 0) {
    return Error{Errc::corruption, "the sealed key was altered"};
  }
  return key;
}

}  // namespace

struct StreamSealer::State {
  ~State() { sodium_memzero(&stream, sizeof stream); }
  crypto_secretstream_xchacha20poly1305_state stream;
};

struct StreamOpener::State {
  ~State() { sodium_memzero(&stream, sizeof stream); }
  crypto_secretstream_xchacha20poly1305_state stream;
};

StreamSealer::StreamSealer(std::unique_ptr<State> state, Bytes beginning)
    : state_(std::move(state)), beginning_(std::move(beginning)) {}
StreamSealer::~StreamSealer() = default;
StreamSealer::StreamSealer(StreamSealer&&) noexcept = default;

StreamOpener::StreamOpener(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamOpener::~StreamOpener() = default;
StreamOpener::StreamOpener(StreamOpener&&) noexcept = default;

Result<StreamSealer> StreamSealer::create(const PublicKey& reader) {
  CHECK(sodium_init() >= 0);
  const auto public_key = box_key(reader);
  if (!public_key) return Error{Errc::key_invalid, "no Ed25519 public key"};
  Secret<kStreamKeyBytes> key;
  random_bytes(key.mutable_view());
  SealedKey sealed{};
  CHECK(crypto_box_seal(sealed.data(), key.view().data(), key.view().size(), public_key->data()) ==
        0);
  auto state = std::make_unique<State>();
  std::array<std::uint8_t, kStreamHeaderBytes> header{};
  CHECK(crypto_secretstream_xchacha20poly1305_init_push(&state->stream, header.data(),
                                                        key.view().data()) == 0);
  Bytes beginning = to_bytes(bytes_of(lines_of(reader, sealed)));
  append(beginning, header);
  return StreamSealer(std::move(state), std::move(beginning));
}

Bytes StreamSealer::seal(ByteView text, StreamPiece piece) {
  CHECK(piece == StreamPiece::last ? text.size() < kSealedPieceBytes
                                   : text.size() == kSealedPieceBytes);
  const auto tag = piece == StreamPiece::last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                              : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  Bytes out(text.size() + kSealedPieceOverhead);
  CHECK(crypto_secretstream_xchacha20poly1305_push(&state_->stream, out.data(), nullptr,
                                                   text.data(), text.size(), nullptr, 0,
                                                   static_cast<unsigned char>(tag)) == 0);
  return out;
}

Result<StreamOpener> StreamOpener::create(const SigningKey& reader, ByteView beginning) {
  CHECK(sodium_init() >= 0);
  const Error no_file{Errc::corruption, "not a sealed file"};
  if (beginning.size() != kBeginningBytes) return no_file;
  auto rest = text_of(beginning);
  if (!rest.starts_with(kSealedFirstLine)) return no_file;
  rest.remove_prefix(kSealedFirstLine.size());
  const auto to = fixed_from_hex<PublicKey>(rest.substr(3, 64));
  const auto sealed = from_base64(rest.substr(kToBytes + 4, kSealedKeyText));
  SealedKey key{};
  if (!to || !sealed || sealed->size() != key.size()) return no_file;
  std::ranges::copy(*sealed, key.begin());
  if (!text_of(beginning).starts_with(lines_of(*to, key))) return no_file;
  if (*to != reader.public_key()) {
    return Error{Errc::key_file_invalid, "the file is sealed to the key " + to_hex(to->view())};
  }
  FENRUN_TRY(const auto stream_key, unsealed(key, reader));
  auto state = std::make_unique<State>();
  const auto header = beginning.last(kStreamHeaderBytes);
  if (crypto_secretstream_xchacha20poly1305_init_pull(&state->stream, header.data(),
                                                      stream_key.view().data()) != 0) {
    return no_file;
  }
  return StreamOpener(std::move(state));
}

Result<Bytes> StreamOpener::open(ByteView piece) {
  if (is_finished_) return Error{Errc::corruption, "bytes behind the last piece"};
  if (piece.size() < kSealedPieceOverhead) return Error{Errc::corruption, "a piece was cut"};
  Bytes out(piece.size() - kSealedPieceOverhead);
  unsigned char tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(&state_->stream, out.data(), nullptr, &tag,
                                                 piece.data(), piece.size(), nullptr, 0) != 0) {
    return Error{Errc::corruption, "a piece was altered, left out or cut"};
  }
  is_finished_ = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  return out;
}

}  // namespace fenrun
