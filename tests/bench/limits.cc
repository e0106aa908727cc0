#include "tests/bench/limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "core/check.h"
#include "core/crypto/sign.h"

namespace fenrun {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSpan{1'000};
constexpr int kSyncs = 200;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double verifications_per_second(unsigned threads) {
  const auto key = SigningKey::generate();
  const Bytes message(140, 7);  // About a transaction's body.
  const Signature signature = key.sign(Domain::transaction, message);
  std::atomic<std::uint64_t> count{0};
  const auto start = Clock::now();
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      while (Clock::now() - start < kSpan) {
        CHECK(verify(key.public_key(), Domain::transaction, message, signature));
        ++count;
      }
    });
  }
  workers.clear();
  return static_cast<double>(count) / seconds_since(start);
}

double sha256_nanoseconds() {
  constexpr int kHashes = 1'000'000;
  Bytes bytes(65, 1);
  const auto start = Clock::now();
  for (int i = 0; i < kHashes; ++i) {
    const Digest digest = sha256(bytes);
    std::ranges::copy(digest.view(), bytes.begin());
  }
  return seconds_since(start) / kHashes * 1e9;
}

double sync_microseconds(const Path& folder) {
  const Path path = folder / "fdatasync.probe";
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  CHECK(file >= 0);
  const Bytes piece(4'096, 1);
  std::vector<double> spans;
  for (int i = 0; i < kSyncs; ++i) {
    const auto start = Clock::now();
    CHECK(::write(file, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
    CHECK(::fdatasync(file) == 0);
    spans.push_back(seconds_since(start) * 1e6);
  }
  ::close(file);
  std::filesystem::remove(path);
  std::ranges::nth_element(spans, spans.begin() + kSyncs / 2);
  return spans[kSyncs / 2];
}

}  // namespace

Json measure_limits(const Path& folder) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return {{"cores", cores},
          {"verifications_per_second", verifications_per_second(cores)},
          {"verifications_per_second_one_core", verifications_per_second(1)},
          {"sha256_65_bytes_ns", sha256_nanoseconds()},
          {"fdatasync_us", sync_microseconds(folder)}};
}

}  // namespace fenrun
