// An API behind which a capture desk signs as the brand.
#pragma once

#include "node/intake/lane_submitter.h"
#include "tests/support/capture.h"
#include "tests/unit/node/api/api_fixture.h"
#include "tests/unit/node/storage/temporary_folder.h"

namespace fenrun::api {

class CaptureApiTest : public ApiTest {
 protected:
  Intake intake() override {
    submitter_.emplace(io_, node_, key_, Lane(0));
    captures_ =
        *CaptureDesk::open(io_, node_, *submitter_, test::capture_options(files_, folder_.path()));
    return {&*submitter_, captures_.get()};
  }

  void SetUp() override {
    ApiTest::SetUp();
    while (!on_loop([&] { return captures_->is_ready(); })) std::this_thread::yield();
  }

  // Of what waits, if anything does.
  bool commit_pending() {
    return on_loop([&] {
      if (node_.pending() == 0) return false;
      node_.commit_block();
      return true;
    });
  }

  const SigningKey key_ = test::key_named("brand");
  TemporaryFolder folder_;
  PosixFileSystem files_;
  std::optional<LaneSubmitter> submitter_;
  std::unique_ptr<CaptureDesk> captures_;
};

}  // namespace fenrun::api
