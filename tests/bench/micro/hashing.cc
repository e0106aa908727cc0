// Hashes and signatures.  Their code is that of OpenSSL and libsodium, which choose it by the
// processor: they are timed, and have no budget of instructions.
#include <benchmark/benchmark.h>

#include "core/check.h"
#include "tests/bench/micro/work.h"
#include "tests/support/world.h"

namespace fenrun::micro {
namespace {

Work sha256_of(std::size_t size) {
  return {1, [bytes = Bytes(size, 7)] { benchmark::DoNotOptimize(sha256(bytes)); }};
}

Work leaf_hash_of(std::size_t size) {
  return {1, [bytes = Bytes(size, 7)] { benchmark::DoNotOptimize(leaf_hash(bytes)); }};
}

Work verify_signature_of(std::size_t size) {
  const auto key = test::key_named("brand");
  const Bytes message(size, 7);
  return {1, [message, known = key.public_key(), signature = key.sign_raw(message)] {
            CHECK(verify_raw(known, message, signature));
          }};
}

}  // namespace

std::vector<NamedWork> hashing_work() {
  return {
      {"sha256_65", [] { return sha256_of(65); }},
      {"leaf_hash_200", [] { return leaf_hash_of(200); }},
      {"ed25519_verify", [] { return verify_signature_of(150); }},
  };
}

}  // namespace fenrun::micro
