// The commands, each of which adds itself to the application.  A callback only chooses what runs:
// Session::command.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "node/cli/session.h"

namespace fenrun::cli {

void add_keys_commands(CLI::App& app, Session& session);     // keys new | show | passphrase
void add_network_commands(CLI::App& app, Session& session);  // init, genesis
void add_testnet_command(CLI::App& app, Session& session);   // testnet
void add_member_commands(CLI::App& app, Session& session);   // rejoin, ready
void add_recover_commands(CLI::App& app, Session& session);  // recover ...
void add_node_commands(CLI::App& app, Session& session);     // start, status
void add_tx_commands(CLI::App& app,
                     Session& session);  // tx submit | sign | send | status | example
void add_capture_command(CLI::App& app, Session& session);  // capture
void add_codes_commands(CLI::App& app, Session& session);   // codes generate | print | open
void add_code_commands(CLI::App& codes, Session& session);  // codes lookup | path | claim
void add_query_commands(CLI::App& app, Session& session);   // query ...
void add_proof_commands(CLI::App& app, Session& session);   // proof ..., verify

void add_audit_command(CLI::App& app, Session& session);  // audit

void add_sim_command(CLI::App& app, Session& session);    // sim
void add_bench_command(CLI::App& app, Session& session);  // bench

void add_policy_commands(CLI::App& app, Session& session);  // policy show | update

// For the command line's checks of a value: empty, or why it is none.
template <class T>
std::string fault_of(const Result<T>& value) {
  return value ? std::string() : value.error().detail;
}
// Of a validator or a network.
std::string fault_of_name(const std::string& name);

// A command with its help: what it does, and an example.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& example);

}  // namespace fenrun::cli
