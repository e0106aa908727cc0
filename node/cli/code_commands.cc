// fenrun codes lookup | path | claim: what is asked of single codes.
#include <chrono>

#include "core/text.h"
#include "ledger/proof/merkle.h"
#include "node/cli/commands.h"
#include "node/cli/signing.h"
#include "node/codes/scanned_code.h"
#include "node/json/reflect.h"

namespace fenrun::cli {
namespace {

constexpr std::size_t kPathBytesMax = 64 * 1024;

struct CodeOptions {
  std::string code;
  std::string folder;
  std::string path_file;
  std::string claimant;
  std::string store;
  std::uint32_t region = 0;
  std::string time;
  bool is_bare = false;
};

// What a claimant is told of its code: `fenrun codes path`.
struct CodePathView {
  Digest chain_id;
  UnitBatchId batch;
  std::uint32_t index = 0;
  std::uint32_t count = 0;  // Of items.
  Digest leaf;
  Digest root;
  CodePath path;

  FENRUN_FIELDS(chain_id, batch, index, count, leaf, root, path)
};

Result<CodePathView> path_in(const Path& folder, const CodeBatchFacts& facts, std::uint32_t index) {
  PosixFileSystem files;
  FENRUN_TRY(const auto tree, of_local_file(open_code_tree(files, folder, facts)));
  const auto& known = tree.facts();
  CodePathView view{known.chain_id, known.batch, index, known.count, {}, known.root, {}};
  FENRUN_TRY(view.leaf, tree.leaf(index));
  FENRUN_TRY(view.path, tree.path(index));
  return view;
}

Result<CodePathView> path_of(const Path& folder, const ScannedCode& scanned) {
  PosixFileSystem files;
  FENRUN_TRY(const auto facts, read_code_batch(files, folder));
  FENRUN_TRY(const auto unit, unit_of(facts, scanned));
  if (unit.level != UnitLevel::item) {
    return Error{Errc::value_invalid, "only items have a place in the tree"};
  }
  return path_in(folder, facts, unit.index);
}

Result<CodePathView> read_path(const Path& file) {
  FENRUN_TRY(const auto text, read_file_text(file, kPathBytesMax));
  FENRUN_TRY(const auto value, parse_json(text));
  CodePathView view;
  FENRUN_OK(json::read(value, json::Place{nullptr, "path"}, view));
  FENRUN_OK(verify_inclusion(view.leaf, view.index, view.count, view.path, view.root));
  return view;
}

// Whether the scanned secret is the code's, as the tree has it.
bool is_genuine(const CodePathView& view, const CodeSecret& secret) {
  const auto key = code_key(view.chain_id, view.batch, view.index, secret);
  return code_leaf_hash(view.batch, view.index, key.public_key()) == view.leaf;
}

Json neighbours_of(const CodeBatchFacts& facts, const UnitId& unit) {
  const auto epc_of = [&](UnitLevel level, std::uint32_t index) {
    return printed_epc(facts.codes, {facts.batch, level, index}).value;
  };
  Json view = {{"containers", Json::array()}, {"contents", Json::array()}};
  for (const auto& container : containers_of(facts.codes, unit)) {
    view["containers"].push_back({{"level", json::write(container.level)},
                                  {"index", container.index},
                                  {"epc", epc_of(container.level, container.index)}});
  }
  for (const auto& range : contents_of(facts.codes, unit)) {
    view["contents"].push_back({{"level", json::write(range.level)},
                                {"first", range.first},
                                {"count", range.count},
                                {"first_epc", epc_of(range.level, range.first)},
                                {"last_epc", epc_of(range.level, range.first + range.count - 1)}});
  }
  return view;
}

// What the batch's folder says.
Status look_in_folder(const Path& folder, const ScannedCode& scanned, Json& view) {
  PosixFileSystem files;
  FENRUN_TRY(const auto facts, read_code_batch(files, folder));
  FENRUN_TRY(const auto unit, unit_of(facts, scanned));
  view["epc"] = printed_epc(facts.codes, unit).value;
  view["batch"] = unit.batch.value();
  view["level"] = json::write(unit.level);
  view["index"] = unit.index;
  view.update(neighbours_of(facts, unit));
  if (!scanned.secret || unit.level != UnitLevel::item) return {};
  FENRUN_TRY(const auto path, path_in(folder, facts, unit.index));
  view["genuine"] = is_genuine(path, *scanned.secret);
  return {};
}

// What the ledger says; null for a batch of the folder that is not registered yet.
Status look_on_ledger(const Session& session, const CodeOptions& options, Json& view) {
  if (!view.contains("epc")) {
    return Error{Errc::usage, "a serial alone names no product: give the link, or --dir"};
  }
  FENRUN_TRY(const auto client, ApiClient::create(session));
  const auto unit = client.get("/v1/units/" + unit_segments(view.at("epc").get<std::string>()));
  const bool is_unregistered = !unit && unit.error().code == Errc::not_found;
  if (!unit && !(is_unregistered && !options.folder.empty())) return unit.error();
  view["ledger"] = unit ? *unit : Json();
  return {};
}

Result<Exit> look_up(const Session& session, const CodeOptions& options) {
  FENRUN_TRY(const auto scanned, read_scanned_code(options.code));
  Json view = Json::object();
  if (scanned.epc) view["epc"] = scanned.epc->value;
  if (scanned.serial) {
    view["batch"] = scanned.serial->batch.value();
    view["index"] = scanned.serial->index;
  }
  if (!options.folder.empty()) FENRUN_OK(look_in_folder(options.folder, scanned, view));
  if (!session.node.empty()) FENRUN_OK(look_on_ledger(session, options, view));
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  const bool is_fake = view.contains("genuine") && !view.at("genuine").get<bool>();
  return is_fake ? Exit::refused : Exit::ok;
}

Result<Exit> show_path(const Session& session, const CodeOptions& options) {
  FENRUN_TRY(const auto scanned, read_scanned_code(options.code));
  FENRUN_TRY(const auto path, path_of(options.folder, scanned));
  const auto view = json::write(path);
  session.show(view, [&](std::ostream& out) { out << view.dump(2) << "\n"; });
  return Exit::ok;
}

TimeMs present_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return TimeMs(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

Result<Claim> claim_of(const CodeOptions& options, const CodePathView& path) {
  Claim claim;
  claim.batch = path.batch;
  claim.index = path.index;
  const auto claimant = fixed_from_hex<SubjectId>(options.claimant);
  if (!claimant) return Error{Errc::usage, "--claimant: 32 hex digits"};
  claim.claimant = *claimant;
  if (!options.store.empty()) {
    FENRUN_TRY(claim.store, parse_party(options.store));
  }
  claim.region = RegionCode(options.region);
  claim.time = present_time();
  if (!options.time.empty()) {
    const auto time = from_rfc3339(options.time);
    if (!time) return Error{Errc::usage, "--time: as in 2026-03-01T08:00:00.000Z"};
    claim.time = *time;
  }
  return claim;
}

Result<Exit> claim(const Session& session, const CodeOptions& options) {
  if (options.folder.empty() == options.path_file.empty()) {
    return Error{Errc::usage, "give --dir or --path-file, for the code's path"};
  }
  FENRUN_TRY(const auto scanned, read_scanned_code(options.code));
  if (!scanned.secret) return Error{Errc::usage, "the link has no secret behind '#'"};
  FENRUN_TRY(const auto path, options.folder.empty() ? read_path(options.path_file)
                                                     : path_of(options.folder, scanned));
  const bool is_same =
      scanned.serial && scanned.serial->batch == path.batch && scanned.serial->index == path.index;
  if (!is_same) return Error{Errc::code_unknown, "the path is another code's"};
  if (!is_genuine(path, *scanned.secret)) {
    return Error{Errc::code_unknown, "the secret is not this code's"};
  }
  const auto key = code_key(path.chain_id, path.batch, path.index, *scanned.secret);
  FENRUN_TRY(const auto used, claim_of(options, path));
  const auto signature = key.sign(Domain::code_claim, claim_message(path.chain_id, used));
  const auto operation =
      json::write(Operation(ClaimCode{used, key.public_key(), signature, path.path}));
  Json draft = operation;
  if (!options.is_bare) {
    draft = Json::object();
    draft["mode"] = "independent";
    draft["operations"] = Json::array({operation});
  }
  session.show(draft, [&](std::ostream& out) { out << draft.dump(2) << "\n"; });
  return Exit::ok;
}

void add_lookup(CLI::App& codes, Session& session) {
  const auto options = std::make_shared<CodeOptions>();
  CLI::App* const command = add_command(
      codes, "lookup", "What a code says, what lies around it, and how its unit stands",
      "fenrun codes lookup 'https://id.brand.example.com/01/06901234567892/21/000000W0000050' "
      "--dir batch-7\n"
      "fenrun codes lookup 00/069012340000000115 --node http://127.0.0.1:7101\n"
      "  A serial alone is taken for an item's.  Exit 1: no such code, or a wrong secret.");
  command->add_option("code", options->code, "Link, URN, identifier or serial")->required();
  command->add_option("--dir", options->folder, "Folder of the batch")->type_name("DIR");
  command->callback([&session, options] {
    session.command = [&session, options] { return look_up(session, *options); };
  });
}

void add_path(CLI::App& codes, Session& session) {
  const auto options = std::make_shared<CodeOptions>();
  CLI::App* const command =
      add_command(codes, "path", "The path of a code to its batch's root, which a claim carries",
                  "fenrun codes path 000000W0000050 --dir batch-7 > path.json");
  command->add_option("code", options->code, "Link, URN, identifier or serial")->required();
  command->add_option("--dir", options->folder, "Folder of the batch; batch.key is not needed")
      ->required()
      ->type_name("DIR");
  command->callback([&session, options] {
    session.command = [&session, options] { return show_path(session, *options); };
  });
}

void add_claim(CLI::App& codes, Session& session) {
  const auto options = std::make_shared<CodeOptions>();
  CLI::App* const command = add_command(
      codes, "claim", "Sign the use of a code with its secret: the draft of a transaction",
      "fenrun codes claim 'https://id.brand.example.com/01/06901234567892/21/000000W0000050"
      "#p37z...' \\\n"
      "    --dir batch-7 --claimant 000102030405060708090a0b0c0d0e0f --store ID > claim.json\n"
      "  Then: fenrun tx submit claim.json --key gateway.key\n"
      "  Quote the link: what stands behind # is the secret.");
  command->add_option("code", options->code, "The link under the cap")->required();
  command->add_option("--dir", options->folder, "Folder of the batch")->type_name("DIR");
  command->add_option("--path-file", options->path_file, "What codes path printed, instead")
      ->type_name("FILE");
  command->add_option("--claimant", options->claimant, "Pseudonym of who claims: 32 hex digits")
      ->required();
  command->add_option("--store", options->store, "Party id of the store where it was scanned");
  command->add_option("--region", options->region, "City-level region of the scan")
      ->capture_default_str();
  command->add_option("--time", options->time, "RFC 3339, in UTC; else now");
  command->add_flag("--bare", options->is_bare, "The operation alone, not a draft");
  command->callback([&session, options] {
    session.command = [&session, options] { return claim(session, *options); };
  });
}

}  // namespace

void add_code_commands(CLI::App& codes, Session& session) {
  add_lookup(codes, session);
  add_path(codes, session);
  add_claim(codes, session);
}

}  // namespace fenrun::cli
