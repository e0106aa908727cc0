// fenrun proof and fenrun verify.
#include <chrono>

#include "core/text.h"
#include "node/cli/api_client.h"
#include "node/cli/commands.h"
#include "node/cli/verdict.h"
#include "node/codes/scanned_code.h"
#include "node/json/families.h"
#include "node/json/proof_json.h"

namespace fenrun::cli {
namespace {

struct ProofOptions {
  std::string kind;
  std::string what;
  std::string out;
  bool with_operations = false;
};

// Where a unit's proof is: by whatever is read off it.  What stands behind '#' goes nowhere.
Result<std::string> unit_target(const std::string& text) {
  FENRUN_TRY(const auto scanned, read_scanned_code(text));
  if (!scanned.epc) {
    return Error{Errc::usage, "a serial alone does not name a unit: give the whole code"};
  }
  return unit_segments(scanned.epc->value);
}

struct VerifyCommandOptions {
  std::string file;
  std::string trust;
  std::optional<std::uint64_t> age_s_max;
  std::string language = "en";
};

Result<Exit> fetch(const Session& session, const ProofOptions& options) {
  FENRUN_TRY(const auto client, ApiClient::create(session));
  std::string what = percent_encoded(options.what);
  if (options.kind == "provenance") {
    FENRUN_TRY(what, unit_target(options.what));
  }
  std::string target = "/v1/proofs/" + options.kind + "/" + what;
  if (options.with_operations) target += "?operations=true";
  FENRUN_TRY(const auto text, client.get_text(target));
  // A file that nobody can verify is not worth keeping.
  FENRUN_OK(parse_proof(text));
  FENRUN_OK(write_file_text(session, options.out, text));
  if (options.out == "-") return Exit::ok;
  const Json view = {{"file", options.out}, {"bytes", text.size()}};
  session.show(view, [&](std::ostream& out) {
    out << options.out << ": " << text.size() << " bytes\nnext: fenrun verify " << options.out
        << " --trust network.policy\n";
  });
  return Exit::ok;
}

Result<ProofVerdict> verdict_of(const std::string& text, const std::string& trust,
                                const VerifyCommandOptions& options) {
  FENRUN_TRY(const auto policy, TrustPolicy::parse(trust));
  FENRUN_TRY(const auto proof, parse_proof(text));
  VerifyOptions how;
  how.age_s_max = options.age_s_max;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  how.now_s =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
  how.ordered_families = ordered_families();
  FENRUN_TRY(auto verdict, verify(proof, policy, how));
  FENRUN_OK(check_contract_facts(verdict));
  return verdict;
}

void print(std::ostream& out, const std::vector<ReportLine>& lines, Language language) {
  // Labels in Chinese are two columns a character; a fixed mark keeps both readable.
  for (const auto& line : lines) {
    if (language == Language::chinese) {
      out << line.label << "：" << line.text << "\n";
      continue;
    }
    constexpr std::size_t kLabelWidth = 14;
    out << line.label
        << std::string(line.label.size() < kLabelWidth ? kLabelWidth - line.label.size() : 1, ' ')
        << line.text << "\n";
  }
}

Result<Exit> run_verify(const Session& session, const VerifyCommandOptions& options) {
  if (options.language != "en" && options.language != "zh") {
    return Error{Errc::usage, "--lang must be en or zh"};
  }
  const auto language = options.language == "zh" ? Language::chinese : Language::english;
  FENRUN_TRY(const auto text, read_file_text(options.file, kProofFileBytesMax));
  FENRUN_TRY(const auto trust, read_file_text(options.trust, kTrustPolicyBytesMax));
  const auto verdict = verdict_of(text, trust, options);
  if (!verdict) {
    Json view = {{"valid", false}};
    view.update(error_view(verdict.error()));
    session.show(view, [&](std::ostream& out) {
      print(out, words_of(verdict.error(), language), language);
    });
    return Exit::refused;
  }
  session.show(view_of(*verdict),
               [&](std::ostream& out) { print(out, words_of(*verdict, language), language); });
  return Exit::ok;
}

std::string example_of(std::string_view argument) {
  if (argument == "position") return "17";
  return argument == "unit" ? "https://id.example.com/01/06901234567892/21/..." : "0f3c...";
}

}  // namespace

void add_proof_commands(CLI::App& app, Session& session) {
  CLI::App* const proof =
      add_command(app, "proof", "Fetch a proof file from a node",
                  "fenrun proof account 51515151515151515151515151515151 -o my.fenrun-proof");
  proof->require_subcommand(1);
  struct Kind {
    const char* name;
    const char* summary;
    const char* argument;
  };
  const Kind kinds[] = {
      {"transaction", "That a transaction was ordered", "id"},
      {"operation", "That one operation was ordered, without showing the others", "position"},
      {"posting", "That money moved, why, and under which rule", "position"},
      {"account", "A party's complete account", "party"},
      {"record", "The current value of a key", "hexkey"},
      {"absence", "That a key does not exist", "hexkey"},
      {"provenance", "All that was recorded of a unit of goods, by what is printed on it", "unit"},
  };
  for (const auto& kind : kinds) {
    const auto options = std::make_shared<ProofOptions>();
    options->kind = kind.name;
    const std::string example = std::string("fenrun proof ") + kind.name + " " +
                                example_of(kind.argument) + " -o it.fenrun-proof";
    CLI::App* const command = add_command(*proof, kind.name, kind.summary, example);
    command->add_option(kind.argument, options->what)->required();
    command->add_option("-o,--out", options->out, "The file to write")->required();
    if (options->kind == "transaction") {
      command->add_flag("--with-operations", options->with_operations, "All its operations too");
    }
    command->callback([&session, options] {
      session.command = [&session, options] { return fetch(session, *options); };
    });
  }

  const auto options = std::make_shared<VerifyCommandOptions>();
  CLI::App* const verify_command =
      add_command(app, "verify", "Check a proof file, without any network",
                  "fenrun verify my.fenrun-proof --trust network.policy --lang zh");
  verify_command->add_option("file", options->file, "The proof; - is standard input")->required();
  verify_command->add_option("--trust", options->trust, "The trust file: whom to believe")
      ->required();
  verify_command->add_option("--max-age", options->age_s_max,
                             "Refuse checkpoints cosigned longer ago than so many seconds");
  verify_command->add_option("--lang", options->language, "en or zh");
  verify_command->callback([&session, options] {
    session.command = [&session, options] { return run_verify(session, *options); };
  });
}

}  // namespace fenrun::cli
