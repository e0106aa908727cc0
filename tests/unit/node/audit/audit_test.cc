// A journal that a network wrote, on disk, and then the same with one thing altered and every
// checksum right: only a replay can notice.
#include "node/audit/audit.h"

#include <gtest/gtest.h>

#include <fstream>

#include "consensus/messages.h"
#include "contracts/codes.h"
#include "core/codec.h"
#include "node/network.h"
#include "node/storage/append_log.h"
#include "tests/support/organisations.h"

namespace fenrun::audit {
namespace {

// A block as the files have it.
struct RawBlock {
  Position first;
  Bytes certificate;
  std::vector<Bytes> entries;
};

Bytes encoded(const RawBlock& block) {
  Encoder out(0);
  out.fixed(block.first.value());
  out.fixed(static_cast<std::uint32_t>(block.entries.size()));
  out.fixed(static_cast<std::uint32_t>(block.certificate.size()));
  out.raw(block.certificate);
  for (const auto& entry : block.entries) {
    out.fixed(static_cast<std::uint8_t>(entry.size() >> 8));
    out.fixed(static_cast<std::uint8_t>(entry.size()));
    out.raw(entry);
  }
  return out.take();
}

std::vector<RawBlock> blocks_of(const MemoryStore& store) {
  std::vector<RawBlock> blocks;
  Position first(0);
  for (Height height(0); const auto last = store.header_position(height); height = height.next()) {
    blocks.push_back({first, *store.certificate(height),
                      *store.entries(first, last->value() - first.value() + 1)});
    first = last->next();
  }
  return blocks;
}

// A campaign with a budget; then the auditor stops validating, and a second epoch begins.
class AuditTest : public testing::Test {
 protected:
  AuditTest() : cluster({"brand", "distributor-east", "distributor-west", "auditor"}) {
    Organisations parties(cluster);
    parties.open_campaign();
    const DeclareBudget budget{CampaignId(1), AssetId(156), Amount::minor(1'000)};
    EXPECT_EQ(parties.run("brand", budget), Errc::ok);
    EXPECT_EQ(parties.run("brand", budget), Errc::ok);
    EXPECT_NE(parties.run("brand", OpenCampaign{CampaignId(1), {}}), Errc::ok);  // It exists.
    parties.change(RemoveValidator{{"auditor"}}, {"distributor-east", "auditor"});
    EXPECT_TRUE(cluster.run_until([&] { return in_epoch(cluster, 1); }));
    parties.open_campaign();
    blocks = blocks_of(cluster.store(0));

    folder = std::filesystem::temp_directory_path() /
             ("fenrun-audit-test-" + std::to_string(::getpid()) + "-" +
              testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder / "data" / "journal");
    options.data = folder / "data";
    options.genesis = cluster.genesis();
    options.trust = *TrustPolicy::parse(trust_policy_of(cluster.genesis()));
    options.threads = 2;
    options.scratch = folder / "scratch";
  }
  ~AuditTest() override { std::filesystem::remove_all(folder); }

  Path segment() const { return options.data / "journal" / "0000000000000000.log"; }

  void write_journal() {
    std::vector<Bytes> payloads;
    for (const auto& block : blocks) payloads.push_back(encoded(block));
    std::vector<AppendLog::Record> records;
    for (std::size_t i = 0; i < payloads.size(); ++i) records.push_back({1, i, payloads[i]});
    LogIdentity identity;  // The first height, and that there is no segment before.
    std::fill_n(identity.bytes.begin() + 8, 8, std::uint8_t{0xff});
    ASSERT_TRUE(AppendLog::create(files, segment(), {identity, 0}, 0, records));
  }

  Result<AuditReport> audit() {
    write_journal();
    return run_audit(options, [](const AuditProgress&) {});
  }

  template <class T>
  struct Found {
    std::size_t height;
    std::size_t index;
    T entry;

    Bytes& bytes(AuditTest& test) const { return test.blocks[height].entries[index]; }
    Position position(AuditTest& test) const {
      return Position(test.blocks[height].first.value() + index);
    }
  };
  // The last entry of its kind for which it holds.
  template <class T>
  Found<T> find(const std::function<bool(const T&)>& holds = [](const T&) { return true; }) {
    for (std::size_t height = blocks.size(); height-- > 0;) {
      for (std::size_t i = blocks[height].entries.size(); i-- > 0;) {
        const auto entry = *decode_entry(blocks[height].entries[i]);
        const auto* found = std::get_if<T>(&entry);
        if (found != nullptr && holds(*found)) return {height, i, *found};
      }
    }
    ADD_FAILURE() << "no such entry";
    return {0, 0, {}};
  }

  // Where and why the audit finds the journal wrong.
  void expect_divergence(Errc code, std::size_t height, std::optional<Position> position) {
    const auto report = audit();
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_TRUE(report->divergence);
    const auto& found = *report->divergence;
    EXPECT_EQ(found.error.code, code) << found.error.to_string();
    EXPECT_EQ(found.height, Height(height)) << found.error.to_string();
    EXPECT_EQ(found.position, position) << found.error.to_string();
    EXPECT_GE(report->blocks, height);  // Certificates are judged later than blocks.
  }

  NodeCluster cluster;
  std::vector<RawBlock> blocks;
  PosixFileSystem files;
  Path folder;
  AuditOptions options;
};

TEST_F(AuditTest, AJournalThatIsRightPasses) {
  const auto report = audit();
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_FALSE(report->divergence) << report->divergence->error.to_string();
  EXPECT_EQ(report->blocks, blocks.size());
  EXPECT_EQ(report->tip.epoch, Epoch(1));
  EXPECT_EQ(report->root, cluster.journal(0).root());
  EXPECT_EQ(report->chain_id, chain_id(cluster.genesis()));
  EXPECT_EQ(report->tally.entry_count(), cluster.store(0).size());
  EXPECT_EQ(report->tally.operations.refused.at(Errc::campaign_exists), 1u);
  EXPECT_EQ(report->tally.transactions.count(), 8u);
  std::size_t certified = 0;
  for (const auto& block : blocks) certified += block.certificate.empty() ? 0U : 1U;
  EXPECT_EQ(report->finalizations, certified);
  ASSERT_EQ(report->assets.size(), 1u);
  EXPECT_TRUE(report->assets[0].declared == 2'000 && report->assets[0].debits == 2'000);
  EXPECT_TRUE(report->assets[0].is_conserved());
}

TEST_F(AuditTest, StateOnDiskGivesTheSame) {
  options.memory_bytes_max = 1;
  const auto report = audit();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_FALSE(report->divergence);
  EXPECT_TRUE(report->is_state_on_disk);
  EXPECT_EQ(report->root, cluster.journal(0).root());
  EXPECT_FALSE(*files.holds(options.scratch));
}

TEST_F(AuditTest, AnAlteredOperation) {
  auto found = find<OperationEntry>();
  found.entry.payload.back() ^= 1;
  found.bytes(*this) = encode_entry(found.entry);
  // The transaction does not hash to what was signed: it stands before its operation.
  expect_divergence(Errc::operations_root_mismatch, found.height,
                    Position(found.position(*this).value() - 1));
}

TEST_F(AuditTest, AnAlteredSignature) {
  auto found = find<TransactionEntry>();
  found.entry.signature.bytes[7] ^= 1;
  found.bytes(*this) = encode_entry(found.entry);
  expect_divergence(Errc::signature_invalid, found.height, found.position(*this));
}

// Even if whoever submitted it signs the transaction anew.
TEST_F(AuditTest, AClaimThatItsCodeDidNotSign) {
  const auto code = test_key("code");
  ClaimCode claim;
  claim.key = code.public_key();
  const auto message = claim_message(chain_id(cluster.genesis()), claim.claim);
  claim.signature = code.sign(Domain::code_claim, message);
  const auto id = cluster.submit(0, cluster.transaction("auditor", 1, claim));
  ASSERT_TRUE(id) << id.error().to_string();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.is_committed(0, *id); }));
  blocks = blocks_of(cluster.store(0));
  const auto whole = audit();
  ASSERT_TRUE(whole && !whole->divergence);

  auto transaction = find<TransactionEntry>();
  auto operation = find<OperationEntry>();
  claim.claim.claimant.bytes[0] ^= 1;
  const auto payload = *encode_operation(claim);
  const auto forged =
      sign_transaction(transaction.entry.body, {payload}, test_key("auditor operator"));
  transaction.entry.body = forged.body;
  transaction.entry.signature = forged.signature;
  operation.entry.payload = payload;
  transaction.bytes(*this) = encode_entry(transaction.entry);
  operation.bytes(*this) = encode_entry(operation.entry);
  expect_divergence(Errc::signature_invalid, transaction.height, transaction.position(*this));
}

TEST_F(AuditTest, AnAlteredOutcome) {
  auto found =
      find<OperationEntry>([](const OperationEntry& entry) { return entry.outcome != Errc::ok; });
  found.entry.outcome = Errc::ok;
  found.bytes(*this) = encode_entry(found.entry);
  expect_divergence(Errc::replay_mismatch, found.height, found.position(*this));
}

TEST_F(AuditTest, AnAlteredPosting) {
  auto found = find<Posting>();
  const Bytes before = found.bytes(*this);
  found.entry.amount = Amount::minor(999);
  found.bytes(*this) = encode_entry(found.entry);
  expect_divergence(Errc::replay_mismatch, found.height, found.position(*this));
  const auto report = audit();
  EXPECT_EQ(report->divergence->recorded, found.bytes(*this));
  EXPECT_EQ(report->divergence->recomputed, before);
}

TEST_F(AuditTest, AnAlteredRecord) {
  auto found = find<RecordEntry>();
  found.entry.value->back() ^= 1;
  found.bytes(*this) = encode_entry(found.entry);
  expect_divergence(Errc::replay_mismatch, found.height, found.position(*this));
}

TEST_F(AuditTest, AnAlteredHeader) {
  for (const auto alter : {+[](Header& header) { header.active_root.bytes[0] ^= 1; },
                           +[](Header& header) { header.view = header.view.next(); },
                           +[](Header& header) { header.time = TimeMs(1); },
                           +[](Header& header) { header.epoch = Epoch(7); },
                           +[](Header& header) { header.validators.bytes[0] ^= 1; }}) {
    const auto whole = blocks;
    auto found = find<Header>();
    alter(found.entry);
    found.bytes(*this) = encode_entry(found.entry);
    expect_divergence(Errc::replay_mismatch, found.height, found.position(*this));
    blocks = whole;
  }
}

TEST_F(AuditTest, AnEntryTooMuchOrTooFew) {
  auto found = find<Posting>();
  auto& entries = blocks[found.height].entries;
  const auto at = entries.begin() + static_cast<std::ptrdiff_t>(found.index);
  entries.erase(at);
  for (std::size_t i = found.height + 1; i < blocks.size(); ++i) {
    blocks[i].first = Position(blocks[i].first.value() - 1);
  }
  expect_divergence(Errc::replay_mismatch, found.height, found.position(*this));
}

TEST_F(AuditTest, BytesThatAreNoEntry) {
  auto found = find<Posting>();
  found.bytes(*this).pop_back();
  expect_divergence(Errc::entry_malformed, found.height, found.position(*this));
}

TEST_F(AuditTest, CertificatesOfTooFewAndOfNobody) {
  const auto found = find<Header>();
  auto& bytes = blocks[found.height].certificate;
  const Bytes whole = bytes;
  auto certificate = *decode<Certificate>(whole);
  certificate.signatures[0].bytes[3] ^= 1;
  bytes = encode(certificate);
  expect_divergence(Errc::signature_invalid, found.height, found.position(*this));

  bytes = whole;
  certificate = *decode<Certificate>(whole);
  certificate.subject.block_id.bytes[0] ^= 1;
  bytes = encode(certificate);
  auto report = audit();
  ASSERT_TRUE(report->divergence);
  EXPECT_EQ(report->divergence->error.code, Errc::replay_mismatch);

  bytes.clear();
  report = audit();
  ASSERT_TRUE(report->divergence);
  EXPECT_EQ(report->divergence->error.code, Errc::quorum_short);
}

TEST_F(AuditTest, AnEpochMustEndWithItsOwnFinalization) {
  const auto last = find<Header>([](const Header& header) { return header.ends_epoch(); });
  blocks[last.height].certificate.clear();
  const auto& next = blocks[last.height + 1];
  expect_divergence(Errc::replay_mismatch, last.height + 1,
                    Position(next.first.value() + next.entries.size() - 1));
}

TEST_F(AuditTest, ACheckpointOfTheAuditors) {
  ASSERT_TRUE(cluster.run_until([&] {
    const auto checkpoint = cluster.node(0).checkpoint();
    return checkpoint && checkpoint->size == cluster.store(0).size();
  }));
  blocks = blocks_of(cluster.store(0));
  options.checkpoint = cluster.node(0).checkpoint()->note;
  options.checkpoint_source = "mine";
  auto report = audit();
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_FALSE(report->divergence) << report->divergence->error.to_string();
  ASSERT_EQ(report->checkpoints.size(), 1u);
  EXPECT_EQ(report->checkpoints[0].size, cluster.store(0).size());
  EXPECT_GE(report->checkpoints[0].cosigners.size(), 3u);

  // The journal was copied before it.
  blocks.pop_back();
  report = audit();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::index_out_of_range);
}

TEST_F(AuditTest, ATrustFileOfOthers) {
  auto signers = options.trust->validators();
  signers.resize(2);  // First there were four, then three.
  options.trust =
      *TrustPolicy::parse(canonical_trust_policy(options.trust->origin(), signers, signers.size()));
  auto report = audit();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::validators_mismatch);
  options.trust = *TrustPolicy::parse(canonical_trust_policy("other/0011223344556677", signers, 2));
  report = audit();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::origin_unknown);
}

TEST_F(AuditTest, ACommitThatWasNeverWholeIsPassedOverAndStays) {
  write_journal();
  const auto size = std::filesystem::file_size(segment());
  std::filesystem::resize_file(segment(), size - size % 512);  // Within the last block.
  const auto torn = std::filesystem::file_size(segment());
  const auto report = run_audit(options, [](const AuditProgress&) {});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->is_torn);
  EXPECT_LT(report->blocks, blocks.size());
  EXPECT_EQ(std::filesystem::file_size(segment()), torn);
}

TEST_F(AuditTest, Refusals) {
  const auto code = [&] {
    const auto report = run_audit(options, [](const AuditProgress&) {});
    return report ? Errc::ok : report.error().code;
  };
  EXPECT_EQ(code(), Errc::not_found);  // Empty.
  write_journal();
  options.trust.reset();
  options.genesis.time = options.genesis.time.next();
  EXPECT_EQ(code(), Errc::chain_wrong);
  options.genesis = cluster.genesis();

  std::fstream file(segment(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1'000);
  file.put('x');
  file.close();
  EXPECT_EQ(code(), Errc::corruption);

  std::filesystem::create_directories(options.data / "snapshot");
  std::ofstream(options.data / "snapshot" / "base") << "a manifest";
  EXPECT_EQ(code(), Errc::not_found);
}

}  // namespace
}  // namespace fenrun::audit
