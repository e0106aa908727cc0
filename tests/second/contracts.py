"""Operations, system work and values of Records.

docs/spec/contracts.md, Operations and System work; records.md, Values; codes.md; genesis.md.
"""

from .encoding import (BOOL, DIGEST, I64, KEY, PARTY, SIGNATURE, TIME, U8, U16, U32, U64, Array,
                       Blob, Bytes, Enum, List, Optional, Struct, Text, Variant, decode)
from .entries import EVENT_ID, POSITION, VALIDATOR
from .recovery import STATEMENT as RECOVERY_STATEMENT
from .recovery import TIP

HEIGHT = U64
ROLE = Enum("brand", "distributor", "subdistributor", "store", "organizer", "auditor", "gateway",
            "device", "custodian")
CHANNEL = Enum("unspecified", "offline", "ecommerce", "group_buy")
PURPOSE = Enum("transactions", "consensus", "checkpoint", "transport")
EVENT_KIND = Enum("commissioning", "receiving", "retail_selling", "packing", "unpacking",
                  "opening", "shipping", "void_shipping", "returning", "destroying", "releasing",
                  "observed", "claiming")
STANDING = Enum("asserted", "erroneous")
LEVEL = Enum("item", "case", "logistic", "box")
CLAIM_PATH = Enum("none", "bearer", "gateway")
CLAIM_GATE = Enum("commissioned", "received")
VOID_REASON = Enum("leaked", "damaged", "recalled")
ACTIVITY_KIND = Enum("restock_order", "ecommerce_order", "group_buy_order", "sale", "share",
                     "display")
PERIOD_KIND = Enum("per_event", "calendar", "manual")
RAIL = Enum("wechat", "alipay", "bank", "credit_note")
VOTE_KIND = Enum("notarize", "nullify", "finalize")
PRODUCT = Text(14)
IDENTIFIER = Text(48)
NAME = Text(63)

ATTRIBUTES = Struct(channel=CHANNEL, region=U32, grade=U8)
PARAMETERS = Struct(block_interval_ms=U32, idle_interval_ms=U32, recovery_delay_ms=U64,
                    block_bytes_max=U32, block_operations_max=U32, event_skew_ms=U32)
REGISTER_PARTY = Struct(
    party=PARTY, role=ROLE, parent=Optional(PARTY), attributes=ATTRIBUTES,
    keys=List(Struct(purpose=PURPOSE, key=KEY, possession=SIGNATURE), 4), name_commitment=DIGEST)
PROPOSE_CHANGE = Struct(
    change=Variant(
        set_parameters=Struct(parameters=PARAMETERS), admit_party=Struct(party=REGISTER_PARTY),
        admit_member=Struct(name=NAME, party=PARTY, transport_key=KEY, possession=SIGNATURE),
        remove_member=Struct(name=NAME), add_validator=Struct(name=NAME),
        remove_validator=Struct(name=NAME),
        recover_party=Struct(party=PARTY, new_key=KEY, possession=SIGNATURE)),
    valid_until=HEIGHT)

RULE = Struct(
    trigger=EVENT_KIND,
    selector=Struct(products=List(PRODUCT, 64), channels=List(CHANNEL, 64),
                    regions=List(U32, 64), place_roles=List(ROLE, 64), only_at_holder=BOOL),
    payee=Enum("place", "place_parent", "event_signer"),
    earning=Variant(flat_per_event=Struct(amount=I64, basis=Enum("per_event", "per_unit"))))
POLICY = Variant(v1=Struct(
    policy=U32, version=U32, campaign=U32, effective_from=TIME, effective_until=TIME,
    countersigners=List(PARTY, 8), funding=List(Struct(funder=PARTY, ppm=U32), 8), asset=U32,
    rules=List(RULE, 16), counts_by_store=BOOL, text=DIGEST))

RANGE = Struct(batch=U32, level=LEVEL, first=U32, count=U32)
RECORD_EVENT = Struct(
    kind=EVENT_KIND, standing=STANDING, time=TIME, place=PARTY, counterparty=Optional(PARTY),
    id=EVENT_ID, event_hash=Optional(DIGEST), batch=Optional(U32), parent=Optional(IDENTIFIER),
    units=List(IDENTIFIER, 1000), ranges=List(RANGE, 64))
INSTRUCT_PAYOUT = Struct(payout=Bytes(16), payee=PARTY, campaign=U32, asset=U32, period=U32,
                         amount=I64, rail=RAIL)
VOTE = Struct(kind=VOTE_KIND, epoch=U64, view=U64, parent_view=U64, block=DIGEST,
              signature=SIGNATURE)
RECORD_EVIDENCE = Struct(accused=KEY, first=VOTE, second=VOTE)
CODE_SET = dict(
    levels=List(Struct(level=LEVEL, gtin=PRODUCT, count=U32, per_parent=U32), 4),
    sscc_first=Optional(U64), root=DIGEST, path=CLAIM_PATH, gateway=Optional(PARTY),
    gate=CLAIM_GATE, lot=Text(20))
CODE_CLAIM = Struct(batch=U32, index=U32, claimant=Bytes(16), store=Optional(PARTY), region=U32,
                    time=TIME)
ACTIVITY_ID = Struct(place=PARTY, kind=ACTIVITY_KIND, reference=DIGEST)
RECORD_ACTIVITY = Struct(
    id=ACTIVITY_ID, time=TIME, counterparty=Optional(PARTY), subject=Optional(Bytes(16)),
    reached=Optional(Bytes(16)), lines=List(Struct(product=PRODUCT, quantity=U32), 128),
    value=Optional(Struct(asset=U32, amount=I64)), evidence=List(DIGEST, 16), source=EVENT_ID)

OPERATION = Variant(
    register_party=REGISTER_PARTY,
    rotate_key=Struct(old_key=KEY, new_key=KEY, purpose=PURPOSE, valid_from=HEIGHT,
                      possession=SIGNATURE),
    propose_recovery=Struct(party=PARTY, new_key=KEY, possession=SIGNATURE),
    approve_recovery=Struct(party=PARTY, new_key=KEY),
    object_to_recovery=Struct(party=PARTY),
    open_lane=Struct(lane=U16),
    propose_change=PROPOSE_CHANGE,
    approve_change=Struct(proposal=DIGEST),
    open_campaign=Struct(campaign=U32, name=DIGEST),
    publish_policy=Struct(policy=POLICY),
    countersign_policy=Struct(policy=U32, version=U32, digest=DIGEST),
    open_period=Struct(campaign=U32, period=U32, kind=PERIOD_KIND, opens=TIME, closes=TIME),
    declare_budget=Struct(campaign=U32, asset=U32, amount=I64),
    attest_backing=Struct(funder=PARTY, campaign=U32, asset=U32, amount=I64, evidence=DIGEST),
    open_unit_batch=Struct(batch=U32, product=PRODUCT),
    record_event=RECORD_EVENT,
    instruct_payout=INSTRUCT_PAYOUT,
    settle_payout=Struct(payout=Bytes(16), attempt=U32, result=Enum("paid", "failed"),
                         provider=DIGEST),
    acknowledge_payout=Struct(payout=Bytes(16)),
    replace_validator_keys=Struct(name=NAME, consensus_key=KEY, checkpoint_key=KEY,
                                  transport_key=KEY, possession=SIGNATURE,
                                  checkpoint_possession=SIGNATURE,
                                  transport_possession=Optional(SIGNATURE)),
    report_ready=Struct(name=NAME, consensus_key=KEY, checkpoint_key=KEY, height=HEIGHT,
                        block=DIGEST, possession=SIGNATURE, checkpoint_possession=SIGNATURE),
    record_evidence=RECORD_EVIDENCE,
    register_codes=Struct(batch=U32, **CODE_SET),
    void_codes=Struct(range=RANGE, reason=VOID_REASON),
    claim_code=Struct(claim=CODE_CLAIM, key=KEY, signature=SIGNATURE, path=List(DIGEST, 24)),
    attest_claim=Struct(claim=CODE_CLAIM),
    erase_subject=Struct(subject=Bytes(16)),
    record_activity=RECORD_ACTIVITY,
    withdraw_activity=Struct(id=ACTIVITY_ID))

GENESIS = Struct(
    version=U16, network=NAME, time=TIME, parameters=PARAMETERS, validators=List(VALIDATOR, 64),
    parties=List(Struct(party=PARTY, role=ROLE, parent=Optional(PARTY), attributes=ATTRIBUTES,
                        key=KEY, name_commitment=DIGEST), 128))


class GenesisBytes(Blob):
    """The BCS of a genesis, in its turn encoded as bytes."""

    def view(self, value):
        return GENESIS.view(decode(GENESIS, value))


SYSTEM_WORK = Variant(
    genesis=Struct(genesis=GenesisBytes(30_000)),
    period_opened=Struct(campaign=U32, period=U32),
    period_closed=Struct(campaign=U32, period=U32),
    recovery_ended=Struct(party=PARTY, new_key=KEY),
    network_recovered=Struct(tip=TIP, statements=List(RECOVERY_STATEMENT, 64)))

UNIT_ID = Struct(batch=U32, level=LEVEL, index=U32)
CUSTODY = Struct(
    state=Enum("commissioned", "received", "sold", "shipped", "returned", "destroyed"),
    holder=PARTY, consignee=Optional(PARTY), hold=Enum("none", "diverted"))
SITUATION = Struct(custody=CUSTODY, parent=Optional(UNIT_ID), released=Optional(CUSTODY))
UNIT = Struct(
    epc=IDENTIFIER, brand=PARTY, now=SITUATION, before=Optional(SITUATION), last=EVENT_ID,
    events=U32, head=DIGEST, earned=List(Struct(policy=U32, rule=U16), 64), earned_before=U8)
UNIT_BATCH = Struct(brand=PARTY, product=PRODUCT, opened_at=POSITION, counts=Array(U32, 4),
                    codes=Optional(Struct(**CODE_SET)))
UNIT_BITS = Struct(bits=Bytes(128))
COMMISSIONED_RANGE = Struct(count=U32, place=PARTY, event=EVENT_ID, head=DIGEST)
VOIDED_RANGE = Struct(count=U32, reason=VOID_REASON, voided_at=POSITION)
EARNINGS = List(Struct(
    policy=U32, version=U32, rule=U16,
    outcome=Enum("earned", "budget_exhausted", "no_payee", "reversed", "owed_back"), units=U32,
    amount=I64, payee=PARTY, period=U32), 64)
EVENT_RECORD = Struct(
    kind=EVENT_KIND, status=Enum("recorded", "diverted", "reversed", "disputed"), time=TIME,
    place=PARTY, counterparty=Optional(PARTY), signer=PARTY, recorded_at=POSITION,
    reversed_at=Optional(POSITION), corrects=Optional(EVENT_ID), units=U32,
    event_hash=Optional(DIGEST), counted=Struct(batch=U32, region=U32, month=U16),
    counted_by_store=BOOL, earnings=EARNINGS)
CLAIM_RECORD = Struct(
    claim=CODE_CLAIM, submitter=PARTY, recorded_at=POSITION,
    sight=Enum("unknown", "here", "elsewhere", "held"), counted_by_store=BOOL, earnings=EARNINGS)
COUNTERS = Struct(**dict.fromkeys((
    "commissioned", "shipped", "received", "opened", "sold", "returned", "destroyed", "diverted",
    "claimed", "claimed_elsewhere"), U64))
