#include "node/sim/adversary.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/overloaded.h"

namespace fenrun::sim {
namespace {

constexpr std::size_t kHeardMax = 4'096;
constexpr std::size_t kPayloadsMax = 16;
constexpr std::array<std::string_view, kFaultCount> kNames{
    "none",   "silent",   "withholder", "nuller", "miser",        "liar",
    "forger", "replayer", "amnesiac",   "twin",   "front_runner", "schemer"};

Signature signature_of(const Machine& machine, const Digest& chain_id, const Subject& subject) {
  return machine.consensus_key().sign(Domain::consensus_vote, signed_bytes(chain_id, subject));
}

// The consensus message in it; null if it is none of that type.
template <class T>
const T* consensus(const NodeMessage& message) {
  const auto* inner = std::get_if<Message>(&message);
  return inner == nullptr ? nullptr : std::get_if<T>(inner);
}

bool finalizes(const NodeMessage& message) {
  const auto* vote = consensus<Vote>(message);
  const auto* certificate = consensus<Certificate>(message);
  const auto* propose = consensus<Propose>(message);
  if (propose != nullptr && propose->justification.parent) {
    certificate = &*propose->justification.parent;
  }
  return (vote != nullptr && vote->subject.kind == VoteKind::finalize) ||
         (certificate != nullptr && certificate->subject.kind == VoteKind::finalize);
}

}  // namespace

std::string_view name_of(Fault fault) { return kNames.at(static_cast<std::size_t>(fault)); }

std::optional<Fault> fault_named(std::string_view name) {
  const auto it = std::ranges::find(kNames, name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<Fault>(it - kNames.begin());
}

void Adversary::to_some(Sends& out, const NodeMessage& message, std::uint64_t permille) {
  const auto bytes = std::make_shared<const Bytes>(encode(message));
  for (const auto peer : setup_.peers) {
    if (random_.chance(permille)) out.push_back({peer, net::Channel::consensus, bytes});
  }
}

void Adversary::vote(Sends& out, const Machine& machine, const Vote& own, const Subject& subject) {
  to_some(out, Message(Vote{subject, own.signer, signature_of(machine, setup_.chain_id, subject)}),
          600);
}

std::vector<Outgoing> Adversary::replace(const Machine& machine,
                                         const std::vector<Outgoing>& sent) {
  if (schemer_) return schemer_->replace(machine, sent);
  Sends out;
  for (const auto& outgoing : sent) {
    const auto message = decode<NodeMessage>(*outgoing.payload);
    if (!message) continue;
    switch (setup_.fault) {
      case Fault::silent:
        break;
      case Fault::withholder:
        withhold(out, outgoing, *message);
        break;
      case Fault::nuller:
        if (consensus<Propose>(*message) == nullptr || half()) out.push_back(outgoing);
        nullify(out, machine, *message);
        break;
      case Fault::miser:
        if (!finalizes(*message)) out.push_back(outgoing);
        break;
      case Fault::liar:
        out.push_back(outgoing);
        lie(out, machine, *message);
        break;
      case Fault::forger:
        out.push_back(outgoing);
        forge(out, machine, *message);
        break;
      case Fault::none:
      case Fault::replayer:
      case Fault::amnesiac:
      case Fault::twin:
      case Fault::front_runner:
      case Fault::schemer:
        out.push_back(outgoing);
        break;
    }
  }
  return out;
}

bool Adversary::lets_in(const Bytes& message) {
  if (setup_.fault == Fault::replayer) {
    heard_.push_back(message);
    if (heard_.size() > kHeardMax) {
      std::swap(heard_.front(), heard_[random_.below(heard_.size())]);  // Some stay for long.
      heard_.pop_front();
    }
  }
  const auto decoded = decode<NodeMessage>(message);
  if (schemer_) return !decoded || schemer_->lets_in(*decoded);
  if (setup_.fault == Fault::miser) {
    // Proposals pass: it votes for them.
    const bool is_proposal = decoded && consensus<Propose>(*decoded) != nullptr;
    return !decoded || is_proposal || !finalizes(*decoded) || random_.chance(50);
  }
  return true;
}

std::vector<Outgoing> Adversary::reply(const Machine& machine, const Bytes& message) {
  Sends out;
  const bool listens = setup_.fault == Fault::forger || setup_.fault == Fault::liar;
  if ((!listens && setup_.fault != Fault::front_runner) || !machine.is_up()) return out;
  const auto decoded = decode<NodeMessage>(message);
  if (listens) {
    const auto* propose = decoded ? consensus<Propose>(*decoded) : nullptr;
    if (propose == nullptr) return out;
    if (setup_.fault == Fault::liar) {
      remember(propose->payload);
    } else {
      to_some(out, Message(badly_justified(*propose)), 500);
    }
    return out;
  }
  const auto* batch = decoded ? std::get_if<TxBatch>(&*decoded) : nullptr;
  if (batch == nullptr) return out;
  for (auto& own : front_runner_.overtake(*batch, machine.name(), machine.journal())) {
    const auto bytes = std::make_shared<const Bytes>(encode(NodeMessage(std::move(own))));
    out.push_back({std::nullopt, net::Channel::bulk, bytes});
  }
  return out;
}

std::vector<Outgoing> Adversary::speak(const Machine&) {
  Sends out;
  if (setup_.fault != Fault::replayer || heard_.empty()) return out;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto& bytes = heard_[random_.below(heard_.size())];
    out.push_back({any_peer(), net::Channel::consensus, std::make_shared<const Bytes>(bytes)});
  }
  return out;
}

// Blocks, batches and answers reach a few; certificates and votes too few to help anybody.
void Adversary::withhold(Sends& out, const Outgoing& outgoing, const NodeMessage& message) {
  const bool is_body = consensus<Propose>(message) != nullptr ||
                       std::holds_alternative<TxBatch>(message) ||
                       consensus<Certificate>(message) != nullptr;
  const bool is_answer = consensus<BlockAnswer>(message) != nullptr ||
                         std::holds_alternative<RangeAnswer>(message) ||
                         std::holds_alternative<Handover>(message) ||
                         std::holds_alternative<SnapshotPartAnswer>(message);
  if (is_answer) return;
  if (!is_body) {
    out.push_back(outgoing);
    return;
  }
  for (const auto peer : setup_.peers) {
    if (outgoing.to.value_or(peer) != peer || !half()) continue;
    out.push_back({peer, outgoing.channel, outgoing.payload});
  }
}

void Adversary::nullify(Sends& out, const Machine& machine, const NodeMessage& message) {
  const auto* own = consensus<Vote>(message);
  if (own == nullptr || own->subject.kind == VoteKind::nullify) return;
  vote(out, machine, *own, Subject::nullify(own->subject.epoch, own->subject.view));
}

// A block of the same view with another time, as good as the first one but for those who have both;
// or with a root that executing it does not come to.
Propose Adversary::variant_of(const Machine& machine, const Propose& propose) {
  Propose variant = propose;
  auto entry = decode_entry(propose.payload.header);
  if (!entry) return variant;
  auto* header = std::get_if<Header>(&*entry);
  if (header == nullptr) return variant;
  header->time = TimeMs(header->time.value() + 1 + random_.below(20));
  if (half()) header->journal_root.bytes[0] ^= 1U;
  variant.payload.header = encode_entry(*entry);
  variant.signature = signature_of(machine, setup_.chain_id, variant.subject());
  return variant;
}

void Adversary::remember(const Payload& payload) {
  if (std::ranges::find(payloads_, payload) != payloads_.end()) return;
  payloads_.push_back(payload);
  if (payloads_.size() > kPayloadsMax) payloads_.pop_front();
}

// A block on the same parent of another view, which was given up: others may have executed it.
const Payload* Adversary::sibling_of(const Propose& propose) const {
  const auto sibling = std::ranges::find_if(payloads_, [&](const Payload& payload) {
    const auto entry = decode_entry(payload.header);
    const auto* header = entry ? std::get_if<Header>(&*entry) : nullptr;
    return header != nullptr && header->parent == propose.parent_id &&
           header->height == propose.height && header->view != propose.view;
  });
  return sibling == payloads_.end() ? nullptr : &*sibling;
}

// As if it were the next one.
Propose Adversary::with_block(const Machine& machine, const Propose& propose,
                              const Payload& payload) {
  Propose again = propose;
  again.payload = payload;
  again.signature = signature_of(machine, setup_.chain_id, again.subject());
  return again;
}

void Adversary::lie(Sends& out, const Machine& machine, const NodeMessage& message) {
  if (const auto* propose = consensus<Propose>(message)) {
    const Outgoing original = out.back();
    out.pop_back();
    const auto* earlier = sibling_of(*propose);
    if (earlier == nullptr && !payloads_.empty() && half()) {
      earlier = &payloads_[random_.below(payloads_.size())];
    }
    if (earlier != nullptr) {
      to_some(out, Message(with_block(machine, *propose, *earlier)), 1'000);
      return remember(propose->payload);
    }
    const NodeMessage other = Message(variant_of(machine, *propose));
    const auto bytes = std::make_shared<const Bytes>(encode(other));
    for (const auto peer : setup_.peers) {
      if (original.to.value_or(peer) != peer) continue;
      out.push_back({peer, original.channel, half() ? bytes : original.payload});
    }
  }
  const auto* own = consensus<Vote>(message);
  if (own == nullptr) return;
  Subject subject = own->subject;
  vote(out, machine, *own, Subject::nullify(subject.epoch, subject.view));
  if (subject.kind == VoteKind::nullify) return;
  subject.kind = subject.kind == VoteKind::notarize ? VoteKind::finalize : VoteKind::notarize;
  vote(out, machine, *own, subject);
  subject.block_id.bytes[0] ^= 1U;
  vote(out, machine, *own, subject);
  subject.view = View(subject.view.value() + 1 + random_.below(6));
  vote(out, machine, *own, subject);
}

// A signer too few, one signature in the place of all, signatures under another subject.
void Adversary::forge_certificate(Sends& out, const Certificate& certificate) {
  Certificate forged = certificate;
  switch (random_.below(5)) {
    case 0:
      if (forged.signatures.empty()) return;
      forged.signatures.pop_back();
      forged.signers &= ~std::bit_floor(forged.signers);
      break;
    case 1:
      for (auto& signature : forged.signatures) signature = certificate.signatures[0];
      break;
    case 2:
      forged.subject = Subject::nullify(forged.subject.epoch, forged.subject.view);
      break;
    case 3:
      forged.subject.epoch = forged.subject.epoch.next();
      break;
    default:
      forged.subject.view = View(forged.subject.view.value() + 1 + random_.below(1'000'000));
      break;
  }
  to_some(out, Message(forged), 700);
}

Propose Adversary::badly_justified(const Propose& propose) {
  Propose forged = propose;
  auto& justification = forged.justification;
  switch (random_.below(5)) {
    case 0:
      justification.nullifications.clear();
      break;
    case 1:
      justification.parent.reset();
      break;
    case 2:
      for (auto& nullification : justification.nullifications) {
        nullification.subject.view = View(nullification.subject.view.value() + 1);
      }
      break;
    case 3:
      if (justification.parent) justification.parent->subject.block_id.bytes[1] ^= 1U;
      break;
    default:
      if (justification.parent) {
        for (auto& signature : justification.parent->signatures) {
          signature = justification.parent->signatures[0];
        }
      }
      break;
  }
  return forged;
}

// The blocks that a peer asked for, one of them without its last transaction.
void Adversary::forge_range(Sends& out, RangeAnswer answer) {
  const auto block = std::ranges::find_if(
      answer.blocks, [](const FinalizedBlock& item) { return !item.transactions.empty(); });
  if (block == answer.blocks.end()) return;
  block->transactions.pop_back();
  ++ranges_forged_;
  out.back().payload = std::make_shared<const Bytes>(encode(NodeMessage(std::move(answer))));
}

void Adversary::forge(Sends& out, const Machine& machine, const NodeMessage& message) {
  if (const auto* range = std::get_if<RangeAnswer>(&message)) return forge_range(out, *range);
  if (const auto* certificate = consensus<Certificate>(message)) {
    forge_certificate(out, *certificate);
  }
  if (const auto* propose = consensus<Propose>(message)) {
    // Ahead of the good one, so that it is the first that is seen.
    const auto good = out.back();
    out.pop_back();
    to_some(out, Message(badly_justified(*propose)), 500);
    out.push_back(good);
  }
  const auto* own = consensus<Vote>(message);
  if (own == nullptr) return;
  // A quorum made of one vote: each seat filled with the same signature.
  Certificate alone{own->subject, 0, {}};
  const std::size_t validators = setup_.peers.size() + 1;
  const std::size_t quorum = validators - (validators - 1) / 3;
  for (std::size_t i = 0; i < quorum; ++i) {
    alone.signers |= std::uint64_t{1} << i;
    alone.signatures.push_back(own->signature);
  }
  if (half()) {
    alone.subject = Subject::nullify(own->subject.epoch, own->subject.view);
    const auto signature = signature_of(machine, setup_.chain_id, alone.subject);
    std::ranges::fill(alone.signatures, signature);
  }
  to_some(out, Message(alone), 400);
  // Its own signature under another's name.
  Vote borrowed = *own;
  borrowed.signer = ValidatorIndex(static_cast<std::uint16_t>(random_.below(validators)));
  to_some(out, Message(borrowed), 300);
}

}  // namespace fenrun::sim
