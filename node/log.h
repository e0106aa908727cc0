// Structured logs: one line an event on standard error, as text or as JSON.
#pragma once

#include <functional>
#include <string>

#include "node/node.h"

namespace fenrun {

// `level`: trace, debug, info, warn or error; `format`: text or json.  Lines below the level are
// dropped.  `node` names the validator in every line.
std::function<void(LogLevel, const std::string&)> make_logger(const std::string& node,
                                                              const std::string& level,
                                                              const std::string& format);

}  // namespace fenrun
