#include "node/api/proof_job.h"

#include "node/api/problem.h"

namespace fenrun::api {
namespace {

HttpResponse proof_file(std::string text, const std::string& name) {
  HttpResponse response;
  response.content_type = "application/vnd.fenrun.proof+json";
  response.body = std::move(text);
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"" + name + ".fenrun-proof\"");
  return response;
}

}  // namespace

void ProofJob::start(ProofMaking making, std::string name, const HttpRequest& request,
                     HttpReply reply, std::shared_ptr<ProofSeats> seats) {
  const auto job = std::make_shared<ProofJob>(std::move(making), std::move(name), std::move(reply),
                                              std::move(seats));
  // Most are made and printed at once.
  if (job->do_part() || job->do_part()) return;
  if (job->seats_->taken == ProofSeats::kMax) {
    return job->reply_(
        problem({Errc::rate_limited, "large proofs are being made: try again in some seconds"}));
  }
  ++job->seats_->taken;
  job->has_seat_ = true;
  job->later_ = request.later;
  job->go_on();
}

ProofJob::ProofJob(ProofMaking making, std::string name, HttpReply reply,
                   std::shared_ptr<ProofSeats> seats)
    : making_(std::move(making)),
      name_(std::move(name)),
      reply_(std::move(reply)),
      seats_(std::move(seats)) {}

ProofJob::~ProofJob() {
  if (has_seat_) --seats_->taken;
}

void ProofJob::go_on() {
  later_([self = shared_from_this()] {
    if (!self->do_part()) self->go_on();
  });
}

bool ProofJob::do_part() {
  if (!printer_) {
    const auto made = making_.step(kPieces);
    if (!made) {
      reply_(problem(made.error()));
      return true;
    }
    if (*made) printer_.emplace(making_.take());
    return false;
  }
  const bool is_printed = printer_->step(kPieces);
  if (printer_->bytes() > kProofFileBytesMax) {
    reply_(problem({Errc::limit_exceeded, "the proof is larger than a verifier reads"}));
    return true;
  }
  if (is_printed) reply_(proof_file(printer_->take(), name_));
  return is_printed;
}

}  // namespace fenrun::api
