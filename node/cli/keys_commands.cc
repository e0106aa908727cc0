// fenrun keys: key files without a network.
#include "contracts/key_owners.h"
#include "core/text.h"
#include "node/cli/commands.h"
#include "node/cli/signing.h"
#include "node/home.h"
#include "node/storage/data_dir.h"

namespace fenrun::cli {
namespace {

Json view_of(const Path& path, KeyFilePurpose purpose, const PublicKey& key, bool is_sealed) {
  return {{"file", path.string()},
          {"purpose", std::string(name_of(purpose))},
          {"public_key", to_hex(key.view())},
          {"sealed", is_sealed}};
}

void show(const Session& session, const Json& view) {
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
}

Result<Exit> make_key(const Session& session, const std::string& purpose_name, const Path& path,
                      bool plain) {
  FENRUN_TRY(const auto purpose, key_file_purpose_from(purpose_name));
  std::optional<Passphrase> passphrase;
  if (!plain) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  const SigningKey key = SigningKey::generate();
  FENRUN_TRY(const auto text, seal_key_file(key, purpose, passphrase ? &*passphrase : nullptr,
                                            KdfCost{}, SealRandomness::fresh()));
  FENRUN_OK(write_key_file(path, text));
  show(session, view_of(path, purpose, key.public_key(), !plain));
  return Exit::ok;
}

Result<KeyFile> parsed(const Path& path) {
  FENRUN_TRY(const auto text, of_local_file(read_key_file(path)));
  return parse_key_file(text.view());
}

Result<Exit> show_key(const Session& session, const Path& path) {
  FENRUN_TRY(const auto file, parsed(path));
  show(session, view_of(path, file.purpose, file.public_key, file.is_sealed()));
  return Exit::ok;
}

// What the key's purpose is on the ledger.  A validator's voting keys prove themselves when they
// are reported: fenrun ready, fenrun rejoin.
Result<KeyPurpose> provable_purpose(const Path& path) {
  FENRUN_TRY(const auto file, parsed(path));
  switch (file.purpose) {
    case KeyFilePurpose::operator_:
    case KeyFilePurpose::party:
      return KeyPurpose::transactions;
    case KeyFilePurpose::transport:
      return KeyPurpose::transport;
    case KeyFilePurpose::consensus:
    case KeyFilePurpose::checkpoint:
    case KeyFilePurpose::codes:
    case KeyFilePurpose::printer:
      break;
  }
  return Error{Errc::value_invalid, path.string() + ": of a party, operator or transport key only"};
}

Result<Exit> prove_key(const Session& session, const Path& path, const std::string& party_hex,
                       const std::string& chain_hex) {
  FENRUN_TRY(const auto party, fixed_from_hex<PartyId>(party_hex));
  FENRUN_TRY(const auto chain, fixed_from_hex<Digest>(chain_hex));
  FENRUN_TRY(const auto purpose, provable_purpose(path));
  FENRUN_TRY(const auto key, open_key(session, path));
  show(session, {{"public_key", to_hex(key.public_key().view())},
                 {"party", party_hex},
                 {"possession", to_hex(prove_possession(key, chain, party, purpose).view())}});
  return Exit::ok;
}

// The old file stays beside the new one until the new one is whole.
Result<Exit> change_passphrase(const Session& session, const Path& path,
                               const std::string& new_file, bool plain) {
  FENRUN_TRY(const auto file, parsed(path));
  std::optional<Passphrase> old;
  if (file.is_sealed()) {
    FENRUN_TRY(old, ask_passphrase(session, "Passphrase of " + path.string()));
  }
  FENRUN_TRY(const auto key, open_key_file(file, old ? &*old : nullptr));
  std::optional<Passphrase> next;
  if (!new_file.empty()) {
    FENRUN_TRY(auto text, read_file_text(new_file, 1'024));
    next = Passphrase(std::string_view(text).substr(0, text.find_first_of("\r\n")));
    wipe(text);
    if (next->empty()) return Error{Errc::passphrase_wrong, new_file + " is empty"};
  } else if (!plain) {
    if (old && !asks_terminal(session)) {
      return Error{Errc::usage, "the passphrase given is the old one: --new-passphrase-file FILE"};
    }
    FENRUN_TRY(next, ask_new_passphrase(session));
  }
  FENRUN_TRY(const auto text, seal_key_file(key, file.purpose, next ? &*next : nullptr, KdfCost{},
                                            SealRandomness::fresh()));
  PosixFileSystem files;
  FENRUN_OK(replace_file(files, path, bytes_of(text.view())));
  show(session, view_of(path, file.purpose, file.public_key, next.has_value()));
  return Exit::ok;
}

}  // namespace

void add_keys_commands(CLI::App& app, Session& session) {
  CLI::App* const keys = add_command(app, "keys", "Make and look at key files",
                                     "fenrun keys new --purpose party --out store.key");
  keys->require_subcommand(1);

  struct Options {
    std::string purpose = "party";
    std::string path;
    std::string new_file;
    std::string party;
    std::string chain_id;
    bool plain = false;
  };
  const auto options = std::make_shared<Options>();

  CLI::App* const make = add_command(*keys, "new", "Make a key and write its file (mode 0600)",
                                     "fenrun keys new --purpose party --out store.key");
  make->add_option("--purpose", options->purpose,
                   "party, operator, consensus, checkpoint, transport or printer")
      ->check([](const std::string& name) { return fault_of(key_file_purpose_from(name)); });
  make->add_option("--out", options->path, "The file to make")->required()->type_name("FILE");
  make->add_flag("--plain", options->plain, "Without passphrase: the file is the key");
  make->callback([&session, options] {
    session.command = [&session, options] {
      return make_key(session, options->purpose, options->path, options->plain);
    };
  });

  CLI::App* const show =
      add_command(*keys, "show", "Show the public key of a key file", "fenrun keys show store.key");
  show->add_option("file", options->path, "The key file")->required();
  show->callback([&session, options] {
    session.command = [&session, options] { return show_key(session, options->path); };
  });

  CLI::App* const prove = add_command(
      *keys, "prove", "Sign that a key is to be a party's: what a registration asks for",
      "fenrun keys prove store.key --party 51… --chain-id 1f…");
  prove->add_option("file", options->path, "The key file")->required();
  prove->add_option("--party", options->party, "Whose key it is to be")->required();
  prove->add_option("--chain-id", options->chain_id, "Of which network: see fenrun status")
      ->required();
  prove->callback([&session, options] {
    session.command = [&session, options] {
      return prove_key(session, options->path, options->party, options->chain_id);
    };
  });

  CLI::App* const change =
      add_command(*keys, "passphrase", "Change the passphrase of a key file",
                  "fenrun keys passphrase store.key --new-passphrase-file new.txt");
  change->add_option("file", options->path, "The key file")->required();
  change->add_option("--new-passphrase-file", options->new_file,
                     "File whose first line is the new passphrase; else the terminal is asked");
  change->add_flag("--plain", options->plain, "Take the passphrase away");
  change->callback([&session, options] {
    session.command = [&session, options] {
      return change_passphrase(session, options->path, options->new_file, options->plain);
    };
  });
}

}  // namespace fenrun::cli
