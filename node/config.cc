#include "node/config.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

#include "core/limits.h"

namespace fenrun {
namespace {

// The parser asserts in places that some texts reach, such as `[$]`: to us these are no TOML.
struct ParserFault final : std::exception {
  const char* what() const noexcept override { return "the parser does not understand this file"; }
};

[[noreturn]] void parser_fault() { throw ParserFault(); }

}  // namespace
}  // namespace fenrun

#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : ::fenrun::parser_fault())
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace fenrun {
namespace {

constexpr std::size_t kConfigBytesMax = 256 * 1024;
constexpr std::size_t kNodeNameBytesMax = 64;
constexpr std::size_t kHostBytesMax = 253;  // Of a domain name.
constexpr std::int64_t kPortMax = 65'535;

struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// Of one node the others hold no more: kPeerBatchBytesMax.
constexpr Range kMempoolBytes{1024 * 1024, 64 * 1024 * 1024};
constexpr Range kMempoolTransactions{16, 100'000'000};
constexpr Range kVerifyThreads{1, 256};
constexpr Range kMemberNumbers{0, 65'535};
constexpr std::size_t kPeersMax = 256;
constexpr std::size_t kCodeTreesMax = 1'000;
constexpr std::size_t kPathBytesMax = 4'096;
constexpr Range kRegions{0, 0xffff'ffff};
constexpr Range kRequestsPerMinute{1, 1'000'000};
constexpr Range kSnapshotInterval{0, 1'000'000'000};
constexpr Range kSnapshotBehind{16, 1'000'000'000};
constexpr Range kLanes{0, kPartyLanesMax - 1};
constexpr Range kDocumentsBytes{16 * 1024 * 1024, std::int64_t{1024} * 1024 * 1024 * 1024};

std::string ticked(std::string_view text) { return "`" + std::string(text) + "`"; }

Error invalid(const toml::node& at, const std::string& what) {
  return {Errc::config_invalid, "line " + std::to_string(at.source().begin.line) + ": " + what};
}

// One table of the file, by its dotted path.  Reading checks type and range; finish() refuses every
// key that nobody read.
class Section {
 public:
  Section(const toml::table& table, std::string path) : table_(table), path_(std::move(path)) {}

  Status text(std::string_view key, std::size_t bytes_max, std::string& out) {
    const toml::node* const node = take(key);
    if (!node) return {};
    const auto value = node->value_exact<std::string>();
    if (!value) return invalid(*node, ticked(name_of(key)) + " must be a string");
    if (value->empty() || value->size() > bytes_max) {
      return invalid(*node, ticked(name_of(key)) + " must have 1 to " + std::to_string(bytes_max) +
                                " characters");
    }
    if (!std::ranges::all_of(*value, [](char c) { return c > ' ' && c < '\x7f'; })) {
      return invalid(*node, ticked(name_of(key)) + " must be printable ASCII without spaces");
    }
    out = *value;
    return {};
  }

  Status choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                std::string& out) {
    FENRUN_OK(text(key, kNodeNameBytesMax, out));
    if (std::ranges::find(allowed, out) != allowed.end()) return {};
    std::string list;
    for (const auto& value : allowed) list += (list.empty() ? "" : ", ") + std::string(value);
    return invalid(*table_.get(key), ticked(name_of(key)) + " must be one of: " + list);
  }

  template <class Integer>
  Status number(std::string_view key, Range range, Integer& out) {
    const toml::node* const node = take(key);
    if (!node) return {};
    const auto value = node->value_exact<std::int64_t>();
    if (!value) return invalid(*node, ticked(name_of(key)) + " must be an integer");
    if (*value < range.min || *value > range.max) {
      return invalid(*node, ticked(name_of(key)) + " must be from " + std::to_string(range.min) +
                                " to " + std::to_string(range.max) + ", not " +
                                std::to_string(*value));
    }
    out = static_cast<Integer>(*value);
    return {};
  }

  // An array of strings; empty if it is absent.
  Status texts(std::string_view key, std::size_t count_max, std::size_t bytes_max,
               std::vector<std::string>& out) {
    const toml::node* const node = take(key);
    if (!node) return {};
    const toml::array* const array = node->as_array();
    if (!array) return invalid(*node, ticked(name_of(key)) + " must be an array of strings");
    if (array->size() > count_max) {
      return invalid(*node, ticked(name_of(key)) + " holds more than " + std::to_string(count_max));
    }
    for (const auto& item : *array) {
      const auto value = item.value_exact<std::string>();
      if (!value || value->empty() || value->size() > bytes_max) {
        return invalid(item, ticked(name_of(key)) + " must hold strings of 1 to " +
                                 std::to_string(bytes_max) + " characters");
      }
      out.push_back(*value);
    }
    return {};
  }

  Status flag(std::string_view key, bool& out) {
    const toml::node* const node = take(key);
    if (!node) return {};
    const auto value = node->value_exact<bool>();
    if (!value) return invalid(*node, ticked(name_of(key)) + " must be true or false");
    out = *value;
    return {};
  }

  Status port(std::string_view key, std::uint16_t& out) { return number(key, {1, kPortMax}, out); }

  // The table under this key; none if it is absent.
  Result<std::optional<Section>> section(std::string_view key) {
    const toml::node* const node = take(key);
    if (!node) return std::optional<Section>();
    if (!node->is_table()) return invalid(*node, ticked(name_of(key)) + " must be a table");
    return std::optional(Section(*node->as_table(), name_of(key)));
  }

  // The array of tables under this key; empty if it is absent.
  Result<std::vector<Section>> sections(std::string_view key) {
    std::vector<Section> out;
    const toml::node* const node = take(key);
    if (!node) return out;
    const toml::array* const array = node->as_array();
    if (!array) return invalid(*node, ticked(name_of(key)) + " must be written [[peers]]");
    for (const auto& item : *array) {
      if (!item.is_table()) return invalid(item, ticked(name_of(key)) + " must hold tables");
      out.emplace_back(*item.as_table(), name_of(key) + "[" + std::to_string(out.size()) + "]");
    }
    return out;
  }

  Status require(std::string_view key) const {
    if (table_.contains(key)) return {};
    return invalid(table_, ticked(name_of(key)) + " is missing");
  }

  Status finish() const {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(taken_, key.str()) == taken_.end()) {
        return Error{Errc::config_invalid, "line " + std::to_string(key.source().begin.line) +
                                               ": unknown key " + ticked(name_of(key.str()))};
      }
    }
    return {};
  }

  Error error(std::string_view key, const std::string& what) const {
    const toml::node* const node = table_.get(key);
    return invalid(node ? *node : table_, ticked(name_of(key)) + " " + what);
  }

 private:
  const toml::node* take(std::string_view key) {
    taken_.emplace_back(key);
    return table_.get(key);
  }

  std::string name_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }

  const toml::table& table_;
  std::string path_;
  std::vector<std::string> taken_;
};

Status read_peer_link(Section& root, Config& config) {
  FENRUN_OK(root.require("peer"));
  FENRUN_TRY(auto peer, root.section("peer"));
  FENRUN_OK(peer->require("port"));
  FENRUN_OK(peer->text("host", kHostBytesMax, config.peer_host));
  FENRUN_OK(peer->port("port", config.peer_port));
  return peer->finish();
}

Status read_api(Section& root, Config& config) {
  FENRUN_OK(root.require("api"));
  FENRUN_TRY(auto api, root.section("api"));
  FENRUN_OK(api->require("port"));
  FENRUN_OK(api->text("host", kHostBytesMax, config.api_host));
  FENRUN_OK(api->port("port", config.api_port));
  if (config.api_port == config.peer_port && config.api_host == config.peer_host) {
    return api->error("port", "is the port of peer links already");
  }
  return api->finish();
}

Status read_log(Section& root, Config& config) {
  FENRUN_TRY(auto log, root.section("log"));
  if (!log) return {};
  FENRUN_OK(log->choice("level", {"trace", "debug", "info", "warn", "error"}, config.log_level));
  FENRUN_OK(log->choice("format", {"text", "json"}, config.log_format));
  return log->finish();
}

Status read_mempool(Section& root, Config& config) {
  FENRUN_TRY(auto mempool, root.section("mempool"));
  if (!mempool) return {};
  FENRUN_OK(mempool->number("bytes_max", kMempoolBytes, config.mempool_bytes_max));
  FENRUN_OK(
      mempool->number("transactions_max", kMempoolTransactions, config.mempool_transactions_max));
  return mempool->finish();
}

Status read_verify(Section& root, Config& config) {
  FENRUN_TRY(auto verify, root.section("verify"));
  if (!verify) return {};
  FENRUN_OK(verify->number("threads", kVerifyThreads, config.verify_threads));
  return verify->finish();
}

Status read_snapshot(Section& root, Config& config) {
  FENRUN_TRY(auto snapshot, root.section("snapshot"));
  if (!snapshot) return {};
  FENRUN_OK(snapshot->number("interval", kSnapshotInterval, config.snapshot_interval));
  FENRUN_OK(snapshot->number("behind", kSnapshotBehind, config.snapshot_behind));
  bool joins = true;
  FENRUN_OK(snapshot->flag("join", joins));
  if (!joins) config.snapshot_behind = kJoinNever;
  return snapshot->finish();
}

// A file's path, from the home directory on unless it begins at the root.
Status read_path(Section& section, std::string_view key, const Config& config,
                 std::filesystem::path& out) {
  std::string text;
  FENRUN_OK(section.text(key, kPathBytesMax, text));
  if (!text.empty()) out = config.home / text;
  return {};
}

Status read_intake(Section& root, Config& config) {
  FENRUN_TRY(auto intake, root.section("intake"));
  if (!intake) return {};
  FENRUN_OK(read_path(*intake, "key_file", config, config.intake.key_file));
  FENRUN_OK(intake->number("lane", kLanes, config.intake.lane));
  FENRUN_OK(read_path(*intake, "places", config, config.intake.places));
  FENRUN_OK(
      intake->number("documents_bytes_max", kDocumentsBytes, config.intake.documents_bytes_max));
  return intake->finish();
}

Status read_claims(Section& root, Config& config) {
  FENRUN_TRY(auto section, root.section("claims"));
  if (!section) return {};
  ClaimsConfig claims;
  FENRUN_OK(section->texts("code_trees", kCodeTreesMax, kPathBytesMax, claims.code_trees));
  FENRUN_OK(section->number("region", kRegions, claims.region));
  FENRUN_OK(section->text("proxy", kHostBytesMax, claims.proxy));
  FENRUN_OK(section->number("requests_per_minute", kRequestsPerMinute, claims.requests_per_minute));
  FENRUN_OK(section->text("names", kPathBytesMax, claims.names));
  config.claims = std::move(claims);
  return section->finish();
}

Status read_peers(Section& root, Config& config) {
  FENRUN_TRY(auto peers, root.sections("peers"));
  if (peers.size() >= kPeersMax) {
    return root.error("peers", "holds more than " + std::to_string(kPeersMax - 1));
  }
  for (auto& item : peers) {
    PeerConfig peer;
    for (const auto* key : {"name", "host", "port"}) FENRUN_OK(item.require(key));
    FENRUN_OK(item.text("name", kNodeNameBytesMax, peer.name));
    FENRUN_OK(item.text("host", kHostBytesMax, peer.host));
    FENRUN_OK(item.port("port", peer.port));
    FENRUN_OK(item.finish());
    if (peer.name == config.name) return item.error("name", "is this node's own name");
    for (const auto& other : config.peers) {
      if (other.name == peer.name) return item.error("name", "appears twice: " + peer.name);
      if (other.host == peer.host && other.port == peer.port) {
        return item.error("port", "is that of " + other.name + " already, on the same host");
      }
    }
    config.peers.push_back(std::move(peer));
  }
  return {};
}

// What the parser may be given of a file.  Two things are kept from it:
//   * Depth.  It makes a table of each part of a dotted key, and takes them apart by recursion: a
//     file of dots would use up the stack.  Nothing here is deeper than `[section]` and a key in
//     it.
//   * Letters beyond ASCII, at some of which its behaviour is undefined.  No value has any; in
//     comments they are common, and are blanked.
class ParserInput {
 public:
  // Errc::config_invalid with the line.
  static Result<std::string> from(std::string_view text) {
    ParserInput input(text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text);
    while (!input.rest_.empty() && !input.fault_) {
      input.take_one();
      if (input.dots_ > kDotsMax || input.brackets_ > kBracketsMax) {
        input.fault_ = "nested too deeply";
      }
    }
    if (input.fault_) {
      return Error{Errc::config_invalid,
                   "line " + std::to_string(input.line_) + ": " + input.fault_};
    }
    return std::move(input.out_);
  }

 private:
  static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  static constexpr std::size_t kDotsMax = 16;      // Of one key or value.
  static constexpr std::size_t kBracketsMax = 16;  // Open at once.

  explicit ParserInput(std::string_view text) : rest_(text) { out_.reserve(text.size()); }

  void take_one() {
    if (rest_.starts_with("\"\"\"") || rest_.starts_with("'''")) return take_string(3);
    switch (rest_.front()) {
      case '"':
      case '\'':
        return take_string(1);
      case '#':
        return blank(std::min(rest_.find('\n'), rest_.size()));
      case '[':
      case '{':
        ++brackets_;
        break;
      case ']':
      case '}':
        if (brackets_ > 0) --brackets_;
        break;
      case '.':
        ++dots_;
        break;
      case '=':
      case ',':
      case '\n':
        dots_ = 0;
        break;
    }
    take(1);
  }

  // A string that `quotes` marks open.  One that is not closed as it must be ends the parsing too.
  void take_string(std::size_t quotes) {
    const std::string mark(rest_.substr(0, quotes));
    take(quotes);
    while (!rest_.empty() && !rest_.starts_with(mark) && !fault_) {
      if (quotes == 1 && rest_.front() == '\n') return;
      take(mark.front() == '"' && rest_.front() == '\\' ? 2 : 1);
    }
    take(quotes);
    // Up to two more quotes belong to the string.
    for (int i = 0; quotes == 3 && i < 2 && rest_.starts_with(mark.front()); ++i) take(1);
  }

  void take(std::size_t count) {
    for (const char c : rest_.substr(0, count)) {
      const bool is_blank = c == '\n' || c == '\t' || c == '\r';
      if (!is_blank && (c < ' ' || c > '~')) {
        fault_ = "only comments may have characters beyond printable ASCII";
        return;
      }
      out_ += c;
      if (c == '\n') ++line_;
      rest_.remove_prefix(1);
    }
  }

  void blank(std::size_t count) {
    for (const char c : rest_.substr(0, count)) out_ += c == '\r' || c == '#' ? c : ' ';
    rest_.remove_prefix(count);
  }

  std::string_view rest_;
  std::string out_;
  const char* fault_ = nullptr;
  std::size_t line_ = 1;
  std::size_t dots_ = 0;
  std::size_t brackets_ = 0;
};

Result<toml::table> parse_toml(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return Error{Errc::config_invalid, "line " + std::to_string(error.source().begin.line) + ": " +
                                           std::string(error.description())};
  } catch (const std::exception& error) {
    return Error{Errc::config_invalid, error.what()};
  }
}

// What print_config() writes needs no escapes beyond these: names and hosts are printable ASCII.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// The section of a config.toml; what is not set is shown as a comment.
std::string intake_text(const Config& config) {
  const auto& intake = config.intake;
  // As it is read: from the home directory on.
  const auto path = [&](const std::string& key, const std::filesystem::path& value,
                        const std::string& example) {
    if (value.empty()) return "# " + key + " = " + toml_string(example) + "\n";
    const auto inside = value.lexically_relative(config.home);
    const bool is_inside = !inside.empty() && *inside.begin() != "..";
    return key + " = " + toml_string((is_inside ? inside : value).string()) + "\n";
  };
  return "\n[intake]\n"
         "# Documents and claims become transactions that this key signs.  Without it the node\n"
         "# signs nothing.  Its passphrase is that of the other keys.\n" +
         path("key_file", intake.key_file, "keys/operator.key") +
         "# The lane of the key's party; better one of its own.\n"
         "lane = " +
         std::to_string(intake.lane) +
         "\n"
         "# Which party a place of an EPCIS document is: a JSON object, place URI -> party id.\n" +
         path("places", intake.places, "places.json") +
         "# Bytes of documents that are kept, at most.\n"
         "documents_bytes_max = " +
         std::to_string(intake.documents_bytes_max) + "\n";
}

void print_claims(const ClaimsConfig& claims, std::string& out) {
  const auto line = [&](const std::string& text) { out += text + "\n"; };
  line("");
  line("[claims]");
  line("# Folders of the code batches whose claims this node takes.");
  std::string folders;
  for (const auto& folder : claims.code_trees) {
    folders += (folders.empty() ? "" : ", ") + toml_string(folder);
  }
  line("code_trees = [" + folders + "]");
  line("# City-level region of scans that name no store; 0: not stated.");
  line("region = " + std::to_string(claims.region));
  if (!claims.proxy.empty()) {
    line("# The proxy whose X-Forwarded-For names the client.");
    line("proxy = " + toml_string(claims.proxy));
  }
  line("# Of one address.");
  line("requests_per_minute = " + std::to_string(claims.requests_per_minute));
  if (!claims.names.empty()) {
    line("# What people call products, stores and regions: docs/operating.md, \"A gateway\".");
    line("names = " + toml_string(claims.names));
  }
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::filesystem::path& home) {
  FENRUN_TRY(const auto input, ParserInput::from(text));
  FENRUN_TRY(const auto table, parse_toml(input));
  Section root(table, "");
  Config config;
  config.home = home;
  FENRUN_OK(root.require("name"));
  FENRUN_OK(root.text("name", kNodeNameBytesMax, config.name));
  if (table.contains("member")) {
    std::uint32_t member = 0;
    FENRUN_OK(root.number("member", kMemberNumbers, member));
    config.member = static_cast<std::uint16_t>(member);
  }
  FENRUN_OK(read_peer_link(root, config));
  FENRUN_OK(read_api(root, config));
  FENRUN_OK(read_log(root, config));
  FENRUN_OK(read_mempool(root, config));
  FENRUN_OK(read_verify(root, config));
  FENRUN_OK(read_snapshot(root, config));
  FENRUN_OK(read_intake(root, config));
  FENRUN_OK(read_claims(root, config));
  FENRUN_OK(read_peers(root, config));
  FENRUN_OK(root.finish());
  return config;
}

Result<Config> load_config(const std::filesystem::path& home) {
  const auto path = home / "config.toml";
  if (std::error_code failure; !std::filesystem::exists(path, failure) && !failure) {
    return Error{Errc::file_missing, path.string() + ": `fenrun init --home " + home.string() +
                                         " --genesis FILE` makes it"};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::io_error, "cannot read " + path.string()};
  std::string text(kConfigBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Error{Errc::io_error, "cannot read " + path.string()};
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kConfigBytesMax) {
    return Error{Errc::config_invalid,
                 path.string() + ": larger than " + std::to_string(kConfigBytesMax) + " bytes"};
  }
  auto config = parse_config(text, home);
  if (!config) return Error{config.error().code, path.string() + ": " + config.error().detail};
  return config;
}

std::string print_config(const Config& config) {
  std::string out;
  const auto line = [&](const std::string& text) { out += text + "\n"; };
  const auto number = [](std::uint64_t value) { return std::to_string(value); };

  line("# Configuration of one Fenrun node, read at start.  Unknown keys are refused.");
  line("# docs/operating.md describes each of them.");
  line("");
  line("# This member's name, as the ledger has it.");
  line("name = " + toml_string(config.name));
  if (config.member) {
    line("# Its number, told when it was admitted.");
    line("member = " + number(*config.member));
  }
  line("");
  line("[peer]");
  line("# Where the node listens for the other members (TLS 1.3, both sides known by key).");
  line("host = " + toml_string(config.peer_host));
  line("port = " + number(config.peer_port));
  line("");
  line("[api]");
  line(
      "# Where the node answers HTTP.  It is not encrypted: keep it on loopback or behind a "
      "proxy.");
  line("host = " + toml_string(config.api_host));
  line("port = " + number(config.api_port));
  line("");
  line("[log]");
  line("# trace, debug, info, warn or error.");
  line("level = " + toml_string(config.log_level));
  line("# text or json: one line an event.");
  line("format = " + toml_string(config.log_format));
  line("");
  line("[mempool]");
  line("# What waits to be ordered: bytes, and transactions, at most.");
  line("bytes_max = " + number(config.mempool_bytes_max));
  line("transactions_max = " + number(config.mempool_transactions_max));
  line("");
  line("[verify]");
  line("# Threads that verify signatures.");
  line("threads = " + number(config.verify_threads));
  line("");
  line("[snapshot]");
  line("# Heights between two snapshots that are offered to nodes that join; 0: none.");
  line("interval = " + number(config.snapshot_interval));
  const bool joins = config.snapshot_behind != kJoinNever;
  line("# false: this node joins by no snapshot of its peers, and loses no history to one.");
  line(std::string("join = ") + (joins ? "true" : "false"));
  line("# More heights than this behind, it joins by one.");
  line("behind = " + number(joins ? config.snapshot_behind : Config().snapshot_behind));
  out += intake_text(config);
  if (config.claims) print_claims(*config.claims, out);
  for (const auto& peer : config.peers) {
    line("");
    line("# Another member: its name as in the ledger, and where it listens for us.");
    line("[[peers]]");
    line("name = " + toml_string(peer.name));
    line("host = " + toml_string(peer.host));
    line("port = " + number(peer.port));
  }
  return out;
}

}  // namespace fenrun
