// How many connections the server holds, in all and of each asker.  No sockets here.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "node/api/http.h"

namespace fenrun::api {

class Places {
 public:
  // served: one more is held.  told: as well, but only to hear which limit it exceeds.
  // closed: not even that.
  enum class Answer { served, told_of_address, told_of_all, closed };

  explicit Places(const HttpLimits& limits) : limits_(&limits) {}

  // A connection from the address, which leave() gives back unless it is closed.
  Answer take(const std::string& address);
  void leave(const std::string& address);

  std::size_t held() const { return held_; }

 private:
  const HttpLimits* limits_;
  std::size_t held_ = 0;
  std::map<std::string, std::size_t> of_asker_;
};

}  // namespace fenrun::api
