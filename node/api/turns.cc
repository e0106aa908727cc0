#include "node/api/turns.h"

namespace fenrun::api {

void Turns::add(const std::string& asker, Work work) {
  auto& own = work_[asker];
  if (own.empty()) order_.push_back(asker);
  own.push_back(std::move(work));
  ++waiting_;
}

bool Turns::run(std::chrono::microseconds slice) {
  const auto begin = clock_();
  while (!order_.empty()) {
    const std::string asker = std::move(order_.front());
    order_.pop_front();
    const auto own = work_.find(asker);
    const Work work = std::move(own->second.front());
    own->second.pop_front();
    --waiting_;
    if (own->second.empty()) {
      work_.erase(own);
    } else {
      order_.push_back(asker);
    }
    work();
    if (clock_() - begin >= slice) break;
  }
  return !order_.empty();
}

void Turns::clear() {
  work_.clear();
  order_.clear();
  waiting_ = 0;
}

}  // namespace fenrun::api
