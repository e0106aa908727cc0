#include "node/cli/session.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

namespace fenrun::cli {
namespace {

constexpr std::size_t kPassphraseBytesMax = 1'024;

// The terminal without echo, until destruction.
class SilentTerminal {
 public:
  SilentTerminal() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_;
};

Result<Passphrase> passphrase_from_terminal(const Session& session, const std::string& prompt) {
  const SilentTerminal terminal;
  if (!terminal.is_terminal()) {
    return Error{Errc::passphrase_wrong,
                 "no passphrase: set FENRUN_PASSPHRASE or give --passphrase-file"};
  }
  session.err << prompt << ": " << std::flush;
  std::string line;
  const bool is_read = static_cast<bool>(std::getline(std::cin, line));
  session.err << "\n";
  if (!is_read) return Error{Errc::passphrase_wrong, "none was given"};
  return SecretText::take(line);
}

const Json* member_of(const Json& item, const std::string& path) {
  const Json* at = &item;
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find('.', start), path.size());
    if (!at->is_object()) return nullptr;
    const auto it = at->find(path.substr(start, end - start));
    if (it == at->end()) return nullptr;
    at = &*it;
    start = end + 1;
  }
  return at;
}

// Width on a terminal: characters beyond ASCII here are Chinese, two columns each.
std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      ++width;
    } else if (byte >= 0xc0) {
      width += 2;
    }
  }
  return width;
}

std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  return out;
}

}  // namespace

void Session::show(const Json& value, const std::function<void(std::ostream&)>& print) const {
  if (json) {
    out << print_json(value) << "\n";
  } else {
    print(out);
  }
}

Exit exit_of(Errc code) {
  switch (code) {
    case Errc::usage:
      return Exit::usage;
    case Errc::unreachable:
    case Errc::timeout:
    case Errc::not_ready:
      return Exit::unreachable;
    case Errc::io_error:
    case Errc::corruption:
    case Errc::config_invalid:
    case Errc::key_file_invalid:
    case Errc::passphrase_wrong:
    case Errc::key_permissions:
    case Errc::locked:
    case Errc::memory_short:
    case Errc::file_exists:
    case Errc::file_missing:
    case Errc::listen_failed:
      return Exit::local;
    // Everything else is an answer, and the answer is no.
    default:  // NOLINT: the list of codes is open.
      return Exit::refused;
  }
}

void print_error(std::ostream& err, const Error& error) {
  err << "error: " << name_of(error.code);
  if (!error.detail.empty()) err << ": " << error.detail;
  err << "\n";
  if (!hint_of(error.code).empty()) err << "next: " << hint_of(error.code) << "\n";
}

Json error_view(const Error& error) {
  return {{"code", std::string(name_of(error.code))},
          {"detail", error.detail},
          {"hint", std::string(hint_of(error.code))}};
}

Errc errc_from_name(std::string_view name) {
#define FENRUN_MATCH(code, number, hint) \
  if (name == #code) return Errc::code;
  FENRUN_ERRORS(FENRUN_MATCH)
#undef FENRUN_MATCH
  return Errc::io_error;
}

std::string cell_of(const Json& value) {
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (value.is_null()) return "-";
  return value.dump();
}

void print_table(std::ostream& out, const Json& items, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : columns) rows[0].push_back(column.title);
  for (const auto& item : items) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) {
      const Json* const value = member_of(item, column.member);
      row.push_back(value ? cell_of(*value) : "-");
    }
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out << "\n";
  }
  if (rows.size() == 1) out << "(none)\n";
}

void print_fields(std::ostream& out, const Json& object, const std::string& indent) {
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
  for (const auto& [name, value] : object.items()) {
    out << indent << name;
    if (value.is_object() && !value.empty()) {
      out << "\n";
      print_fields(out, value, indent + "  ");
    } else if (value.is_array() && !value.empty() && value[0].is_structured()) {
      out << "\n";
      for (const auto& item : value) {
        print_fields(out, item, indent + "  ");
        out << indent << "  --\n";
      }
    } else {
      out << std::string(width - name.size() + 2, ' ') << cell_of(value) << "\n";
    }
  }
}

Result<std::string> read_file_text(const Path& path, std::size_t bytes_max) {
  const auto read = [&](std::istream& in) -> Result<std::string> {
    std::string text(bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return Error{Errc::io_error, "cannot read " + path.string()};
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() <= bytes_max) return text;
    return Error{Errc::limit_exceeded,
                 path.string() + " has more than " + std::to_string(bytes_max) + " bytes"};
  };
  if (path == "-") return read(std::cin);
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) {
    return Error{Errc::file_missing, path.string()};
  }
  if (std::filesystem::is_directory(path, error)) {
    return Error{Errc::io_error, path.string() + " is a folder"};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::io_error, "cannot read " + path.string()};
  return read(file);
}

Status write_file_text(const Session& session, const Path& path, std::string_view text) {
  if (path == "-") {
    session.out << text;
    return {};
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return Error{Errc::io_error, "cannot write " + path.string()};
  return {};
}

Status write_new_file(const Session& session, const Path& path, std::string_view text) {
  std::error_code error;
  if (path != "-" && std::filesystem::exists(path, error)) {
    return Error{Errc::file_exists, path.string()};
  }
  return write_file_text(session, path, text);
}

bool asks_terminal(const Session& session) {
  return !std::getenv("FENRUN_PASSPHRASE") && session.passphrase_file.empty();
}

Result<Passphrase> ask_passphrase(const Session& session, const std::string& prompt) {
  if (const char* const text = std::getenv("FENRUN_PASSPHRASE")) return Passphrase(text);
  if (session.passphrase_file.empty()) return passphrase_from_terminal(session, prompt);
  FENRUN_TRY(auto text, read_file_text(session.passphrase_file, kPassphraseBytesMax));
  Passphrase passphrase(std::string_view(text).substr(0, text.find_first_of("\r\n")));
  wipe(text);
  return passphrase;
}

Result<Passphrase> ask_new_passphrase(const Session& session) {
  FENRUN_TRY(auto passphrase, ask_passphrase(session, "New passphrase"));
  if (passphrase.empty()) {
    return Error{Errc::passphrase_wrong, "it is empty; choose --plain if you want none"};
  }
  if (asks_terminal(session)) {
    FENRUN_TRY(const auto again, ask_passphrase(session, "Again"));
    if (again.view() != passphrase.view()) return Error{Errc::passphrase_wrong, "the two differ"};
  }
  return passphrase;
}

}  // namespace fenrun::cli
