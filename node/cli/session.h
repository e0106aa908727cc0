// What the commands of one run share: the options that every command takes, and where to print.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "core/crypto/secret.h"
#include "core/result.h"
#include "node/cli/cli.h"
#include "node/json/json.h"

namespace fenrun::cli {

using Path = std::filesystem::path;

struct Session {
  std::ostream& out;
  std::ostream& err;
  bool json = false;                           // --json: one JSON value on `out`.
  std::string node = {};                       // --node, else $FENRUN_NODE.
  std::string token_file = {};                 // --token-file, else $FENRUN_TOKEN_FILE.
  std::string passphrase_file = {};            // --passphrase-file
  unsigned timeout_s = 30;                     // --timeout
  std::function<Result<Exit>()> command = {};  // Of the command that was named.

  // One JSON value on a line of its own, or what `print` writes for people.
  void show(const Json& value, const std::function<void(std::ostream&)>& print) const;
};

// ---- Errors ------------------------------------------------------------------------------------

Exit exit_of(Errc code);
// "error: <code>: detail" and "next: <hint>".
void print_error(std::ostream& err, const Error& error);
// {"code", "detail", "hint"}.
Json error_view(const Error& error);
// The code with this name; io_error for a name that this version does not know.
Errc errc_from_name(std::string_view name);

// ---- Tables ------------------------------------------------------------------------------------

struct Column {
  std::string title;
  std::string member;  // Of an item; nested ones by dots.
};
// Columns aligned, "-" where an item has no such member.
void print_table(std::ostream& out, const Json& items, const std::vector<Column>& columns);
// One "name  value" a line, nested members indented.
void print_fields(std::ostream& out, const Json& object, const std::string& indent = "");
// What stands in a cell.
std::string cell_of(const Json& value);

// ---- Files and passphrases ---------------------------------------------------------------------

// The whole file; "-" is standard input.  Errc::file_missing, io_error, limit_exceeded.
Result<std::string> read_file_text(const Path& path, std::size_t bytes_max);
// Errc::io_error.  "-" is `session.out`.
Status write_file_text(const Session& session, const Path& path, std::string_view text);
// The same, of what others may rely on already: Errc::file_exists, too.
Status write_new_file(const Session& session, const Path& path, std::string_view text);
// Of a file of this machine that is not found it is said that it is missing: Errc::file_missing.
template <class T>
Result<T> of_local_file(Result<T> result) {
  if (result || result.error().code != Errc::not_found) return result;
  return Error{Errc::file_missing, result.error().detail};
}

// Whether the terminal is asked: no passphrase is given by the environment or a file.
bool asks_terminal(const Session& session);
// From $FENRUN_PASSPHRASE, else --passphrase-file (its first line), else the terminal, without
// echo.  Errc::passphrase_wrong if there is none of them.
Result<Passphrase> ask_passphrase(const Session& session, const std::string& prompt);
// Twice, where the terminal is asked, and never empty.
Result<Passphrase> ask_new_passphrase(const Session& session);

}  // namespace fenrun::cli
