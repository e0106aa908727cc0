"""Every family of Records: how its keys and values read. docs/spec/records.md."""

from . import contracts as of
from . import families
from .encoding import (BOOL, DIGEST, I64, KEY, PARTY, TIME, U16, U32, U64, Blob, Bytes, Enum,
                       Integer, List, Optional, Reader, Struct, decode)
from .entries import BOOK, ENTRY, EVENT_ID, POSITION, VALIDATOR, transaction_id
from .errors import Refused, require

STATEMENT = Struct(count=U64, head=DIGEST, last=POSITION, debits=I64, credits=I64)
PARTY_RECORD = Struct(
    role=of.ROLE, parent=Optional(PARTY), attributes=of.ATTRIBUTES,
    keys=List(Struct(purpose=of.PURPOSE, key=KEY, valid_from=of.HEIGHT,
                     valid_until=Optional(of.HEIGHT)), 8),
    name_commitment=DIGEST, registered_by=Optional(PARTY), registered_at=POSITION,
    objected_at=Optional(POSITION))
PROPOSAL = Struct(terms=of.PROPOSE_CHANGE, state=Enum("open", "applied"), proposed_at=POSITION,
                  approvals=List(PARTY, 64))
POLICY_RECORD = Struct(
    terms=of.POLICY, publisher=PARTY, stage=Enum("published", "countersigned"),
    effective_until=TIME, published_at=POSITION, countersigned=List(PARTY, 8))
BRAND_POLICIES = Struct(policies=List(Struct(
    policy=U32, version=U32, campaign=U32, triggers=U16, counts_by_store=BOOL,
    effective_from=TIME, effective_until=TIME), 64))
PERIOD = Struct(kind=of.PERIOD_KIND, opens=TIME, closes=TIME, opened_at=Optional(POSITION),
                closed_at=Optional(POSITION))
PAYOUT = Struct(terms=of.INSTRUCT_PAYOUT, state=Enum("instructed", "paid", "failed"), attempt=U32,
                acknowledged=BOOL, instructed_at=POSITION, settled_at=Optional(POSITION),
                provider=DIGEST)
ACTIVITY = Struct(activity=of.RECORD_ACTIVITY, signer=PARTY, recorded_at=POSITION,
                  withdrawn_by=Optional(PARTY), withdrawn_at=Optional(POSITION))


class Rest(Bytes):
    """What is left of a key."""

    def __init__(self):
        super().__init__(0)

    def read(self, reader):
        return reader.take(reader.left())


class RestText(Rest):
    def read(self, reader):
        return super().read(reader).decode()

    def view(self, value):
        return value


UNIT_KEY = dict(batch=U32, level=of.LEVEL, index=U32)
RANGE_KEY = dict(batch=U32, level=of.LEVEL, first=U32)
# Family -> its name in JSON, the fields of its keys behind the family byte, and its values.
FAMILIES = {
    1: ("statement", dict(party=PARTY, book=BOOK, campaign=U32, asset=U32, period=U32), STATEMENT),
    16: ("party", dict(party=PARTY), PARTY_RECORD),
    17: ("lane", dict(party=PARTY, lane=U16), Struct(next=U64, last=DIGEST)),
    18: ("public_key", dict(key=KEY), Struct(party=PARTY, purpose=of.PURPOSE,
                                             term=Optional(Struct(first=U64, last=Optional(U64))))),
    19: ("recovery", dict(party=PARTY), Struct(new_key=KEY, proposer=PARTY,
                                               approver=Optional(PARTY), due=Optional(TIME))),
    20: ("validator", dict(index=U16), VALIDATOR),
    21: ("parameters", {}, of.PARAMETERS),
    22: ("proposal", dict(proposal=DIGEST), PROPOSAL),
    23: ("campaign", dict(campaign=U32), Struct(brand=PARTY, name=DIGEST, opened_at=POSITION)),
    24: ("policy", dict(policy=U32, version=U32), POLICY_RECORD),
    25: ("brand_policies", dict(brand=PARTY), BRAND_POLICIES),
    26: ("period", dict(campaign=U32, period=U32), PERIOD),
    27: ("period_start", dict(campaign=U32, opens=TIME), U32),
    28: ("fund", dict(campaign=U32, asset=U32, funder=PARTY),
         Struct(declared=I64, backed=I64, earned=I64, settled=I64)),
    29: ("unit_batch", dict(batch=U32), of.UNIT_BATCH),
    30: ("unit", UNIT_KEY, of.UNIT),
    31: ("epc", dict(epc=RestText()), of.UNIT_ID),
    32: ("event", dict(document=DIGEST, index=U32, part=U32), of.EVENT_RECORD),
    33: ("payout", dict(payout=Bytes(16)), PAYOUT),
    34: ("schedule", dict(due=TIME, subject=Rest()), of.SYSTEM_WORK),
    35: ("schedule_cursor", {}, Struct(next=Blob(255))),
    36: ("member", dict(number=U16),
         Struct(name=of.NAME, party=PARTY, transport_key=KEY, admitted_at=POSITION,
                keys_replaced_at=Optional(of.HEIGHT), replacements=List(TIME, 4))),
    37: ("member_name", dict(name=RestText()), U16),
    38: ("network", {}, Struct(name=of.NAME, next_member=U32, members=U16)),
    39: ("readiness", dict(number=U16),
         Struct(operator_key=KEY, consensus_key=KEY, checkpoint_key=KEY, height=of.HEIGHT,
                block=DIGEST)),
    40: ("evidence", dict(evidence=DIGEST),
         Struct(evidence=of.RECORD_EVIDENCE, party=PARTY, submitter=PARTY, recorded_at=POSITION)),
    41: ("fault_count", dict(party=PARTY), Struct(count=U32)),
    42: ("epoch_end", dict(epoch=U64), Struct(height=of.HEIGHT, time=TIME)),
    43: ("commissioned", RANGE_KEY, of.COMMISSIONED_RANGE),
    44: ("voided", RANGE_KEY, of.VOIDED_RANGE),
    45: ("claim_bits", dict(batch=U32, chunk=U32), of.UNIT_BITS),
    46: ("claim", dict(batch=U32, index=U32), of.CLAIM_RECORD),
    47: ("event_hash", dict(event_hash=DIGEST), EVENT_ID),
    48: ("content", dict(container_batch=U32, container_level=of.LEVEL, container_index=U32,
                         **UNIT_KEY), BOOL),
    49: ("counters", dict(batch=U32, region=U32, month=U16), of.COUNTERS),
    50: ("sscc_block", dict(block=U64), U32),
    51: ("erasure", dict(subject=Bytes(16)), Struct(by=PARTY, recorded_at=POSITION)),
    52: ("history_bits", dict(batch=U32, level=of.LEVEL, chunk=U32), of.UNIT_BITS),
    53: ("activity", dict(place=PARTY, kind=of.ACTIVITY_KIND, reference=DIGEST), ACTIVITY),
    54: ("store_counters", dict(month=U16, store=PARTY, batch=U32), of.COUNTERS),
}


def decoded(record):
    """What a Record says, as JSON; nothing where it does not read as its family's."""
    name, fields, kind = FAMILIES.get(record.key[0] if record.key else 0, (None, None, None))
    if name is None:
        return None
    try:
        facts = {"family": name, "key": key_view(fields, record.key[1:])}
        return {**facts, **value_view(kind, record)}
    except Refused:
        return None


def key_view(fields, data):
    """Of the key of a scope's sentinel the fields that it has; numbers are big-endian."""
    reader, view = Reader(data), {}
    for name, kind in fields.items():
        if not reader.left():
            break
        if isinstance(kind, Integer):
            view[name] = kind.view(int.from_bytes(reader.take(kind.size), "big"))
        else:
            view[name] = kind.view(kind.read(reader))
    require(not reader.left(), "trailing_bytes")
    return view


def value_view(kind, record):
    if record.value is None:
        return {}
    if families.scope_of(record.key) is None:
        return {"value": kind.view(decode(kind, record.value))}
    link = decode(families.linked(kind), record.value)
    view = {} if link.value is None else {"value": kind.view(link.value)}
    return view if link.next is None else {**view, "next": link.next.hex()}


def entry_view(position, entry):
    """An entry as the JSON of docs/spec/api.md, §4, with what its bytes mean."""
    view = {"position": position, **ENTRY.view(entry)}
    if entry.type == "transaction":
        view["id"] = transaction_id(entry).hex()
    elif entry.type == "operation":
        add_decoded(view, "operation", of.OPERATION, entry.payload)
    elif entry.type == "system":
        add_decoded(view, "work", of.SYSTEM_WORK, entry.payload)
    elif entry.type == "record" and (said := decoded(entry)):
        view["decoded"] = said
    return view


def add_decoded(view, name, kind, data):
    try:
        view[name] = kind.view(decode(kind, data))
    except Refused:
        pass  # An operation may be journaled whose bytes are none: operation_undecodable.
