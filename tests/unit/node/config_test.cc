#include "node/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace fenrun {
namespace {

using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    home_ = std::filesystem::temp_directory_path() /
            ("fenrun-config-" + std::to_string(::getpid()) + "-" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(home_);
  }
  ~ConfigTest() override { std::filesystem::remove_all(home_); }

  Result<Config> load(const std::string& text) {
    std::ofstream(home_ / "config.toml", std::ios::binary) << text;
    return load_config(home_);
  }

  // The detail of the refusal; fails the test if the text is accepted.
  std::string refusal(const std::string& text) {
    const auto config = load(text);
    if (config) {
      ADD_FAILURE() << "accepted:\n" << text;
      return {};
    }
    EXPECT_EQ(name_of(config.error().code), "config_invalid");
    return config.error().detail;
  }

  std::filesystem::path home_;
};

constexpr const char* kSmallest =
    "name = \"brand\"\n"
    "[peer]\nport = 7000\n"
    "[api]\nport = 7001\n";

TEST_F(ConfigTest, what_is_absent_has_its_default) {
  const auto config = load(kSmallest);
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->home, home_);
  EXPECT_EQ(config->name, "brand");
  EXPECT_EQ(config->peer_host, "127.0.0.1");
  EXPECT_EQ(config->peer_port, 7000);
  EXPECT_EQ(config->api_port, 7001);
  EXPECT_EQ(config->log_level, "info");
  EXPECT_EQ(config->verify_threads, 2U);
  EXPECT_EQ(config->snapshot_interval, 10'000U);
  EXPECT_EQ(config->snapshot_behind, 5'000U);
  EXPECT_TRUE(config->intake.key_file.empty());
  EXPECT_EQ(config->intake.lane, 0);
  EXPECT_TRUE(config->peers.empty());
}

TEST_F(ConfigTest, files_of_the_intake_are_found_from_home_on) {
  const auto config = load(std::string(kSmallest) +
                           "[intake]\nkey_file = \"keys/desk.key\"\nlane = 3\n"
                           "places = \"/etc/places.json\"\ndocuments_bytes_max = 20000000\n");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->intake.key_file, home_ / "keys" / "desk.key");
  EXPECT_EQ(config->intake.lane, 3);
  EXPECT_EQ(config->intake.places, "/etc/places.json");
  EXPECT_EQ(config->intake.documents_bytes_max, 20'000'000U);
  const auto again = load(print_config(*config));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(print_config(*again), print_config(*config));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[intake]\nlane = 16\n"),
              HasSubstr("`intake.lane` must be from 0 to 15"));
}

TEST_F(ConfigTest, what_is_printed_reads_back) {
  Config config;
  config.home = home_;
  config.name = "we\"ird\\name";
  config.peer_host = "0.0.0.0";
  config.peer_port = 65'535;
  config.peers = {{"auditor", "auditor.example.com", 7002}, {"south", "10.0.0.7", 7002}};
  config.api_port = 1;
  config.log_level = "trace";
  config.log_format = "json";
  config.mempool_bytes_max = 5'000'000;
  config.mempool_transactions_max = 77;
  config.verify_threads = 3;

  const auto again = load(print_config(config));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->name, config.name);
  EXPECT_EQ(again->peer_host, config.peer_host);
  ASSERT_EQ(again->peers.size(), 2U);
  EXPECT_EQ(again->peers[1].name, "south");
  EXPECT_EQ(again->peers[1].host, "10.0.0.7");
  EXPECT_EQ(again->peers[1].port, 7002);
  EXPECT_EQ(again->mempool_bytes_max, config.mempool_bytes_max);
  EXPECT_EQ(print_config(*again), print_config(config));
}

TEST_F(ConfigTest, a_gateway_says_what_it_serves_consumers_with) {
  EXPECT_FALSE(load(kSmallest)->claims);
  EXPECT_EQ(load(std::string(kSmallest) + "[claims]\n")->claims->requests_per_minute, 600U);
  const auto config = load(std::string(kSmallest) +
                           "[claims]\ncode_trees = [\"codes/7\", \"/srv/codes/8\"]\n"
                           "region = 310100\nproxy = \"127.0.0.1\"\nrequests_per_minute = 60\n"
                           "names = \"names.json\"\n");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->claims->code_trees, (std::vector<std::string>{"codes/7", "/srv/codes/8"}));
  EXPECT_EQ(config->claims->region, 310'100U);
  EXPECT_EQ(config->claims->proxy, "127.0.0.1");
  EXPECT_EQ(config->claims->requests_per_minute, 60U);
  EXPECT_EQ(config->claims->names, "names.json");
  EXPECT_EQ(print_config(*load(print_config(*config))), print_config(*config));

  for (const std::string wrong :
       {"code_trees = \"codes\"", "code_trees = [7]", "code_trees = [\"\"]", "region = -1",
        "region = 4294967296", "requests_per_minute = 0", "codes = []"}) {
    EXPECT_THAT(refusal(std::string(kSmallest) + "[claims]\n" + wrong + "\n"),
                HasSubstr(wrong.substr(0, wrong.find(' '))));
  }
}

TEST_F(ConfigTest, unknown_keys_are_named_with_their_line) {
  EXPECT_EQ(refusal(std::string("colour = 1\n") + kSmallest),
            (home_ / "config.toml").string() + ": line 1: unknown key `colour`");
  EXPECT_THAT(refusal(std::string(kSmallest) + "colour = 1\n"),
              HasSubstr("line 6: unknown key `api.colour`"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[[peers]]\nname='a'\nhost='h'\nport=1\nweight=2\n"),
              HasSubstr("line 10: unknown key `peers[0].weight`"));
}

TEST_F(ConfigTest, types_and_ranges_are_checked) {
  const std::string head = "name='brand'\n";
  const std::string api = "[api]\nport=7001\n";
  EXPECT_THAT(refusal(head + "[peer]\nport=0\n" + api), HasSubstr("line 3: `peer.port`"));
  EXPECT_THAT(refusal(head + "[peer]\nport=65536\n" + api), HasSubstr("from 1 to 65535"));
  EXPECT_THAT(refusal(head + "[peer]\nport=-1\n" + api), HasSubstr("not -1"));
  EXPECT_THAT(refusal(head + "[peer]\nport='7000'\n" + api), HasSubstr("must be an integer"));
  EXPECT_THAT(refusal(head + "[peer]\nport=7000.0\n" + api), HasSubstr("must be an integer"));
  EXPECT_THAT(refusal(head + "[peer]\nport=true\n" + api), HasSubstr("must be an integer"));
  EXPECT_THAT(refusal("name=7\n"), HasSubstr("`name` must be a string"));
  EXPECT_THAT(refusal("name=''\n"), HasSubstr("1 to 64"));
  EXPECT_THAT(refusal("name='two words'\n"), HasSubstr("without spaces"));
  EXPECT_THAT(refusal(head + "peer=3\n" + api), HasSubstr("`peer` must be a table"));
  EXPECT_THAT(refusal(head + "peers=3\n[peer]\nport=7000\n" + api), HasSubstr("[[peers]]"));
  EXPECT_THAT(refusal(head + "peers=[3]\n[peer]\nport=7000\n" + api), HasSubstr("hold tables"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[log]\nlevel='loud'\n"),
              HasSubstr("line 7: `log.level` must be one of: trace, debug"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[verify]\nthreads=0\n"), HasSubstr("1 to 256"));
}

TEST_F(ConfigTest, what_must_be_there_is_missed) {
  EXPECT_THAT(refusal(""), HasSubstr("`name` is missing"));
  EXPECT_THAT(refusal("name='a'\n"), HasSubstr("`peer` is missing"));
  EXPECT_THAT(refusal("name='a'\n[peer]\n"), HasSubstr("`peer.port` is missing"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[[peers]]\nname='b'\nport=1\n"),
              HasSubstr("`peers[0].host` is missing"));
}

TEST_F(ConfigTest, contradictions_are_refused) {
  EXPECT_THAT(refusal("name='a'\n[peer]\nport=7\n[api]\nport=7\n"), HasSubstr("peer links"));
  const std::string peer = "[[peers]]\nname='b'\nhost='h'\nport=1\n";
  EXPECT_THAT(refusal(kSmallest + peer + peer), HasSubstr("appears twice"));
  EXPECT_THAT(refusal(kSmallest + peer + "[[peers]]\nname='c'\nhost='h'\nport=1\n"),
              HasSubstr("that of b already"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[[peers]]\nname='brand'\nhost='h'\nport=1\n"),
              HasSubstr("own name"));
}

TEST_F(ConfigTest, text_that_is_no_toml_is_refused_with_its_line) {
  EXPECT_THAT(refusal("name = \"brand\"\n[peer\n"), HasSubstr("line 2"));
  EXPECT_THAT(refusal("name='a'\nname='b'\n"), HasSubstr("line 2"));
  EXPECT_THAT(refusal(std::string(300'000, '#')), HasSubstr("larger than"));
}

// The parser's behaviour at some of these is undefined.
TEST_F(ConfigTest, letters_beyond_ascii_stand_in_comments_only) {
  EXPECT_TRUE(load(std::string("\xef\xbb\xbf# \xe8\x8a\x82\xe7\x82\xb9 \xff\x01\r\n") + kSmallest));
  EXPECT_THAT(refusal(std::string(kSmallest) + "[log]\nlevel=t\xce\x9d\n"),
              HasSubstr("line 7: only comments may have characters beyond printable ASCII"));
  EXPECT_THAT(refusal("\nname = '\xe8\x8a\x82'\n"), HasSubstr("line 2: only comments"));
  EXPECT_THAT(refusal(std::string("name = 'a'\0", 11) + "\n"), HasSubstr("line 1: only comments"));
}

TEST_F(ConfigTest, text_on_which_the_parser_asserts_is_refused) {
  for (const std::string text : {"[$]\n", "[[$]]\n", "[a]\n[ %b]\n", "a.$ = 1\n"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

// The parser makes a table of each part of a dotted key, and gives them up by recursion.
TEST_F(ConfigTest, what_is_nested_too_deeply_is_refused_before_it_is_parsed) {
  const auto repeat = [](std::string_view part, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += part;
    return out;
  };
  const std::string dots = repeat("a.", 120'000) + "a";
  for (const auto& text :
       {dots + " = 1\n", "[" + dots + "]\n", "[[" + dots + "]]\n", "b = {" + dots + " = 1}\n",
        "b = " + repeat("[", 250'000) + "\n", "b = " + repeat("{c=", 80'000) + "\n",
        "b = [" + repeat("\n{c.c.c.c.c.c.c.c.c.c=[", 10'000) + "\n",
        "b = [\"\"\"x\"\"\"\"\"," + dots + "=1\n", "b = ['\\'," + dots + "=1\n"}) {
    EXPECT_THAT(refusal("name='a'\n" + text), HasSubstr("nested too deeply")) << text.substr(0, 40);
  }
  EXPECT_THAT(refusal("\n" + repeat("a.", 17) + "a=1\n"), HasSubstr("line 2: nested"));
}

TEST_F(ConfigTest, dots_and_brackets_in_text_nest_nothing) {
  std::string host = "a";
  while (host.size() < 251) host += ".a";
  const auto config =
      load("# " + std::string(500, '[') + "\nname = \"[[[\\\"[[[[[[[[[[[[[[[[[[[[[\"\n" +
           "[peer]\nport = 1\nhost = '" + host + "' # " + host + "\n" +
           "[api]\nport = 2\nhost = \"\"\"" + host + "\"\"\"\n");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->peer_host, host);
  EXPECT_EQ(config->api_host, host);
}

TEST_F(ConfigTest, an_absent_file_is_missing_and_it_is_said_what_makes_it) {
  const auto config = load_config(home_ / "nowhere");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::file_missing);
  EXPECT_NE(config.error().detail.find("fenrun init --home"), std::string::npos);
}

}  // namespace
}  // namespace fenrun
