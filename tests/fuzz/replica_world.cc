#include "tests/fuzz/replica_world.h"

#include <algorithm>

#include "core/overloaded.h"

namespace fenrun::fuzz {
namespace {

using consensus_testing::kChain;

constexpr std::size_t kQuorum = 3;

// What a header says of its block.
struct Content {
  View view;
  Digest parent_id;
  Height height;
  std::uint8_t salt = 0;

  FENRUN_FIELDS(view, parent_id, height, salt)
};

Subject subject_of(VoteKind kind, const Propose& propose) {
  auto subject = propose.subject();
  subject.kind = kind;
  return subject;
}

}  // namespace

ReplicaWorld::ReplicaWorld() : tip_{Epoch(0), View(0), Height(0), Digest{}, {}} {
  checker_.opened(Epoch(0), 4);
  start({});
}

void ReplicaWorld::start(const std::vector<LogRecord>& records) {
  const ReplicaConfig config{
      kChain, Epoch(0), Digest{}, {.idle_interval = SpanMs(0)}, LogCheck::passed};
  replica_ = std::make_unique<Replica>(config, members_.set(), ValidatorIndex(kSelf),
                                       &members_.key(kSelf), tip_, records, TimeMs(now_));
  checker_.started(kSelf, tip_.height);
  view_ = replica_->view();
}

// ---- The driver --------------------------------------------------------------------------------

void ReplicaWorld::step(const Input& input) {
  for (const auto& output : replica_->step(input)) carry_out(output);
  EXPECT_FUZZ(replica_->view() >= view_, "the view falls");
  EXPECT_FUZZ(replica_->finalized().height == tip_.height, "the tip is not what was committed");
  EXPECT_FUZZ(replica_->finalized().block_id == tip_.block_id, "another block is final");
  view_ = replica_->view();
  static_cast<void>(replica_->status());
}

void ReplicaWorld::hear(std::uint16_t from, const Message& message) {
  step(Received{ValidatorIndex(from), message});
}

void ReplicaWorld::carry_out(const Output& output) {
  std::visit(
      overloaded{
          [&](const Persist& persist) { log_.push_back(persist.record); },
          [&](const Send& send) {
            synced_ = log_.size();
            take_sent(send.message);
          },
          [&](const Build& build) { builds_.push_back(build); },
          [&](const Verify& verify) { verifies_.push_back(verify); },
          [&](const Fetch& fetch) { EXPECT_FUZZ(fetch.from.value() != kSelf, "asks itself"); },
          [&](const Commit& done) { commit(done); },
          [&](const CatchUp& behind) { catch_up_ = behind; },
          [&](const EvidenceFound& found) {
            checker_.convicted(found.evidence.first.signer.value());
          },
          [&](const StaleLog&) { checker_.gave_up(kSelf); },
          [&](const EnteredView& entered) {
            EXPECT_FUZZ(entered.view > view_, "a view is entered again");
          },
      },
      output);
}

void ReplicaWorld::take_sent(const Message& message) {
  if (const auto* vote = std::get_if<Vote>(&message)) {
    if (vote->signer.value() == kSelf) check_sent(*vote);
  } else if (const auto* certificate = std::get_if<Certificate>(&message)) {
    checker_.sent(*certificate);
  } else if (const auto* propose = std::get_if<Propose>(&message)) {
    EXPECT_FUZZ(leader_of(propose->view) == kSelf, "proposes in another's view");
    check_sent({propose->subject(), ValidatorIndex(kSelf), propose->signature});
  }
}

// A vote leaves only when it is in the part of the log that survives.
void ReplicaWorld::check_sent(const Vote& vote) {
  checker_.sent(kSelf, vote);
  cast(kSelf, vote.subject);
  const auto end = log_.begin() + static_cast<std::ptrdiff_t>(synced_);
  const bool is_logged = std::any_of(log_.begin(), end, [&](const LogRecord& record) {
    const auto* logged = std::get_if<Vote>(&record);
    return logged != nullptr && *logged == vote;
  });
  EXPECT_FUZZ(is_logged || vote.subject.view <= tip_.view, "a vote leaves that is not logged");
}

void ReplicaWorld::commit(const Commit& output) {
  for (const auto& committed : output.blocks) {
    const auto& block = blocks_.at(committed.block_id);
    EXPECT_FUZZ(block.is_good && durable_.contains(committed.block_id),
                "a block is committed that was not verified and durable");
    checker_.committed(kSelf, Epoch(0), committed.height, committed.block_id,
                       block.propose.parent_id);
    tip_.height = committed.height;
    tip_.block_id = committed.block_id;
  }
  tip_.view = output.finalization.subject.view;
  tip_.certificate = output.finalization;
  EXPECT_FUZZ(output.finalization.subject.block_id == tip_.block_id, "finalized is another block");
  EXPECT_FUZZ(is_certifiable(output.finalization.subject), "final without a quorum");
  synced_ = log_.size();
}

void ReplicaWorld::crash(Choices& choices) {
  const auto lost = choices.below(log_.size() - synced_ + 1);
  log_.resize(log_.size() - lost);
  if ((choices.byte() & 1U) != 0) {
    // The log was rewritten before: nothing that matters is lost by that.
    log_ = replica_->log_snapshot();
  }
  synced_ = log_.size();
  builds_.clear();
  verifies_.clear();
  durable_.clear();
  catch_up_.reset();
  start(log_);
}

// ---- The rules ---------------------------------------------------------------------------------

// Validator 3 signs anything: two of the others are a quorum with it.
bool ReplicaWorld::is_certifiable(const Subject& subject) const {
  const auto it = cast_.find(subject);
  return it != cast_.end() && it->second.size() + 1 >= kQuorum;
}

bool ReplicaWorld::is_nullifiable(View view) const {
  return is_certifiable(Subject::nullify(Epoch(0), view));
}

bool ReplicaWorld::is_justified(const Propose& propose) const {
  for (auto view = propose.parent_view.next(); view < propose.view; view = view.next()) {
    if (!is_nullifiable(view)) return false;
  }
  if (propose.parent_view == View(0)) return propose.parent_id == Digest{};
  const auto it = blocks_.find(propose.parent_id);
  if (it == blocks_.end() || it->second.propose.view != propose.parent_view) return false;
  return is_certifiable(subject_of(VoteKind::notarize, it->second.propose));
}

bool ReplicaWorld::may_cast(std::uint16_t signer, const Subject& subject) const {
  const auto it = kinds_.find({signer, subject.view});
  const auto did = [&](VoteKind kind) { return it != kinds_.end() && it->second.contains(kind); };
  if (did(subject.kind)) return false;
  if (subject.kind == VoteKind::nullify) return !did(VoteKind::finalize);
  if (did(VoteKind::nullify)) return false;
  const auto block = blocks_.find(subject.block_id);
  if (block == blocks_.end() || !block->second.is_good) return false;
  const auto& propose = block->second.propose;
  if (propose.view != subject.view || propose.parent_view != subject.parent_view) return false;
  if (subject.kind == VoteKind::notarize) return is_justified(propose);
  return is_certifiable(subject_of(VoteKind::notarize, propose));
}

void ReplicaWorld::cast(std::uint16_t signer, const Subject& subject) {
  cast_[subject].insert(signer);
  kinds_[{signer, subject.view}].insert(subject.kind);
  // With the vote that 3 has for everything there may now be a certificate, on which 1 and 2 act:
  // whatever may exist must not contradict.  Only the number of signatures is looked at.
  if (is_certifiable(subject)) {
    checker_.sent(Certificate{subject, 0b0111, List<Signature, kValidatorsMax>(kQuorum)});
  }
}

Certificate ReplicaWorld::certificate(const Subject& subject, bool with_faulty) const {
  std::vector<std::uint16_t> signers(cast_.at(subject).begin(), cast_.at(subject).end());
  if (with_faulty || signers.size() < kQuorum) signers.push_back(kFaulty);
  while (signers.size() > kQuorum) signers.erase(signers.begin());
  return members_.certificate(subject, signers);
}

// ---- What the others do ------------------------------------------------------------------------

View ReplicaWorld::near_view(Choices& choices) const {
  const auto low = view_.value() > 3 ? view_.value() - 3 : 1;
  return View(low + choices.below(7));
}

const ReplicaWorld::Block* ReplicaWorld::some_block(Choices& choices) const {
  if (block_ids_.empty()) return nullptr;
  const auto back = choices.below(std::min<std::size_t>(block_ids_.size(), 8));
  return &blocks_.at(block_ids_[block_ids_.size() - 1 - back]);
}

Subject ReplicaWorld::some_subject(Choices& choices) const {
  const auto kind = static_cast<VoteKind>(choices.below(3));
  const auto* block = some_block(choices);
  if (kind == VoteKind::nullify || block == nullptr) {
    return Subject::nullify(Epoch(0), near_view(choices));
  }
  return subject_of(kind, block->propose);
}

Propose ReplicaWorld::make_block(View view, const Block* parent, std::uint8_t salt) {
  Propose out;
  out.view = view;
  out.height = Height(1);
  if (parent != nullptr) {
    out.parent_view = parent->propose.view;
    out.parent_id = block_id_of(parent->propose.payload);
    out.height = parent->propose.height.next();
  }
  out.payload.header = encode(Content{view, out.parent_id, out.height, salt});
  return out;
}

// What executing the block finds; the same wherever it is executed.
bool ReplicaWorld::judge(const Propose& propose) const {
  const auto content = decode<Content>(propose.payload.header);
  if (!content || content->salt % 4 == 3 || !propose.payload.batches.empty()) return false;
  if (content->view != propose.view || content->height != propose.height ||
      content->parent_id != propose.parent_id) {
    return false;
  }
  if (propose.parent_id == Digest{}) return propose.height == Height(1);
  const auto parent = blocks_.find(propose.parent_id);
  return parent != blocks_.end() && parent->second.is_good &&
         parent->second.propose.height.next() == propose.height;
}

void ReplicaWorld::propose(Choices& choices) {
  const auto view = near_view(choices);
  const auto leader = leader_of(view);
  if (leader == kSelf) return;
  auto propose = make_block(view, some_block(choices), choices.byte());
  if (propose.parent_view >= view) return;
  const auto flaw = choices.below(16);
  if (leader == kFaulty && flaw == 1) propose.height = propose.height.next();
  if (leader == kFaulty && flaw == 2) propose.payload.header.clear();
  if (leader == kFaulty && flaw == 3) propose.parent_id = Digest{};
  const auto id = block_id_of(propose.payload);
  if (leader != kFaulty) {
    const auto [it, is_new] = proposed_.try_emplace({leader, view}, id);
    if (it->second != id) return;
    if (!is_justified(propose) || !judge(propose)) {
      if (is_new) proposed_.erase(it);
      return;
    }
  }
  propose.signature = members_.vote(propose.subject(), leader).signature;
  if (is_justified(propose)) {
    if (propose.parent_view != View(0)) {
      const auto& parent = blocks_.at(propose.parent_id).propose;
      propose.justification.parent = certificate(subject_of(VoteKind::notarize, parent), false);
    }
    for (auto skipped = propose.parent_view.next(); skipped < view; skipped = skipped.next()) {
      propose.justification.nullifications.push_back(
          certificate(Subject::nullify(Epoch(0), skipped), true));
    }
  }
  if (blocks_.try_emplace(id, Block{propose, judge(propose)}).second) block_ids_.push_back(id);
  checker_.made(id, false);
  if (leader != kFaulty) cast(leader, propose.subject());
  hear(leader, propose);
}

void ReplicaWorld::vote_by_rules(Choices& choices) {
  const auto signer = static_cast<std::uint16_t>(1 + choices.below(2));
  const auto subject = some_subject(choices);
  const auto it = cast_.find(subject);
  const bool is_repeated = it != cast_.end() && it->second.contains(signer);
  if (!is_repeated && !may_cast(signer, subject)) return;
  cast(signer, subject);
  hear(signer, members_.vote(subject, signer));
}

void ReplicaWorld::vote_against_rules(Choices& choices) {
  auto subject = some_subject(choices);
  const auto twist = choices.below(16);
  if (twist == 1) subject.parent_view = View(subject.parent_view.value() / 2);
  if (twist == 2) subject.block_id.bytes[0] ^= 1;
  if (twist == 3) subject.epoch = Epoch(1);
  auto vote = members_.vote(subject, kFaulty);
  if (twist == 4) vote.signer = ValidatorIndex(static_cast<std::uint16_t>(choices.below(5)));
  if (twist == 5) vote.signature.bytes[choices.below(64)] ^= 1;
  hear(kFaulty, vote);
}

void ReplicaWorld::certify(Choices& choices) {
  const auto subject = some_subject(choices);
  if (!is_certifiable(subject)) return;
  const auto made = certificate(subject, (choices.byte() & 1U) != 0);
  checker_.sent(made);
  hear(static_cast<std::uint16_t>(1 + choices.below(3)), made);
}

void ReplicaWorld::forge_certificate(Choices& choices) {
  const auto subject = some_subject(choices);
  auto made = members_.certificate(subject, {kFaulty});
  const auto own = made.signatures[0];
  switch (choices.below(3)) {
    case 0:  // Itself three times.
      made.signatures = {own, own, own};
      made.signers = 0b1110;
      break;
    case 1:  // With what another signed of something else.
      made = members_.certificate(subject, {1, 2, kFaulty});
      made.subject.parent_view = View(made.subject.parent_view.value() / 2);
      made.subject.block_id.bytes[31] ^= 1;
      break;
    default:
      break;  // Too few.
  }
  hear(kFaulty, made);
}

void ReplicaWorld::answer_build(Choices& choices) {
  if (builds_.empty()) return;
  const auto build = builds_.back();
  builds_.pop_back();
  const auto it = blocks_.find(build.parent_id);
  auto propose = make_block(build.view, it == blocks_.end() ? nullptr : &it->second,
                            static_cast<std::uint8_t>(choices.byte() & 0xfcU));
  propose.parent_view = build.parent_view;
  const auto id = block_id_of(propose.payload);
  EXPECT_FUZZ(propose.height == build.parent_height.next(), "builds at another height");
  if (blocks_.try_emplace(id, Block{propose, true}).second) block_ids_.push_back(id);
  checker_.made(id, false);
  durable_.insert(id);
  step(Built{build.view, propose.payload, choices.byte(), false});
}

void ReplicaWorld::answer_verify(Choices& choices) {
  if (verifies_.empty()) return;
  const auto at = choices.below(verifies_.size());
  const auto verify = verifies_[at];
  verifies_.erase(verifies_.begin() + static_cast<std::ptrdiff_t>(at));
  const auto view = verify.propose.view;
  if (choices.below(8) == 7) {
    return step(Verified{view, verify.block_id, Verdict::unavailable, 1, false});
  }
  if (!judge(verify.propose)) {
    return step(Verified{view, verify.block_id, Verdict::invalid, 1, false});
  }
  const bool is_durable_first = (choices.byte() & 1U) != 0;
  durable_.insert(verify.block_id);
  if (is_durable_first) step(BodyDurable{verify.block_id});
  step(Verified{view, verify.block_id, Verdict::valid, choices.byte(), false});
  if (!is_durable_first) step(BodyDurable{verify.block_id});
}

// Commits the chain to the block that is certified, as a node does with a range of blocks.
void ReplicaWorld::answer_catch_up() {
  if (!catch_up_) return;
  const auto finalization = catch_up_->finalization;
  catch_up_.reset();
  EXPECT_FUZZ(is_certifiable(finalization.subject), "catches up to what has no quorum");
  if (finalization.subject.view <= tip_.view) return;
  std::vector<const Block*> chain;
  for (auto id = finalization.subject.block_id; id != tip_.block_id;) {
    chain.push_back(&blocks_.at(id));
    id = chain.back()->propose.parent_id;
  }
  for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
    const auto id = block_id_of((*it)->propose.payload);
    tip_ = {Epoch(0), finalization.subject.view, (*it)->propose.height, id, finalization};
    checker_.committed(kSelf, Epoch(0), tip_.height, id, (*it)->propose.parent_id);
  }
  step(Synced{tip_});
}

void ReplicaWorld::ask(Choices& choices) {
  const auto from = static_cast<std::uint16_t>(1 + choices.below(3));
  const auto view = near_view(choices);
  const auto* block = some_block(choices);
  switch (choices.below(7)) {
    case 0:
      return step(Connected{ValidatorIndex(from)});
    case 1:
      return hear(from, PeerStatus{Epoch(0), view, Height(choices.below(9)), View(0), Height(0),
                                   TimeMs(now_)});
    case 2:
      return hear(from, GetCertificates{Epoch(0), View(choices.below(3)), view});
    case 3:
      return hear(from,
                  GetBlock{block == nullptr ? Digest{} : block_id_of(block->propose.payload)});
    case 4:
      return hear(from, GetLastVote{choices.byte()});
    case 5:
      return hear(from, Echo{TimeMs(choices.byte())});
    default:
      if (block != nullptr) hear(from, BlockAnswer{block->propose});
  }
}

// Votes of 3 that exclude each other, or that do not.
void ReplicaWorld::accuse(Choices& choices) {
  const auto first = some_subject(choices);
  const auto second = some_subject(choices);
  const auto signer = static_cast<std::uint16_t>(choices.below(4));
  auto evidence = Evidence{members_.vote(first, kFaulty), members_.vote(second, kFaulty)};
  evidence.second.signer = ValidatorIndex(signer);
  hear(static_cast<std::uint16_t>(1 + choices.below(3)), evidence);
}

void ReplicaWorld::act(Choices& choices) {
  switch (choices.below(16)) {
    case 0:
      now_ += choices.byte();
      return step(Tick{TimeMs(now_)});
    case 1:
      now_ += 20U * choices.byte();
      return step(Tick{TimeMs(now_)});
    case 2:
      return propose(choices);
    case 3:
    case 4:
      return vote_by_rules(choices);
    case 5:
      return vote_against_rules(choices);
    case 6:
    case 7:
      return certify(choices);
    case 8:
      return forge_certificate(choices);
    case 9:
      return answer_build(choices);
    case 10:
    case 11:
      return answer_verify(choices);
    case 12:
      return answer_catch_up();
    case 13:
      return (choices.byte() & 3U) == 0 ? crash(choices) : ask(choices);
    case 14:
      return (choices.byte() & 1U) == 0 ? accuse(choices)
                                        : step(WorkPending{(choices.byte() & 1U) != 0});
    default:
      if (const auto message = decode<Message>(choices.bytes(choices.byte()))) {
        hear(kFaulty, *message);
      }
  }
}

void ReplicaWorld::finish() {
  checker_.finish();
  if (!checker_.violations().empty()) fail(__FILE__, __LINE__, checker_.violations().front());
}

}  // namespace fenrun::fuzz
