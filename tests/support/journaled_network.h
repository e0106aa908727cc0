// The example network with a journal of its own, a block a transaction, for tests of what
// contracts, journal, prover and verifier do together over epochs.
#pragma once

#include <gtest/gtest.h>

#include "contracts/members.h"
#include "ledger/journal.h"
#include "tests/support/world.h"

namespace fenrun::test {

// Names of validators, and of the keys that each signs checkpoints with.
using Signers = std::vector<std::pair<std::string, std::string>>;

class JournaledNetwork : public testing::Test {
 protected:
  JournaledNetwork() : genesis(example_genesis()) {
    first_policy = trust_policy_text("example", chain_id(genesis), genesis.validators);
    journal = *Journal::open(store);
    CHECK(journal->commit_genesis(
        execute_genesis(genesis, hash(Domain::trust_policy, bytes_of(first_policy)))));
  }

  Height next_height() const { return journal->tip().height.next(); }

  void commit(ExecutedBlock block) {
    const Digest id = block.id;
    journal->add(std::make_unique<ExecutedBlock>(std::move(block)));
    CHECK(journal->commit(std::span(&id, 1), {}));
  }

  // A block of one transaction of the party.
  Errc run(const std::string& name, const Operation& operation) {
    const auto point = *journal->point(journal->tip_id());
    TransactionBody body;
    body.chain_id = point.chain_id;
    body.signer = PartySigner{party_named(name), key_named(name).public_key()};
    body.sequence = *next_sequence(journal->state(), party_named(name), Lane(0));
    body.valid_until = Height(point.height.value() + 100);
    const auto transaction =
        sign_transaction(body, {*encode_operation(operation)}, key_named(name));
    const SignedTransaction* const one = &transaction;
    const View parent_view = journal->tip().ends_epoch() ? View(0) : point.view;
    auto block = execute_block(point,
                               {.epoch = point.epoch,
                                .height = next_height(),
                                .view = parent_view.next(),
                                .parent_view = parent_view,
                                .time = TimeMs(point.time.value() + 1'000),
                                .proposer = ValidatorIndex(0),
                                .batch_list = batch_list_digest({})},
                               std::span(&one, 1));
    Errc outcome = Errc::dropped;
    for (const auto& bytes : block.entries) {
      const auto entry = *decode_entry(bytes);
      if (const auto* asked = std::get_if<OperationEntry>(&entry)) outcome = asked->outcome;
    }
    commit(std::move(block));
    return outcome;
  }

  // The tip's checkpoint by these keys, in whatever order.
  SignedNote checkpoint(const Signers& signers) const {
    SignedNote out{{log_origin("example", chain_id(genesis)), store.size(), journal->root()}, {}};
    for (const auto& [name, key] : signers) {
      const auto signer = key_named(key + " checkpoint");
      out.signatures.push_back(
          cosignature_line(signer, cosigner_name(out.body.origin, name), out.body, 1'000));
      out.signatures.push_back(log_signature_line(signer, out.body));
    }
    return out;
  }

  Genesis genesis;
  MemoryStore store;
  std::unique_ptr<Journal> journal;
  std::string first_policy;
};

}  // namespace fenrun::test
