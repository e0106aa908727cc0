#include "node/codes/printer_file.h"

#include "core/check.h"
#include "core/crypto/sealed_stream.h"
#include "node/json/names.h"

namespace fenrun {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string_view name_of(UnitLevel level) {
  return json::kEnumNames<UnitLevel>.at(static_cast<std::size_t>(level));
}

std::string titles_of(const CodeBatchFacts& facts, UnitLevel level) {
  std::string titles = "index,epc,url";
  if (has_secrets(facts, level)) titles += ",claim_url";
  for (const auto& other : facts.codes.levels) {
    if (rank_of(other.level) > rank_of(level)) titles += "," + std::string(name_of(other.level));
  }
  return titles.append(kLineEnd);
}

std::string row_of(const CodeBatchFacts& facts, const CodeKeys* keys, const std::string& host,
                   const UnitId& unit) {
  const auto epc = printed_epc(facts.codes, unit);
  std::string row = std::to_string(unit.index) + "," + epc.value + "," + digital_link(host, epc);
  if (has_secrets(facts, unit.level)) {
    row += "," + claim_link(host, epc, keys->secret(unit.index));
  }
  const auto containers = containers_of(facts.codes, unit);
  for (const auto& level : facts.codes.levels) {
    if (rank_of(level.level) <= rank_of(unit.level)) continue;
    row += ",";
    for (const auto& container : containers) {
      if (container.level == level.level) row += printed_epc(facts.codes, container).value;
    }
  }
  return row.append(kLineEnd);
}

}  // namespace

bool has_secrets(const CodeBatchFacts& facts, UnitLevel level) {
  return level == UnitLevel::item && facts.codes.path != ClaimPath::none;
}

Status print_rows(const CodeBatchFacts& facts, const CodeKeys* keys, const PrintOrder& order,
                  const TextSink& sink) {
  FENRUN_OK(check_url_host(order.host));
  const auto* const level = find_level(facts.codes, order.level);
  if (level == nullptr) return Error{Errc::value_invalid, "level: the batch has none"};
  const auto end = std::uint64_t{order.first} + order.count;
  if (order.count == 0 || end > level->count) {
    return Error{Errc::value_invalid,
                 "first, count: the level has " + std::to_string(level->count) + " units"};
  }
  CHECK(keys != nullptr || !has_secrets(facts, order.level));
  FENRUN_OK(sink(titles_of(facts, order.level)));
  for (std::uint64_t index = order.first; index < end; ++index) {
    const UnitId unit{facts.batch, order.level, static_cast<std::uint32_t>(index)};
    auto row = row_of(facts, keys, order.host, unit);
    const auto written = sink(row);
    wipe(row);
    FENRUN_OK(written);
  }
  return {};
}

struct PrinterFile::State {
  State(FileSystem& file_system, Path place) : files(file_system), path(std::move(place)) {}
  ~State() {
    wipe(pending);
    if (file == nullptr) return;
    file.reset();
    static_cast<void>(files.remove(temporary_path(path)));  // Of a run that failed.
  }

  // The next piece, sealed if need be.
  Status write(ByteView text, StreamPiece piece) {
    const Bytes sealed = sealer ? sealer->seal(text, piece) : Bytes();
    const ByteView bytes = sealer ? ByteView(sealed) : text;
    FENRUN_OK(file->write(offset, bytes));
    offset += bytes.size();
    return {};
  }

  FileSystem& files;
  Path path;
  std::unique_ptr<File> file = nullptr;
  std::optional<StreamSealer> sealer = std::nullopt;
  Bytes pending = {};  // Less than a piece.
  std::uint64_t offset = 0;
};

PrinterFile::PrinterFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrinterFile::~PrinterFile() = default;
PrinterFile::PrinterFile(PrinterFile&&) noexcept = default;

Result<PrinterFile> PrinterFile::create(FileSystem& files, const Path& path,
                                        const std::optional<PublicKey>& reader) {
  FENRUN_TRY(const bool is_taken, files.holds(path));
  if (is_taken) return Error{Errc::file_exists, path.string()};
  auto state = std::make_unique<State>(files, path);
  state->pending.reserve(kSealedPieceBytes);  // Growing would leave secrets in freed memory.
  if (reader) {
    FENRUN_TRY(auto sealer, StreamSealer::create(*reader));
    state->sealer.emplace(std::move(sealer));
  }
  FENRUN_TRY(state->file, files.open(temporary_path(path), FileAccess::replace));
  if (state->sealer) {
    FENRUN_OK(state->file->write(0, state->sealer->beginning()));
    state->offset = state->sealer->beginning().size();
  }
  return PrinterFile(std::move(state));
}

Status PrinterFile::write(std::string_view text) {
  auto& pending = state_->pending;
  while (!text.empty()) {
    const auto part = text.substr(0, kSealedPieceBytes - pending.size());
    append(pending, bytes_of(part));
    text.remove_prefix(part.size());
    if (pending.size() < kSealedPieceBytes) break;
    FENRUN_OK(state_->write(pending, StreamPiece::inner));
    wipe(pending);
    pending.clear();
  }
  return {};
}

Status PrinterFile::finish() {
  FENRUN_OK(state_->write(state_->pending, StreamPiece::last));
  FENRUN_OK(state_->file->sync());
  FENRUN_OK(state_->files.rename(temporary_path(state_->path), state_->path));
  state_->file.reset();
  const auto folder = state_->path.has_parent_path() ? state_->path.parent_path() : Path(".");
  return state_->files.sync_directory(folder);
}

Status open_printer_file(FileSystem& files, const Path& path, const SigningKey& reader,
                         const TextSink& sink) {
  FENRUN_TRY(const auto file, files.open(path, FileAccess::read));
  FENRUN_TRY(const auto beginning, file->read(0, StreamOpener::kBeginningBytes));
  FENRUN_TRY(auto opener, StreamOpener::create(reader, beginning));
  FENRUN_TRY(const auto size, file->size());
  std::uint64_t offset = beginning.size();
  while (!opener.is_finished()) {
    FENRUN_TRY(const auto piece, file->read(offset, kSealedPieceBytes + kSealedPieceOverhead));
    FENRUN_TRY(auto text, opener.open(piece));
    offset += piece.size();
    const auto taken = sink(text_of(text));
    wipe(text);
    FENRUN_OK(taken);
  }
  if (offset != size) return Error{Errc::corruption, "bytes behind the last piece"};
  return {};
}

}  // namespace fenrun
