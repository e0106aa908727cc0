// How much a document may grow while it is read: short names and compact URIs stand for long ones.
// docs/spec/epcis.md, §1.
//
// Whatever is written out is paid for here before it is kept, so that the work for a document is
// bounded by its own size and this, however it is made.
#pragma once

#include <cstddef>

#include "node/epcis/fields.h"

namespace fenrun::epcis {

inline constexpr std::size_t kGrowthBytesMax = 8 * 1024 * 1024;  // Of one document.

class Growth {
 public:
  // Errc::limit_exceeded once the document has used up what it may.
  Status spend(std::size_t bytes, const Pointer& place) {
    if (bytes > kGrowthBytesMax - spent_) {
      spent_ = kGrowthBytesMax;
      return at(place, Errc::limit_exceeded,
                "the document's extensions and compact URIs have more than 8 MiB, written out");
    }
    spent_ += bytes;
    return {};
  }

  std::size_t spent() const { return spent_; }

 private:
  std::size_t spent_ = 0;
};

}  // namespace fenrun::epcis
