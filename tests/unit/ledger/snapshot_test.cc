// Snapshots: what is made of one store makes another one that goes on, and nothing altered is
// taken.
#include "ledger/snapshot.h"

#include <gtest/gtest.h>

#include "ledger/journal.h"
#include "tests/support/snapshot_chain.h"

namespace fenrun {
namespace {

SnapshotChain two_sections() {
  SnapshotChain chain;
  for (int i = 0; i < 30; ++i) chain.extend(2'600, 80, i == 11);
  EXPECT_EQ(section_count(chain.tip_header().position), 2U);
  EXPECT_EQ(chain.tip_header().epoch, Epoch(1));
  return chain;
}

SnapshotChain one_piece() {
  SnapshotChain chain;
  chain.extend(5, 40);
  chain.extend(5, 40, true);
  chain.extend(5, 60);
  EXPECT_LT(chain.tip_header().position.value(), kPiecePositions);
  return chain;
}

void install_all(const SnapshotChain& chain, MemoryStore& store) {
  auto builder = SnapshotBuilder::begin(store, chain.manifest(), chain.tip_id());
  ASSERT_TRUE(builder) << builder.error().to_string();
  for (const auto& part : chain.parts()) {
    EXPECT_FALSE(builder->is_complete());
    const auto added = builder->add(part);
    ASSERT_TRUE(added) << added.error().to_string();
  }
  ASSERT_TRUE(builder->is_complete());
  EXPECT_EQ(store.size(), 0U);  // Nothing is seen before it is whole.
  const auto installed = builder->install();
  ASSERT_TRUE(installed) << installed.error().to_string();
}

// Everything that the one store shows, the other shows, or says that it is pruned.
void expect_same(const MemoryStore& whole, const MemoryStore& joined, Height base) {
  ASSERT_EQ(joined.size(), whole.size());
  const std::uint64_t base_position = joined.header_position(base)->value();
  const auto count = static_cast<std::size_t>(whole.size());
  EXPECT_EQ(joined.leaves(Position(0), count), whole.leaves(Position(0), count));
  std::uint64_t pruned = 0;
  for (std::uint64_t i = 0; i < whole.size(); ++i) {
    const auto entry = joined.entry(Position(i));
    if (entry) {
      ASSERT_EQ(*entry, *whole.entry(Position(i)));
    } else {
      ASSERT_EQ(entry.error().code, Errc::not_found);
      ASSERT_NE(entry.error().detail.find("ask another member"), std::string::npos);
      ASSERT_LT(i, base_position);
      ++pruned;
    }
  }
  EXPECT_GT(pruned, 0U);
  for (std::uint64_t number = 0; number < 700; ++number) {
    const auto key = key_numbered(number);
    ASSERT_EQ(joined.record(key), whole.record(key));
    ASSERT_EQ(joined.at_or_after(key), whole.at_or_after(key));
    ASSERT_EQ(joined.before(key), whole.before(key));
  }
  EXPECT_EQ(joined.kept_headers(), whole.kept_headers());
}

TEST(Snapshot, AStoreThatBeganWithOneGoesOnLikeTheOthers) {
  auto chain = two_sections();
  const Height base = chain.tip();
  MemoryStore store;
  install_all(chain, store);
  EXPECT_EQ(store.base(), base);
  EXPECT_FALSE(store.begun_snapshot());
  auto journal = Journal::open(store);
  ASSERT_TRUE(journal) << journal.error().to_string();
  EXPECT_EQ((*journal)->tip_id(), chain.tip_id());
  EXPECT_EQ(*store.certificate(base), *chain.maker.memory().certificate(base));
  // The Headers that are kept are found by height; the others are gone.
  EXPECT_TRUE(store.header_position(Height(0)));
  EXPECT_TRUE(store.header_position(Height(11)));
  EXPECT_FALSE(store.header_position(Height(12)));

  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store.commit(chain.extend(20, 40), BlockMaker::certificate(7)));
  }
  expect_same(chain.maker.memory(), store, base);
  const auto reopened = Journal::open(store);
  ASSERT_TRUE(reopened) << reopened.error().to_string();
  EXPECT_EQ((*reopened)->tip_id(), chain.tip_id());
}

TEST(Snapshot, WhoBeganWithOneServesTheNext) {
  auto chain = two_sections();
  MemoryStore first;
  install_all(chain, first);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(first.commit(chain.extend(700, 60), BlockMaker::certificate(chain.tip().value())));
  }
  const auto manifest = make_manifest(first, chain.maker.bits(), chain.tip());
  ASSERT_TRUE(manifest) << manifest.error().to_string();
  EXPECT_EQ(manifest->digest(), chain.manifest().digest());
  for (std::uint32_t section = 0; section < manifest->sections.size(); ++section) {
    const auto own = make_part(first, chain.maker.bits(), chain.tip(), {section, 0});
    const auto other =
        make_part(chain.maker.memory(), chain.maker.bits(), chain.tip(), {section, 0});
    ASSERT_TRUE(own) << own.error().to_string();
    EXPECT_EQ(*own, *other);
  }
}

TEST(Snapshot, SectionsComeInAnyOrderAndARestartLosesNone) {
  const auto chain = two_sections();
  auto parts = chain.parts();
  ASSERT_GT(parts.size(), 2U);
  std::ranges::stable_sort(parts, std::greater(), &SnapshotPart::section);
  MemoryStore store;
  for (const auto& part : parts) {
    // A new builder each time, as after a restart.
    auto builder = SnapshotBuilder::begin(store, chain.manifest(), chain.tip_id());
    ASSERT_TRUE(builder);
    EXPECT_EQ(builder->pieces_held(part.section), part.first_piece);
    ASSERT_TRUE(builder->add(part));
    EXPECT_EQ(builder->add(part).error().code, Errc::duplicate);
  }
  auto builder = SnapshotBuilder::begin(store, chain.manifest(), chain.tip_id());
  ASSERT_TRUE(builder);
  ASSERT_TRUE(builder->is_complete());
  EXPECT_EQ(builder->pieces_held(), builder->pieces());
  ASSERT_TRUE(builder->install());
  EXPECT_TRUE(Journal::open(store));
}

TEST(Snapshot, AnotherSnapshotBeginsAnew) {
  auto chain = one_piece();
  MemoryStore store;
  auto first = SnapshotBuilder::begin(store, chain.manifest(), chain.tip_id());
  ASSERT_TRUE(first->add(chain.parts()[0]));
  chain.extend(3, 3);
  auto second = SnapshotBuilder::begin(store, chain.manifest(), chain.tip_id());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->pieces_held(), 0U);
}

// Each byte in each of two ways; small, so that all are tried.
TEST(Snapshot, APartIsRefusedWhicheverByteIsAltered) {
  const auto chain = one_piece();
  const auto manifest = chain.manifest();
  const auto header = chain.tip_header();
  const auto part = chain.parts().at(0);
  ASSERT_TRUE(check_part(manifest, header, part));
  const Bytes good = encode(part);
  std::size_t decoded = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const auto mask : std::array<std::uint8_t, 2>{0x01, 0x80}) {
      Bytes bad = good;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ mask);
      const auto altered = decode<SnapshotPart>(bad);
      if (!altered) continue;
      ++decoded;
      const auto status = check_part(manifest, header, *altered);
      ASSERT_FALSE(status) << "byte " << i;
      ASSERT_EQ(status.error().code, Errc::snapshot_invalid) << "byte " << i;
    }
  }
  EXPECT_GT(decoded, good.size());
}

TEST(Snapshot, AManifestIsRefusedWhicheverByteIsAltered) {
  const auto chain = two_sections();
  const auto manifest = chain.manifest();
  ASSERT_TRUE(check_manifest(manifest, chain.tip_id()));
  const Bytes good = encode(manifest);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] = static_cast<std::uint8_t>(bad[i] ^ 0x04);
    const auto altered = decode<SnapshotManifest>(bad);
    if (!altered) continue;
    const auto checked = check_manifest(*altered, chain.tip_id());
    if (altered->certificate != manifest.certificate) {
      EXPECT_TRUE(
          checked);  // Whose signatures these are is checked where the validators are known.
    } else {
      ASSERT_FALSE(checked) << "byte " << i;
      ASSERT_EQ(checked.error().code, Errc::snapshot_invalid);
    }
  }
}

TEST(Snapshot, PiecesThatAreMissingOrOfAnotherPlaceAreRefused) {
  const auto chain = two_sections();
  const auto manifest = chain.manifest();
  const auto header = chain.tip_header();
  const auto parts = chain.parts();
  const auto code = [&](SnapshotPart part) {
    const auto status = check_part(manifest, header, part);
    return status ? Errc::ok : status.error().code;
  };
  ASSERT_EQ(code(parts[0]), Errc::ok);
  auto moved = parts[0];
  moved.first_piece = 1;
  EXPECT_EQ(code(moved), Errc::snapshot_invalid);
  auto swapped = parts[0];
  std::swap(swapped.content[0], swapped.content[1]);
  EXPECT_EQ(code(swapped), Errc::snapshot_invalid);
  auto empty = parts[0];
  empty.content.clear();
  EXPECT_EQ(code(empty), Errc::snapshot_invalid);
  auto elsewhere = parts[0];
  elsewhere.section = 1;
  EXPECT_EQ(code(elsewhere), Errc::snapshot_invalid);
  auto nowhere = parts[0];
  nowhere.section = 2;
  EXPECT_EQ(code(nowhere), Errc::snapshot_invalid);
  // Fewer whole pieces are a part as well.
  auto shorter = parts[0];
  shorter.content.pop_back();
  EXPECT_EQ(code(shorter), Errc::ok);
}

// The one thing that a part can leave out unseen is found when all are there.
TEST(Snapshot, ALastHeaderOfAnEpochCannotBeLeftOut) {
  const auto chain = one_piece();
  auto part = chain.parts().at(0);
  auto& piece = part.content[0];
  ASSERT_EQ(piece.kept.size(), 2U);  // Of genesis, and of the block that ended epoch 0.
  const auto end = piece.kept[1];
  const auto leaf = chain.maker.memory().node(0, end);
  std::size_t entries_before = 0;
  for (std::uint64_t i = 0; i < end; ++i) {
    if (chain.maker.bits().test(Position(i)) || i == piece.kept[0]) ++entries_before;
  }
  piece.entries.erase(piece.entries.begin() + static_cast<std::ptrdiff_t>(entries_before));
  piece.leaves.insert(piece.leaves.begin() + static_cast<std::ptrdiff_t>(end - entries_before),
                      leaf);
  piece.kept.pop_back();
  MemoryStore store;
  auto builder = SnapshotBuilder::begin(store, chain.manifest(), chain.tip_id());
  ASSERT_TRUE(builder->add(part));
  EXPECT_EQ(builder->install().error().code, Errc::snapshot_invalid);
  EXPECT_EQ(store.size(), 0U);
}

// A snapshot under a Header that no honest validator signs: these bits, this count.
struct Forged {
  Forged(const SnapshotChain& chain, const std::vector<Position>& also_set,
         std::int64_t miscount = 0)
      : header(chain.tip_header()) {
    std::vector<ActiveChunk> chunks = chain.maker.bits().dump();
    for (const auto at : also_set) {
      auto& byte = chunks[at.value() / kActiveChunkBits][at.value() % kActiveChunkBits / 8];
      byte = static_cast<std::uint8_t>(byte | 1u << at.value() % 8);
    }
    const auto bits = ActiveBits::from_dump(header.position.value(), std::move(chunks));
    header.active_root = bits.root();
    header.active_count += also_set.size() + static_cast<std::uint64_t>(miscount);
    manifest = *make_manifest(chain.maker.memory(), bits, chain.tip());
    manifest.header = encode_entry(header);
    part = *make_part(chain.maker.memory(), bits, chain.tip(), {0, 0});
  }

  Errc outcome() const {
    MemoryStore store;
    auto builder = SnapshotBuilder::begin(store, manifest, block_id(header));
    if (!builder) return builder.error().code;
    if (const auto added = builder->add(part); !added) return added.error().code;
    const auto installed = builder->install();
    EXPECT_EQ(store.size(), installed ? header.position.value() + 1 : 0);
    return installed ? Errc::ok : installed.error().code;
  }

  Header header;
  SnapshotManifest manifest;
  SnapshotPart part;
};

TEST(Snapshot, WhatNoHonestQuorumSignsIsRefused) {
  const auto chain = one_piece();
  EXPECT_EQ(Forged(chain, {}).outcome(), Errc::ok);
  EXPECT_EQ(Forged(chain, {}, 1).outcome(), Errc::snapshot_invalid);
  EXPECT_EQ(Forged(chain, {}, -1).outcome(), Errc::snapshot_invalid);
  EXPECT_EQ(Forged(chain, {Position(0)}).outcome(), Errc::snapshot_invalid);  // A System entry.

  std::optional<Position> superseded;
  for (std::uint64_t i = 0; i < chain.tip_header().position.value(); ++i) {
    const auto entry = *decode_entry(*chain.maker.memory().entry(Position(i)));
    if (std::holds_alternative<RecordEntry>(entry) && !chain.maker.bits().test(Position(i))) {
      superseded = Position(i);
    }
  }
  ASSERT_TRUE(superseded);
  EXPECT_EQ(Forged(chain, {*superseded}).outcome(), Errc::snapshot_invalid);
}

TEST(Snapshot, OneBelowTheTipIsNotBegun) {
  auto chain = one_piece();
  const auto manifest = chain.manifest();
  const auto id = chain.tip_id();
  MemoryStore store;
  install_all(chain, store);
  EXPECT_EQ(SnapshotBuilder::begin(store, manifest, id).error().code, Errc::value_invalid);
}

TEST(Snapshot, AJournalKeepsTheBitsOfEveryInterval) {
  BlockMaker maker;
  MemoryStore store;
  const auto fill = [](BlockBuilder& builder) {
    builder.state().put(key_numbered(builder.context().height.value() % 3),
                        Bytes(8, static_cast<std::uint8_t>(builder.context().height.value())));
  };
  auto genesis = maker.next(fill);
  auto journal = *Journal::open(store, 10);
  ASSERT_TRUE(journal->commit_genesis(std::move(genesis)));
  std::map<Height, Digest> roots;
  for (std::uint64_t height = 1; height <= 35; ++height) {
    const auto point = journal->point(journal->tip_id());
    BlockContext context;
    context.height = Height(height);
    context.time = point->time.next();
    BlockBuilder builder(*point, context);
    fill(builder);
    auto block = std::make_unique<ExecutedBlock>(builder.finish());
    const Digest id = block->id;
    roots[Height(height)] = block->header.active_root;
    journal->add(std::move(block));
    ASSERT_TRUE(journal->commit(std::array{id}, BlockMaker::certificate(height)));
  }
  ASSERT_EQ(journal->snapshots().size(), 2U);
  EXPECT_EQ(journal->snapshots()[0].height, Height(20));
  EXPECT_EQ(journal->snapshots()[1].height, Height(30));
  for (const auto& snapshot : journal->snapshots()) {
    EXPECT_EQ(snapshot.bits.root(), roots[snapshot.height]);
  }
  const auto reopened = *Journal::open(store, 10);
  ASSERT_EQ(reopened->snapshots().size(), 1U);
  EXPECT_EQ(reopened->snapshots()[0].height, Height(30));
  EXPECT_EQ(reopened->snapshots()[0].bits.root(), roots[Height(30)]);
  EXPECT_TRUE((*Journal::open(store))->snapshots().empty());
}

}  // namespace
}  // namespace fenrun
