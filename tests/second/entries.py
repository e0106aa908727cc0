"""The journal's entries: docs/spec/ledger.md, §2 and §4; docs/spec/transactions.md, §1."""

from .encoding import (DIGEST, I64, KEY, OUTCOME, PARTY, SIGNATURE, TIME, U16, U32, U64,
                       Array, Blob, Enum, List, Optional, Struct, Text, Variant,
                       encode)
from .signatures import is_signed
from .trees import domain, tagged

POSITION = U64
BOOK = Enum("external", "fund", "payable", "instructed")
POSTING_KIND = Enum("budget", "earning", "instruct", "settle", "fail", "reversal")

BODY = Struct(
    version=U16, chain_id=DIGEST, signer=Variant(party=Struct(party=PARTY, key=KEY)), lane=U16,
    sequence=U64, valid_until=U64, mode=Enum("atomic", "independent"), operation_count=U32,
    operations_root=DIGEST)

SIDE = Struct(party=PARTY, book=BOOK, number=U64, previous=Optional(POSITION))

POSTING = Struct(
    kind=POSTING_KIND, campaign=U32, asset=U32, period=U32, source=SIDE, destination=SIDE,
    amount=I64, cause=POSITION, policy=U32, policy_version=U32, rule=U16, inputs=DIGEST,
    reverses=Optional(POSITION))

HEADER = Struct(
    version=U16, chain_id=DIGEST, epoch=U64, height=U64, view=U64, parent=DIGEST,
    parent_view=U64, time=TIME, proposer=U16, batch_list=DIGEST, position=POSITION,
    counts=Array(U32, 5), journal_root=DIGEST, active_root=DIGEST, active_count=U64,
    validators=DIGEST, next_validators=DIGEST, trust_policy=DIGEST, next_trust_policy=DIGEST)

ENTRY = Variant(
    system=Struct(payload=Blob(32_768)),
    transaction=Struct(body=BODY, signature=SIGNATURE, outcome=OUTCOME),
    operation=Struct(transaction=POSITION, index=U32, payload=Blob(32_768), outcome=OUTCOME),
    posting=POSTING,
    record=Struct(key=Blob(255), version=U64, value=Optional(Blob(4_096)),
                  previous=Optional(POSITION)),
    header=HEADER)

STATEMENT_ID = Struct(party=PARTY, book=BOOK, campaign=U32, asset=U32, period=U32)

VALIDATOR = Struct(name=Text(63), party=PARTY, operator_key=KEY, consensus_key=KEY,
                   checkpoint_key=KEY, transport_key=KEY)
VALIDATORS = List(VALIDATOR, 64)

EVENT_ID = Struct(document=DIGEST, index=U32, part=U32)


def ends_epoch(header):
    """Whether the header's block is the last of its epoch (proofs.md, §4, The walk)."""
    return (header.next_validators != header.validators or
            header.next_trust_policy != header.trust_policy)


def is_transaction_signed(transaction):
    body = transaction.body
    return is_signed(body.signer.key, domain("tx/v1") + encode(BODY, body), transaction.signature)


def transaction_id(transaction):
    return tagged("tx/v1", encode(BODY, transaction.body))


def validators_digest(validators):
    return tagged("validators/v1", encode(VALIDATORS, validators))
