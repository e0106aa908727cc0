// How a node starts.
#include "node/process.h"

#include <gtest/gtest.h>

#include "node/home.h"
#include "node/local_network.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

// An operator types the passphrase; meanwhile a fenrun rejoin ends.  The old key would sign
// checkpoints by the guard of the new one, which knows none of its signatures.
TEST(Process, DoesNotStartWithKeysThatWereReplacedMeanwhile) {
  const TemporaryFolder folder;
  LocalNetworkOptions options;
  options.home = folder.path();
  options.validators = {{"brand", Role::brand}};
  options.base_port = 29'980;
  const auto network = create_local_network(options, nullptr);
  ASSERT_TRUE(network) << network.error().to_string();
  const Path home = network->nodes[0].home;
  const auto config = load_config(home);
  ASSERT_TRUE(config) << config.error().to_string();
  const AskPassphrase ask = [](const Path&) -> Result<Passphrase> {
    return Errc::passphrase_wrong;
  };
  const auto keys = load_node_keys(*config, ask);
  ASSERT_TRUE(keys) << keys.error().to_string();

  PosixFileSystem files;
  ASSERT_TRUE(prepare_next_keys(home, nullptr));
  ASSERT_TRUE(take_next_keys(files, home, "before"));
  auto unreachable = *config;  // So that it ends in any case.
  unreachable.peer_host = "203.0.113.1";
  const auto refused = run_node(unreachable, *keys);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::locked) << refused.error().to_string();
  EXPECT_NE(refused.error().detail.find("start it again"), std::string::npos);
  const auto fresh = load_node_keys(*config, ask);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(run_node(unreachable, *fresh).error().code, Errc::listen_failed);
}

}  // namespace
}  // namespace fenrun
