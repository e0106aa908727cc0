// Whether a state is stuck: the Byzantine validator falls silent, the three honest ones stay up and
// hear one another, and still nothing more is agreed on.  docs/spec/model.md.
#pragma once

#include <optional>
#include <string>

#include "tests/model/rules.h"

namespace fenrun::model {

// What all know once they have heard one another; what is logged plays no part from then on.
State after_exchange(const Rules& rules, const State& state);

// What hinders the state, or nothing.  Not stuck is a state from which, by the messages that
// docs/spec/consensus.md §4 has validators repeat and ask for, all three come to one view, give it
// up, and then finalize a block in the next one, whichever of them leads it; or the epoch ends.
std::optional<std::string> stuck(const Rules& rules, const State& state);

}  // namespace fenrun::model
