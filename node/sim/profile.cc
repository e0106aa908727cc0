#include "node/sim/profile.h"

#include <algorithm>
#include <array>

namespace fenrun::sim {
namespace {

constexpr std::array kProfiles{
    Profile{.name = "mixed",
            .purpose = "all of the below at once, as much of each as the seed decides",
            .network = true,
            .crashes = true,
            .disks = true,
            .clocks = true,
            .adversaries = true,
            .epochs = true},
    Profile{.name = "calm", .purpose = "no faults"},
    Profile{.name = "network",
            .purpose = "late, lost, doubled and reordered messages, cut links",
            .network = true},
    Profile{.name = "crashes",
            .purpose = "killed processes and lost power, at any operation of a disk",
            .crashes = true},
    Profile{.name = "disks",
            .purpose = "slow, full and failing disks, vote logs damaged or from a backup",
            .crashes = true,
            .disks = true},
    Profile{
        .name = "backups",
        .purpose = "vote logs damaged, or exchanged for older copies, while all peers are there",
        .backups = true},
    Profile{.name = "clocks", .purpose = "clocks set wrong by up to an hour", .clocks = true},
    Profile{.name = "adversaries",
            .purpose = "as many Byzantine validators as may be, on a bad network",
            .network = true,
            .adversaries = true},
    Profile{.name = "provocations",
            .purpose = "as many Byzantine validators as may be, where nothing else goes wrong",
            .provocations = true},
    Profile{.name = "epochs",
            .purpose = "validators removed, added and given new keys, under crashes and cuts",
            .network = true,
            .crashes = true,
            .epochs = true},
    Profile{.name = "claims",
            .purpose = "codes used before the eyes of front-runners, under crashes and cuts",
            .network = true,
            .crashes = true,
            .claims = true},
    Profile{.name = "schemes",
            .purpose = "a Byzantine validator of four, with a plan and with the network's help",
            .schemes = true,
            .faults_ms_min = 10'000,
            .faults_ms_max = 14'000},
};

}  // namespace

std::span<const Profile> profiles() { return kProfiles; }

const Profile* profile_named(std::string_view name) {
  const auto it = std::ranges::find(kProfiles, name, &Profile::name);
  return it == kProfiles.end() ? nullptr : &*it;
}

}  // namespace fenrun::sim
