// Links from epoch to epoch: those that a node gives, and those that an attacker makes who has all
// keys of an epoch.
#pragma once

#include "ledger/merkle/tree.h"
#include "ledger/proof/note.h"
#include "node/messages.h"
#include "tests/support/organisations.h"

namespace fenrun {

// What the node answers to GetEpochLinks{0}.
inline std::vector<EpochLink> links_of(NodeCluster& cluster, std::size_t node, std::size_t asker) {
  std::optional<EpochLinks> answer;
  cluster.set_tamper([&](std::size_t from, std::size_t to, net::Payload bytes) {
    auto message = decode<NodeMessage>(*bytes);
    auto* links = message ? std::get_if<EpochLinks>(&*message) : nullptr;
    if (links != nullptr && from == node && to == asker) answer = std::move(*links);
    return bytes;
  });
  cluster.inject(asker, node, GetEpochLinks{Epoch(0)});
  CHECK(cluster.run_until([&] { return answer.has_value(); }));
  cluster.set_tamper({});
  return {answer->links.begin(), answer->links.end()};
}

inline Header header_of(const EpochLink& link) {
  return std::get<Header>(*decode_entry(link.handover.header.entry));
}

// Who signs: nodes with the keys that they have now.
struct LinkSigners {
  std::vector<std::size_t> finalizers;
  std::vector<std::size_t> cosigners;
};

// The link with this Header instead of its own, signed anew.
inline EpochLink resign(const NodeCluster& cluster, EpochLink link, const Header& header,
                        const LinkSigners& signers) {
  link.handover.header.entry = ProofEntryBytes(encode_entry(header));
  const Digest id = leaf_hash(link.handover.header.entry);
  Digest root = id;
  for (const auto& sibling : link.handover.header.path) root = node_hash(sibling, root);
  SignedNote note = *parse_note(link.handover.checkpoint.value);
  note.body.root = root;
  note.signatures.clear();
  for (const auto i : signers.cosigners) {
    const auto& key = cluster.checkpoint_key(i);
    note.signatures.push_back(log_signature_line(key, note.body));
    note.signatures.push_back(cosignature_line(
        key, cosigner_name(note.body.origin, cluster.name_of(i)), note.body, 1'790'000'000));
  }
  sort_signatures(note);
  link.handover.checkpoint.value = print(note);

  Certificate certificate = *decode<Certificate>(link.certificate);
  certificate.subject.block_id = id;
  certificate.signers = 0;
  certificate.signatures.clear();
  const auto bytes = signed_bytes(header.chain_id, certificate.subject);
  for (const auto i : signers.finalizers) {
    certificate.signers |= std::uint64_t{1} << i;
    certificate.signatures.push_back(cluster.consensus_key(i).sign(Domain::consensus_vote, bytes));
  }
  link.certificate = encode(certificate);
  return link;
}

}  // namespace fenrun
