// Callbacks that end with whom they call: whoever hands out a callback to others keeps a Lifetime,
// and what they call after its end does nothing.
// Not thread-safe: it ends, and they call, on one thread.
#pragma once

#include <memory>
#include <utility>

namespace fenrun {

class Lifetime {
 public:
  Lifetime() = default;
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  // `then`, as long as this lives; afterwards nothing.
  template <class Then>
  auto within(Then then) const {
    return [alive = std::weak_ptr(alive_), then = std::move(then)](auto&&... arguments) mutable {
      if (!alive.expired()) then(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // Held weakly by the callbacks.
};

}  // namespace fenrun
