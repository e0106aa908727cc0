// fenrun init and fenrun genesis: how a network of several organisations comes about.
#include <array>
#include <chrono>
#include <span>

#include "core/text.h"
#include "node/cli/api_client.h"
#include "node/cli/commands.h"
#include "node/home.h"
#include "node/network.h"

namespace fenrun::cli {
namespace {

constexpr std::size_t kCardBytesMax = 16 * 1024;

struct InitOptions {
  std::string home;
  HomeOptions validator;
  std::string role = "distributor";
  std::string parent;
  bool plain = false;
  std::string genesis;
  std::string join;      // URL of a member's node.
  std::string chain_id;  // What the network must be, if it was told otherwise.
  std::vector<std::string> cards;
  std::string api_host = "127.0.0.1";
  std::uint16_t api_port = 7101;
};

// What each of the two steps takes, and the other one would not heed.
constexpr std::array kCardOptions = {"--name",      "--role",      "--parent",
                                     "--peer-host", "--peer-port", "--plain-keys"};
constexpr std::array kJoinOptions = {"--api-host", "--api-port", "--card", "--chain-id"};

struct GenesisOptions {
  std::string network;
  std::vector<std::string> cards;
  std::string out;
};

Result<ValidatorCard> read_card(const Path& path) {
  FENRUN_TRY(const auto text, read_file_text(path, kCardBytesMax));
  const auto json = parse_json(text);
  const auto card = json ? card_from_json(*json) : Result<ValidatorCard>(json.error());
  if (!card) return Error{card.error().code, path.string() + ": " + card.error().detail};
  return card;
}

Result<std::vector<ValidatorCard>> read_cards(const std::vector<std::string>& paths) {
  std::vector<ValidatorCard> cards;
  for (const auto& path : paths) {
    FENRUN_TRY(auto card, read_card(path));
    cards.push_back(std::move(card));
  }
  return cards;
}

TimeMs now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return TimeMs(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count()));
}

Result<Exit> make_card(const Session& session, InitOptions options) {
  if (options.validator.name.empty() || options.validator.peer_port == 0) {
    return Error{Errc::usage, "give --name and --peer-port to make keys, or --genesis to join"};
  }
  FENRUN_TRY(options.validator.role, role_from(options.role));
  if (!options.parent.empty()) options.validator.parent = options.parent;
  std::optional<Passphrase> passphrase;
  if (!options.plain) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  FENRUN_TRY(const auto card,
             create_keys(options.home, options.validator, passphrase ? &*passphrase : nullptr));
  const auto path = Path(options.home) / "card.json";
  session.show(to_json(card), [&](std::ostream& out) {
    out << "Keys of " << card.name << " are in " << (Path(options.home) / "keys").string()
        << ".\nGive " << path.string() << " to whoever composes the genesis, and to every other"
        << " operator.\nThen: fenrun init --home " << options.home
        << " --genesis genesis.bin --card OTHER.json ...\n";
  });
  return Exit::ok;
}

// In hex; Errc::chain_wrong if it is not the one that was told, where one was.
Result<std::string> checked_chain_id(const Genesis& genesis, const std::string& told) {
  std::string chain = to_hex(chain_id(genesis).view());
  if (told.empty() || told == chain) return chain;
  return Error{Errc::chain_wrong, "the genesis is that of network " + chain};
}

Result<Genesis> read_genesis_file(const Path& path) {
  FENRUN_TRY(const auto bytes, read_file_text(path, kGenesisBytesMax));
  return read_genesis(bytes_of(bytes));
}

Result<Exit> join(const Session& session, const InitOptions& options) {
  FENRUN_TRY(const auto genesis, read_genesis_file(options.genesis));
  FENRUN_TRY(const auto own, read_card(Path(options.home) / "card.json"));
  FENRUN_TRY(auto cards, read_cards(options.cards));
  const bool is_given =
      std::ranges::any_of(cards, [&](const ValidatorCard& card) { return card.name == own.name; });
  if (!is_given) cards.push_back(own);
  FENRUN_TRY(const auto chain, checked_chain_id(genesis, options.chain_id));
  FENRUN_OK(
      join_network(options.home, own.name, genesis, cards, options.api_host, options.api_port));
  const Json view = {{"name", own.name},
                     {"network", genesis.network.value},
                     {"chain_id", chain},
                     {"home", options.home}};
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    out << "Look at " << (Path(options.home) / "config.toml").string()
        << ", then: fenrun start --home " << options.home << "\n";
  });
  return Exit::ok;
}

// What the node says that the network began with; with --genesis it must be the same.
Result<Genesis> fetch_genesis(const ApiClient& client, const InitOptions& options) {
  FENRUN_TRY(const auto bytes, client.get_text("/v1/genesis"));
  FENRUN_TRY(auto genesis, read_genesis(bytes_of(bytes)));
  if (options.genesis.empty()) return genesis;
  FENRUN_TRY(const auto told, read_genesis_file(options.genesis));
  if (chain_id(told) == chain_id(genesis)) return genesis;
  return Error{Errc::chain_wrong, "the node is of network " + to_hex(chain_id(genesis).view())};
}

// The number that the ledger gave to the node with this transport key.
Result<std::uint16_t> member_number(const Json& members, const ValidatorCard& own) {
  const std::string key = to_hex(own.transport_key.view());
  for (const auto& member : members) {
    if (member.value("transport_key", "") != key) continue;
    if (member.value("name", "") != own.name) {
      return Error{Errc::value_invalid, "the ledger knows this node as " +
                                            member.value("name", "") + ", its card as " + own.name};
    }
    return member.at("number").get<std::uint16_t>();
  }
  return Error{Errc::member_unknown,
               "have the validators approve admit_member with transport key " + key};
}

// Of two members the one with the higher number dials: to these no card says where.
std::string without_address(const Json& members, std::uint16_t own,
                            const std::vector<ValidatorCard>& cards) {
  std::string names;
  for (const auto& member : members) {
    const auto name = member.value("name", "");
    if (member.at("number").get<std::uint16_t>() >= own) continue;
    if (std::ranges::find(cards, name, &ValidatorCard::name) != cards.end()) continue;
    names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

Result<Exit> join_online(Session session, const InitOptions& options) {
  session.node = options.join;
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto own, read_card(Path(options.home) / "card.json"));
  FENRUN_TRY(const auto cards, read_cards(options.cards));
  FENRUN_TRY(const auto genesis, fetch_genesis(client, options));
  FENRUN_TRY(const auto chain, checked_chain_id(genesis, options.chain_id));
  FENRUN_TRY(const auto members, client.get_all("/v1/members", kMembersMax));
  FENRUN_TRY(const auto number, member_number(members, own));
  FENRUN_OK(join_as_member(options.home, own, number, genesis, cards, options.api_host,
                           options.api_port));
  const Json view = {{"name", own.name},
                     {"member", number},
                     {"network", genesis.network.value},
                     {"chain_id", chain},
                     {"home", options.home}};
  const bool is_told = !options.genesis.empty() || !options.chain_id.empty();
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    out << (is_told ? "Now" : "Compare the chain id with what another operator tells you, then")
        << ": fenrun start --home " << options.home << "\n";
  });
  if (const auto names = without_address(members, number, cards); !names.empty()) {
    session.err << "warning: no card says where these listen: " << names
                << "\nnext: add [[peers]] with name, host and port of each to "
                << (Path(options.home) / "config.toml").string()
                << ": the node is ready only while it is linked to a quorum of the validators\n";
  }
  return Exit::ok;
}

Status check_absent(const CLI::App& init, std::span<const char* const> names,
                    const std::string& where) {
  for (const auto* const name : names) {
    if (init.count(name) > 0) return Error{Errc::usage, name + where};
  }
  return {};
}

Result<Exit> initialize(const Session& session, const InitOptions& options, const CLI::App& init) {
  if (options.genesis.empty() && options.join.empty()) {
    FENRUN_OK(
        check_absent(init, kJoinOptions, ": give it in the second step, with --genesis or --join"));
    return make_card(session, options);
  }
  FENRUN_OK(check_absent(init, kCardOptions, ": it belongs to the first step, and is in the card"));
  return options.join.empty() ? join(session, options) : join_online(session, options);
}

void warn_of_orphans(const Session& session, const std::vector<ValidatorCard>& cards) {
  for (const auto& card : cards) {
    const bool stands_below = card.role == Role::distributor || card.role == Role::subdistributor;
    if (!stands_below || card.parent) continue;
    session.err << "warning: " << card.name << " is a " << name_of(card.role)
                << " without a parent: it can never declare a budget nor have stores\n"
                << "next: nothing sets a parent later: add \"parent\": \"NAME\" to its card, as "
                   "--parent does, and make the genesis anew\n";
  }
}

Result<Exit> make_genesis(const Session& session, const GenesisOptions& options) {
  FENRUN_TRY(const auto cards, read_cards(options.cards));
  FENRUN_TRY(const auto genesis, compose_genesis(options.network, cards, now()));
  FENRUN_OK(write_new_file(session, options.out, text_of(encode(genesis))));
  warn_of_orphans(session, cards);
  const Json view = {{"network", genesis.network.value},
                     {"chain_id", to_hex(chain_id(genesis).view())},
                     {"origin", origin_of(genesis)},
                     {"validators", genesis.validators.size()},
                     {"quorum", governance_quorum(genesis.validators.size())},
                     {"file", options.out}};
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  return Exit::ok;
}

void add_init(CLI::App& app, Session& session) {
  const auto options = std::make_shared<InitOptions>();
  CLI::App* const init = add_command(
      app, "init", "Make a node's keys and card; with --genesis or --join, join it to its network",
      "fenrun init --home brand --name brand --role brand --peer-host 10.0.0.1 --peer-port 7100\n"
      "  fenrun init --home south --name south --role distributor --parent brand \\\n"
      "    --peer-host 10.0.0.2 --peer-port 7100\n"
      "  fenrun init --home brand --genesis genesis.bin --card south.json --card auditor.json\n"
      "  fenrun init --home new --join http://10.0.0.1:7101 --card brand.json --card south.json");
  init->add_option("--home", options->home, "The node's folder")->required()->type_name("DIR");
  init->add_option("--name", options->validator.name, "The validator's name: a-z 0-9 . -")
      ->check(fault_of_name);
  init->add_option("--role", options->role, "brand, distributor, auditor, ...")
      ->check([](const std::string& name) { return fault_of(role_from(name)); });
  init->add_option("--parent", options->parent,
                   "Name of whose card stands above it in the channel tree: every distributor "
                   "needs one");
  init->add_option("--peer-host", options->validator.peer_host, "Where peers reach it");
  init->add_option("--peer-port", options->validator.peer_port, "Port of peer links");
  init->add_flag("--plain-keys", options->plain, "Keys without passphrase");
  init->add_option("--genesis", options->genesis,
                   "The network's genesis; with --join what the node's must be")
      ->type_name("FILE");
  init->add_option("--join", options->join,
                   "Join a running network that admitted this node; a member's node")
      ->type_name("URL");
  init->add_option("--chain-id", options->chain_id, "Of the network to join");
  init->add_option("--card", options->cards, "To join: cards of the other validators")
      ->type_name("FILE");
  init->add_option("--api-host", options->api_host, "To join: where it answers HTTP");
  init->add_option("--api-port", options->api_port, "To join: port of HTTP; else 7101");
  init->callback([&session, options, init] {
    session.command = [&session, options, init] { return initialize(session, *options, *init); };
  });
}

void add_genesis(CLI::App& app, Session& session) {
  const auto options = std::make_shared<GenesisOptions>();
  CLI::App* const genesis = add_command(
      app, "genesis", "Compose a network's genesis from the cards of its validators",
      "fenrun genesis --network fenfa --card brand.json --card south.json --card north.json \\\n"
      "    --card auditor.json -o genesis.bin");
  genesis->add_option("--network", options->network, "Its name: a-z 0-9 . -")
      ->required()
      ->check(fault_of_name);
  genesis->add_option("--card", options->cards, "A validator's card")
      ->required()
      ->type_name("FILE");
  genesis->add_option("-o,--out", options->out, "The file to write; none is overwritten")
      ->required()
      ->type_name("FILE");
  genesis->callback([&session, options] {
    session.command = [&session, options] { return make_genesis(session, *options); };
  });
}

}  // namespace

void add_network_commands(CLI::App& app, Session& session) {
  add_init(app, session);
  add_genesis(app, session);
}

}  // namespace fenrun::cli
