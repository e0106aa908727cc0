// The files of a node's home directory: made by `fenrun init` and `fenrun testnet`, read by
// `fenrun start`.  node/config.h lists them.
//
// Real networks come about without anyone holding another's keys: each operator makes keys and a
// card, the public half; the cards of all make the genesis; each operator joins its home to it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "contracts/genesis.h"
#include "core/crypto/key_file.h"
#include "node/config.h"
#include "node/json/json.h"
#include "node/process.h"
#include "node/storage/file.h"

namespace fenrun {

// What a validator shows to the others: DIR/card.json.
struct ValidatorCard {
  std::string name;
  Role role{};
  std::optional<std::string> parent;  // Name of another card: its place in the channel tree.
  PartyId party;
  PublicKey operator_key;
  PublicKey consensus_key;
  PublicKey checkpoint_key;
  PublicKey transport_key;
  std::string peer_host;
  std::uint16_t peer_port = 0;
};

Json to_json(const ValidatorCard& card);
// Errc::json_invalid naming the member.
Result<ValidatorCard> card_from_json(const Json& json);

// Errc::value_invalid for a word that is no role.
Result<Role> role_from(std::string_view name);
std::string_view name_of(Role role);

// Called at most once for each key file that is sealed.
using AskPassphrase = std::function<Result<Passphrase>(const Path& key_file)>;

struct HomeOptions {
  std::string name;
  Role role{};
  std::optional<std::string> parent;
  std::string peer_host = "127.0.0.1";
  std::uint16_t peer_port = 0;
};

// Makes home/keys/{operator,consensus,checkpoint,transport}.key, sealed with the passphrase or
// plain without one; the vote log and the checkpoint guard that belong to these keys; and
// home/card.json.  Errc::file_exists if there are a card or keys already: none is overwritten.
Result<ValidatorCard> create_keys(const Path& home, const HomeOptions& options,
                                  const Passphrase* passphrase);

// The genesis of these validators and no other parties.  Errors of check_genesis(); value_invalid
// for a parent that has no card, and for two cards of one name.
Result<Genesis> compose_genesis(const std::string& network, const std::vector<ValidatorCard>& cards,
                                TimeMs time);

// Writes genesis.bin, the network.policy that follows from it, a member token (its digest into
// `tokens`, the token itself into `token`, mode 0600), and last config.toml.  `cards` are those of
// all validators; the addresses of the peers come from them.  Errc::value_invalid if the cards are
// not those of the genesis, or hold none of that name; Errc::file_exists, with nothing written, for
// a home that has a config.toml, or the genesis of another network.
Status join_network(const Path& home, const std::string& name, const Genesis& genesis,
                    const std::vector<ValidatorCard>& cards, const std::string& api_host,
                    std::uint16_t api_port);

// The same for a member that was admitted later: its card names the key that the ledger knows it
// by, and `member` is its number there.  `cards` are those of members that it can dial.
Status join_as_member(const Path& home, const ValidatorCard& own, std::uint16_t member,
                      const Genesis& genesis, const std::vector<ValidatorCard>& cards,
                      const std::string& api_host, std::uint16_t api_port);

// Keys of a validator whose votes may be lost (docs/operating.md, "A lost vote log"): a consensus
// and a checkpoint key under home/next, with the vote log and the guard that belong to them, and
// last of all the file home/next/complete.  Where that stands nothing is made or removed: the keys
// may be registered.  Without it nobody has heard of them, and what there is of them is made anew.
// REQUIRES: the data folder is locked.
Status prepare_next_keys(const Path& home, const Passphrase* passphrase);
// Whether keys are prepared, and not all taken yet.  Errc::io_error where that cannot be told.
Result<bool> has_next_keys(const Path& home);
// Gives up prepared keys that can never be a validator's any more: others are made next.
// REQUIRES: has_next_keys().  Errc::file_exists once some of them are taken.
Status discard_next_keys(const Path& home);
struct NextKeys {
  SigningKey consensus;
  SigningKey checkpoint;
};
// The prepared keys, some of which may be taken.  REQUIRES: has_next_keys().
Result<NextKeys> load_next_keys(const Path& home, const AskPassphrase& ask);
Result<PublicKey> next_consensus_key(const Path& home);
// Puts them in the place of the present keys, log and guard, which move to home/retired/<name>.
// After a crash it is called again.  At no time does an old key meet a new log or guard, nor a new
// key an old one.  REQUIRES: has_next_keys(), and the data folder is locked.
// Errc::file_exists, with nothing overwritten, for an old file that came back meanwhile.
Status take_next_keys(FileSystem& files, const Path& home, const std::string& retired_name);

// Errc::key_permissions, key_file_invalid, passphrase_wrong, not_found, memory_short.
Result<SigningKey> load_signing_key(const Path& file, const AskPassphrase& ask);
// Also key_file_invalid when a file holds a key of another purpose, and file_missing while
// take_next_keys() has stopped between the old keys and the new ones.
Result<NodeKeys> load_node_keys(const Config& config, const AskPassphrase& ask);

}  // namespace fenrun
