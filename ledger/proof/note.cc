#include "ledger/proof/note.h"

#include <algorithm>
#include <tuple>

#include "core/check.h"
#include "core/text.h"
#include "ledger/proof/merkle.h"

namespace fenrun {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space.
constexpr std::size_t kTimeBytes = 8;

Error malformed_note(std::string_view what) {
  return {Errc::checkpoint_malformed, std::string(what)};
}

// Takes the text up to the next separator off the front; the separator goes as well.
// Errc::checkpoint_malformed if there is none.
Result<std::string_view> take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  if (end == std::string_view::npos) return malformed_note("a line or a field is not ended");
  const auto field = text.substr(0, end);
  text.remove_prefix(end + 1);
  return field;
}

std::string cosigned_message(const CheckpointBody& body, std::uint64_t time_s) {
  return "cosignature/v1\ntime " + std::to_string(time_s) + "\n" + print(body);
}

std::uint64_t big_endian_u64(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kTimeBytes; ++i) value = (value << 8) | bytes[i];
  return value;
}

}  // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kKeyNameBytesMax &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != '+'; });
}

NoteKeyId VerifierKey::id() const {
  const std::array<std::uint8_t, 2> separator_and_type{'\n', static_cast<std::uint8_t>(type)};
  Sha256 sha;
  const auto digest =
      sha.update(bytes_of(name)).update(separator_and_type).update(key.view()).finish();
  NoteKeyId id;
  std::copy_n(digest.bytes.begin(), NoteKeyId::kSize, id.bytes.begin());
  return id;
}

std::string print(const VerifierKey& key) {
  Bytes typed_key{static_cast<std::uint8_t>(key.type)};
  append(typed_key, key.key.view());
  return key.name + "+" + to_hex(key.id().view()) + "+" + to_base64(typed_key);
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  const Error invalid{Errc::key_invalid, "not a verifier key of a known type"};
  const auto first = text.find('+');
  if (first == std::string_view::npos) return invalid;
  const auto second = text.find('+', first + 1);  // Base64 may hold further ones.
  if (second == std::string_view::npos) return invalid;
  const auto typed_key = from_base64(text.substr(second + 1));
  if (!typed_key || typed_key->size() != 1 + PublicKey::kSize) return invalid;

  VerifierKey key;
  key.name = text.substr(0, first);
  key.type = static_cast<NoteKeyType>(typed_key->front());
  if (!is_key_name(key.name)) return invalid;
  if (key.type != NoteKeyType::log && key.type != NoteKeyType::cosignature) return invalid;
  FENRUN_TRY(key.key, PublicKey::from(ByteView(*typed_key).subspan(1)));
  if (!is_valid_point(key.key)) return Error{Errc::key_invalid, "not a point of Ed25519"};
  if (text.substr(first + 1, second - first - 1) != to_hex(key.id().view())) {
    return Error{Errc::key_invalid, "the key id is not that of name and key"};
  }
  return key;
}

std::string log_origin(std::string_view network_name, const Digest& chain_id) {
  auto origin = std::string(network_name) + "/" + to_hex(chain_id.view().first(8));
  CHECK(is_key_name(origin));
  return origin;
}

std::string print(const CheckpointBody& body) {
  CHECK(is_key_name(body.origin));
  return body.origin + "\n" + std::to_string(body.size) + "\n" + to_base64(body.root.view()) + "\n";
}

Result<CheckpointBody> parse_checkpoint_body(std::string_view text) {
  FENRUN_TRY(const auto origin, take_until(text, '\n'));
  FENRUN_TRY(const auto size, take_until(text, '\n'));
  FENRUN_TRY(const auto root, take_until(text, '\n'));
  if (!text.empty()) return malformed_note("extension lines are not allowed");
  if (!is_key_name(origin)) return malformed_note("origin");

  CheckpointBody body;
  body.origin = origin;
  const auto number = from_decimal(size);
  if (!number || *number > kTreeSizeMax) return malformed_note("size");
  body.size = *number;
  const auto root_bytes = from_base64(root);
  if (!root_bytes || root_bytes->size() != Digest::kSize) return malformed_note("root");
  FENRUN_TRY(body.root, Digest::from(*root_bytes));
  if (body.size == 0 && body.root != empty_tree_root())
    return malformed_note("root of an empty tree");
  return body;
}

std::string print(const NoteSignature& signature) {
  Bytes bytes = to_bytes(signature.key_id.view());
  append(bytes, signature.bytes);
  return std::string(kDash) + signature.name + " " + to_base64(bytes) + "\n";
}

Result<NoteSignature> parse_note_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return malformed_note("a signature line starts with a dash");
  line.remove_prefix(kDash.size());
  FENRUN_TRY(const auto name, take_until(line, ' '));
  FENRUN_TRY(const auto text, take_until(line, '\n'));
  if (!line.empty()) return malformed_note("text behind a signature line");
  if (!is_key_name(name)) return malformed_note("name of a signer");
  if (text.size() > 2 * kNoteSignatureBytesMax) return malformed_note("a signature is too long");
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() <= NoteKeyId::kSize ||
      bytes->size() > NoteKeyId::kSize + kNoteSignatureBytesMax) {
    return malformed_note("a signature line holds no signature");
  }
  NoteSignature signature;
  signature.name = name;
  FENRUN_TRY(signature.key_id, NoteKeyId::from(ByteView(*bytes).first(NoteKeyId::kSize)));
  signature.bytes = to_bytes(ByteView(*bytes).subspan(NoteKeyId::kSize));
  return signature;
}

std::string print(const SignedNote& note) {
  std::string out = print(note.body) + "\n";
  for (const auto& signature : note.signatures) out += print(signature);
  return out;
}

Result<SignedNote> parse_note(std::string_view text) {
  if (text.size() > kNoteBytesMax) return malformed_note("the note is too long");
  const auto body_end = text.find("\n\n");
  if (body_end == std::string_view::npos) return malformed_note("no empty line behind the body");
  SignedNote note;
  FENRUN_TRY(note.body, parse_checkpoint_body(text.substr(0, body_end + 1)));
  text.remove_prefix(body_end + 2);
  if (text.empty()) return malformed_note("no signature");
  while (!text.empty()) {
    if (note.signatures.size() == kNoteSignaturesMax) return malformed_note("too many signatures");
    const auto line_end = text.find('\n');
    if (line_end == std::string_view::npos) return malformed_note("the last line is not ended");
    FENRUN_TRY(auto signature, parse_note_signature(text.substr(0, line_end + 1)));
    note.signatures.push_back(std::move(signature));
    text.remove_prefix(line_end + 1);
  }
  return note;
}

void sort_signatures(SignedNote& note) {
  std::ranges::sort(note.signatures, {}, [](const NoteSignature& signature) {
    return std::tie(signature.name, signature.key_id, signature.bytes);
  });
}

NoteSignature log_signature_line(const SigningKey& key, const CheckpointBody& body) {
  const VerifierKey verifier{body.origin, NoteKeyType::log, key.public_key()};
  const auto signature = key.sign_raw(bytes_of(print(body)));
  return {verifier.name, verifier.id(), to_bytes(signature.view())};
}

NoteSignature cosignature_line(const SigningKey& key, std::string_view name,
                               const CheckpointBody& body, std::uint64_t time_s) {
  CHECK(is_key_name(name) && time_s > 0 && time_s <= kCosignatureTimeMax);
  const VerifierKey verifier{std::string(name), NoteKeyType::cosignature, key.public_key()};
  const auto signature = key.sign_raw(bytes_of(cosigned_message(body, time_s)));
  NoteSignature line{verifier.name, verifier.id(), {}};
  for (std::size_t i = kTimeBytes; i-- > 0;) {
    line.bytes.push_back(static_cast<std::uint8_t>(time_s >> (8 * i)));
  }
  append(line.bytes, signature.view());
  return line;
}

Result<std::uint64_t> verify_note_signature(const VerifierKey& key, const NoteSignature& signature,
                                            const CheckpointBody& body) {
  if (signature.name != key.name || signature.key_id != key.id()) {
    return Error{Errc::cosigner_unknown, signature.name};
  }
  const Error invalid{Errc::cosignature_invalid, signature.name};
  const std::size_t prefix = key.type == NoteKeyType::cosignature ? kTimeBytes : 0;
  if (signature.bytes.size() != prefix + Signature::kSize) return invalid;
  const ByteView bytes = signature.bytes;
  FENRUN_TRY(const auto ed25519, Signature::from(bytes.subspan(prefix)));
  if (key.type == NoteKeyType::log) {
    if (!verify_raw(key.key, bytes_of(print(body)), ed25519)) return invalid;
    return 0;
  }
  const auto time_s = big_endian_u64(bytes);
  if (time_s == 0 || time_s > kCosignatureTimeMax) return invalid;
  if (!verify_raw(key.key, bytes_of(cosigned_message(body, time_s)), ed25519)) return invalid;
  return time_s;
}

}  // namespace fenrun
