// What is printed and scanned, and the files of code batches: a code is read as the one unit that
// it was printed for, and damage is never answered as a path or a row.
#include <algorithm>

#include "core/crypto/sealed_stream.h"
#include "ledger/proof/merkle.h"
#include "node/codes/printer_file.h"
#include "node/sim/virtual_disk.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/node/codes/printed_batch.h"

namespace fenrun::fuzz {
namespace {

constexpr std::uint32_t kTreeLeaves = 300;
const Path kTreeFile = "/batch/tree";
const Path kSealedFile = "/batch/rows";

CodeBatchFacts printed_facts() {
  const auto made = test::order();
  return {{}, made.chain_id, made.batch, made.codes, {}, {}};
}

std::vector<Bytes> scanned_seeds() {
  const auto facts = printed_facts();
  std::vector<Bytes> seeds = {seed_of("000000W0000050"), seed_of("00/069012340000000115")};
  for (const auto& level : facts.codes.levels) {
    const auto epc = printed_epc(facts.codes, {facts.batch, level.level, 1});
    seeds.push_back(seed_of(epc.value));
    seeds.push_back(seed_of(claim_link("id.brand.example.com", epc, CodeSecret{})));
  }
  return seeds;
}

Bytes whole_tree() {
  sim::VirtualDisk disk;
  CHECK(disk.make_folder(kTreeFile.parent_path()).has_value());
  auto writer =
      CodeTreeWriter::create(disk, kTreeFile, {test::chain(), test::kPrinted, kTreeLeaves, {}});
  std::vector<Digest> leaves;
  for (std::uint32_t i = 0; i < kTreeLeaves; ++i) leaves.push_back(sha256(encode(i)));
  CHECK(writer.has_value() && writer->append(leaves).has_value() && writer->finish().has_value());
  return disk.bytes(kTreeFile);
}

// The file's own bytes are the seed; edits of it are what a target makes of its input.
std::vector<Bytes> edit_seeds() { return {Bytes{}, Bytes{1, 0, 7}, Bytes(300, 3)}; }

// Changes some of the bytes, and perhaps the length.
void edit(Bytes& bytes, ByteView input) {
  Choices choices(input);
  const auto cut = choices.byte();
  if (cut % 4 == 1) bytes.resize(choices.below(std::min<std::size_t>(bytes.size(), 65'536)));
  if (cut % 4 == 2) bytes.push_back(choices.byte());
  while (!choices.empty() && !bytes.empty()) {
    bytes[choices.below(std::min<std::size_t>(bytes.size(), 65'536))] ^= choices.byte();
  }
}

sim::VirtualDisk disk_with(const Path& path, const Bytes& bytes) {
  sim::VirtualDisk disk;
  CHECK(disk.make_folder(path.parent_path()).has_value());
  CHECK(replace_file(disk, path, bytes).has_value());
  return disk;
}

}  // namespace

FENRUN_FUZZ(scanned_code, scanned_seeds) {
  const auto text = text_of(input);
  if (const auto serial = printed_serial(text)) {
    EXPECT_FUZZ(serial_of(*serial) == text, "a serial has two spellings");
  }
  const auto scanned = read_scanned_code(text);
  if (!scanned) {
    EXPECT_FUZZ(scanned.error().code == Errc::value_invalid, scanned.error().to_string());
    return;
  }
  EXPECT_FUZZ(scanned->epc || scanned->serial, "a code that names nothing");
  const auto facts = printed_facts();
  const auto unit = unit_of(facts, *scanned);
  if (!unit) {
    EXPECT_FUZZ(unit.error().code == Errc::code_unknown, unit.error().to_string());
    return;
  }
  const auto epc = printed_epc(facts.codes, *unit);
  EXPECT_FUZZ(!scanned->epc || *scanned->epc == epc, "another unit's identifier");
  const auto again = read_scanned_code(digital_link("id.brand.example.com", epc));
  EXPECT_FUZZ(again && *unit_of(facts, *again) == *unit, "a link names another unit");
}

FENRUN_FUZZ(code_tree, edit_seeds) {
  static const Bytes kWhole = whole_tree();
  Bytes bytes = kWhole;
  edit(bytes, input);
  auto disk = disk_with(kTreeFile, bytes);
  const auto tree = CodeTree::open(disk, kTreeFile);
  if (!tree) {
    EXPECT_FUZZ(tree.error().code == Errc::corruption, tree.error().to_string());
    return;
  }
  const auto& facts = tree->facts();
  EXPECT_FUZZ(facts.count == kTreeLeaves, "another header with a right digest");
  for (std::uint32_t i = 0; i < facts.count; i += 13) {
    const auto path = tree->path(i);
    if (path) {
      const bool holds =
          verify_inclusion(sha256(encode(i)), i, facts.count, *path, facts.root).has_value();
      EXPECT_FUZZ(holds, "a path that leads elsewhere");
    } else {
      EXPECT_FUZZ(path.error().code == Errc::corruption, path.error().to_string());
    }
  }
}

FENRUN_FUZZ(sealed_file, edit_seeds) {
  static const SigningKey kReader = test::seed_key();
  const std::string text(70'000, 'r');
  static const Bytes kWhole = [&] {
    auto disk = disk_with("/batch/other", {});
    auto file = PrinterFile::create(disk, kSealedFile, kReader.public_key());
    CHECK(file.has_value() && file->write(text).has_value() && file->finish().has_value());
    return disk.bytes(kSealedFile);
  }();
  Bytes bytes = kWhole;
  edit(bytes, input);
  auto disk = disk_with(kSealedFile, bytes);
  std::string opened;
  const auto status =
      open_printer_file(disk, kSealedFile, kReader, [&](std::string_view part) -> Status {
        opened += part;
        return {};
      });
  EXPECT_FUZZ(text.starts_with(opened), "what was opened is not what was sealed");
  if (status) {
    EXPECT_FUZZ(bytes == kWhole && opened == text, "an altered file was opened");
  } else {
    EXPECT_FUZZ(
        status.error().code == Errc::corruption || status.error().code == Errc::key_file_invalid,
        status.error().to_string());
  }
}

}  // namespace fenrun::fuzz
