// What members ask for in tests of contracts: reports of readiness and new keys.
#pragma once

#include <string>

#include "tests/support/world.h"

namespace fenrun::test {

// The report of a node with the keys "<keys> consensus" and "<keys> checkpoint".
inline ReportReady report(const World& world, const std::string& name, const std::string& keys) {
  ReportReady out;
  out.name = {name};
  out.consensus_key = key_named(keys + " consensus").public_key();
  out.checkpoint_key = key_named(keys + " checkpoint").public_key();
  out.height = world.point().height;
  out.block_id = world.point().id;
  out.possession =
      key_named(keys + " consensus")
          .sign(Domain::validator_keys,
                encode(ValidatorKeysStatement{world.point().chain_id, out.name, out.consensus_key,
                                              out.checkpoint_key, out.height}));
  return out;
}

inline ReplaceValidatorKeys replacement(const World& world, const std::string& name,
                                        const std::string& keys) {
  ReplaceValidatorKeys out;
  out.name = {name};
  out.consensus_key = key_named(keys + " consensus").public_key();
  out.checkpoint_key = key_named(keys + " checkpoint").public_key();
  out.transport_key = key_named(name + " transport").public_key();
  out.possession =
      key_named(keys + " consensus")
          .sign(Domain::validator_keys,
                encode(ValidatorKeysStatement{world.point().chain_id, out.name, out.consensus_key,
                                              out.checkpoint_key, Height(0)}));
  return out;
}

}  // namespace fenrun::test
