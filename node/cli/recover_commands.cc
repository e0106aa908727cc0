// fenrun recover: how a network goes on that lost more votes than it can bear.
// docs/operating.md, "When the network stands still for good"; docs/spec/recovery.md.
#include <algorithm>

#include "contracts/records.h"
#include "core/text.h"
#include "node/cli/commands.h"
#include "node/cli/member.h"
#include "node/clock.h"
#include "node/home.h"
#include "node/json/reflect.h"
#include "node/json/time.h"
#include "node/network.h"
#include "node/recovery.h"
#include "node/storage/data_dir.h"
#include "node/storage/disk_store.h"

namespace fenrun::cli {
namespace {

struct RecoverOptions {
  std::string home;
  std::string lost;
  bool plain = false;
  std::vector<std::string> files;
  std::string out;
};

// A stopped node's journal, found whole.
struct StoppedNode {
  DataDir lock;
  PosixFileSystem files;
  std::unique_ptr<DiskStore> store;
  std::unique_ptr<Journal> journal;
};

// The lock is the caller's proof that no node runs on the folder.
Result<std::unique_ptr<StoppedNode>> open_stopped(const Config& config) {
  auto lock = DataDir::lock(config.data_path());
  if (!lock) return Error{lock.error().code, "stop the node first"};
  std::unique_ptr<StoppedNode> node(new StoppedNode{*std::move(lock), {}, nullptr, nullptr});
  FENRUN_TRY(node->store, DiskStore::open(node->files, config.data_path()));
  FENRUN_TRY(node->journal, Journal::open(*node->store));
  if (!node->journal->is_empty()) return node;
  return Error{Errc::not_ready, "there is no journal: start the node until it has caught up"};
}

Result<NetworkRecovery> read_recovery_file(const Path& path) {
  FENRUN_TRY(const auto text, read_file_text(path, kNoteBytesMax));
  auto recovery = parse_recovery(text);
  if (!recovery)
    return Error{recovery.error().code, path.string() + ": " + recovery.error().detail};
  return recovery;
}

// ---- Views -------------------------------------------------------------------------------------

Json view_of(const RecoveryStatement& statement) {
  Json view = {
      {"name", statement.name.value},
      {"lost",
       std::string(json::kEnumNames<RecoveryLoss>.at(static_cast<std::size_t>(statement.loss)))},
      {"consensus_key", to_hex(statement.consensus_key.view())},
      {"checkpoint_key", to_hex(statement.checkpoint_key.view())},
      {"time", json::write(std::min(statement.time, kRfc3339Max))}};
  if (statement.unfinished) {
    view["unfinished"] = {{"view", statement.unfinished->view.value()},
                          {"block", to_hex(statement.unfinished->block_id.view())}};
  }
  return view;
}

Json view_of(const NetworkRecovery& recovery) {
  Json statements = Json::array();
  for (const auto& statement : recovery.statements) statements.push_back(view_of(statement));
  const auto& tip = recovery.tip;
  return {{"chain_id", to_hex(recovery.chain_id.view())},
          {"epoch", tip.epoch.value()},
          {"height", tip.height.value()},
          {"block", to_hex(tip.block_id.view())},
          {"size", tip.size},
          {"root", to_base64(tip.root.view())},
          {"statements", std::move(statements)},
          {"missing", operators_missing(recovery)},
          {"links_old_trust_files", recovery.anchor.has_value()},
          {"digest", to_hex(recovery_digest(recovery).view())}};
}

void show_recovery(const Session& session, const NetworkRecovery& recovery,
                   const std::string& next) {
  const Json view = view_of(recovery);
  session.show(view, [&](std::ostream& out) {
    out << "recovery from height " << recovery.tip.height.value() << ", block "
        << to_hex(recovery.tip.block_id.view()) << "\n";
    print_table(out, view["statements"],
                {{"operator", "name"},
                 {"lost", "lost"},
                 {"stated at", "time"},
                 {"unfinished view", "unfinished.view"}});
    for (const auto& name : operators_missing(recovery)) out << "missing: " << name << "\n";
    out << "digest  " << view["digest"].get<std::string>() << "\n";
    if (!recovery.anchor) {
      out << "No checkpoint of this epoch is known: whoever has only its trust file needs the new "
             "one from a member.\n";
    }
    if (!next.empty()) out << next << "\n";
  });
}

// ---- prepare -----------------------------------------------------------------------------------

Path own_statement_path(const Path& home) { return home / "next" / "statement.recovery"; }

Result<RecoveryLoss> loss_named(const std::string& word) {
  if (word == "votes") return RecoveryLoss::votes;
  if (word == "disk") return RecoveryLoss::everything;
  return Error{Errc::usage, "--lost is votes or disk"};
}

// What the node still knows of its votes, and the log itself if it is whole.
struct Memory {
  RecoveryLoss loss{};
  std::optional<UnfinishedBlock> unfinished;
  std::optional<VoteLog> log;
};

// What this operator stated of this network last; none if nothing.
Result<std::optional<NetworkRecovery>> stated_before(const Path& home,
                                                     const NetworkRecovery& present,
                                                     const std::string& name) {
  FENRUN_TRY(const bool has_stated, PosixFileSystem().holds(own_statement_path(home)));
  if (!has_stated) return std::optional<NetworkRecovery>();
  FENRUN_TRY(auto before, read_recovery_file(own_statement_path(home)));
  if (before.chain_id != present.chain_id || before.statements.size() != 1 ||
      before.statements[0].name.value != name) {
    return std::optional<NetworkRecovery>();
  }
  return std::optional(std::move(before));
}

// Who stated that a block is final never states one below it or beside it.
Status check_not_backwards(const NetworkRecovery& before, const NetworkRecovery& present) {
  if (before.tip.height < present.tip.height || before.tip.block_id == present.tip.block_id) {
    return {};
  }
  return Error{Errc::recovery_unsafe,
               "next/statement.recovery says that block " +
                   to_hex(before.tip.block_id.view()).substr(0, 16) + " at height " +
                   std::to_string(before.tip.height.value()) +
                   " is final, and data/ does not hold it, but ends at height " +
                   std::to_string(present.tip.height.value()) +
                   ": start the node until it has caught up"};
}

// The higher of both, as far as it is above the tip.
Result<std::optional<UnfinishedBlock>> higher_unfinished(
    const Journal& journal, const std::optional<UnfinishedBlock>& stated,
    const std::optional<UnfinishedBlock>& in_log) {
  if (!stated || (in_log && in_log->view > stated->view)) return in_log;
  FENRUN_TRY(const bool is_above, is_above_tip(journal, *stated));
  return is_above ? stated : in_log;
}

Error unexplained(const Error& log) {
  return {Errc::usage, "the vote log cannot be used (" + std::string(name_of(log.code)) +
                           "): say --lost votes if the journal in data/ is the one that this node "
                           "wrote, --lost disk if it was fetched anew"};
}

// What the operator says now, what was stated before, and what stands in the log: a statement takes
// back nothing.
Result<Memory> open_memory(StoppedNode& node, const Config& config, const Validator& self,
                           const RecoverOptions& options, const RecoveryStatement* stated) {
  Memory memory;
  if (!options.lost.empty()) {
    FENRUN_TRY(memory.loss, loss_named(options.lost));
  }
  if (stated != nullptr) memory.loss = std::max(memory.loss, stated->loss);
  auto opened = VoteLog::open(node.files, config.vote_log_path(), self.consensus_key);
  if (opened) {
    FENRUN_TRY(memory.unfinished, unfinished_block(*node.journal, opened->records));
    memory.log = std::move(opened->log);
  } else {
    const Error& error = opened.error();
    if (error.code == Errc::io_error) return error;
    // An earlier statement retires the log, and says what was in it.
    const bool is_retired = stated != nullptr && error.code == Errc::vote_log_stale;
    if (!is_retired && memory.loss == RecoveryLoss::none) return unexplained(error);
  }
  if (stated != nullptr) {
    FENRUN_TRY(memory.unfinished,
               higher_unfinished(*node.journal, stated->unfinished, memory.unfinished));
  }
  return memory;
}

Result<Memory> recall(StoppedNode& node, const Config& config, const NetworkRecovery& recovery,
                      const RecoverOptions& options) {
  const auto self = std::ranges::find(recovery.validators, NameText{config.name}, &Validator::name);
  FENRUN_TRY(const auto before, stated_before(options.home, recovery, config.name));
  if (before) FENRUN_OK(check_not_backwards(*before, recovery));
  // Of an earlier epoch it speaks of another key's votes.
  const bool is_of_epoch = before && before->tip.epoch == recovery.tip.epoch &&
                           before->validators == recovery.validators;
  return open_memory(node, config, *self, options, is_of_epoch ? &before->statements[0] : nullptr);
}

Result<NextKeys> make_next_keys(const Session& session, const RecoverOptions& options) {
  std::optional<Passphrase> passphrase;
  FENRUN_TRY(const bool are_prepared, has_next_keys(options.home));
  if (!options.plain && !are_prepared) {
    FENRUN_TRY(passphrase, ask_new_passphrase(session));
  }
  FENRUN_OK(prepare_next_keys(options.home, passphrase ? &*passphrase : nullptr));
  return load_next_keys(options.home, [&](const Path& file) {
    return ask_passphrase(session, "Passphrase of " + file.string());
  });
}

// Those of a `fenrun rejoin` that was interrupted may be on the ledger already.
Status check_unregistered(const Journal& journal, const NextKeys& next) {
  for (const auto& key : {next.consensus.public_key(), next.checkpoint.public_key()}) {
    if (find_key_owner(journal.state(), key)) {
      return Error{Errc::key_invalid, "the keys under next/ are registered: move next/ away"};
    }
  }
  return {};
}

Status check_operator(const NetworkRecovery& recovery, const Member& member) {
  const auto self =
      std::ranges::find(recovery.validators, NameText{member.config.name}, &Validator::name);
  if (self == recovery.validators.end()) {
    return Error{Errc::validator_unknown,
                 member.config.name + " does not validate: only validators' operators state"};
  }
  if (self->operator_key == member.operator_key.public_key()) return {};
  return Error{Errc::key_invalid,
               "keys/operator.key is not the key that the set of validators names, " +
                   to_hex(self->operator_key.view()) + ": put that one there for this command"};
}

Result<Exit> prepare(const Session& session, const RecoverOptions& options) {
  FENRUN_TRY(const auto member, open_member(session, options.home));
  FENRUN_TRY(const auto node, open_stopped(member.config));
  FENRUN_TRY(auto recovery, begin_recovery(*node->journal));
  if (recovery.chain_id != member.chain_id) {
    return Error{Errc::config_invalid, "data/ holds another network's journal than genesis.bin"};
  }
  FENRUN_OK(check_operator(recovery, member));
  FENRUN_TRY(auto memory, recall(*node, member.config, recovery, options));
  FENRUN_TRY(const auto next, make_next_keys(session, options));
  FENRUN_OK(check_unregistered(*node->journal, next));

  RecoveryStatement statement{{member.config.name},
                              memory.loss,
                              memory.unfinished,
                              next.consensus.public_key(),
                              next.checkpoint.public_key(),
                              wall_clock(),
                              {},
                              {}};
  const Bytes bytes = signed_bytes(recovery, statement);
  statement.possession = next.consensus.sign(Domain::recovery, bytes);
  statement.signature = member.operator_key.sign(Domain::recovery, bytes);
  recovery.statements.push_back(statement);
  FENRUN_OK(check_statements(recovery));

  // The statement says that the old key votes no more: so it cannot, before anybody reads it.
  const std::string text = print_recovery(recovery);
  FENRUN_OK(replace_file(node->files, own_statement_path(options.home), bytes_of(text)));
  if (memory.log) FENRUN_OK(memory.log->retire(bytes));
  FENRUN_OK(write_file_text(session, options.out, text));
  show_recovery(
      session, recovery,
      "This node's old key votes no more.  Give " + options.out + " to the other operators.");
  return Exit::ok;
}

// ---- combine, show, apply ----------------------------------------------------------------------

Result<Exit> combine_files(const Session& session, const RecoverOptions& options) {
  FENRUN_TRY(auto recovery, read_recovery_file(options.files.front()));
  for (std::size_t i = 1; i < options.files.size(); ++i) {
    FENRUN_TRY(const auto other, read_recovery_file(options.files[i]));
    FENRUN_TRY(recovery, combine(std::move(recovery), other));
  }
  FENRUN_OK(check_recovery(recovery));
  const std::string text = print_recovery(recovery);
  if (text.size() > kNoteBytesMax) return Error{Errc::limit_exceeded, "the recovery is too long"};
  FENRUN_OK(write_file_text(session, options.out, text));
  show_recovery(session, recovery,
                "Compare the digest with the other operators, then each: fenrun recover apply "
                "--home HOME " +
                    options.out);
  return Exit::ok;
}

Result<Exit> show_file(const Session& session, const RecoverOptions& options) {
  FENRUN_TRY(const auto recovery, read_recovery_file(options.files.front()));
  FENRUN_OK(check_statements(recovery));
  show_recovery(session, recovery, "");
  return Exit::ok;
}

Result<PublicKey> public_half(const Path& key_file) {
  FENRUN_TRY(const auto text, read_key_file(key_file));
  FENRUN_TRY(const auto parsed, parse_key_file(text.view()));
  return parsed.public_key;
}

// The keys that the operator stated become those of the node.
Status take_stated_keys(const Path& home, const Config& config, const NetworkRecovery& recovery) {
  const auto stated =
      std::ranges::find(recovery.statements, NameText{config.name}, &RecoveryStatement::name);
  if (stated == recovery.statements.end()) return {};  // It observes, and goes on doing so.
  FENRUN_TRY(const bool are_prepared, has_next_keys(home));
  if (are_prepared) {
    const auto next = next_consensus_key(home);
    if (!next || *next != stated->consensus_key) {
      return Error{Errc::key_invalid, "next/ holds other keys than this operator stated"};
    }
    PosixFileSystem files;
    return take_next_keys(files, home,
                          "before-" + to_hex(stated->consensus_key.view()).substr(0, 16));
  }
  const auto present = public_half(config.key_path("consensus"));
  if (present && *present == stated->consensus_key) return {};
  return Error{Errc::key_invalid, "the keys that this operator stated are not here"};
}

// Whether the journal goes on from the recovery now; not yet if it ends below it.
Result<bool> continue_journal(Journal& journal, const Genesis& genesis,
                              const NetworkRecovery& recovery) {
  if (holds_recovery(journal, recovery)) return true;
  if (journal.tip().height < recovery.tip.height) return false;
  FENRUN_OK(append_recovery(journal, genesis.network.value, recovery));
  return true;
}

Result<Exit> apply(const Session& session, const RecoverOptions& options) {
  FENRUN_TRY(const auto config, load_config(options.home));
  FENRUN_TRY(const auto bytes, read_file_text(config.genesis_path(), kGenesisBytesMax));
  FENRUN_TRY(const auto genesis, read_genesis(bytes_of(bytes)));
  FENRUN_TRY(const auto recovery, read_recovery_file(options.files.front()));
  if (recovery.chain_id != chain_id(genesis)) {
    return Error{Errc::chain_wrong, "the recovery is of another network than genesis.bin"};
  }
  FENRUN_OK(check_recovery(recovery));
  FENRUN_TRY(const auto node, open_stopped(config));
  FENRUN_TRY(const bool is_here, continue_journal(*node->journal, genesis, recovery));
  FENRUN_OK(take_stated_keys(options.home, config, recovery));
  Json view = view_of(recovery);
  view["applied"] = is_here;
  session.show(view, [&](std::ostream& out) {
    out << (is_here ? "The network goes on from height "
                    : "This node is behind: started, it fetches the blocks up to height ")
        << recovery.tip.height.value() << ".\nNow: fenrun start --home " << options.home
        << "\nOnce the network runs, destroy the old keys under " << options.home
        << "/retired, and hand out the new trust file: what GET /network.policy of a running node "
           "answers.\nThe network.policy of this home stays the old one; fenrun policy update "
           "brings "
           "it up to date.\n";
  });
  return Exit::ok;
}

// ---- The command line --------------------------------------------------------------------------

void add_home(CLI::App& command, const std::shared_ptr<RecoverOptions>& options) {
  command.add_option("--home", options->home, "The node's folder")->required()->type_name("DIR");
}

void add_out(CLI::App& command, const std::shared_ptr<RecoverOptions>& options,
             const std::string& what) {
  command.add_option("-o,--out", options->out, what)->required()->type_name("FILE");
}

using Run = Result<Exit> (*)(const Session&, const RecoverOptions&);

void set_run(CLI::App& command, Session& session, const std::shared_ptr<RecoverOptions>& options,
             Run run) {
  command.callback([&session, options, run] {
    session.command = [&session, options, run] { return run(session, *options); };
  });
}

void add_prepare(CLI::App& recover, Session& session) {
  const auto options = std::make_shared<RecoverOptions>();
  CLI::App* const command =
      add_command(recover, "prepare",
                  "State this node's newest final block and new keys, signed by the operator.\n"
                  "The old consensus key votes no more from then on",
                  "fenrun recover prepare --home brand -o brand.recovery\n"
                  "  fenrun recover prepare --home west --lost votes -o west.recovery\n"
                  "  The node must be stopped, and at the height of the furthest of all.");
  add_home(*command, options);
  command->add_option("--lost", options->lost,
                      "What this node lost: votes (its vote log) or disk (its journal as well); "
                      "after an earlier statement also what it lost since");
  command->add_flag("--plain-keys", options->plain, "New keys without passphrase");
  add_out(*command, options, "Where to write the statement");
  set_run(*command, session, options, prepare);
}

void add_combine(CLI::App& recover, Session& session) {
  const auto options = std::make_shared<RecoverOptions>();
  CLI::App* const command =
      add_command(recover, "combine", "Make one recovery out of the statements of all operators",
                  "fenrun recover combine *.recovery -o network.recovery");
  command->add_option("statements", options->files, "The statements")->required();
  add_out(*command, options, "Where to write the recovery");
  set_run(*command, session, options, combine_files);
}

void add_show(CLI::App& recover, Session& session) {
  const auto options = std::make_shared<RecoverOptions>();
  CLI::App* const command =
      add_command(recover, "show", "Check the signatures of a statement or recovery, and show it",
                  "fenrun recover show network.recovery");
  command->add_option("file", options->files, "The file")->required()->expected(1);
  set_run(*command, session, options, show_file);
}

void add_apply(CLI::App& recover, Session& session) {
  const auto options = std::make_shared<RecoverOptions>();
  CLI::App* const command = add_command(
      recover, "apply", "Go on from a recovery, with the new keys",
      "fenrun recover apply --home brand network.recovery && fenrun start --home brand\n"
      "  The node must be stopped.");
  add_home(*command, options);
  command->add_option("file", options->files, "The recovery")->required()->expected(1);
  set_run(*command, session, options, apply);
}

}  // namespace

void add_recover_commands(CLI::App& app, Session& session) {
  CLI::App* const recover = add_command(
      app, "recover",
      "Go on after more vote logs were lost than the network can bear: all operators together",
      "fenrun recover prepare --home brand -o brand.recovery    # each operator\n"
      "  fenrun recover combine *.recovery -o network.recovery    # anyone\n"
      "  fenrun recover apply --home brand network.recovery       # each operator");
  recover->require_subcommand(1);
  add_prepare(*recover, session);
  add_combine(*recover, session);
  add_show(*recover, session);
  add_apply(*recover, session);
}

}  // namespace fenrun::cli
