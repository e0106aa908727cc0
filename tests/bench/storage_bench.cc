// What a commit costs on this disk: blocks of 1,000 operations of 60 bytes, each with a Posting's
// worth of bytes, on accounts drawn from 100,000.
//
//   storage_bench [blocks] [folder]
#include <time.h>

#include <chrono>
#include <cstdio>
#include <random>

#include "node/storage/disk_store.h"
#include "tests/support/block_maker.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

constexpr std::uint32_t kOperations = 1'000;
constexpr std::uint64_t kAccounts = 100'000;

using Clock = std::chrono::steady_clock;

double micros_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Microseconds of processor time, of this thread or of the process.
double cpu_micros(clockid_t clock) {
  timespec time{};
  CHECK(::clock_gettime(clock, &time) == 0);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

std::uint64_t bytes_under(const Path& folder) {
  std::uint64_t sum = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) sum += file.file_size();
  }
  return sum;
}

// Bytes that this process sent towards the disk.
std::uint64_t bytes_written() {
  std::FILE* io = std::fopen("/proc/self/io", "r");
  if (io == nullptr) return 0;
  unsigned long long value = 0;
  char name[64];
  std::uint64_t written = 0;
  while (std::fscanf(io, "%63s %llu", name, &value) == 2) {
    if (std::string_view(name) == "write_bytes:") written = value;
  }
  std::fclose(io);
  return written;
}

void fill(BlockBuilder& builder, std::mt19937_64& random) {
  const auto transaction =
      builder.append_transaction(transaction_body(builder.context().height.value()), {});
  for (std::uint32_t i = 0; i < kOperations; ++i) {
    builder.append_operation(transaction, i, Bytes(60, static_cast<std::uint8_t>(random())));
    // A Posting has some 230 bytes; a System entry of that size stands for it.
    builder.append_system(Bytes(228, static_cast<std::uint8_t>(random())));
    RecordKey key(40, 0);
    key[0] = 1;
    const std::uint64_t account = random() % kAccounts;
    for (std::size_t b = 0; b < 3; ++b) {
      key[10 + b] = static_cast<std::uint8_t>(account >> (16 - 8 * b));
    }
    Bytes value(80, 3);
    for (auto& byte : value) byte = static_cast<std::uint8_t>(random());
    builder.state().put(key, std::move(value));
  }
}

void run(std::uint64_t blocks, const Path& folder) {
  PosixFileSystem files;
  BlockMaker maker;
  std::mt19937_64 random(1);
  double commit_micros = 0;
  double commit_cpu = 0;
  double slowest = 0;
  double background_cpu = 0;
  std::uint64_t entries = 0;
  std::uint64_t written = 0;
  {
    auto store = *DiskStore::open(files, folder);
    const std::uint64_t before = bytes_written();
    const auto other_threads = [] {
      return cpu_micros(CLOCK_PROCESS_CPUTIME_ID) - cpu_micros(CLOCK_THREAD_CPUTIME_ID);
    };
    background_cpu = -other_threads();
    for (std::uint64_t i = 0; i < blocks; ++i) {
      const auto block = maker.next([&](BlockBuilder& b) { fill(b, random); });
      const Bytes certificate(300, 7);
      const auto start = Clock::now();
      const double cpu = cpu_micros(CLOCK_THREAD_CPUTIME_ID);
      CHECK(store->commit(block, certificate).has_value());
      const double micros = micros_since(start);
      commit_cpu += cpu_micros(CLOCK_THREAD_CPUTIME_ID) - cpu;
      commit_micros += micros;
      slowest = std::max(slowest, micros);
    }
    background_cpu += other_threads();
    entries = store->size();
    written = bytes_written() - before;

    const auto start = Clock::now();
    constexpr int kReads = 2'000;
    for (int i = 0; i < kReads; ++i) CHECK(store->entry(Position(random() % entries)).has_value());
    std::printf("entry()            %8.1f us, random position\n", micros_since(start) / kReads);
  }
  const auto n = static_cast<double>(entries);
  const auto operations = static_cast<double>(blocks * kOperations);
  std::printf("commit             %8.2f us/entry, %.2f us/operation, %.1f ms a block, worst %.1f\n",
              commit_micros / n, commit_micros / operations,
              commit_micros / 1'000 / static_cast<double>(blocks), slowest / 1'000);
  std::printf("processor          %8.2f us/operation, and %.2f of compaction\n",
              commit_cpu / operations, background_cpu / operations);
  std::printf("written            %8.0f bytes/operation\n",
              static_cast<double>(written) / operations);
  std::printf("on disk            %8.0f bytes/operation: journal %.0f, index %.0f\n",
              static_cast<double>(bytes_under(folder)) / operations,
              static_cast<double>(bytes_under(folder / "journal")) / operations,
              static_cast<double>(bytes_under(folder / "index")) / operations);

  auto start = Clock::now();
  CHECK(DiskStore::open(files, folder).has_value());
  std::printf("open               %8.1f ms for %.0f entries\n", micros_since(start) / 1'000, n);
  std::filesystem::remove_all(folder / "index");
  start = Clock::now();
  CHECK(DiskStore::open(files, folder).has_value());
  std::printf("open, index lost   %8.2f us/entry\n", micros_since(start) / n);
}

}  // namespace
}  // namespace fenrun

int main(int argc, char** argv) {
  const fenrun::TemporaryFolder folder;
  const std::uint64_t blocks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200;
  fenrun::run(blocks, (argc > 2 ? fenrun::Path(argv[2]) : folder.path()) / "store");
}
