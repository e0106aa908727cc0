// Consensus as stories: tests/golden/consensus/*.golden.
//
// Commands (places are 0..n-1; a list is comma-separated; times are milliseconds):
//   validators N          a cluster; all messages take 5 ms, executing takes 1 ms
//   idle MS               before `validators`: the idle interval; 0 if not given
//   observers N           before `validators`: so many places more that do not vote at first
//   twin P                before `validators`: a last place runs with the key of P
//   work on|off           whether there are transactions
//   run MS                let time pass
//   last LIST             the next block that is built ends its epoch, and these follow; with a
//                         prime they have a new key, as have those that join
//   lose FROMS -> TOS KIND...
//                         drop such messages until `deliver`; KIND is a word the story prints
//   deliver               drop no more
//   crash LIST | start LIST
//                         without and with power; a crash loses what was not synced
//   backup P | restore P  the vote log
//   without LIST KIND     these places cannot get the batches of blocks (KIND: batches)
//   with batches          now they can
//   equivocate P          the next proposal of P reaches the second half of the others altered
//   extend P              where P should repeat an epoch's last block, it extends it
//   repeat P              the next proposal of P repeats its parent
//   forge P view V        all but P are sent a vote of P for that view
//   status                one line a place
// Views of epoch 1 are written 1/V.  Status and echo messages are not shown.
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/sim/cluster.h"

namespace fenrun::sim {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

class Story {
 public:
  std::string run(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    lines_.clear();
    execute(command, words);
    return print();
  }

  ~Story() {
    if (!cluster_) return;
    cluster_->checker().finish();
    for (const auto& violation : cluster_->checker().violations()) ADD_FAILURE() << violation;
  }
  Story() = default;
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

 private:
  struct Line {
    std::uint64_t now = 0;
    std::set<std::size_t> places;
    std::string text;
  };

  static std::vector<std::size_t> list(const std::string& text) {
    std::vector<std::size_t> places;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, ',');) places.push_back(std::stoul(item));
    return places;
  }

  void execute(const std::string& command, std::istringstream& words) {
    std::string word;
    if (prepare(command, words)) return;
    if (command == "validators") {
      words >> options_.validators;
      open();
    } else if (command == "last") {
      words >> word;
      last(word);
    } else if (command == "backup" || command == "restore") {
      words >> word;
      auto& node = cluster_->node(std::stoul(word));
      command == "backup" ? backup_ = node.disk.logs : node.disk.logs = backup_;
      if (command == "restore") cluster_->checker().excuse(node.identity);
    } else if (command == "work") {
      words >> word;
      cluster_->set_work(word == "on");
    } else if (command == "run") {
      std::uint64_t ms = 0;
      words >> ms;
      cluster_->run(ms);
    } else if (command == "lose") {
      lose(words);
    } else if (command == "deliver") {
      lost_.clear();
    } else if (command == "crash" || command == "start") {
      words >> word;
      for (const auto place : list(word)) {
        auto& node = cluster_->node(place);
        command == "crash" ? cluster_->crash(node, 0) : cluster_->start(node);
      }
    } else if (command == "without") {
      words >> word;
      for (const auto place : list(word)) without_.insert(place);
    } else if (command == "with") {
      without_.clear();
    } else if (command == "equivocate" || command == "extend" || command == "repeat") {
      words >> word;
      liar_ = std::stoul(word);
      lie_ = command;
      cluster_->checker().excuse(static_cast<std::uint16_t>(*liar_));
    } else if (command == "forge") {
      std::uint64_t view = 0;
      std::size_t place = 0;
      words >> place >> word >> view;
      forge(place, View(view));
    } else if (command == "status") {
      status();
    } else {
      ADD_FAILURE() << "unknown command " << command;
    }
  }

  // What comes before `validators`.
  bool prepare(const std::string& command, std::istringstream& words) {
    std::uint64_t number = 0;
    if (command == "idle") {
      words >> number;
      options_.timing.idle_interval = SpanMs(number);
    } else if (command == "observers") {
      words >> options_.observers;
    } else if (command == "twin") {
      words >> number;
      options_.byzantine[static_cast<std::uint16_t>(number)] = Fault::twin;
      options_.twins_persist = false;
    }
    return command == "idle" || command == "observers" || command == "twin";
  }

  void last(const std::string& text) {
    const auto& now = cluster_->newest_epoch();
    const auto fresh = static_cast<std::uint16_t>(now.epoch.value() + 1);
    Members next;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, ',');) {
      const auto identity = static_cast<std::uint16_t>(std::stoul(item));
      const auto index = now.index_of(identity);
      const bool replaced = !index || item.back() == '\'';
      next.push_back({identity, replaced ? fresh : now.members[index->value()].generation});
    }
    cluster_->end_epoch(next);
  }

  void open() {
    options_.timing.status_interval = SpanMs(1'000'000);
    options_.timing.delta_initial = SpanMs(50);
    cluster_ = std::make_unique<Cluster>(options_);
    cluster_->faults.verify_ms_max = 1;
    cluster_->observer = [this](const Event& event) { see(event); };
    cluster_->network().filter = [this](std::size_t from, std::size_t to, Bytes& bytes) {
      return pass(from, to, bytes);
    };
    cluster_->judge = [this](const Node& node, const Propose&) -> std::optional<Verdict> {
      if (without_.contains(node.place)) return Verdict::unavailable;
      return std::nullopt;
    };
    const auto& set = cluster_->newest_epoch().set;
    note(0, 0,
         number(set.size()) + " validators, quorum " + number(set.quorum()) +
             ", leader(view 1) = " + number(cluster_->node(0).replica->leader().value()));
    lines_.back().places.clear();
  }

  void lose(std::istringstream& words) {
    std::string from;
    std::string arrow;
    std::string to;
    words >> from >> arrow >> to;
    for (std::string kind; words >> kind;) {
      for (const auto a : list(from)) {
        for (const auto b : list(to)) lost_.insert({a, b, kind});
      }
    }
  }

  void forge(std::size_t place, View view) {
    const auto identity = cluster_->node(place).identity;
    const ValidatorIndex index(identity);  // Of epoch 0.
    cluster_->checker().excuse(identity);
    Vote vote{Subject::nullify(Epoch(0), view), index, {}};
    vote.signature =
        cluster_->key({identity, 0})
            .sign(Domain::consensus_vote, signed_bytes(cluster_->chain_id(), vote.subject));
    for (auto& node : cluster_->nodes()) {
      if (node.place != place) cluster_->inject(node.place, index, vote);
    }
  }

  void status() {
    for (auto& node : cluster_->nodes()) {
      const auto height = number(node.disk.tip.height.value());
      if (!node.replica) {
        note(0, node.place, "down, height " + height);
        continue;
      }
      const auto state = node.replica->status();
      note(0, node.place,
           "view " + view_of(state.finalized.epoch, state.view) + ", height " + height +
               ", finalized view " + number(state.finalized.view.value()));
    }
  }

  // Whether the network carries it.
  bool pass(std::size_t from, std::size_t to, Bytes& bytes) {
    const auto message = decode<Message>(ByteView(bytes).subspan(1));
    if (!message) return true;
    const auto text = describe(*message);
    const auto kind = text.substr(0, text.find('('));
    if (lost_.contains({from, to, kind}) || lost_.contains({from, to, "all"})) return false;
    const auto* propose = std::get_if<Propose>(&*message);
    if (propose == nullptr || liar_ != from) return true;
    if (lied_in_ != View(0) && lied_in_ != propose->view) return true;
    const auto lie = lie_about(*propose, to);
    if (!lie) return true;
    lied_in_ = propose->view;
    note(cluster_->now(), from, "-> " + number(to) + ": " + describe(*lie) + " instead");
    bytes = {bytes[0]};
    append(bytes, encode(Message(*lie)));
    return true;
  }

  std::optional<Propose> lie_about(const Propose& propose, std::size_t to) {
    if (lie_ == "equivocate") {
      if (to < cluster_->nodes().size() / 2) return std::nullopt;
      return cluster_->variant_of(propose, 0);
    }
    if (lie_ == "repeat") return cluster_->repetition_of(cluster_->node(*liar_), propose);
    if (block_id_of(propose.payload) != propose.parent_id) return std::nullopt;
    return cluster_->extension_of(propose);
  }

  void see(const Event& event) {
    const auto place = event.node->place;
    if (event.output == nullptr) return note(event.now, place, event.text);
    if (const auto* sent = std::get_if<Send>(event.output)) {
      const auto text = describe(sent->message);
      const auto to = sent->to ? place_of(event, *sent->to) : std::string("all");
      if (!text.empty()) note(event.now, place, "-> " + to + ": " + text);
    } else if (const auto* entered = std::get_if<EnteredView>(event.output)) {
      const std::string by = entered->by == VoteKind::notarize  ? "notarization"
                             : entered->by == VoteKind::nullify ? "nullification"
                                                                : "finalization";
      const auto view = view_of(event.node->disk.epoch.epoch, entered->view);
      note(event.now, place, "enters view " + view + " by " + by);
    } else if (const auto* commit = std::get_if<Commit>(event.output)) {
      std::string text = "commits";
      for (const auto& block : commit->blocks) {
        text += " " + number(block.height.value()) + ":" + name(block.block_id);
      }
      note(event.now, place, text);
    } else if (const auto* fetch = std::get_if<Fetch>(event.output)) {
      note(event.now, place,
           "fetches " + name(fetch->block_id) + " from " + place_of(event, fetch->from));
    } else if (const auto* found = std::get_if<EvidenceFound>(event.output)) {
      note(event.now, place, "has " + describe(found->evidence));
    } else if (const auto* stale = std::get_if<StaleLog>(event.output)) {
      note(event.now, place, "votes no more: its log lacks " + describe(stale->vote));
    } else if (std::holds_alternative<CatchUp>(*event.output)) {
      note(event.now, place, "needs to catch up");
    }
  }

  std::string place_of(const Event& event, ValidatorIndex peer) const {
    return number(cluster_->identity_of(*event.node, peer));
  }

  static std::string view_of(Epoch epoch, View view) {
    return (epoch == Epoch(0) ? "" : number(epoch.value()) + "/") + number(view.value());
  }

  std::string name(const Digest& id) {
    if (id.is_zero()) return "genesis";
    const auto [it, fresh] = names_.emplace(id, names_.size());
    const auto index = it->second;
    return std::string(1, static_cast<char>('A' + index % 26)) +
           (index < 26 ? "" : number(index / 26));
  }

  std::string describe(const Message& message) {
    if (const auto* propose = std::get_if<Propose>(&message)) {
      const auto id = block_id_of(propose->payload);
      std::string text = "propose(" + view_of(propose->epoch, propose->view) + ", " + name(id);
      text += id == propose->parent_id ? " again" : " on " + name(propose->parent_id);
      for (const auto& nullification : propose->justification.nullifications) {
        text += ", skips " + number(nullification.subject.view.value());
      }
      return text + ")";
    }
    if (const auto* vote = std::get_if<Vote>(&message)) {
      return std::string(name_of(vote->subject.kind)) + about(vote->subject);
    }
    if (const auto* certificate = std::get_if<Certificate>(&message)) {
      static const char* const names[] = {"notarization", "nullification", "finalization"};
      const auto kind = static_cast<std::size_t>(certificate->subject.kind);
      return names[kind] + about(certificate->subject);
    }
    if (const auto* ask = std::get_if<GetCertificates>(&message)) {
      return "get-certificates(" + view_of(ask->epoch, ask->from) + ".." + number(ask->to.value()) +
             ")";
    }
    if (const auto* ask = std::get_if<GetBlock>(&message)) {
      return "get-block(" + name(ask->block_id) + ")";
    }
    if (const auto* answer = std::get_if<BlockAnswer>(&message)) {
      return "block(" + name(block_id_of(answer->propose.payload)) + ")";
    }
    if (const auto* evidence = std::get_if<Evidence>(&message)) {
      return "evidence(" + number(evidence->first.signer.value()) + " cast " +
             describe(evidence->first) + " and " + describe(evidence->second) + ")";
    }
    if (std::holds_alternative<GetRange>(message)) return "get-range()";
    if (std::holds_alternative<GetLastVote>(message)) return "get-last-vote()";
    if (const auto* answer = std::get_if<LastVote>(&message)) {
      return "last-vote(" + (answer->vote ? describe(*answer->vote) : std::string("none")) + ")";
    }
    return {};
  }

  std::string about(const Subject& subject) {
    const auto view = "(" + view_of(subject.epoch, subject.view);
    return subject.kind == VoteKind::nullify ? view + ")"
                                             : view + ", " + name(subject.block_id) + ")";
  }

  void note(std::uint64_t now, std::size_t place, const std::string& text) {
    for (auto& line : lines_) {
      if (line.now == now && line.text == text) {
        line.places.insert(place);
        return;
      }
    }
    lines_.push_back({now, {place}, text});
  }

  std::string print() {
    std::string text;
    for (const auto& line : lines_) {
      std::string places;
      for (const auto place : line.places) places += (places.empty() ? "" : ",") + number(place);
      std::string column = line.now == 0 ? "" : number(line.now);
      if (!column.empty()) column.insert(0, column.size() < 6 ? 6 - column.size() : 0, ' ');
      text += column + (column.empty() ? "" : "  ");
      if (!places.empty()) text += places + (line.text.starts_with("->") ? " " : ": ");
      text += line.text + "\n";
    }
    return text;
  }

  ClusterOptions options_{
      .seed = 1, .validators = 4, .byzantine = {}, .timing = {.idle_interval = SpanMs(0)}};
  std::unique_ptr<Cluster> cluster_;
  std::vector<Line> lines_;
  std::set<std::tuple<std::size_t, std::size_t, std::string>> lost_;
  std::set<std::size_t> without_;
  std::optional<std::size_t> liar_;
  std::string lie_;
  View lied_in_;
  std::map<std::uint16_t, std::vector<Bytes>> backup_;
  std::map<Digest, std::size_t> names_;
};

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, TellsTheStory) {
  Story story;
  const std::filesystem::path folder(FENRUN_GOLDEN_DIR "/consensus");
  testing_support::run_golden(folder / (GetParam() + ".golden"),
                              [&](const std::string& command) { return story.run(command); });
}

INSTANTIATE_TEST_SUITE_P(
    Consensus, Golden,
    testing::Values("normal_case", "silent_leader", "split_certificates", "only_holder_restarts",
                    "equivocating_leader", "all_crash_after_nullify", "idle_unfinalized_tip",
                    "late_body", "late_proposal", "forged_view", "epoch_ends",
                    "last_block_repeated", "last_block_split", "last_block_restart",
                    "last_block_fetched", "last_block_extended", "other_block_repeated",
                    "two_epochs_behind", "stale_log", "stale_log_next_epoch", "key_on_two_nodes",
                    "split_certificates_of_ten", "two_changes_in_a_row", "joiner_absent"),
    [](const auto& script) { return script.param; });

}  // namespace
}  // namespace fenrun::sim
