#include "node/audit/audit.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <future>

#include "node/audit/replay.h"
#include "node/network.h"
#include "node/storage/snapshot_files.h"

namespace fenrun::audit {
namespace {

constexpr std::size_t kBytesAheadMax = 16 * 1024 * 1024;
constexpr std::size_t kBlocksAheadMax = 4'096;
constexpr std::size_t kCertificatesAheadMax = 4'096;

// Threads that answer by futures.
class Workers {
 public:
  explicit Workers(unsigned threads) : pool_(threads) {}
  // Waits for what is under way; what has not begun is dropped.
  ~Workers() {
    pool_.stop();
    pool_.join();
  }

  template <class Work>
  auto run(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto result = task.get_future();
    boost::asio::post(pool_, [task = std::move(task)]() mutable { task(); });
    return result;
  }

 private:
  boost::asio::thread_pool pool_;
};

// One pass over a journal.
class Audit {
 public:
  Audit(const AuditOptions& options, Checkpoints checkpoints, const JournalFiles& journal,
        std::function<void(const AuditProgress&)> progress)
      : journal_(journal),
        progress_(std::move(progress)),
        on_unpaid_(options.on_unpaid),
        checkpoints_(std::move(checkpoints)),
        state_(options.scratch, options.memory_bytes_max),
        replay_(options.genesis, state_, checkpoints_),
        workers_(options.threads) {}

  Result<AuditReport> run() {
    auto read = journal_.replay(Height(0), [&](const StoredBlock& block) { return take(block); });
    // Whatever ended the reading, blocks before it may differ.
    while (!ahead_.empty() && !is_over()) FENRUN_OK(execute_next());
    FENRUN_OK(await_certificates(0));
    if (!is_over() && !read) return read.error();
    if (!is_over()) check_end();
    if (!is_over()) FENRUN_OK(checkpoints_.finish());
    return conclude();
  }

 private:
  struct Ahead {
    std::size_t bytes = 0;
    std::future<RecordedBlock> block;
  };
  struct CertificateAhead {
    Height height;
    Position header;
    std::future<Status> verdict;
  };

  bool is_over() const { return report_.divergence.has_value(); }

  // The first one counts: certificates are judged later than the blocks above them.
  void diverge(Divergence divergence) {
    if (is_over() && report_.divergence->height <= divergence.height) return;
    report_.divergence = std::move(divergence);
  }

  Status take(const StoredBlock& stored) {
    RecordedBlock block(stored);
    const std::size_t bytes = block.size();
    bytes_ahead_ += bytes;
    ahead_.push_back(
        {bytes, workers_.run([block = std::move(block), chain = replay_.chain_id()]() mutable {
           block.examine(chain);
           return std::move(block);
         })});
    while (bytes_ahead_ > kBytesAheadMax || ahead_.size() > kBlocksAheadMax) {
      FENRUN_OK(execute_next());
      if (is_over()) return Error{Errc::replay_mismatch, {}};
    }
    return {};
  }

  Status execute_next() {
    bytes_ahead_ -= ahead_.front().bytes;
    const RecordedBlock block = ahead_.front().block.get();
    ahead_.pop_front();
    if (block.fault()) {
      diverge(*block.fault());
      return {};
    }
    FENRUN_TRY(auto divergence, replay_.take(block));
    if (divergence) {
      diverge(*std::move(divergence));
      return {};
    }
    if (report_.blocks++ == 0) report_.first_time = block.header().time;
    report_.tally.add(block.tally());
    report_.unpaid.add(replay_.unpaid());
    for (const auto& earning : replay_.unpaid()) FENRUN_OK(on_unpaid_(earning));
    if (auto task = replay_.certificate_task(block)) {
      certificates_.push_back(
          {task->height, task->header.position,
           workers_.run([task = *std::move(task)] { return check_certificate(task); })});
    }
    progress_({report_.blocks, journal_.block_count(), report_.tally.transactions.count()});
    return await_certificates(kCertificatesAheadMax);
  }

  // Until no more than `left` are under way.
  Status await_certificates(std::size_t left) {
    for (; certificates_.size() > left; certificates_.pop_front()) {
      auto& [height, header, verdict] = certificates_.front();
      const Status status = verdict.get();
      if (!status) diverge({height, header, status.error(), {}, {}});
      ++report_.finalizations;
    }
    return {};
  }

  void check_end() {
    const Header& tip = replay_.tip();
    if (!replay_.is_tip_certified()) {
      diverge({tip.height,
               tip.position,
               {Errc::quorum_short, "the journal ends with a block that nobody finalized"},
               {},
               {}});
    }
    report_.assets = totals_of(report_.tally, state_);
    for (const auto& asset : report_.assets) {
      if (asset.is_conserved()) continue;
      diverge({tip.height,
               std::nullopt,
               {Errc::replay_mismatch, "statements, funds and postings of asset " +
                                           std::to_string(asset.asset.value()) + " differ"},
               {},
               {}});
    }
  }

  AuditReport conclude() {
    report_.chain_id = replay_.chain_id();
    report_.recoveries = replay_.recoveries();
    report_.is_torn = journal_.is_torn();
    report_.is_state_on_disk = state_.is_on_disk();
    report_.checkpoints = checkpoints_.checked();
    if (!replay_.is_empty()) {
      report_.tip = replay_.tip();
      report_.tip_id = replay_.tip_id();
      report_.root = replay_.root();
    }
    return std::move(report_);
  }

  const JournalFiles& journal_;
  std::function<void(const AuditProgress&)> progress_;
  std::function<Status(const UnpaidEarning&)> on_unpaid_;
  AuditReport report_;
  Checkpoints checkpoints_;
  ScratchState state_;
  Replay replay_;
  std::deque<Ahead> ahead_;
  std::size_t bytes_ahead_ = 0;
  std::deque<CertificateAhead> certificates_;
  Workers workers_;  // Ends first.
};

// An audit needs every entry from the first on.
Result<JournalFiles> open_journal(FileSystem& files, const AuditOptions& options) {
  const Path folder = options.data / "journal";
  FENRUN_TRY(const bool has_base, files.holds(options.data / "snapshot" / "base"));
  if (has_base) {
    return Error{Errc::not_found,
                 "this node began with a snapshot: what lies before it is not here.  Audit the "
                 "data of a member that keeps the whole history (snapshot.behind)"};
  }
  FENRUN_TRY(const bool has_journal, files.holds(folder));
  if (!has_journal) return Error{Errc::not_found, folder.string() + ": no journal"};
  FENRUN_TRY(auto journal, JournalFiles::open_to_read(files, folder));
  if (journal.block_count() > 0) return journal;
  return Error{Errc::not_found, folder.string() + ": the journal is empty"};
}

}  // namespace

Result<AuditReport> run_audit(const AuditOptions& options,
                              const std::function<void(const AuditProgress&)>& progress) {
  PosixFileSystem files;
  FENRUN_TRY(const auto journal, open_journal(files, options));
  FENRUN_TRY(auto checkpoints, Checkpoints::open({.files = &files,
                                                  .folder = options.data / "handovers",
                                                  .trust = options.trust,
                                                  .note = options.checkpoint,
                                                  .note_source = options.checkpoint_source},
                                                 origin_of(options.genesis)));
  return Audit(options, std::move(checkpoints), journal, progress).run();
}

}  // namespace fenrun::audit
