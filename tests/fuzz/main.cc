// The entry points of libFuzzer, which has main().
//
//   fenrun_fuzz --target=NAME [libFuzzer's options] [FOLDER...]
//   fenrun_fuzz --list                 names of the targets
//   fenrun_fuzz --write-seeds=DIR      DIR/<target>/seed-<n> for each
//
// libFuzzer passes over options that begin with two dashes, and hands them on to the processes that
// it starts itself.
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/fuzz/fuzz.h"

namespace fenrun::fuzz {

std::map<std::string, Target, std::less<>>& targets() {
  static std::map<std::string, Target, std::less<>> all;
  return all;
}

namespace {

const Target* chosen = nullptr;

std::optional<std::string_view> option(std::string_view argument, std::string_view name) {
  if (!argument.starts_with(name)) return std::nullopt;
  return argument.substr(name.size());
}

void write_seeds(const std::filesystem::path& folder) {
  for (const auto& [name, target] : targets()) {
    std::filesystem::create_directories(folder / name);
    std::size_t number = 0;
    for (const auto& seed : target.seeds()) {
      std::ofstream file(folder / name / ("seed-" + std::to_string(number++)), std::ios::binary);
      file.write(reinterpret_cast<const char*>(seed.data()),
                 static_cast<std::streamsize>(seed.size()));
      if (!file.flush()) std::exit(1);
    }
  }
}

void list() {
  for (const auto& [name, target] : targets()) std::printf("%s\n", name.c_str());
}

void read_options(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--list") {
      list();
      std::exit(0);
    }
    if (const auto folder = option(argument, "--write-seeds=")) {
      write_seeds(*folder);
      std::exit(0);
    }
    if (const auto name = option(argument, "--target=")) {
      const auto it = targets().find(*name);
      if (it != targets().end()) chosen = &it->second;
    }
  }
  if (chosen == nullptr) {
    std::fprintf(stderr, "name a target: --target=NAME; --list prints them\n");
    std::exit(2);
  }
}

}  // namespace
}  // namespace fenrun::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  fenrun::fuzz::read_options(*argc, *argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fenrun::fuzz::chosen->run({data, size});
  return 0;
}
