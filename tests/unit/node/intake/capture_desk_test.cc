#include "node/intake/capture_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "node/epcis/event_hash.h"
#include "node/intake/lane_submitter.h"
#include "node/sim/virtual_disk.h"
#include "tests/support/capture.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimeMs kNow = test::kCaptureTime;

// Commissions the items of these serials, an event each.
std::string commissioning(const std::vector<std::string>& serials) {
  Json events = Json::array();
  for (const auto& serial : serials) {
    events.push_back(test::commissioning_event(serial));
    events.back()["own:weight"] = 1.5;
  }
  const Json own = {{"own", "https://own.example.com/"}};
  return test::epcis_document(std::move(events), Json::array({test::kEpcisContext, own}));
}

EventQuery naming(std::vector<std::string> epcs) {
  return {.conditions = {{{EventField::epc}, std::move(epcs)}}};
}

class CaptureDeskTest : public ::testing::Test {
 protected:
  CaptureDeskTest() { open(); }

  void open() {
    desk_.reset();
    submitter_.emplace(io_, node_, key_, Lane(0));
    auto options = test::capture_options(*disk_, folder_.path());
    options.on_fatal = [this](const Error& error) { fatal_.push_back(error.code); };
    auto desk = CaptureDesk::open(io_, node_, *submitter_, std::move(options));
    ASSERT_TRUE(desk) << desk.error().to_string();
    desk_ = *std::move(desk);
    until([this] { return desk_->is_ready(); });
  }

  // Lets the loop run until it is so, or fails the test after ten seconds.
  template <class Condition>
  void until(Condition is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_so() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_for(std::chrono::milliseconds(2));
    }
    EXPECT_TRUE(is_so());
  }

  struct Sent {
    std::optional<Result<std::string>> accepted;
    std::optional<CaptureJob> finished;
  };
  std::shared_ptr<Sent> send(const std::string& body,
                             ErrorBehaviour behaviour = ErrorBehaviour::rollback) {
    auto sent = std::make_shared<Sent>();
    desk_->capture(
        {body, behaviour, test::kBatch, CaptureForm::epcis},
        [sent](const auto& id) { sent->accepted = id; },
        [sent](const CaptureJob& job) { sent->finished = job; });
    until([&] { return sent->accepted.has_value(); });
    return sent;
  }
  void commit(const std::shared_ptr<Sent>& sent) {
    until([&] { return node_.pending() > 0; });
    node_.commit_block();
    until([&] { return sent->finished.has_value(); });
  }

  Json job(const std::string& id) {
    std::optional<Result<std::string>> text;
    desk_->job(id, [&](auto answer) { text = std::move(answer); });
    until([&] { return text.has_value(); });
    if (!*text) return {{"code", std::string(name_of(text->error().code))}};
    return *parse_json(**text);
  }

  Result<CaptureDesk::Events> events(const EventQuery& query, std::size_t from = 0,
                                     std::size_t limit = 10) {
    std::optional<Result<CaptureDesk::Events>> found;
    desk_->events(query, from, limit, [&](auto answer) { found = std::move(answer); });
    until([&] { return found.has_value(); });
    return *found;
  }
  std::size_t count(const EventQuery& query) {
    const auto found = events(query);
    return found ? found->count : 999;
  }

  TemporaryFolder folder_;
  PosixFileSystem files_;
  FileSystem* disk_ = &files_;  // The desk's.
  std::vector<Errc> fatal_;     // What ended it.
  boost::asio::io_context io_;
  test::FakeNode node_;
  SigningKey key_ = test::key_named("brand");
  std::optional<LaneSubmitter> submitter_;
  std::unique_ptr<CaptureDesk> desk_;
};

std::vector<std::string> outcomes(const Json& job) {
  std::vector<std::string> out;
  for (const auto& event : job["events"]) {
    out.push_back(event.contains("outcome") ? event["outcome"].get<std::string>() : "running");
  }
  return out;
}

TEST_F(CaptureDeskTest, a_document_becomes_a_job_and_its_events_are_found) {
  const auto body = commissioning({"K1", "K2"});
  const auto sent = send(body);
  ASSERT_TRUE(*sent->accepted);
  const std::string id = **sent->accepted;
  EXPECT_EQ(job(id)["running"], true);
  EXPECT_THAT(outcomes(job(id)), ElementsAre("running", "running"));
  EXPECT_EQ(count({}), 0U);  // Not recorded yet.

  commit(sent);
  const auto done = job(id);
  EXPECT_EQ(done["running"], false);
  EXPECT_EQ(done["success"], true);
  EXPECT_THAT(done["errors"], IsEmpty());
  EXPECT_EQ(done["document"], to_hex(sha256(bytes_of(body)).view()));
  EXPECT_THAT(outcomes(done), ElementsAre("ok", "ok"));
  EXPECT_TRUE(done["events"][1].contains("position"));
  const EventId recorded{sha256(bytes_of(body)), 1, 0};
  EXPECT_TRUE(find_event(node_.journal().state(), recorded));

  const auto found = events(naming({"https://id.gs1.org/01/06901234567892/21/K2"}));
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->count, 1U);
  // As it was written, and able to stand alone.
  EXPECT_THAT(found->document, HasSubstr(R"("own:weight":1.5)"));
  const auto answer = *parse_json(found->document, {.numbers = JsonNumbers::texts});
  const auto& event = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0];
  EXPECT_EQ(event["epcList"][0], "urn:epc:id:sgtin:6901234.056789.K2");
  EXPECT_EQ(event["@context"][0]["own"], "https://own.example.com/");
  EXPECT_EQ(event["recordTime"], "2027-01-15T08:00:00.000Z");
  EXPECT_EQ(event["eventID"], done["events"][1]["eventID"]);
  const auto again = epcis::capture_document(found->document, {});
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(epcis::event_hash_uri(*again->events[0].hash), event["eventID"]);
}

TEST_F(CaptureDeskTest, a_document_is_taken_whole_or_each_event_for_itself) {
  const auto mixed = commissioning({"K3", "B1"});  // B1 exists.
  const auto whole = send(mixed);
  commit(whole);
  EXPECT_THAT(outcomes(job(**whole->accepted)), ElementsAre("atomic_aborted", "unit_exists"));
  EXPECT_EQ(count({}), 0U);

  const auto each = send(mixed, ErrorBehaviour::proceed);
  commit(each);
  const auto done = job(**each->accepted);
  EXPECT_THAT(outcomes(done), ElementsAre("ok", "unit_exists"));
  EXPECT_EQ(done["success"], false);
  ASSERT_EQ(done["errors"].size(), 1U);
  EXPECT_EQ(done["errors"][0]["title"], "unit_exists");
  EXPECT_EQ(done["errors"][0]["event"], 1);
  EXPECT_EQ(count({}), 1U);
}

TEST_F(CaptureDeskTest, what_the_intake_refuses_is_not_sent) {
  auto broken = commissioning({"K4", "K5"});
  broken.replace(broken.find("1970-01-01"), 10, "1970-13-01");
  const auto whole = send(broken);
  ASSERT_TRUE(whole->finished);
  EXPECT_EQ(node_.pending(), 0U);
  const auto done = job(**whole->accepted);
  EXPECT_THAT(outcomes(done), ElementsAre("value_invalid", "atomic_aborted"));
  EXPECT_THAT(done["events"][0]["detail"].get<std::string>(),
              HasSubstr("/epcisBody/eventList/0/eventTime"));
  EXPECT_TRUE(files_.list(folder_.path() / "documents")->empty());  // Nor kept.

  EXPECT_EQ(send("{")->accepted->error().code, Errc::json_invalid);
  EXPECT_EQ(send(R"({"type":"ObjectEvent","x:y":"13812345678"})")->accepted->error().code,
            Errc::personal_data);
}

TEST_F(CaptureDeskTest, questions_are_answered_page_by_page) {
  const auto sent = send(commissioning({"P1", "P2", "P3", "P4", "P5"}));
  commit(sent);
  EXPECT_EQ(count({.biz_steps = {"https://ref.gs1.org/cbv/BizStep-commissioning"}}), 5U);
  EXPECT_EQ(count({.biz_steps = {"https://ref.gs1.org/cbv/BizStep-shipping"}}), 0U);
  EXPECT_EQ(count({.actions = {epcis::Action::add, epcis::Action::remove}}), 5U);
  EXPECT_EQ(count({.actions = {epcis::Action::remove}}), 0U);
  EXPECT_EQ(count({.types = {epcis::EventType::aggregation}}), 0U);
  EXPECT_EQ(count({.read_points = {"urn:x:plant"}}), 5U);
  EXPECT_EQ(count({.biz_locations = {"urn:x:plant"}}), 0U);
  EXPECT_EQ(count({.event_from = TimeMs(1'000), .event_before = TimeMs(1'001)}), 5U);
  EXPECT_EQ(count({.event_before = TimeMs(1'000)}), 0U);
  EXPECT_EQ(count({.record_from = kNow}), 5U);
  EXPECT_EQ(count({.record_before = kNow}), 0U);
  EXPECT_EQ(count(naming({"https://id.gs1.org/01/06901234567892/21/P1",
                          "https://id.gs1.org/01/06901234567892/21/P5"})),
            2U);
  EXPECT_EQ(count({.conditions = {{{EventField::id}, {sent->finished->events[3].event_id}}}}), 1U);

  const auto first = *events({}, 0, 2);
  EXPECT_EQ(first.count, 2U);
  ASSERT_TRUE(first.next);
  const auto rest = *events({}, *first.next, 3);
  EXPECT_EQ(rest.count, 3U);
  EXPECT_FALSE(rest.next);
}

TEST_F(CaptureDeskTest, what_is_kept_outlives_a_restart) {
  const auto sent = send(commissioning({"R1", "R2"}));
  commit(sent);
  open();
  EXPECT_EQ(job(**sent->accepted)["success"], true);
  ASSERT_EQ(desk_->jobs(~std::uint64_t{0}, 10).jobs.size(), 1U);
  EXPECT_TRUE(desk_->jobs(~std::uint64_t{0}, 10).jobs[0].is_success);
  EXPECT_EQ(count(naming({"https://id.gs1.org/01/06901234567892/21/R2"})), 1U);
}

// A job that was under way is submitted again, and may have been recorded meanwhile.
TEST_F(CaptureDeskTest, a_job_goes_on_after_a_restart) {
  for (const bool is_recorded_meanwhile : {false, true}) {
    const std::string serial = is_recorded_meanwhile ? "S1" : "S2";
    const auto sent = send(commissioning({serial, serial + "x"}));
    until([&] { return node_.pending() > 0; });
    desk_.reset();
    submitter_.reset();
    if (is_recorded_meanwhile) {
      node_.commit_block();
    } else {
      node_.forget_pending();
    }
    open();
    until([&] { return node_.pending() > 0; });
    node_.commit_block();
    const std::string id = **sent->accepted;
    until([&] { return job(id)["running"] == false; });
    EXPECT_THAT(outcomes(job(id)), ElementsAre("ok", "ok")) << is_recorded_meanwhile;
    EXPECT_EQ(count(naming({"https://id.gs1.org/01/06901234567892/21/" + serial})), 1U);
  }
}

// The submitter outlives the desk, and still has what it was given.
TEST_F(CaptureDeskTest, after_its_end_nobody_is_told) {
  const auto sent = send(commissioning({"V1"}));
  until([&] { return node_.pending() > 0; });
  desk_.reset();
  node_.commit_block();
  until([&] { return submitter_->pending() == 0; });
  EXPECT_FALSE(sent->finished);
}

TEST_F(CaptureDeskTest, a_disk_that_fails_stops_the_node) {
  for (const bool is_full : {false, true}) {
    sim::VirtualDisk disk;
    disk_ = &disk;
    open();
    const auto sent = send(commissioning({is_full ? "W1" : "W2"}));
    const std::string id = **sent->accepted;
    until([&] { return node_.pending() > 0; });
    is_full ? disk.set_space(0) : disk.fail_sync_in(1);
    node_.commit_block();
    until([&] { return !fatal_.empty(); });
    EXPECT_THAT(std::exchange(fatal_, {}), ElementsAre(Errc::io_error));
    EXPECT_FALSE(sent->finished);  // It is not told, since it is not noted.
    EXPECT_FALSE(desk_->is_ready());
    EXPECT_EQ(events({}).error().code, Errc::io_error);
    std::optional<Result<std::string>> refused;
    CaptureRequest request;
    desk_->capture(request, [&](auto answer) { refused = std::move(answer); }, {});
    EXPECT_EQ(refused->error().code, Errc::io_error);

    // The node that is started again, on a disk that works, finds what became of it.
    disk.set_space(sim::VirtualDisk::kUnlimited);
    open();
    until([&] {
      if (node_.pending() > 0) node_.commit_block();
      return job(id)["running"] == false;
    });
    EXPECT_THAT(outcomes(job(id)), ElementsAre("ok"));
    desk_.reset();
    disk_ = &files_;
  }
}

TEST_F(CaptureDeskTest, a_disk_that_fails_to_take_a_document_stops_the_node) {
  sim::VirtualDisk disk;
  disk_ = &disk;
  open();
  disk.fail_sync_in(1);
  const auto sent = send(commissioning({"X1"}));
  EXPECT_EQ(sent->accepted->error().code, Errc::io_error);
  EXPECT_THAT(fatal_, ElementsAre(Errc::io_error));
  EXPECT_EQ(node_.pending(), 0U);
  desk_.reset();
}

TEST_F(CaptureDeskTest, a_document_that_was_altered_is_not_shown) {
  const auto body = commissioning({"T1"});
  commit(send(body));
  const auto id = sha256(bytes_of(body));
  const auto path = folder_.path() / "documents" / to_hex(id.view());
  auto file = *files_.open(path, FileAccess::update);
  ASSERT_TRUE(file->write(0, bytes_of("[")));
  std::optional<Result<std::string>> text;
  desk_->document(id, [&](auto answer) { text = std::move(answer); });
  until([&] { return text.has_value(); });
  EXPECT_EQ(text->error().code, Errc::corruption);
  EXPECT_EQ(events({}).error().code, Errc::corruption);
}

TEST_F(CaptureDeskTest, of_jobs_that_came_to_nothing_the_newest_are_kept) {
  for (std::size_t i = 0; i < 3; ++i) send("[" + std::string(i, ' ') + "]");
  EXPECT_EQ(desk_->jobs(~std::uint64_t{0}, 10).jobs.size(), 3U);
  const auto page = desk_->jobs(~std::uint64_t{0}, 2);
  ASSERT_TRUE(page.next);
  EXPECT_EQ(desk_->jobs(*page.next, 2).jobs.size(), 1U);
  EXPECT_EQ(job("../../etc/passwd")["code"], "not_found");
  EXPECT_EQ(job(std::string(32, 'a'))["code"], "not_found");
}

}  // namespace
}  // namespace fenrun
