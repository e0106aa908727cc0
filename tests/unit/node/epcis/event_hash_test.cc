#include "node/epcis/event_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "node/epcis/document.h"
#include "node/epcis/read_event.h"
#include "tests/support/vectors.h"

namespace fenrun::epcis {
namespace {

using ::testing::HasSubstr;

const auto kSamples = test::checkout() / "tests" / "samples" / "fmcg";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

// The events of a document; fails the test for one that has no form.
std::vector<Event> events_of(const std::string& text) {
  std::vector<Event> out;
  const auto document = Document::read(text);
  EXPECT_TRUE(document) << document.error().to_string();
  if (!document) return out;
  Growth growth;
  for (std::size_t i = 0; i < document->size(); ++i) {
    const auto site = document->site(i);
    auto read = read_event(document->event(i), site.pointer(), document->context(), growth);
    EXPECT_TRUE(read) << read.error().to_string();
    if (read) out.push_back(read->event);
  }
  return out;
}

void expect_hashes(const std::string& text, const std::string& hashes,
                   const std::string& pre_hashes, const std::string& name) {
  const auto events = events_of(text);
  const auto expected = lines_of(hashes);
  const auto strings = lines_of(pre_hashes);
  ASSERT_EQ(events.size(), expected.size()) << name;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i < strings.size()) {
      EXPECT_EQ(pre_hash(events[i]), strings[i]) << name << " " << i;
    }
    EXPECT_EQ(event_hash_uri(event_hash(events[i])), expected[i]) << name << " " << i;
  }
}

TEST(EventHash, every_sample_has_the_hash_that_the_reference_gives_it) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSamples)) {
    auto file = entry.path();
    if (file.extension() != ".hashes") continue;
    const auto hashes = test::contents_of(file).value_or("");
    const auto strings = test::contents_of(file.replace_extension(".prehashes")).value_or("");
    const auto text = test::contents_of(file.replace_extension(".jsonld")).value_or("");
    expect_hashes(text, hashes, strings, file.filename().string());
    ++count;
  }
  EXPECT_EQ(count, 24U);
}

TEST(EventHash, every_public_vector_has_the_hash_that_the_reference_gives_it) {
  const auto folder = test::public_vectors_folder() / "epcis" / "hash-vectors";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no public vectors";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    auto file = entry.path();
    // Those with a private header that leaves members out.
    if (file.extension() != ".jsonld" ||
        file.filename().string().find("IgnoreFields") != std::string::npos) {
      continue;
    }
    const auto text = test::contents_of(file).value_or("");
    const auto hashes = test::contents_of(file.replace_extension(".hashes"));
    if (!hashes) continue;
    auto strings = test::contents_of(file.replace_extension(".prehashes.regenerated"));
    if (!strings) strings = test::contents_of(file.replace_extension(".prehashes"));
    expect_hashes(text, *hashes, strings.value_or(""), file.filename().string());
  }
}

}  // namespace
}  // namespace fenrun::epcis
