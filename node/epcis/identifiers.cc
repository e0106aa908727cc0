#include "node/epcis/identifiers.h"

#include "contracts/epc.h"
#include "node/epcis/gs1_keys.h"

namespace fenrun::epcis {
namespace {

// Errc::value_invalid also for a wrong check digit.
Result<std::optional<Gs1Key>> right_key(std::string_view uri) {
  FENRUN_OK(check_uri(uri));
  FENRUN_TRY(auto key, read_gs1_key(uri));
  if (key && key->check_digit == CheckDigit::wrong) return invalid_uri("check digit", uri);
  return key;
}

// The key as it stands in its canonical Digital Link, without host and escapes; none for a URI that
// is no GS1 key.
Result<std::optional<std::string>> plain_key(std::string_view uri) {
  FENRUN_TRY(const auto key, right_key(uri));
  if (!key) return std::optional<std::string>();
  auto plain = percent_decoded(std::string_view(key->link).substr(kGs1Host.size()));
  if (!plain) return invalid_uri("a broken escape", uri);
  return plain;
}

}  // namespace

Result<std::string> canonical_epc(std::string_view uri) {
  FENRUN_TRY(auto key, plain_key(uri));
  const bool is_serial = key && key->starts_with("01/") && key->find("/21/") == kGtinBytes + 3;
  if (!is_serial && !(key && key->starts_with("00/"))) {
    return Error{Errc::not_supported_yet,
                 "neither an SGTIN nor an SSCC of one unit: " + std::string(uri)};
  }
  // What the contracts accept is what the ledger can hold: the last word is theirs.
  const auto parsed = parse_epc(*key);
  if (!parsed) return invalid_uri(parsed.error().detail, uri);
  return *std::move(key);
}

Result<std::string> canonical_place(std::string_view uri) {
  FENRUN_TRY(auto key, plain_key(uri));
  if (key && (key->starts_with("414/") || key->starts_with("417/"))) return *std::move(key);
  return std::string(uri);
}

Result<std::string> canonical_identifier(std::string_view uri) {
  FENRUN_TRY(const auto key, right_key(uri));
  return key ? key->link : std::string(uri);
}

Result<std::string> canonical_reference(std::string_view uri) {
  if (uri.starts_with("urn:epc:")) return canonical_identifier(uri);
  FENRUN_OK(check_uri(uri));
  const auto key = read_gs1_key(uri);
  return key && *key ? (*key)->link : std::string(uri);
}

}  // namespace fenrun::epcis
