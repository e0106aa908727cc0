// fenrun codes generate | print | open: batches of printed codes, made by their brand.
// docs/operating.md, "Codes".
#include <algorithm>
#include <thread>

#include "core/crypto/key_file.h"
#include "core/text.h"
#include "node/cli/commands.h"
#include "node/cli/progress.h"
#include "node/cli/signing.h"
#include "node/codes/printer_file.h"
#include "node/json/reflect.h"
#include "node/storage/data_dir.h"

namespace fenrun::cli {
namespace {

constexpr unsigned kCodeThreadsMax = 256;

struct GenerateOptions {
  std::string out;
  std::uint32_t batch = 0;
  std::string gtin;
  std::uint32_t count = 0;
  std::string box_gtin;
  std::uint32_t per_box = 0;
  std::string case_gtin;
  std::uint32_t per_case = 0;
  std::uint32_t per_pallet = 0;
  std::optional<std::uint64_t> sscc_first;
  std::string path = "bearer";
  std::string gate = "commissioned";
  std::string gateway;
  std::string lot;
  std::string genesis;
  std::string chain_id;
  unsigned threads = 0;
  bool plain = false;
};

// The value with this name.
template <class E>
Result<E> named(const std::string& option, const std::string& name) {
  E value{};
  const json::Place place{nullptr, option};
  if (const auto read = json::read(Json(name), place, value); !read) {
    return Error{Errc::usage, read.error().detail};
  }
  return value;
}

// The level that holds the one before, as many as it takes.
void add_level(CodeSet& codes, UnitLevel level, const std::string& gtin, std::uint32_t per) {
  auto& below = codes.levels.back();
  below.per_parent = per;
  const std::uint32_t count = below.count / per + (below.count % per == 0 ? 0 : 1);
  codes.levels.push_back({level, {gtin}, count, 0});
}

Result<CodeSet> code_set(const GenerateOptions& options) {
  const auto belong = [](bool a, bool b) { return a == b; };
  if (!belong(options.box_gtin.empty(), options.per_box == 0) ||
      !belong(options.case_gtin.empty(), options.per_case == 0) ||
      !belong(!options.sscc_first, options.per_pallet == 0)) {
    return Error{Errc::usage,
                 "--box-gtin and --per-box, --case-gtin and --per-case, --sscc-first and "
                 "--per-pallet belong together"};
  }
  CodeSet codes;
  codes.levels = {{UnitLevel::item, {options.gtin}, options.count, 0}};
  if (options.per_box > 0) add_level(codes, UnitLevel::box, options.box_gtin, options.per_box);
  if (options.per_case > 0) add_level(codes, UnitLevel::case_, options.case_gtin, options.per_case);
  if (options.per_pallet > 0) add_level(codes, UnitLevel::logistic, "", options.per_pallet);
  codes.sscc_first = options.sscc_first;
  FENRUN_TRY(codes.path, named<ClaimPath>("--path", options.path));
  FENRUN_TRY(codes.gate, named<ClaimGate>("--gate", options.gate));
  if (!options.gateway.empty()) {
    FENRUN_TRY(codes.gateway, parse_party(options.gateway));
  }
  codes.lot = {options.lot};
  return codes;
}

// Of the network for which the codes are: a file, digits, or the node.
Result<Digest> network_of(const Session& session, const GenerateOptions& options) {
  if (!options.genesis.empty() || !options.chain_id.empty() || session.node.empty()) {
    return chain_id_of(options.genesis, options.chain_id);
  }
  FENRUN_TRY(const auto client, ApiClient::create(session));
  return client.chain_id();
}

Json view_of(const CodeBatchFacts& facts, const std::string& folder) {
  Json levels = Json::array();
  for (std::size_t i = 0; i < facts.codes.levels.size(); ++i) {
    auto level = json::write(facts.codes.levels[i]);
    level["first"] = facts.printed[i].first.value;
    level["last"] = facts.printed[i].last.value;
    levels.push_back(std::move(level));
  }
  return {{"folder", folder},
          {"batch", facts.batch.value()},
          {"root", to_hex(facts.codes.root.view())},
          {"path", json::write(facts.codes.path)},
          {"levels", std::move(levels)}};
}

// A key file that must be of one purpose.
Result<SigningKey> open_key_text(const Session& session, const Path& path, const SecretText& text,
                                 KeyFilePurpose purpose) {
  FENRUN_TRY(const auto file, parse_key_file(text.view()));
  if (file.purpose != purpose) {
    return Error{Errc::key_file_invalid,
                 path.string() + ": not of the purpose " + std::string(name_of(purpose))};
  }
  std::optional<Passphrase> passphrase;
  if (file.is_sealed()) {
    FENRUN_TRY(passphrase, ask_passphrase(session, "Passphrase of " + path.string()));
  }
  return open_key_file(file, passphrase ? &*passphrase : nullptr);
}

Result<SigningKey> open_key_of(const Session& session, const Path& path, KeyFilePurpose purpose) {
  FENRUN_TRY(const auto text, of_local_file(read_key_file(path)));
  return open_key_text(session, path, text, purpose);
}

// Where the secrets of a batch come from.
struct BatchSeed {
  SigningKey key;
  SecretText file;
};

// That of the run that is gone on with, or a new one.
Result<BatchSeed> batch_seed(const Session& session, FileSystem& files,
                             const GenerateOptions& options) {
  FENRUN_TRY(auto left, unfinished_key_file(files, options.out));
  if (left) {
    const auto partial = partial_code_batch(options.out);
    session.err << "going on with " << partial.string() << ", left of an interrupted run\n";
    const auto path = code_key_path(partial);
    FENRUN_TRY(auto key, open_key_text(session, path, *left, KeyFilePurpose::codes));
    return BatchSeed{std::move(key), *std::move(left)};
  }
  std::optional<Passphrase> passphrase;
  if (!options.plain) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  auto key = SigningKey::generate();
  FENRUN_TRY(auto file,
             seal_key_file(key, KeyFilePurpose::codes, passphrase ? &*passphrase : nullptr,
                           KdfCost{}, SealRandomness::fresh()));
  return BatchSeed{std::move(key), std::move(file)};
}

Result<Exit> generate(const Session& session, const GenerateOptions& options) {
  CodeBatchOrder order;
  order.batch = UnitBatchId(options.batch);
  FENRUN_TRY(order.codes, code_set(options));
  FENRUN_OK(check_codes(registration_of(order.batch, order.codes)));
  FENRUN_TRY(order.chain_id, network_of(session, options));
  PosixFileSystem files;
  FENRUN_TRY(const bool is_taken, files.holds(options.out));
  if (is_taken) return Error{Errc::file_exists, options.out};
  const auto partial = partial_code_batch(options.out);
  FENRUN_TRY(const auto seed, batch_seed(session, files, options));
  const auto lock = FolderLock::take(partial);
  if (!lock) return Error{lock.error().code, lock.error().detail + ": another run is making it"};
  CodeBatchWork work;
  work.threads = options.threads > 0 ? std::min(options.threads, kCodeThreadsMax)
                                     : std::max(1U, std::thread::hardware_concurrency());
  ProgressBar bar(session.err);
  work.progress = [&](std::uint32_t done, std::uint32_t count) { bar.show(done, count, "codes"); };
  work.resumed = [&](std::uint32_t done, std::uint32_t count) {
    session.err << done << " of " << count << " codes are made already\n";
  };
  FENRUN_TRY(const auto facts,
             make_code_batch(files, options.out, order, seed.key, seed.file, work));
  const auto view = view_of(facts, options.out);
  session.show(view, [&](std::ostream& out) {
    print_fields(out, view);
    out << "next: fenrun tx submit " << (Path(options.out) / "register.json").string()
        << " --key BRAND.key\n";
  });
  return Exit::ok;
}

struct PrintOptions {
  std::string folder;
  std::string out;
  std::string host;
  std::string level = "item";
  std::uint32_t first = 0;
  std::optional<std::uint32_t> count;
  std::string reader;
  bool clear = false;
};

// To whom the rows are sealed; none if they stand in clear.
Result<std::optional<PublicKey>> reader_of(const PrintOptions& options, bool secrets) {
  if (options.reader.empty()) {
    if (!secrets || options.clear) return std::optional<PublicKey>();
    return Error{Errc::usage,
                 "the rows hold secrets: seal them with --to KEY, or say --secrets-in-clear"};
  }
  if (options.clear) return Error{Errc::usage, "--to and --secrets-in-clear exclude each other"};
  const auto key = fixed_from_hex<PublicKey>(options.reader);
  if (!key) return Error{Errc::usage, "--to: 64 hex digits, as fenrun keys show prints them"};
  return std::optional<PublicKey>(*key);
}

Result<Exit> print(const Session& session, const PrintOptions& options) {
  PosixFileSystem files;
  FENRUN_TRY(const auto facts, read_code_batch(files, options.folder));
  PrintOrder order{.host = options.host, .level = {}, .first = options.first, .count = 0};
  FENRUN_OK(check_url_host(order.host));
  FENRUN_TRY(order.level, named<UnitLevel>("--level", options.level));
  const auto* const level = find_level(facts.codes, order.level);
  if (level == nullptr) return Error{Errc::usage, "--level: the batch has none"};
  order.count = options.count.value_or(level->count - std::min(options.first, level->count));
  const bool secrets = has_secrets(facts, order.level);
  FENRUN_TRY(const auto reader, reader_of(options, secrets));
  std::optional<CodeKeys> keys;
  if (secrets) {
    FENRUN_TRY(const auto seed,
               open_key_of(session, code_key_path(options.folder), KeyFilePurpose::codes));
    FENRUN_TRY(auto opened, code_keys(facts, seed));
    keys.emplace(std::move(opened));
  }
  FENRUN_TRY(auto file, PrinterFile::create(files, options.out, reader));
  FENRUN_OK(print_rows(facts, keys ? &*keys : nullptr, order,
                       [&](std::string_view text) { return file.write(text); }));
  FENRUN_OK(file.finish());
  const Json view = {{"file", options.out},  {"level", options.level},
                     {"first", order.first}, {"rows", order.count},
                     {"secrets", secrets},   {"sealed", reader.has_value()}};
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  return Exit::ok;
}

struct OpenOptions {
  std::string file;
  std::string key;
  std::string out;
};

// What was opened stands in clear; asking for it says so.
Result<Exit> open_rows(const Session& session, const OpenOptions& options) {
  FENRUN_TRY(const auto key, open_key_of(session, options.key, KeyFilePurpose::printer));
  PosixFileSystem files;
  FENRUN_TRY(auto file, PrinterFile::create(files, options.out, std::nullopt));
  FENRUN_OK(of_local_file(open_printer_file(
      files, options.file, key, [&](std::string_view text) { return file.write(text); })));
  FENRUN_OK(file.finish());
  const Json view = {{"file", options.out}};
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  return Exit::ok;
}

void add_levels(CLI::App& command, GenerateOptions& options) {
  command.add_option("--gtin", options.gtin, "GTIN-14 of the item")->required();
  command.add_option("--count", options.count, "How many items")->required();
  command.add_option("--box-gtin", options.box_gtin, "GTIN-14 of a box of items");
  command.add_option("--per-box", options.per_box, "Items in a box");
  command.add_option("--case-gtin", options.case_gtin, "GTIN-14 of a case");
  command.add_option("--per-case", options.per_case, "Boxes in a case, or items without boxes");
  command.add_option("--per-pallet", options.per_pallet, "The greatest of them on a pallet");
  command.add_option("--sscc-first", options.sscc_first,
                     "First pallet's SSCC without check digit; each batch takes whole thousands");
}

void add_generate(CLI::App& codes, Session& session) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App* const command = add_command(
      codes, "generate", "Make a batch of codes: a folder",
      "fenrun codes generate --out batch-7 --batch 7 --gtin 06901234567892 --count 1000000 \\\n"
      "    --case-gtin 16901234567899 --per-case 24 --per-pallet 40 \\\n"
      "    --sscc-first 6901234000000000 --path bearer --gate received --lot L20261129 \\\n"
      "    --genesis genesis.bin\n"
      "  Then: fenrun tx submit batch-7/register.json --key brand.key");
  command->add_option("--out", options->out, "The folder to make")->required()->type_name("DIR");
  command->add_option("--batch", options->batch, "Number of the batch: never used before")
      ->required();
  add_levels(*command, *options);
  command->add_option("--path", options->path, "Who can use a code: bearer, gateway or none")
      ->capture_default_str();
  command->add_option("--gateway", options->gateway, "With --path gateway: its party id");
  command->add_option("--gate", options->gate, "From when on: commissioned, or received by a store")
      ->capture_default_str();
  command->add_option("--lot", options->lot, "Production lot, of at most 20 characters");
  command->add_option("--genesis", options->genesis, "The network's genesis, for its chain id");
  command->add_option("--chain-id", options->chain_id,
                      "The chain id instead: 64 hex digits; else --node is asked");
  command->add_option("--threads", options->threads, "0: as many as cores")->capture_default_str();
  command->add_flag("--plain", options->plain, "No passphrase: batch.key is the secret of all");
  command->callback([&session, options] {
    session.command = [&session, options] { return generate(session, *options); };
  });
}

void add_print(CLI::App& codes, Session& session) {
  const auto options = std::make_shared<PrintOptions>();
  CLI::App* const command = add_command(
      codes, "print", "Write the rows for the printing plant: CSV",
      "fenrun codes print batch-7 --host id.brand.example.com --to 3d40...660c --out rows.sealed\n"
      "fenrun codes print batch-7 --host id.brand.example.com --level case --out cases.csv\n"
      "  The plant: fenrun keys new --purpose printer --out plant.key\n"
      "             fenrun codes open rows.sealed --key plant.key --out rows.csv");
  command->add_option("folder", options->folder, "What codes generate made")->required();
  command->add_option("--host", options->host, "Of the links: id.brand.example.com")->required();
  command->add_option("--out", options->out, "The file to make (mode 0600)")->required();
  command->add_option("--level", options->level, "item, box, case or logistic")
      ->capture_default_str();
  command->add_option("--first", options->first, "Index to begin with")->capture_default_str();
  command->add_option("--count", options->count, "How many; else all");
  command->add_option("--to", options->reader, "Public key of the printing plant: seals the file");
  command->add_flag("--secrets-in-clear", options->clear,
                    "Do not seal it: whoever reads the file can use every code");
  command->callback([&session, options] {
    session.command = [&session, options] { return print(session, *options); };
  });
}

void add_open(CLI::App& codes, Session& session) {
  const auto options = std::make_shared<OpenOptions>();
  CLI::App* const command =
      add_command(codes, "open", "Open a file that was sealed to a printing plant",
                  "fenrun codes open rows.sealed --key plant.key --out rows.csv");
  command->add_option("file", options->file, "What codes print --to wrote")->required();
  command->add_option("--key", options->key, "Key file of the purpose printer")->required();
  command->add_option("--out", options->out, "The file to make (mode 0600), in clear")->required();
  command->callback([&session, options] {
    session.command = [&session, options] { return open_rows(session, *options); };
  });
}

}  // namespace

void add_codes_commands(CLI::App& app, Session& session) {
  CLI::App* const codes = add_command(app, "codes", "Make printed codes, look them up, use them",
                                      "fenrun codes generate --out batch-7 --batch 7 "
                                      "--gtin 06901234567892 --count 1000 --genesis genesis.bin");
  codes->require_subcommand(1);
  add_generate(*codes, session);
  add_print(*codes, session);
  add_open(*codes, session);
  add_code_commands(*codes, session);
}

}  // namespace fenrun::cli
