#include "net/tls.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <optional>
#include <string>

namespace fenrun::net {
namespace {

// A peer's certificate is some 300 bytes; no stranger makes us read more.
constexpr long kCertificateBytesMax = 4'096;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateFree>;

std::string alpn_wire() {
  return std::string(1, static_cast<char>(kAlpn.size())) + std::string(kAlpn);
}

std::optional<PublicKey> key_of(const X509* certificate) {
  const EVP_PKEY* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return std::nullopt;
  PublicKey out;
  std::size_t size = out.bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, out.bytes.data(), &size) != 1) return std::nullopt;
  if (size != out.bytes.size()) return std::nullopt;
  return out;
}

int pin_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

// Stands for the whole chain verification: there is no chain, only a key.
int verify_certificate(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* pin =
      ssl == nullptr ? nullptr : static_cast<const KeyPin*>(SSL_get_ex_data(ssl, pin_slot()));
  const auto key = key_of(X509_STORE_CTX_get0_cert(store));
  if (pin != nullptr && key && (*pin)(*key)) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);  // Sent as bad_certificate.
  return 0;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
  for (unsigned int at = 0; at < offered_size;) {
    const unsigned int size = offered[at];
    if (size + 1 > offered_size - at) break;
    if (text_of({offered + at + 1, size}) == kAlpn) {
      *out = offered + at + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
    at += size + 1;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Certificate make_certificate(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  CHECK(certificate != nullptr);
  X509* x = certificate.get();
  CHECK(X509_set_version(x, X509_VERSION_3) == 1);
  CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1);
  // RFC 5280 §4.1.2.5: a certificate without a meaningful end.  Which keys count is registered.
  CHECK(ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "19700101000000Z") == 1);
  CHECK(ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") == 1);
  X509_NAME* name = X509_get_subject_name(x);
  const auto common_name = bytes_of("fenrun");
  CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name.data(),
                                   static_cast<int>(common_name.size()), -1, 0) == 1);
  CHECK(X509_set_issuer_name(x, name) == 1);
  CHECK(X509_set_pubkey(x, key) == 1);
  CHECK(X509_sign(x, key, nullptr) > 0);
  return certificate;
}

}  // namespace

void TlsContextFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsContext make_tls_context(const SigningKey& key) {
  const Seed seed = key.seed();
  const std::unique_ptr<EVP_PKEY, KeyFree> private_key(EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr, seed.view().data(), seed.view().size()));
  CHECK(private_key != nullptr);
  const auto certificate = make_certificate(private_key.get());

  TlsContext context(SSL_CTX_new(TLS_method()));
  SSL_CTX* ctx = context.get();
  CHECK(ctx != nullptr);
  CHECK(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1);
  CHECK(SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1);
  CHECK(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1);
  CHECK(SSL_CTX_set1_groups_list(ctx, "X25519") == 1);
  CHECK(SSL_CTX_set1_sigalgs_list(ctx, "ed25519") == 1);
  CHECK(SSL_CTX_use_certificate(ctx, certificate.get()) == 1);
  CHECK(SSL_CTX_use_PrivateKey(ctx, private_key.get()) == 1);

  // Every link proves its key anew.
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  CHECK(SSL_CTX_set_num_tickets(ctx, 0) == 1);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(ctx, kCertificateBytesMax);

  const auto alpn = alpn_wire();
  CHECK(SSL_CTX_set_alpn_protos(ctx, bytes_of(alpn).data(),
                                static_cast<unsigned int>(alpn.size())) == 0);
  SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, verify_certificate, nullptr);
  return context;
}

void set_key_pin(ssl_st* ssl, const KeyPin& pin) {
  // OpenSSL's slots hold pointers to non-const; the pin is only ever read.
  CHECK(SSL_set_ex_data(ssl, pin_slot(), const_cast<KeyPin*>(&pin)) == 1);
}

Result<PublicKey> authenticated_key(ssl_st* ssl) {
  CHECK(SSL_is_init_finished(ssl) == 1);
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (text_of({alpn, alpn_size}) != kAlpn) {
    return Error{Errc::version_unsupported, "the peer does not speak " + std::string(kAlpn)};
  }
  const Certificate certificate(SSL_get1_peer_certificate(ssl));
  const auto key = key_of(certificate.get());
  if (!key) return Error{Errc::peer_refused, "no Ed25519 certificate"};
  return *key;
}

bool is_refused_certificate(unsigned long openssl_error) {
  return ERR_GET_LIB(openssl_error) == ERR_LIB_SSL &&
         ERR_GET_REASON(openssl_error) == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE;
}

}  // namespace fenrun::net
