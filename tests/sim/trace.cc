#include "tests/sim/trace.h"

#include <ostream>

#include "core/overloaded.h"
#include "core/text.h"

namespace fenrun::sim {

namespace {

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string number(const char* name, std::uint64_t value) {
  return quoted(name) + ":" + std::to_string(value);
}

std::string text(const char* name, const std::string& value) {
  return quoted(name) + ":" + quoted(value);
}

std::string id_of(const Digest& digest) { return to_hex(digest.view()); }

// Enough to tell one signature from another.
std::string short_signature(const Signature& signature) {
  return to_hex(signature.view()).substr(0, 24);
}

std::string json(const Subject& subject) {
  return text("kind", std::string(name_of(subject.kind))) + "," +
         number("epoch", subject.epoch.value()) + "," + number("view", subject.view.value()) + "," +
         number("parent", subject.parent_view.value()) + "," + text("id", id_of(subject.block_id));
}

std::string json(const Vote& vote) {
  return "\"vote\":{" + json(vote.subject) + "," + number("signer", vote.signer.value()) + "," +
         text("signature", short_signature(vote.signature)) + "}";
}

std::string json(const Certificate& certificate) {
  std::string signers;
  for (std::uint16_t i = 0; i < kValidatorsMax; ++i) {
    if (!certificate.signed_by(ValidatorIndex(i))) continue;
    signers += (signers.empty() ? "" : ",") + std::to_string(i);
  }
  return "\"certificate\":{" + json(certificate.subject) + ",\"signers\":[" + signers + "]}";
}

std::string json(const Propose& propose) {
  return "\"proposal\":{" + json(propose.subject()) + "," +
         text("parent_id", id_of(propose.parent_id)) + "," +
         number("height", propose.height.value()) + "," +
         text("signature", short_signature(propose.signature)) + "}";
}

std::string json(const EpochOpened& opened) {
  return "\"opened\":{" + number("epoch", opened.epoch.value()) + "," +
         text("first", id_of(opened.first_block)) + "," +
         number("forgotten", opened.forgotten.value()) + "}";
}

std::string json(const LogRecord& record) {
  return std::visit([](const auto& alternative) { return json(alternative); }, record);
}

}  // namespace

Trace::Trace(Cluster& cluster, std::ostream& out) : out_(out) {
  cluster.observer = [this](const Event& event) { write(event); };
  for (const auto& node : cluster.nodes()) begin(node, "start", cluster.now());
}

void Trace::line(const Event& event, const std::string& what, const std::string& rest) {
  out_ << "{" << number("t", event.now) << "," << number("node", event.node->identity) << ","
       << text("do", what) << (rest.empty() ? "" : ",") << rest << "}\n";
}

// A replica begins: with a process, or with an epoch.
void Trace::begin(const Node& node, const std::string& what, std::uint64_t now) {
  if (node.fault != Fault::none || !node.replica) return;
  const auto& info = node.disk.epoch;
  const auto& tip = node.disk.tip;
  std::string members;
  std::uint64_t generation = 0;
  for (const auto& member : info.members) {
    members += (members.empty() ? "" : ",") + std::to_string(member.identity);
    if (member.identity == node.identity) generation = member.generation;
  }
  line(Event{now, &node, nullptr, {}}, what,
       number("epoch", info.epoch.value()) + "," + text("first", id_of(info.first_block)) +
           ",\"members\":[" + members + "]," + number("generation", generation) + "," +
           number("view", node.replica->view().value()) + ",\"tip\":{" +
           number("view", tip.view.value()) + "," + number("height", tip.height.value()) + "," +
           text("id", id_of(tip.block_id)) + ",\"ends\":" + (tip.ends_epoch ? "true" : "false") +
           "}");
}

void Trace::write(const Event& event) {
  const auto& node = *event.node;
  if (node.fault != Fault::none) return;
  if (event.output != nullptr) return write_output(event);
  if (event.text.starts_with("crashes")) {
    line(event, "crash", "\"log\":[" + log_of(node) + "]");
  } else if (event.text.starts_with("starts")) {
    begin(node, "start", event.now);
  } else if (event.text.starts_with("begins")) {
    begin(node, "epoch", event.now);
  } else if (event.text.starts_with("catches up")) {
    const auto& tip = node.disk.tip;
    line(event, "catch_up",
         number("height", tip.height.value()) + "," + json(*tip.certificate) +
             ",\"ends\":" + (tip.ends_epoch ? "true" : "false"));
  }
}

void Trace::write_output(const Event& event) {
  std::visit(overloaded{
                 [&](const Persist& persist) { line(event, "log", json(persist.record)); },
                 [&](const Send& sent) {
                   std::visit(
                       overloaded{
                           [&](const Vote& vote) { line(event, "send", json(vote)); },
                           [&](const Propose& propose) { line(event, "send", json(propose)); },
                           [&](const Certificate& held) { line(event, "send", json(held)); },
                           [](const auto&) {},
                       },
                       sent.message);
                 },
                 [&](const Commit& commit) {
                   std::string blocks;
                   for (const auto& block : commit.blocks) {
                     blocks += (blocks.empty() ? "" : ",") + std::string("{") +
                               number("height", block.height.value()) + "," +
                               text("id", id_of(block.block_id)) + "}";
                   }
                   line(event, "commit",
                        "\"blocks\":[" + blocks + "]," + json(commit.finalization) +
                            ",\"ends\":" + (event.node->replica->ended() ? "true" : "false"));
                 },
                 [&](const EnteredView& entered) {
                   line(event, "enter",
                        number("view", entered.view.value()) + "," +
                            text("by", std::string(name_of(entered.by))));
                 },
                 [&](const StaleLog&) { line(event, "stale", ""); },
                 [](const auto&) {},
             },
             *event.output);
}

// Of the key it votes with now.
std::string Trace::log_of(const Node& node) const {
  const auto index = node.disk.epoch.index_of(node.identity);
  if (!index) return {};
  const auto found = node.disk.logs.find(node.disk.epoch.members[index->value()].generation);
  if (found == node.disk.logs.end()) return {};
  std::string records;
  for (const auto& bytes : found->second) {
    records += (records.empty() ? "{" : ",{") + json(decode<LogRecord>(bytes).value()) + "}";
  }
  return records;
}

}  // namespace fenrun::sim
