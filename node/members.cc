#include "node/members.h"

#include <algorithm>
#include <iterator>

namespace fenrun {
namespace {

const std::string kUnknown = "unknown";

}  // namespace

MemberTable::MemberTable(std::vector<MemberContact> validators,
                         std::vector<MemberContact> observers)
    : all_(std::move(validators)), validator_count_(all_.size()) {
  std::ranges::move(observers, std::back_inserter(all_));
}

std::optional<ValidatorIndex> MemberTable::address_of(net::PeerIndex number) const {
  const auto it = std::ranges::find(all_, number, &MemberContact::number);
  if (it == all_.end()) return std::nullopt;
  return ValidatorIndex(static_cast<std::uint16_t>(it - all_.begin()));
}

std::optional<ValidatorIndex> MemberTable::validator_of(net::PeerIndex number) const {
  const auto address = address_of(number);
  if (!address || address->value() >= validator_count_) return std::nullopt;
  return address;
}

const std::string& MemberTable::name_of(net::PeerIndex number) const {
  const auto address = address_of(number);
  return address ? name_of(*address) : kUnknown;
}

const std::string& MemberTable::name_of(ValidatorIndex address) const {
  return address.value() < all_.size() ? all_[address.value()].name : kUnknown;
}

}  // namespace fenrun
