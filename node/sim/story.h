// What happened, one aligned line an event:
//
//      12.345  brand           sends   notarize 0/17 b:3f2a91c0 to all
//   seconds    who             what    about what
//
// Every line goes into the digest, so that equal seeds can be shown to tell equal stories; they are
// written out only if asked for.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "core/crypto/hash.h"
#include "node/sim/agenda.h"

namespace fenrun::sim {

class Story {
 public:
  // REQUIRES: both outlive the story.  `out` may be null.
  Story(const Agenda& agenda, std::ostream* out) : agenda_(&agenda), out_(out) {}

  void tell(std::string_view who, std::string_view what, std::string_view about);

  // Of all lines so far.
  const Digest& digest() const { return digest_; }

 private:
  const Agenda* agenda_;
  std::ostream* out_;
  Digest digest_;
};

// The first eight digits of an id.
std::string brief(const Digest& id);

}  // namespace fenrun::sim
