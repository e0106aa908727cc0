// fenrun init and fenrun genesis: how a network of several organisations comes about.
#include <chrono>

#include "contracts/system_work.h"
#include "core/text.h"
#include "ledger/proof/entry.h"
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

Result<Exit> join(const Session& session, const InitOptions& options) {
  FENRUN_TRY(const auto bytes, read_file_text(options.genesis, kGenesisBytesMax));
  FENRUN_TRY(const auto genesis, read_genesis(bytes_of(bytes)));
  FENRUN_TRY(const auto own, read_card(Path(options.home) / "card.json"));
  FENRUN_TRY(auto cards, read_cards(options.cards));
  const bool is_given =
      std::ranges::any_of(cards, [&](const ValidatorCard& card) { return card.name == own.name; });
  if (!is_given) cards.push_back(own);
  FENRUN_OK(
      join_network(options.home, own.name, genesis, cards, options.api_host, options.api_port));
  const Json view = {{"name", own.name},
                     {"network", genesis.network.value},
                     {"chain_id", to_hex(chain_id(genesis).view())},
                     {"home", options.home}};
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    out << "Look at " << (Path(options.home) / "config.toml").string()
        << ", then: fenrun start --home " << options.home << "\n";
  });
  return Exit::ok;
}

// Block 0 says what the network began with.
Result<Genesis> fetch_genesis(const ApiClient& client) {
  FENRUN_TRY(const auto first, client.get("/v1/entries/0"));
  FENRUN_TRY(const auto bytes, from_base64(first.value("bytes", "")));
  FENRUN_TRY(const auto entry, decode_entry(bytes));
  const auto* system = std::get_if<SystemEntry>(&entry);
  if (!system) return Error{Errc::value_invalid, "the node's first entry is no genesis"};
  FENRUN_TRY(const auto work, decode<SystemWork>(system->payload));
  const auto* genesis = std::get_if<GenesisWork>(&work);
  if (!genesis) return Error{Errc::value_invalid, "the node's first entry is no genesis"};
  return read_genesis(genesis->genesis);
}

// The number that the ledger gave to the node with this transport key.
Result<std::uint16_t> member_number(const ApiClient& client, const ValidatorCard& own) {
  FENRUN_TRY(const auto members, client.get_all("/v1/members", kMembersMax));
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

Result<Exit> join_online(Session session, const InitOptions& options) {
  session.node = options.join;
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto own, read_card(Path(options.home) / "card.json"));
  FENRUN_TRY(const auto cards, read_cards(options.cards));
  FENRUN_TRY(const auto genesis, fetch_genesis(client));
  const std::string chain = to_hex(chain_id(genesis).view());
  if (!options.chain_id.empty() && options.chain_id != chain) {
    return Error{Errc::chain_wrong, "that node is of network " + chain};
  }
  FENRUN_TRY(const auto number, member_number(client, own));
  FENRUN_TRY(const auto policy, client.get_text("/network.policy"));
  FENRUN_OK(join_as_member(options.home, own, number, genesis, policy, cards, options.api_host,
                           options.api_port));
  const Json view = {{"name", own.name},
                     {"member", number},
                     {"network", genesis.network.value},
                     {"chain_id", chain},
                     {"home", options.home}};
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    out << "Compare the chain id with what another operator tells you, then: fenrun start --home "
        << options.home << "\n";
  });
  return Exit::ok;
}

Result<Exit> make_genesis(const Session& session, const GenesisOptions& options) {
  FENRUN_TRY(const auto cards, read_cards(options.cards));
  FENRUN_TRY(const auto genesis, compose_genesis(options.network, cards, now()));
  FENRUN_OK(write_file_text(session, options.out, text_of(encode(genesis))));
  const Json view = {{"network", genesis.network.value},
                     {"chain_id", to_hex(chain_id(genesis).view())},
                     {"origin", origin_of(genesis)},
                     {"validators", genesis.validators.size()},
                     {"quorum", governance_quorum(genesis.validators.size())},
                     {"file", options.out}};
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  return Exit::ok;
}

}  // namespace

void add_network_commands(CLI::App& app, Session& session) {
  const auto init_options = std::make_shared<InitOptions>();
  CLI::App* const init = add_command(
      app, "init", "Make a node's keys and card; with --genesis or --join, join it to its network",
      "fenrun init --home brand --name brand --role brand --peer-host 10.0.0.1 --peer-port 7100\n"
      "  fenrun init --home brand --genesis genesis.bin --card south.json --card auditor.json\n"
      "  fenrun init --home new --join http://10.0.0.1:7101 --token-file t --card brand.json");
  init->add_option("--home", init_options->home, "The node's folder")->required()->type_name("DIR");
  init->add_option("--name", init_options->validator.name, "The validator's name: a-z 0-9 . -");
  init->add_option("--role", init_options->role, "brand, distributor, auditor, ...");
  init->add_option("--parent", init_options->parent, "Name of its parent in the channel tree");
  init->add_option("--peer-host", init_options->validator.peer_host, "Where peers reach it");
  init->add_option("--peer-port", init_options->validator.peer_port, "Port of peer links");
  init->add_option("--api-host", init_options->api_host, "Where it answers HTTP");
  init->add_option("--api-port", init_options->api_port, "Port of HTTP");
  init->add_flag("--plain-keys", init_options->plain, "Keys without passphrase");
  init->add_option("--genesis", init_options->genesis, "The network's genesis")->type_name("FILE");
  init->add_option("--join", init_options->join,
                   "Join a running network that admitted this node; a member's node")
      ->type_name("URL");
  init->add_option("--chain-id", init_options->chain_id, "Of the network to join");
  init->add_option("--card", init_options->cards, "Cards of the other validators")
      ->type_name("FILE");
  init->callback([&session, init_options] {
    session.command = [&session, init_options] {
      if (!init_options->join.empty()) return join_online(session, *init_options);
      return init_options->genesis.empty() ? make_card(session, *init_options)
                                           : join(session, *init_options);
    };
  });

  const auto genesis_options = std::make_shared<GenesisOptions>();
  CLI::App* const genesis = add_command(
      app, "genesis", "Compose a network's genesis from the cards of its validators",
      "fenrun genesis --network fenfa --card brand.json --card south.json --card north.json \\\n"
      "    --card auditor.json -o genesis.bin");
  genesis->add_option("--network", genesis_options->network, "Its name: a-z 0-9 . -")->required();
  genesis->add_option("--card", genesis_options->cards, "A validator's card")
      ->required()
      ->type_name("FILE");
  genesis->add_option("-o,--out", genesis_options->out, "The file to write")
      ->required()
      ->type_name("FILE");
  genesis->callback([&session, genesis_options] {
    session.command = [&session, genesis_options] {
      return make_genesis(session, *genesis_options);
    };
  });
}

}  // namespace fenrun::cli
