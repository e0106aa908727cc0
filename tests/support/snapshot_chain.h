// A chain of meaningless blocks of which snapshots are made: Records that meet again, Headers that
// must be kept.
#pragma once

#include <algorithm>
#include <random>

#include "ledger/snapshot_builder.h"
#include "ledger/snapshot_source.h"
#include "tests/support/block_maker.h"

namespace fenrun {

inline Bytes key_numbered(std::uint64_t number) {
  return {17, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

// A chain whose Records meet again; its epoch ends once on the way.
struct SnapshotChain {
  explicit SnapshotChain(std::uint64_t seed = 1) : random(seed) {}

  ExecutedBlock extend(std::size_t systems, std::size_t records, bool ends_epoch = false) {
    return maker.next([&](BlockBuilder& builder) {
      for (std::size_t i = 0; i < systems; ++i) builder.append_system(Bytes(random() % 30, 1));
      for (std::size_t i = 0; i < records; ++i) {
        const auto key = key_numbered(random() % 700);
        if (random() % 6 == 0) {
          builder.state().remove(key);
        } else {
          builder.state().put(key, Bytes(random() % 50, static_cast<std::uint8_t>(random())));
        }
      }
      if (ends_epoch) {
        builder.set_next_validators(sha256(bytes_of(std::to_string(maker.height()))), {});
      }
    });
  }
  Height tip() const { return Height(maker.height() - 1); }
  Header tip_header() const {
    return std::get<Header>(
        *decode_entry(*maker.memory().entry(*maker.memory().header_position(tip()))));
  }
  SnapshotManifest manifest() const { return *make_manifest(maker.memory(), maker.bits(), tip()); }
  Digest tip_id() const { return block_id(tip_header()); }
  std::vector<SnapshotPart> parts() const {
    std::vector<SnapshotPart> parts;
    for (std::uint32_t section = 0; section < section_count(tip_header().position); ++section) {
      for (std::size_t piece = 0; piece < section_pieces(tip_header().position, section);
           piece += parts.back().content.size()) {
        parts.push_back(*make_part(maker.memory(), maker.bits(), tip(),
                                   {section, static_cast<std::uint8_t>(piece)}));
      }
    }
    return parts;
  }

  std::mt19937_64 random;
  BlockMaker maker;
};

}  // namespace fenrun
