// Files of test vectors: our own frozen ones, and public ones that are not part of this repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace fenrun::test {

// Not by __FILE__, which a compiler cache makes relative.
inline std::filesystem::path checkout() { return FENRUN_CHECKOUT; }

inline std::optional<std::string> contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The contents of tests/vectors/<name>; empty if there is no such file.
inline std::string frozen_vector(const std::string& name) {
  return contents_of(checkout() / "tests" / "vectors" / name).value_or("");
}

// Public vectors lie in $FENRUN_VECTORS, or in `shared` beside the checkout.
inline std::filesystem::path public_vectors_folder() {
  if (const char* folder = std::getenv("FENRUN_VECTORS")) return folder;
  return checkout().parent_path() / "shared";
}

// The contents of a file such as "vectors/wycheproof/testvectors_v1/ed25519_test.json".  A test
// that needs an absent file reports itself skipped.
inline std::optional<std::string> public_vector(const std::string& name) {
  return contents_of(public_vectors_folder() / name);
}

}  // namespace fenrun::test
