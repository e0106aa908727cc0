// Which faults a simulation draws from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fenrun::sim {

struct Profile {
  std::string_view name;
  std::string_view purpose;  // One line, for --help.

  // What may go wrong; how much of it the seed decides.
  bool network = false;       // Late, lost, doubled and reordered messages; cut links.
  bool crashes = false;       // Processes killed, power lost, one by one or everywhere at once.
  bool disks = false;         // Slow, full, failing to sync; damaged or restored vote logs.
  bool backups = false;       // Vote logs damaged or restored, on a network that is late but whole.
  bool clocks = false;        // Wall clocks set wrong by up to an hour.
  bool adversaries = false;   // Byzantine validators, as many as may be.
  bool epochs = false;        // Validators are removed, added, and given new keys.
  bool provocations = false;  // As adversaries, where nothing else goes wrong.
  bool claims = false;        // Codes are printed and used; who is Byzantine is a front-runner.
  bool schemes = false;       // A schemer that also has the network.

  std::uint64_t faults_ms_min = 8'000;  // How long the first phase lasts.
  std::uint64_t faults_ms_max = 30'000;
};

std::span<const Profile> profiles();
// none for a word that names no profile.
const Profile* profile_named(std::string_view name);

}  // namespace fenrun::sim
