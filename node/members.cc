#include "node/members.h"

#include <algorithm>
#include <iterator>

#include "core/limits.h"

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
  const auto index = static_cast<std::size_t>(it - all_.begin());
  const std::size_t address =
      index < validator_count_ ? index : kValidatorsMax + std::size_t{number.value()};
  return ValidatorIndex(static_cast<std::uint16_t>(address));
}

std::optional<net::PeerIndex> MemberTable::number_of(ValidatorIndex address) const {
  if (address.value() < validator_count_) return all_[address.value()].number;
  if (address.value() < kValidatorsMax) return std::nullopt;
  const net::PeerIndex number(static_cast<std::uint16_t>(address.value() - kValidatorsMax));
  return address_of(number) == address ? std::optional(number) : std::nullopt;
}

std::optional<ValidatorIndex> MemberTable::validator_of(net::PeerIndex number) const {
  const auto address = address_of(number);
  if (!address || address->value() >= kValidatorsMax) return std::nullopt;
  return address;
}

const std::string& MemberTable::name_of(net::PeerIndex number) const {
  const auto it = std::ranges::find(all_, number, &MemberContact::number);
  return it == all_.end() ? kUnknown : it->name;
}

const std::string& MemberTable::name_of(ValidatorIndex address) const {
  const auto number = number_of(address);
  return number ? name_of(*number) : kUnknown;
}

}  // namespace fenrun
