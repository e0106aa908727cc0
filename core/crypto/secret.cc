#include "core/crypto/secret.h"

#include <sodium.h>

namespace fenrun {

void wipe(std::span<std::uint8_t> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

SecretText::SecretText(std::string_view text) : bytes_(text.begin(), text.end()) {}

SecretText SecretText::take(std::string& text) {
  SecretText secret{std::string_view(text)};
  wipe(text);
  return secret;
}

}  // namespace fenrun
