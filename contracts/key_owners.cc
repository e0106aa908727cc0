#include "contracts/key_owners.h"

#include <string>

namespace fenrun {

Signature prove_possession(const SigningKey& key, const Digest& chain_id, const PartyId& party,
                           KeyPurpose purpose) {
  return key.sign(Domain::key_possession,
                  encode(KeyStatement{chain_id, party, purpose, key.public_key()}));
}

Status check_possession(const KeyStatement& statement, const Signature& possession,
                        std::string_view field) {
  if (verify(statement.key, Domain::key_possession, encode(statement), possession)) return {};
  return Error{Errc::key_invalid,
               std::string(field) + ": not signed by the key for this party and purpose"};
}

Status check_new_key(const StateView& state, const PublicKey& key, std::string_view field) {
  if (!is_valid_point(key)) return Error{Errc::key_invalid, std::string(field) + ": no point"};
  if (find_key_owner(state, key)) {
    return Error{Errc::key_invalid, std::string(field) + ": registered already"};
  }
  return {};
}

void own_key(Overlay& state, const PublicKey& key, const PartyId& party, KeyPurpose purpose) {
  state.put(public_key_key(key), encode(KeyOwner{party, purpose, std::nullopt}));
}

}  // namespace fenrun
