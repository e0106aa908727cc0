// Runs `fenrun` within the test, and the API of a fake node for it to talk to.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/crypto/key_file.h"
#include "core/text.h"
#include "node/api/api.h"
#include "node/cli/cli.h"
#include "node/json/json.h"
#include "node/storage/data_dir.h"
#include "tests/support/fake_node.h"
#include "tests/support/vectors.h"

namespace fenrun::cli {

struct Ran {
  Exit exit{};
  std::string out;
  std::string err;

  // What was printed with --json.
  Json json() const {
    const auto parsed = parse_json(out, {.bytes = 64 * 1024 * 1024});
    EXPECT_TRUE(parsed) << out << err;
    return parsed ? *parsed : Json();
  }
};

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("fenrun-cli-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    for (const auto* name : {"FENRUN_NODE", "FENRUN_TOKEN_FILE", "FENRUN_PASSPHRASE"}) {
      ::unsetenv(name);
    }
  }
  ~CommandLineTest() override { std::filesystem::remove_all(folder_); }

  static Ran run(std::vector<std::string> words) {
    words.insert(words.begin(), "fenrun");
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    std::ostringstream out;
    std::ostringstream err;
    const int exit = run_cli(static_cast<int>(argv.size()), argv.data(), out, err);
    return {static_cast<Exit>(exit), out.str(), err.str()};
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return path(name);
  }
  std::string contents(const std::string& name) const {
    return test::contents_of(folder_ / name).value_or("");
  }

  // A plain key file with the key that the fake node knows for this name.
  std::string key_file(const std::string& name) const {
    const auto file = folder_ / (name + ".key");
    const auto text =
        seal_key_file(test::key_named(name), KeyFilePurpose::party, nullptr, KdfCost{}, {});
    EXPECT_TRUE(write_key_file(file, *text));
    return file.string();
  }

 private:
  std::filesystem::path folder_;
};

// With a node: what is submitted becomes final within milliseconds.
class NodeCommandTest : public CommandLineTest {
 protected:
  void SetUp() override {
    const std::string token = "a-token-of-the-test";
    token_file_ = write("token", token + "\n");
    auto tokens = api::TokenTable::parse("test " + to_hex(sha256(bytes_of(token)).view()) + "\n");
    auto api = api::Api::listen(io_, node_, {*std::move(tokens)}, "127.0.0.1", 0);
    ASSERT_TRUE(api) << api.error().to_string();
    api_ = *std::move(api);
    url_ = "http://127.0.0.1:" + std::to_string(api_->port());
    node_.node_status.chain_id = chain_id(node_.genesis());
    node_.node_status.height = node_.journal().tip().height;
    node_.node_status.ready = true;
    work();
    thread_ = std::thread([this] { io_.run(); });
  }

  void TearDown() override {
    boost::asio::post(io_, [this] {
      timer_.cancel();
      api_.reset();
      io_.stop();
    });
    thread_.join();
  }

  Ran ask(std::vector<std::string> words) const {
    for (const auto& word :
         {std::string("--node"), url_, std::string("--token-file"), token_file_}) {
      words.push_back(word);
    }
    return run(std::move(words));
  }

  std::string url_;
  std::string token_file_;
  test::FakeNode node_;  // Not to be touched while the server runs.

 private:
  void work() {
    if (node_.pending() > 0) {
      node_.commit_block();
      node_.cosign();
      node_.node_status.height = node_.journal().tip().height;
    }
    timer_.expires_after(std::chrono::milliseconds(5));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) work();
    });
  }

  boost::asio::io_context io_;
  boost::asio::steady_timer timer_{io_};
  std::unique_ptr<api::Api> api_;
  std::thread thread_;
};

}  // namespace fenrun::cli
