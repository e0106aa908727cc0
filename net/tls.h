// TLS 1.3 with pinned keys: who a peer is, is which Ed25519 key its certificate carries and whose
// possession the handshake proves.  Nothing else in a certificate is looked at.
// docs/spec/network.md §2.
//
// OpenSSL's types are declared, not included, to keep its headers in few sources.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/crypto/sign.h"
#include "core/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace fenrun::net {

inline constexpr std::string_view kAlpn = "fenrun/1";

struct TlsContextFree {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextFree>;

// A context for both sides of links, holding the key and a self-signed certificate made for it.
TlsContext make_tls_context(const SigningKey& key);

// Whether a link with the owner of this key is wanted.
using KeyPin = std::function<bool(const PublicKey&)>;

// Asked during the handshake on `ssl`; a connection without a pin refuses everyone.  The pin must
// outlive the handshake.
void set_key_pin(ssl_st* ssl, const KeyPin& pin);

// The peer's key.  REQUIRES: the handshake is done.
// Errc::version_unsupported if the peer did not agree to kAlpn.
Result<PublicKey> authenticated_key(ssl_st* ssl);

// True iff the error number is the peer's alert that it refuses our certificate.
bool is_refused_certificate(unsigned long openssl_error);

}  // namespace fenrun::net
