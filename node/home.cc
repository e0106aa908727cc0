#include "node/home.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "contracts/parties.h"
#include "core/text.h"
#include "node/checkpointer.h"
#include "node/json/reflect.h"
#include "node/network.h"
#include "node/storage/data_dir.h"
#include "node/storage/vote_log.h"

namespace fenrun {
namespace {

constexpr std::size_t kTokenBytes = 20;  // 160 bits, 32 characters of base32.

Status write_text(const Path& path, std::string_view text) {
  PosixFileSystem files;
  return replace_file(files, path, bytes_of(text));
}

Result<PublicKey> create_key(const Path& path, KeyFilePurpose purpose,
                             const Passphrase* passphrase) {
  const SigningKey key = SigningKey::generate();
  FENRUN_TRY(const auto text,
             seal_key_file(key, purpose, passphrase, KdfCost{}, SealRandomness::fresh()));
  FENRUN_OK(write_key_file(path, text));
  return key.public_key();
}

Error about(const Path& file, const Error& error) {
  return {error.code, file.string() + (error.detail.empty() ? "" : ": " + error.detail)};
}

template <class Fixed>
Status read_fixed(const Json& json, const char* name, Fixed& out) {
  const json::Place place{nullptr, name};
  if (!json.contains(name)) return json::wrong(place, "is missing");
  return json::read(json[name], place, out);
}

Result<std::string> read_text(const Json& json, const char* name) {
  const json::Place place{nullptr, name};
  if (!json.contains(name)) return json::wrong(place, "is missing");
  return json::read_string(json[name], place, 253);
}

Result<PartyId> party_named(const std::vector<ValidatorCard>& cards, const std::string& name) {
  for (const auto& card : cards) {
    if (card.name == name) return card.party;
  }
  return Error{Errc::value_invalid, "no card of the parent " + name};
}

Status check_distinct(const std::vector<ValidatorCard>& cards) {
  std::set<std::string_view> names;
  for (const auto& card : cards) {
    if (names.insert(card.name).second) continue;
    return Error{Errc::value_invalid, "there are two cards of " + card.name};
  }
  return {};
}

// The cards are exactly those of the genesis.
Status check_cards(const Genesis& genesis, const std::vector<ValidatorCard>& cards) {
  for (const auto& validator : genesis.validators) {
    const auto card = std::ranges::find_if(
        cards, [&](const ValidatorCard& c) { return c.name == validator.name.value; });
    if (card == cards.end()) {
      return Error{Errc::value_invalid, "the card of " + validator.name.value + " is missing"};
    }
    if (card->consensus_key != validator.consensus_key ||
        card->checkpoint_key != validator.checkpoint_key ||
        card->transport_key != validator.transport_key || card->party != validator.party) {
      return Error{Errc::value_invalid,
                   "the card of " + card->name + " is not the one that genesis was made from"};
    }
  }
  if (cards.size() == genesis.validators.size()) return {};
  return Error{Errc::value_invalid, "there are more cards than validators in genesis"};
}

Status write_token(const Path& home, const std::string& name) {
  std::array<std::uint8_t, kTokenBytes> random{};
  random_bytes(random);
  const std::string token = to_base32(random);
  const std::string digest = to_hex(sha256(bytes_of(token)).view());
  FENRUN_OK(write_text(home / "tokens",
                       "# Member tokens of the API: <name> <hex SHA-256 of the token>\n" + name +
                           " " + digest + "\n"));
  return write_text(home / "token", token + "\n");
}

}  // namespace

Json to_json(const ValidatorCard& card) {
  Json json = {{"card", "fenrun-validator/v1"},
               {"name", card.name},
               {"role", std::string(name_of(card.role))}};
  if (card.parent) json["parent"] = *card.parent;
  json["party"] = to_hex(card.party.view());
  json["operator_key"] = to_hex(card.operator_key.view());
  json["consensus_key"] = to_hex(card.consensus_key.view());
  json["checkpoint_key"] = to_hex(card.checkpoint_key.view());
  json["transport_key"] = to_hex(card.transport_key.view());
  json["peer_host"] = card.peer_host;
  json["peer_port"] = card.peer_port;
  return json;
}

Result<ValidatorCard> card_from_json(const Json& json) {
  const json::Place root;
  FENRUN_OK(json::check_members(json, root,
                                "card, name, role, parent, party, operator_key, consensus_key, "
                                "checkpoint_key, transport_key, peer_host, peer_port",
                                false));
  FENRUN_TRY(const auto kind, read_text(json, "card"));
  if (kind != "fenrun-validator/v1") {
    return json::wrong(json::Place{nullptr, "card"}, "must be fenrun-validator/v1");
  }
  ValidatorCard card;
  FENRUN_TRY(card.name, read_text(json, "name"));
  FENRUN_TRY(const auto role, read_text(json, "role"));
  FENRUN_TRY(card.role, role_from(role));
  if (json.contains("parent")) {
    FENRUN_TRY(card.parent, read_text(json, "parent"));
  }
  FENRUN_OK(read_fixed(json, "party", card.party));
  FENRUN_OK(read_fixed(json, "operator_key", card.operator_key));
  FENRUN_OK(read_fixed(json, "consensus_key", card.consensus_key));
  FENRUN_OK(read_fixed(json, "checkpoint_key", card.checkpoint_key));
  FENRUN_OK(read_fixed(json, "transport_key", card.transport_key));
  FENRUN_TRY(card.peer_host, read_text(json, "peer_host"));
  FENRUN_OK(read_fixed(json, "peer_port", card.peer_port));
  return card;
}

Result<Role> role_from(std::string_view name) {
  const auto& names = json::kEnumNames<Role>;
  const auto it = std::ranges::find(names, name);
  if (it != names.end()) return static_cast<Role>(it - names.begin());
  std::string known;
  for (const auto word : names) known += (known.empty() ? "" : ", ") + std::string(word);
  return Error{Errc::value_invalid, "role " + std::string(name) + ": must be one of " + known};
}

std::string_view name_of(Role role) {
  return json::kEnumNames<Role>.at(static_cast<std::size_t>(role));
}

namespace {

// What the keys must never forget is made with them and never again: a node that finds it missing
// neither votes nor signs checkpoints.
Status create_memory(FileSystem& files, const Path& home, const PublicKey& consensus_key) {
  Config config;
  config.home = home;
  FENRUN_OK(files.make_folder(config.data_path()));
  FENRUN_TRY(const auto log,
             VoteLog::create(files, config.vote_log_path(), consensus_key, Epoch(0)));
  return Checkpointer::create_guard(files, config.guard_path());
}

}  // namespace

Result<ValidatorCard> create_keys(const Path& home, const HomeOptions& options,
                                  const Passphrase* passphrase) {
  if (!is_plain_name(options.name)) {
    return Error{Errc::value_invalid, "name: 1 to 63 of a-z 0-9 . and -"};
  }
  PosixFileSystem files;
  FENRUN_TRY(const bool has_card, files.holds(home / "card.json"));
  if (has_card) {
    return Error{Errc::file_exists, (home / "card.json").string() + ": the home has its keys"};
  }
  FENRUN_OK(files.make_folder(home / "keys"));
  ValidatorCard card{.name = options.name,
                     .role = options.role,
                     .parent = options.parent,
                     .party = {},
                     .operator_key = {},
                     .consensus_key = {},
                     .checkpoint_key = {},
                     .transport_key = {},
                     .peer_host = options.peer_host,
                     .peer_port = options.peer_port};
  random_bytes(card.party.bytes);
  const auto path = [&](const char* name) { return home / "keys" / (std::string(name) + ".key"); };
  FENRUN_TRY(card.operator_key,
             create_key(path("operator"), KeyFilePurpose::operator_, passphrase));
  FENRUN_TRY(card.consensus_key,
             create_key(path("consensus"), KeyFilePurpose::consensus, passphrase));
  FENRUN_TRY(card.checkpoint_key,
             create_key(path("checkpoint"), KeyFilePurpose::checkpoint, passphrase));
  FENRUN_TRY(card.transport_key,
             create_key(path("transport"), KeyFilePurpose::transport, passphrase));
  FENRUN_OK(create_memory(files, home, card.consensus_key));
  FENRUN_OK(write_text(home / "card.json", to_json(card).dump(2) + "\n"));
  return card;
}

namespace {

constexpr std::array kVotingKeys{"keys/checkpoint.key", "keys/consensus.key"};
constexpr std::array kVotingMemory{"data/checkpoint.guard", "data/votes.log"};
constexpr std::array kVotingFolders{"keys", "data"};

// Stands from when keys are prepared until they are taken.
Path mark_of_next(const Path& home) { return home / "next" / "complete"; }

// A prepared file lies under next/ until it is taken.
Result<Path> prepared_path(const Path& home, const char* name) {
  const Path waiting = home / "next" / name;
  FENRUN_TRY(const bool is_waiting, PosixFileSystem().holds(waiting));
  return is_waiting ? waiting : home / name;
}

// REQUIRES: the files lie in one folder.
using FilesOfOneFolder = std::span<const char* const, 2>;

// What an earlier call did is made durable, too.
Status sync_move(FileSystem& files, const Path& from, const Path& to, FilesOfOneFolder names) {
  const Path folder = Path(names.front()).parent_path();
  FENRUN_OK(files.sync_directory(to / folder));
  return files.sync_directory(from / folder);
}

// Moves away the old one of each file whose new one waits.
Status retire_old(FileSystem& files, const Path& home, const Path& retired,
                  FilesOfOneFolder names) {
  for (const auto* const name : names) {
    FENRUN_TRY(const bool waits, files.holds(home / "next" / name));
    FENRUN_TRY(const bool is_old, files.holds(home / name));
    if (!waits || !is_old) continue;
    FENRUN_TRY(const bool was_moved, files.holds(retired / name));
    if (was_moved) {
      return Error{Errc::file_exists, (retired / name).string() + ": move " +
                                          (home / name).string() + " away as well"};
    }
    FENRUN_OK(files.rename(home / name, retired / name));
  }
  return sync_move(files, home, retired, names);
}

Status place_new(FileSystem& files, const Path& home, FilesOfOneFolder names) {
  for (const auto* const name : names) {
    FENRUN_TRY(const bool waits, files.holds(home / "next" / name));
    if (!waits) continue;
    FENRUN_OK(files.rename(home / "next" / name, home / name));
  }
  return sync_move(files, home / "next", home, names);
}

}  // namespace

Result<bool> has_next_keys(const Path& home) { return PosixFileSystem().holds(mark_of_next(home)); }

Status prepare_next_keys(const Path& home, const Passphrase* passphrase) {
  FENRUN_TRY(const bool are_prepared, has_next_keys(home));
  if (are_prepared) return {};
  PosixFileSystem files;
  const Path next = home / "next";
  // An earlier statement of a recovery lies there as well, and stays.
  for (const auto* const folder : kVotingFolders) FENRUN_OK(files.remove_folder(next / folder));
  FENRUN_OK(files.make_folder(next / "keys"));
  FENRUN_TRY(const auto consensus,
             create_key(next / "keys/consensus.key", KeyFilePurpose::consensus, passphrase));
  const auto checkpoint =
      create_key(next / "keys/checkpoint.key", KeyFilePurpose::checkpoint, passphrase);
  if (!checkpoint) return checkpoint.error();
  FENRUN_OK(create_memory(files, next, consensus));
  return write_text(mark_of_next(home), "These keys may be registered: remove none of them.\n");
}

Status discard_next_keys(const Path& home) {
  PosixFileSystem files;
  for (const auto* const name : kVotingKeys) {
    FENRUN_TRY(const bool waits, files.holds(home / "next" / name));
    if (waits) continue;
    return Error{Errc::file_exists, (home / name).string() + ": a key that was prepared is taken"};
  }
  FENRUN_OK(files.remove(mark_of_next(home)));
  return files.sync_directory(home / "next");
}

Result<NextKeys> load_next_keys(const Path& home, const AskPassphrase& ask) {
  FENRUN_TRY(const auto consensus_path, prepared_path(home, "keys/consensus.key"));
  FENRUN_TRY(const auto checkpoint_path, prepared_path(home, "keys/checkpoint.key"));
  FENRUN_TRY(auto consensus, load_signing_key(consensus_path, ask));
  FENRUN_TRY(auto checkpoint, load_signing_key(checkpoint_path, ask));
  return NextKeys{std::move(consensus), std::move(checkpoint)};
}

Result<PublicKey> next_consensus_key(const Path& home) {
  FENRUN_TRY(const auto path, prepared_path(home, "keys/consensus.key"));
  FENRUN_TRY(const auto text, read_key_file(path));
  FENRUN_TRY(const auto parsed, parse_key_file(text.view()));
  return parsed.public_key;
}

// Between the old keys and the new ones the home has none, durably: so it is in every order in
// which a disk may keep the moves of one step.
Status take_next_keys(FileSystem& files, const Path& home, const std::string& retired_name) {
  const Path retired = home / "retired" / retired_name;
  for (const auto* const folder : kVotingFolders) FENRUN_OK(files.make_folder(retired / folder));
  FENRUN_OK(retire_old(files, home, retired, kVotingKeys));
  FENRUN_OK(retire_old(files, home, retired, kVotingMemory));
  FENRUN_OK(place_new(files, home, kVotingMemory));
  FENRUN_OK(place_new(files, home, kVotingKeys));
  FENRUN_TRY(const bool is_marked, files.holds(mark_of_next(home)));
  if (is_marked) FENRUN_OK(files.remove(mark_of_next(home)));
  return files.sync_directory(home / "next");
}

Result<Genesis> compose_genesis(const std::string& network, const std::vector<ValidatorCard>& cards,
                                TimeMs time) {
  if (cards.size() > kValidatorsMax) {
    return Error{Errc::limit_exceeded, "at most " + std::to_string(kValidatorsMax) + " cards"};
  }
  if (network.size() > kNameBytesMax) return Error{Errc::value_invalid, "network: too long"};
  FENRUN_OK(check_distinct(cards));
  Genesis genesis;
  genesis.network.value = network;
  genesis.time = time;
  genesis.parameters = default_parameters();
  for (const auto& card : cards) {
    GenesisParty party;
    party.party = card.party;
    party.role = card.role;
    party.key = card.operator_key;
    if (card.parent) {
      FENRUN_TRY(party.parent, party_named(cards, *card.parent));
    }
    genesis.parties.push_back(party);
    if (card.name.size() > kNameBytesMax) return Error{Errc::value_invalid, "name: too long"};
    genesis.validators.push_back({NameText{card.name}, card.party, card.operator_key,
                                  card.consensus_key, card.checkpoint_key, card.transport_key});
  }
  std::ranges::sort(genesis.parties, {}, &GenesisParty::party);
  std::ranges::sort(genesis.validators, {}, &Validator::consensus_key);
  FENRUN_OK(check_genesis(genesis));
  return genesis;
}

namespace {

// The configuration comes last: who finds it finds the rest, and it is its operator's from then on.
Status write_home(const Config& config, const Genesis& genesis) {
  PosixFileSystem files;
  FENRUN_TRY(const bool has_genesis, files.holds(config.genesis_path()));
  if (has_genesis) {
    FENRUN_TRY(const auto present, read_file(files, config.genesis_path(), kGenesisBytesMax));
    if (!equal(present, encode(genesis))) {
      return Error{Errc::file_exists, config.genesis_path().string() + ": of another network"};
    }
  }
  const Path path = config.home / "config.toml";
  FENRUN_TRY(const bool has_config, files.holds(path));
  if (has_config) {
    return Error{Errc::file_exists,
                 path.string() + ": the home is joined to this network already; edit the file"};
  }
  FENRUN_OK(replace_file(files, config.genesis_path(), encode(genesis)));
  FENRUN_OK(write_text(config.policy_path(), trust_policy_of(genesis)));
  FENRUN_TRY(const bool has_tokens, files.holds(config.tokens_path()));
  if (!has_tokens) FENRUN_OK(write_token(config.home, config.name));
  return write_text(path, print_config(config));
}

}  // namespace

Status join_network(const Path& home, const std::string& name, const Genesis& genesis,
                    const std::vector<ValidatorCard>& cards, const std::string& api_host,
                    std::uint16_t api_port) {
  FENRUN_OK(check_cards(genesis, cards));
  Config config;
  config.home = home;
  config.name = name;
  config.api_host = api_host;
  config.api_port = api_port;
  bool is_known = false;
  for (const auto& card : cards) {
    if (card.name == name) {
      is_known = true;
      config.peer_host = card.peer_host;
      config.peer_port = card.peer_port;
    } else {
      config.peers.push_back({card.name, card.peer_host, card.peer_port});
    }
  }
  if (!is_known) return Error{Errc::value_invalid, "no card of " + name};
  return write_home(config, genesis);
}

Status join_as_member(const Path& home, const ValidatorCard& own, std::uint16_t member,
                      const Genesis& genesis, const std::vector<ValidatorCard>& cards,
                      const std::string& api_host, std::uint16_t api_port) {
  Config config;
  config.home = home;
  config.name = own.name;
  config.member = member;
  config.peer_host = own.peer_host;
  config.peer_port = own.peer_port;
  config.api_host = api_host;
  config.api_port = api_port;
  for (const auto& card : cards) {
    if (card.name != own.name) config.peers.push_back({card.name, card.peer_host, card.peer_port});
  }
  return write_home(config, genesis);
}

Result<SigningKey> load_signing_key(const Path& file, const AskPassphrase& ask) {
  FENRUN_TRY(const auto text, read_key_file(file));
  const auto parsed = parse_key_file(text.view());
  if (!parsed) return about(file, parsed.error());
  if (!parsed->is_sealed()) return open_key_file(*parsed, nullptr);
  FENRUN_TRY(const auto passphrase, ask(file));
  auto key = open_key_file(*parsed, &passphrase);
  if (!key) return about(file, key.error());
  return key;
}

namespace {

// Between the old keys and the new ones it is said what to do, not which file is missing.
Status check_taken(const Config& config) {
  PosixFileSystem files;
  bool is_whole = true;
  for (const auto* const name : kVotingKeys) {
    FENRUN_TRY(const bool is_there, files.holds(config.home / name));
    is_whole = is_whole && is_there;
  }
  FENRUN_TRY(const bool are_prepared, has_next_keys(config.home));
  if (is_whole || !are_prepared) return {};
  return Error{Errc::file_missing, (config.home / "keys").string() +
                                       ": the new keys are not all in place: run fenrun rejoin, "
                                       "or fenrun recover apply, once more"};
}

}  // namespace

Result<NodeKeys> load_node_keys(const Config& config, const AskPassphrase& ask) {
  FENRUN_OK(check_taken(config));
  const auto load = [&](KeyFilePurpose purpose) -> Result<SigningKey> {
    const auto path = config.key_path(std::string(name_of(purpose)));
    FENRUN_TRY(const auto text, read_key_file(path));
    FENRUN_TRY(const auto parsed, parse_key_file(text.view()));
    if (parsed.purpose != purpose) {
      return Error{Errc::key_file_invalid, path.string() + " is a key for another purpose"};
    }
    return load_signing_key(path, ask);
  };
  FENRUN_TRY(auto consensus, load(KeyFilePurpose::consensus));
  FENRUN_TRY(auto checkpoint, load(KeyFilePurpose::checkpoint));
  FENRUN_TRY(auto transport, load(KeyFilePurpose::transport));
  NodeKeys keys{std::move(consensus), std::move(checkpoint), std::move(transport), {}};
  if (!config.intake.key_file.empty()) {
    auto intake = load_signing_key(config.intake.key_file, ask);
    if (!intake) return Error{intake.error().code, "intake.key_file: " + intake.error().detail};
    keys.intake = *std::move(intake);
  }
  return keys;
}

}  // namespace fenrun
