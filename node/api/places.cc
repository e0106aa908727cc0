#include "node/api/places.h"

#include "net/asker.h"

namespace fenrun::api {
namespace {

// Of one asker, so that it cannot take all that there are.
constexpr std::size_t kToldPerAskerMax = 4;

}  // namespace

auto Places::take(const std::string& address) -> Answer {
  if (held_ >= limits_->connections + limits_->refusals) return Answer::closed;
  const auto asker = net::asker_of(address);
  const auto found = of_asker_.find(asker);
  const std::size_t own =
      found == of_asker_.end() || limits_->is_exempt(address) ? 0 : found->second;
  if (own >= limits_->connections_per_address + kToldPerAskerMax) return Answer::closed;
  const bool is_full = held_ >= limits_->connections;
  ++held_;
  ++of_asker_[asker];
  if (own >= limits_->connections_per_address) return Answer::told_of_address;
  return is_full ? Answer::told_of_all : Answer::served;
}

void Places::leave(const std::string& address) {
  --held_;
  const auto found = of_asker_.find(net::asker_of(address));
  if (--found->second == 0) of_asker_.erase(found);
}

}  // namespace fenrun::api
