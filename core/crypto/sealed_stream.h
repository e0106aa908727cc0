// A file that only one reader can open, written and read piece by piece.  Grammar:
// docs/spec/keys.md, "Sealed files".
//
//   fenrun-sealed/v1
//   to 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
//   key <base64>
//   <bytes>
//
// `to` is the reader's Ed25519 key; `key` is the file's own key, sealed to it (crypto_box_seal on
// the X25519 form of the key).  The bytes are libsodium's secretstream: a header, then pieces, of
// which the last says that it is the last.  Nobody can leave out, repeat or reorder a piece, or cut
// the file, unnoticed.
#pragma once

#include <memory>

#include "core/crypto/sign.h"

namespace fenrun {

inline constexpr std::size_t kSealedPieceBytes = 64 * 1024;  // Of the text; the last has fewer.
inline constexpr std::size_t kSealedPieceOverhead = 17;

enum class StreamPiece { inner, last };

class StreamSealer {
 public:
  // Fresh random keys.  Errc::key_invalid if `reader` is no public key.
  static Result<StreamSealer> create(const PublicKey& reader);

  ~StreamSealer();
  StreamSealer(StreamSealer&&) noexcept;
  StreamSealer& operator=(StreamSealer&&) = delete;

  // How the file begins.
  const Bytes& beginning() const { return beginning_; }
  // The next piece.  REQUIRES: kSealedPieceBytes, or fewer of the last one.
  Bytes seal(ByteView text, StreamPiece piece);

 private:
  struct State;
  StreamSealer(std::unique_ptr<State> state, Bytes beginning);

  std::unique_ptr<State> state_;
  Bytes beginning_;
};

class StreamOpener {
 public:
  static constexpr std::size_t kBeginningBytes = 17 + 68 + 113 + 24;

  // `beginning`: the file's first bytes.  Errc::corruption if it is no sealed file;
  // Errc::key_file_invalid if it is sealed to another key.
  static Result<StreamOpener> create(const SigningKey& reader, ByteView beginning);

  ~StreamOpener();
  StreamOpener(StreamOpener&&) noexcept;
  StreamOpener& operator=(StreamOpener&&) = delete;

  // The text of the next piece.  Errc::corruption for what was altered, cut or put elsewhere; a
  // file that is whole ends with is_finished().
  Result<Bytes> open(ByteView piece);
  bool is_finished() const { return is_finished_; }

 private:
  struct State;
  explicit StreamOpener(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  bool is_finished_ = false;
};

}  // namespace fenrun
