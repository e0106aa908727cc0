// Where in a JSON document something stands: a JSON pointer (RFC 6901), built on the stack while
// walking.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fenrun::epcis {

// The root has no parent.  The parent must outlive it.
struct Pointer {
  const Pointer* parent = nullptr;
  std::string_view name = {};  // A member; empty for an item.
  std::size_t index = 0;

  // "" for the root, else such as "/epcisBody/eventList/0/bizStep".
  std::string to_string() const {
    if (!parent) return {};
    std::string out = parent->to_string() + "/";
    if (name.data() == nullptr) return out + std::to_string(index);
    for (const char c : name) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
    return out;
  }
};

}  // namespace fenrun::epcis
