// What members ask for in tests of contracts: admission, reports of readiness and new keys.
#pragma once

#include <string>

#include "tests/support/world.h"

namespace fenrun::test {

inline AdmitMember admission(const std::string& name, const std::string& party) {
  const auto key = name + " transport";
  return {{name},
          party_named(party),
          key_named(key).public_key(),
          possession(key, party, KeyPurpose::transport)};
}

// The report of a node with the keys "<keys> consensus" and "<keys> checkpoint", which is the
// party's.
inline ReportReady report(const World& world, const std::string& name, const std::string& keys,
                          const std::string& party = "west") {
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
  out.checkpoint_possession = possession(keys + " checkpoint", party, KeyPurpose::checkpoint);
  return out;
}

// The validator goes on with such keys; its party has its name.
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
  out.checkpoint_possession = possession(keys + " checkpoint", name, KeyPurpose::checkpoint);
  return out;
}

}  // namespace fenrun::test
