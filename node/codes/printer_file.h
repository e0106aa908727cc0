// The rows that a printing plant needs.  docs/spec/codes.md, "The printer's file".
//
// CSV by RFC 4180: a line of titles, then one row for each unit of a level, in the order of their
// indices.  Items of a batch whose codes can be used have a claim_url, which holds the secret:
// whoever reads it can use the code.
#pragma once

#include "node/codes/scanned_code.h"

namespace fenrun {

struct PrintOrder {
  std::string host;  // check_url_host() holds.
  UnitLevel level{};
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// Whether the rows hold secrets.
bool has_secrets(const CodeBatchFacts& facts, UnitLevel level);

// Takes the next bytes of the text.
using TextSink = std::function<Status(std::string_view)>;

// Writes the rows.  `keys` may be null where there are no secrets.
// Errc::value_invalid unless the batch has the level, and so many units of it.
Status print_rows(const CodeBatchFacts& facts, const CodeKeys* keys, const PrintOrder& order,
                  const TextSink& sink);

// Writes a file of mode 0600 that exists only once it is whole: in clear, or sealed to a reader
// (core/crypto/sealed_stream.h).
class PrinterFile {
 public:
  // Errc::io_error if the file exists; Errc::key_invalid.
  static Result<PrinterFile> create(FileSystem& files, const Path& path,
                                    const std::optional<PublicKey>& reader);
  ~PrinterFile();
  PrinterFile(PrinterFile&&) noexcept;
  PrinterFile& operator=(PrinterFile&&) = delete;

  Status write(std::string_view text);
  // Durable on return.
  Status finish();

 private:
  struct State;
  explicit PrinterFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// Opens what PrinterFile sealed.  Errc::corruption for a file that was altered or cut: what the
// sink was given until then must not be used.
Status open_printer_file(FileSystem& files, const Path& path, const SigningKey& reader,
                         const TextSink& sink);

}  // namespace fenrun
