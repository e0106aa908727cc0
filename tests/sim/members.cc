#include "tests/sim/members.h"

#include <algorithm>

namespace fenrun::sim {

namespace {

ValidatorSet set_of(const std::vector<Member>& members, Keyring& keys) {
  std::vector<PublicKey> publics;
  for (const auto& member : members) publics.push_back(keys.key(member).public_key());
  return ValidatorSet::from_keys(publics).value();
}

std::vector<Member> by_key(const Members& unsorted, Keyring& keys) {
  std::vector<Member> members(unsorted.begin(), unsorted.end());
  std::ranges::sort(members, {},
                    [&](const Member& member) { return keys.key(member).public_key(); });
  return members;
}

SigningKey make_key(std::uint16_t number, std::uint16_t generation) {
  Seed seed;
  seed.mutable_view()[0] = static_cast<std::uint8_t>(number + 1);
  seed.mutable_view()[1] = static_cast<std::uint8_t>(generation);
  seed.mutable_view()[2] = static_cast<std::uint8_t>(generation >> 8U);
  return SigningKey::from_seed(seed);
}

}  // namespace

Keyring::Keyring(std::size_t identities) {
  std::vector<SigningKey> first;
  for (std::uint16_t i = 0; i < identities; ++i) first.push_back(make_key(i, 0));
  std::ranges::sort(first, {}, &SigningKey::public_key);
  for (std::uint16_t i = 0; i < identities; ++i) {
    keys_.emplace(std::pair(i, std::uint16_t{0}), std::move(first[i]));
  }
}

const SigningKey& Keyring::key(const Member& member) {
  const std::pair place(member.identity, member.generation);
  const auto it = keys_.find(place);
  if (it != keys_.end()) return it->second;
  return keys_.emplace(place, make_key(member.identity, member.generation)).first->second;
}

EpochInfo::EpochInfo(Epoch number, const Digest& first, Height height, const Members& unsorted,
                     Keyring& keys)
    : epoch(number),
      first_block(first),
      first_height(height),
      members(by_key(unsorted, keys)),
      set(set_of(members, keys)) {}

std::optional<ValidatorIndex> EpochInfo::index_of(std::uint16_t identity) const {
  const auto it = std::ranges::find(members, identity, &Member::identity);
  if (it == members.end()) return std::nullopt;
  return ValidatorIndex(static_cast<std::uint16_t>(it - members.begin()));
}

Members next_members(const EpochInfo& now, std::size_t identities,
                     const std::vector<std::uint16_t>& faulty, Random& random) {
  const auto generation = static_cast<std::uint16_t>(now.epoch.value() + 1);
  const auto is_faulty = [&](const Member& member) {
    return std::ranges::find(faulty, member.identity) != faulty.end();
  };
  for (;;) {
    Members next;
    for (std::uint16_t identity = 0; identity < identities; ++identity) {
      const auto index = now.index_of(identity);
      if (!index) {
        if (random.chance(400)) next.push_back({identity, generation});
      } else if (!random.chance(250)) {
        const auto kept = now.members[index->value()].generation;
        next.push_back({identity, random.chance(300) ? generation : kept});
      }
    }
    const auto liars = static_cast<std::size_t>(std::ranges::count_if(next, is_faulty));
    if (next.size() > 3 * liars) return next;
  }
}

}  // namespace fenrun::sim
