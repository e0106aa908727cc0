#include "node/bench/limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/check.h"
#include "core/crypto/sign.h"

namespace fenrun::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSpan{1'000};
constexpr std::size_t kBodyBytes = 140;  // About a transaction's body.
constexpr int kHashes = 1'000'000;
constexpr std::size_t kSyncs = 200;
constexpr std::size_t kPieceBytes = 4'096;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double sha256_ns() {
  Bytes bytes(65, 1);
  const auto start = Clock::now();
  for (int i = 0; i < kHashes; ++i) {
    const Digest digest = sha256(bytes);
    std::ranges::copy(digest.view(), bytes.begin());
  }
  return seconds_since(start) / kHashes * 1e9;
}

Result<double> fdatasync_us(const Path& folder) {
  PosixFileSystem files;
  const Path path = folder / "fdatasync.probe";
  FENRUN_TRY(const auto file, files.open(path, FileAccess::replace));
  const Bytes piece(kPieceBytes, 1);
  std::vector<double> spans;
  for (std::size_t i = 0; i < kSyncs; ++i) {
    const auto start = Clock::now();
    FENRUN_OK(file->write(i * kPieceBytes, piece));
    FENRUN_OK(file->sync());
    spans.push_back(seconds_since(start) * 1e6);
  }
  FENRUN_OK(files.remove(path));
  std::ranges::nth_element(spans, spans.begin() + kSyncs / 2);
  return spans[kSyncs / 2];
}

}  // namespace

double verifications_per_s(unsigned threads) {
  const auto key = SigningKey::generate();
  const Bytes message(kBodyBytes, 7);
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

Result<Limits> measure_limits(const Path& folder) {
  Limits limits;
  limits.cores = std::max(1U, std::thread::hardware_concurrency());
  limits.verifications_per_s = verifications_per_s(limits.cores);
  limits.verifications_per_s_one_core = verifications_per_s(1);
  limits.sha256_65_bytes_ns = sha256_ns();
  FENRUN_TRY(limits.fdatasync_us, fdatasync_us(folder));
  return limits;
}

}  // namespace fenrun::bench
