// LedgerStore in memory: for tests, simulation and audits.  Never fails.
#pragma once

#include <map>
#include <vector>

#include "ledger/store.h"

namespace fenrun {

class MemoryStore final : public LedgerStore {
 public:
  using LedgerStore::commit;
  Status commit(std::span<const ExecutedBlock* const> blocks, ByteView certificate) override;
  std::uint64_t size() const override { return entries_.size(); }
  Result<Bytes> entry(Position position) const override;
  Result<std::vector<Bytes>> entries(Position first, std::size_t count) const override;
  Digest node(unsigned level, std::uint64_t index) const override;
  std::vector<Digest> tile(unsigned tile_level, std::uint64_t index) const override;
  std::vector<Digest> leaves(Position first, std::size_t count) const override;
  std::optional<Position> header_position(Height height) const override;
  Result<Bytes> certificate(Height height) const override;
  std::optional<Position> transaction_position(const Digest& id) const override;
  std::vector<Position> kept_headers() const override { return kept_headers_; }
  std::optional<ActiveBitsDump> active_bits_dump() const override { return dump_; }
  Status save_active_bits(const ActiveBitsDump& dump) override;

  Result<EpochHandover> handover(Epoch epoch) const override;
  Status save_handover(Epoch epoch, const EpochHandover& handover) override;
  Result<std::string> anchor(Epoch epoch) const override;
  Status save_anchor(Epoch epoch, const std::string& note) override;

  // As when its file is damaged.
  void lose_handover(Epoch epoch) { handovers_.erase(epoch); }

  std::optional<Height> base() const override { return base_; }
  Status begin_snapshot(const SnapshotManifest& manifest) override;
  std::optional<SnapshotManifest> begun_snapshot() const override { return begun_; }
  Status add_snapshot_part(const SnapshotPart& part) override;
  Status read_snapshot_parts(const PartVisitor& visit) const override;
  Status install_snapshot() override;

  std::optional<CurrentRecord> record(ByteView key) const override;
  std::optional<RecordKey> at_or_after(ByteView key) const override;
  std::optional<RecordKey> before(ByteView key) const override;

  // How often entries, nodes and tiles were asked for, in all.
  std::uint64_t reads() const { return reads_; }

 private:
  void append(const ExecutedBlock& block, ByteView certificate);
  void append_leaf(const Digest& leaf);
  Status append_part(const Header& header, const SnapshotPart& part);
  void keep_header(const Header& header);

  mutable std::uint64_t reads_ = 0;
  std::vector<Bytes> entries_;  // Empty where pruned.
  std::vector<std::vector<Digest>> levels_;
  std::map<Height, Position> headers_;
  std::map<Height, Bytes> certificates_;
  std::vector<Position> kept_headers_;
  std::map<Digest, Position> transactions_;
  StateDelta state_;
  std::optional<ActiveBitsDump> dump_;
  std::map<Epoch, EpochHandover> handovers_;
  std::map<Epoch, std::string> anchors_;
  std::optional<Height> base_;
  std::optional<SnapshotManifest> begun_;
  std::vector<SnapshotPart> parts_;
};

}  // namespace fenrun
