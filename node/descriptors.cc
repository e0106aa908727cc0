#include "node/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

#include "contracts/limits.h"
#include "core/check.h"
#include "net/tcp_transport.h"
#include "node/api/http.h"
#include "node/storage/index.h"
#include "node/storage/journal_files.h"

namespace fenrun {
namespace {

// Standard streams, the loop's own, listening sockets, the lock, the vote log, the guard, the
// segment that is written, LevelDB's log and manifest, snapshots, documents, and what is being
// closed.
constexpr std::size_t kReserved = 64;
// What the index works with however few there are, and how few clients a node is run for.
constexpr std::size_t kIndexFilesMin = 128;
constexpr std::size_t kHttpConnectionsMin = 64;
// One address has a tenth of the connections, and a browser's handful in any case.
constexpr std::size_t kAddressShare = 10;
constexpr std::size_t kConnectionsPerAddressMin = 16;

// What does not give way: open segments, links, and connections that are to become links.
std::size_t fixed() {
  return kReserved + kJournalReadersMax + kMembersMax - 1 + net::TcpTransportOptions().pending_max;
}

}  // namespace

std::uint64_t descriptors_wanted() {
  const api::HttpLimits http;
  return fixed() + IndexOptions().files_max + http.connections + http.refusals;
}

Result<DescriptorPlan> plan_descriptors(std::uint64_t allowed) {
  const api::HttpLimits http;
  const std::uint64_t least = fixed() + kIndexFilesMin + kHttpConnectionsMin + http.refusals;
  if (allowed < least) {
    return Error{Errc::config_invalid,
                 "LimitNOFILE (ulimit -n): " + std::to_string(allowed) +
                     " file descriptors are allowed, and a node needs at least " +
                     std::to_string(least) + ", better " + std::to_string(descriptors_wanted())};
  }
  const std::uint64_t spare = allowed - fixed() - http.refusals;
  DescriptorPlan plan;
  plan.index_files = static_cast<std::size_t>(
      std::clamp<std::uint64_t>(spare / 2, kIndexFilesMin, IndexOptions().files_max));
  plan.http_connections =
      static_cast<std::size_t>(std::min<std::uint64_t>(spare - plan.index_files, http.connections));
  plan.http_connections_per_address =
      std::clamp(plan.http_connections / kAddressShare, kConnectionsPerAddressMin,
                 http.connections_per_address);
  return plan;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace fenrun
