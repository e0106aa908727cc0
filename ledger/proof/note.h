// Checkpoints as signed notes: C2SP signed-note, tlog-checkpoint and tlog-cosignature.
// docs/spec/checkpoints.md, §1 to §4.
//
//   <origin>                       the body: three lines, each ended by LF
//   <size>
//   <base64 of the root>
//                                  an empty line
//   — <name> <base64 of key id ‖ signature>        one or more
//
// Each note has one spelling: parse_note refuses what print would not have written.  Bodies have no
// extension lines, since implementations disagree on whether those are signed.
// Times are in seconds since 1970, as the format has them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "core/result.h"

namespace fenrun {

inline constexpr std::size_t kKeyNameBytesMax = 200;
inline constexpr std::size_t kNoteBytesMax = 64 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 100;        // What stock Go tools accept.
inline constexpr std::size_t kNoteSignatureBytesMax = 4'096;  // Of one, without its key id.
// So that every number in a proof is exact where numbers are floating point.
inline constexpr std::uint64_t kTreeSizeMax = (std::uint64_t{1} << 53) - 1;
inline constexpr std::uint64_t kCosignatureTimeMax = (std::uint64_t{1} << 63) - 1;

// True for 1 to kKeyNameBytesMax printable ASCII characters other than space and '+'.
bool is_key_name(std::string_view name);

// ---- Keys --------------------------------------------------------------------------------------

// Do not renumber: the signed-note registry assigns them.
enum class NoteKeyType : std::uint8_t {
  log = 0x01,          // Ed25519 over the body.
  cosignature = 0x04,  // Ed25519 over "cosignature/v1", a time and the body.
};

using NoteKeyId = FixedBytes<struct NoteKeyIdTag, 4>;

// Whom to believe: printed as `name+hex(key id)+base64(type ‖ key)`.
struct VerifierKey {
  std::string name;
  NoteKeyType type{};
  PublicKey key;

  // First four bytes of SHA-256(name ‖ LF ‖ type ‖ key).
  NoteKeyId id() const;

  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

std::string print(const VerifierKey& key);
// Errc::key_invalid unless it is what print writes, of one of the two types, with a valid point.
Result<VerifierKey> parse_verifier_key(std::string_view text);

// ---- Notes -------------------------------------------------------------------------------------

struct CheckpointBody {
  std::string origin;
  std::uint64_t size = 0;
  Digest root;

  friend bool operator==(const CheckpointBody&, const CheckpointBody&) = default;
};

// `<network name>/<first 16 hex digits of the chain id>`.  REQUIRES: is_key_name of the result.
std::string log_origin(std::string_view network_name, const Digest& chain_id);

// REQUIRES: is_key_name(origin).
std::string print(const CheckpointBody& body);
// Errc::checkpoint_malformed.
Result<CheckpointBody> parse_checkpoint_body(std::string_view text);

struct NoteSignature {
  std::string name;
  NoteKeyId key_id;
  Bytes bytes;  // Behind the key id.

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

// The line, with its LF.
std::string print(const NoteSignature& signature);
// One line, with its LF.  Errc::checkpoint_malformed.
Result<NoteSignature> parse_note_signature(std::string_view line);

struct SignedNote {
  CheckpointBody body;
  std::vector<NoteSignature> signatures;

  friend bool operator==(const SignedNote&, const SignedNote&) = default;
};

std::string print(const SignedNote& note);
// Errc::checkpoint_malformed.  Knows nothing of keys: verify each signature.
Result<SignedNote> parse_note(std::string_view text);

// Puts the signatures into the order of proof files: by name, then by key id.
void sort_signatures(SignedNote& note);

// ---- Signing and verifying ---------------------------------------------------------------------

// A log signature (0x01) under the body's origin as the key's name.
NoteSignature log_signature_line(const SigningKey& key, const CheckpointBody& body);

// A cosignature/v1 (0x04).  REQUIRES: is_key_name(name), 0 < time_s <= kCosignatureTimeMax.
NoteSignature cosignature_line(const SigningKey& key, std::string_view name,
                               const CheckpointBody& body, std::uint64_t time_s);

// Checks a signature whose name and key id are those of the key.  Gives the time of a cosignature
// in seconds, 0 for a log signature.
// Errc::cosigner_unknown for another name or key id, Errc::cosignature_invalid.
Result<std::uint64_t> verify_note_signature(const VerifierKey& key, const NoteSignature& signature,
                                            const CheckpointBody& body);

}  // namespace fenrun
