// fenrun tx: transactions from JSON drafts, signed here, sent to any node.
#include <chrono>

#include "core/text.h"
#include "node/cli/commands.h"
#include "node/cli/examples.h"
#include "node/cli/signing.h"
#include "node/json/names.h"

namespace fenrun::cli {
namespace {

constexpr std::size_t kDraftBytesMax = 2 * 1024 * 1024;

struct TxOptions {
  std::string file;
  std::vector<std::string> files;  // Of tx send.
  std::string key;
  std::string party;
  std::uint64_t wait_s = 10;
  std::string id;
  std::string out;
  std::string genesis;
  std::string chain_id;
  std::optional<std::uint64_t> sequence;
  std::optional<std::uint64_t> valid_until;
  std::string type;
};

Result<TransactionDraft> read_draft(const Path& path) {
  FENRUN_TRY(const auto text, read_file_text(path, kDraftBytesMax));
  const auto json = parse_json(text);
  auto draft = json ? transaction_from_json(*json) : Result<TransactionDraft>(json.error());
  if (!draft) return Error{draft.error().code, path.string() + ": " + draft.error().detail};
  return draft;
}

Result<Exit> submit(const Session& session, const TxOptions& options) {
  FENRUN_TRY(auto draft, read_draft(options.file));
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto key, open_key(session, options.key));
  FENRUN_TRY(const auto signed_transaction,
             sign_draft(client, std::move(draft), key, options.party));
  FENRUN_TRY(const auto answer, client.submit(signed_transaction, options.wait_s));
  return report_transaction(session, client, answer);
}

// Without any node: everything that a node would tell must be given.
Result<Exit> sign(const Session& session, const TxOptions& options) {
  FENRUN_TRY(auto draft, read_draft(options.file));
  const auto sequence =
      options.sequence ? Sequence(*options.sequence) : draft.sequence.value_or(Sequence(0));
  if (!options.sequence && !draft.sequence) {
    return Error{Errc::usage, "offline the draft or --sequence must name the sequence"};
  }
  if (!options.valid_until && !draft.valid_until) {
    return Error{Errc::usage, "offline the draft or --valid-until must name the last height"};
  }
  TransactionBody body;
  FENRUN_TRY(body.chain_id, chain_id_of(options.genesis, options.chain_id));
  FENRUN_TRY(const auto party, parse_party(options.party));
  FENRUN_TRY(const auto key, open_key(session, options.key));
  body.signer = PartySigner{party, key.public_key()};
  body.lane = draft.lane;
  body.mode = draft.mode;
  body.sequence = sequence;
  body.valid_until = options.valid_until ? Height(*options.valid_until) : *draft.valid_until;
  const auto made = sign_transaction(std::move(body), std::move(draft.operations), key);
  const auto bytes = encode(made);
  FENRUN_OK(decode_transaction(bytes, made.body.chain_id));  // What no node would take.
  FENRUN_OK(write_file_text(session, options.out, text_of(bytes)));
  if (options.out == "-") return Exit::ok;
  const Json view = {{"id", to_hex(made.id().view())},
                     {"file", options.out},
                     {"sequence", made.body.sequence.value()},
                     {"valid_until", made.body.valid_until.value()},
                     {"bytes", bytes.size()}};
  session.show(view, [&](std::ostream& out) { print_fields(out, view); });
  return Exit::ok;
}

Result<SignedTransaction> read_signed(const Path& path) {
  FENRUN_TRY(const auto bytes, read_file_text(path, kTransactionBytesMax));
  auto transaction = decode<SignedTransaction>(bytes_of(bytes));
  if (!transaction) {
    return Error{transaction.error().code, path.string() + ": " + transaction.error().detail};
  }
  return transaction;
}

// Several files: as many at once as a node takes, and then what became of each.
class Sending {
 public:
  Sending(const Session& session, const TxOptions& options, ApiClient client)
      : session_(session), options_(options), client_(std::move(client)) {}

  Result<Exit> run() {
    std::vector<SignedTransaction> all;  // Before anything is sent: each of them is right.
    for (const auto& file : options_.files) {
      FENRUN_TRY(auto transaction, read_signed(file));
      all.push_back(std::move(transaction));
    }
    std::size_t first = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto size = encode(all[i]).size();
      if (i - first == kTransactionsTogetherMax || bytes + size > kTxBatchBytesMax) {
        send(std::span(all).subspan(first, i - first));
        first = i;
        bytes = 0;
      }
      bytes += size;
    }
    send(std::span(all).subspan(first));
    wait();
    show();
    return exit_;
  }

 private:
  // Once a request has failed no other is made: what became of those before it is told all the
  // same.
  void send(std::span<const SignedTransaction> transactions) {
    const auto answers =
        error_ ? Result<std::vector<Json>>(*error_) : client_.submit_all(transactions);
    if (!answers) error_ = answers.error();
    for (std::size_t i = 0; i < transactions.size(); ++i) {
      Json row = {{"file", options_.files[rows_.size()]}};
      const std::string id = to_hex(transactions[i].id().view());
      row.update(answers ? (*answers)[i] : unknown_transaction(id, *error_));
      rows_.push_back(std::move(row));
    }
  }

  // For all together as long as one would be waited for.
  void wait() {
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + std::chrono::seconds(options_.wait_s);
    for (auto& row : rows_) {
      if (!error_ && row["status"] != "refused") {
        const auto left = std::chrono::ceil<std::chrono::seconds>(until - Clock::now());
        const auto wait_s = static_cast<std::uint64_t>(std::max<std::int64_t>(0, left.count()));
        const auto found = client_.wait_for(cell_of(row["id"]), wait_s);
        if (!found) error_ = found.error();
        row.update(found ? *found : unknown_transaction(cell_of(row["id"]), *error_));
      }
      const Exit exit = exit_of_transaction(row);
      // That one was refused is said before that another is not final yet.
      if (exit == Exit::refused || exit_ == Exit::ok) exit_ = exit;
    }
    if (error_) exit_ = exit_of(error_->code);
  }

  void show() const {
    session_.show(rows_, [&](std::ostream& out) {
      print_table(out, rows_,
                  {{"file", "file"},
                   {"status", "status"},
                   {"outcome", "outcome"},
                   {"reason", "reason.code"},
                   {"id", "id"}});
    });
    if (error_) return print_error(session_.err, *error_);
    if (exit_ == Exit::unreachable) {
      session_.err << "Not all are final yet.\nnext: fenrun tx status ID\n";
    }
  }

  const Session& session_;
  const TxOptions& options_;
  ApiClient client_;
  Json rows_ = Json::array();
  std::optional<Error> error_;  // Of a request: none was made after it.
  Exit exit_ = Exit::ok;
};

Result<Exit> send(const Session& session, const TxOptions& options) {
  if (options.files.size() > 1) {
    FENRUN_TRY(auto client, ApiClient::create(session));
    return Sending(session, options, std::move(client)).run();
  }
  FENRUN_TRY(const auto transaction, read_signed(options.files.front()));
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto answer, client.submit(transaction, options.wait_s));
  return report_transaction(session, client, answer);
}

Result<Exit> status(const Session& session, const TxOptions& options) {
  FENRUN_TRY(const auto client, ApiClient::create(session));
  FENRUN_TRY(const auto answer, client.wait_for(options.id, options.wait_s));
  return report_transaction(session, client, answer);
}

// Operations by their type, and proposals by the type of their change.
std::vector<std::pair<std::string, Operation>> named_examples() {
  std::vector<std::pair<std::string, Operation>> all;
  for (const auto& operation : example_operations()) {
    all.emplace_back(name_of(operation), operation);
  }
  for (const auto& proposal : example_changes()) {
    all.emplace_back(json::kAlternativeNames<Change>.at(proposal.change.index()), proposal);
  }
  return all;
}

Result<Exit> example(const Session& session, const TxOptions& options) {
  std::string known;
  for (const auto& [name, operation] : named_examples()) {
    if (name != options.type) {
      known += (known.empty() ? "" : ", ") + name;
      continue;
    }
    Json draft;
    draft["mode"] = "atomic";
    draft["operations"] = Json::array({to_json(operation)});
    session.show(draft, [&](std::ostream& out) { out << draft.dump(2) << "\n"; });
    return Exit::ok;
  }
  return Error{Errc::usage, "'" + options.type + "' is no type of operation; there are: " + known};
}

void add_sign_command(CLI::App& tx, Session& session, const std::shared_ptr<TxOptions>& options) {
  CLI::App* const command = add_command(
      tx, "sign", "Sign a draft without a node",
      "fenrun tx sign draft.json --key brand.key --party ID --genesis genesis.bin --sequence 7 "
      "--valid-until 5000 -o tx.bin");
  command->add_option("file", options->file, "The draft, JSON")->required();
  command->add_option("--key", options->key, "Key file of the party")->required();
  command->add_option("--party", options->party, "The signing party: 32 hex digits")->required();
  command->add_option("--genesis", options->genesis, "The network's genesis, for its chain id");
  command->add_option("--chain-id", options->chain_id, "The chain id instead: 64 hex digits");
  command->add_option("--sequence", options->sequence, "Of the lane; else the draft's");
  command->add_option("--valid-until", options->valid_until, "Last height; else the draft's");
  command->add_option("-o,--out", options->out, "The file to write")->required();
  command->callback([&session, options] {
    session.command = [&session, options] { return sign(session, *options); };
  });
}

void add_look_commands(CLI::App& tx, Session& session, const std::shared_ptr<TxOptions>& options) {
  CLI::App* const look = add_command(tx, "status", "What became of a transaction",
                                     "fenrun tx status 6f3a... --wait 10");
  look->add_option("id", options->id, "Its id: 64 hex digits")->required();
  look->add_option("--wait", options->wait_s, "Seconds to wait while it is pending");
  look->callback([&session, options] {
    session.command = [&session, options] { return status(session, *options); };
  });

  CLI::App* const show = add_command(tx, "example", "Print an example draft of one operation",
                                     "fenrun tx example declare_budget > draft.json");
  show->add_option(
          "type", options->type,
          "Type of operation, such as register_party, or of a change, such as admit_member")
      ->required();
  show->callback([&session, options] {
    session.command = [&session, options] { return example(session, *options); };
  });
}

}  // namespace

void add_tx_commands(CLI::App& app, Session& session) {
  CLI::App* const tx = add_command(app, "tx", "Make, sign and send transactions",
                                   "fenrun tx submit draft.json --key brand.key");
  tx->require_subcommand(1);
  const auto options = std::make_shared<TxOptions>();

  CLI::App* const command = add_command(
      *tx, "submit", "Sign a draft and send it",
      "fenrun tx submit draft.json --key net/brand/keys/operator.key --node http://127.0.0.1:7101 "
      "--token-file net/brand/token");
  command->add_option("file", options->file, "The draft, JSON; - is standard input")->required();
  command->add_option("--key", options->key, "Key file of the party")->required();
  command->add_option("--party", options->party, "The signing party; else whose key it is");
  command->add_option("--wait", options->wait_s, "Seconds to wait until it is final");
  command->callback([&session, options] {
    session.command = [&session, options] { return submit(session, *options); };
  });

  add_sign_command(*tx, session, options);

  CLI::App* const sending = add_command(*tx, "send", "Send signed transactions",
                                        "fenrun tx send tx.bin --node http://127.0.0.1:7101\n"
                                        "  fenrun tx send payout-*.bin --json");
  sending
      ->add_option("file", options->files,
                   "What tx sign wrote; several are sent in this order, each for itself")
      ->required();
  sending->add_option("--wait", options->wait_s, "Seconds to wait until all are final");
  sending->callback([&session, options] {
    session.command = [&session, options] { return send(session, *options); };
  });

  add_look_commands(*tx, session, options);
}

}  // namespace fenrun::cli
