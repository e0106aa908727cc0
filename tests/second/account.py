"""A party's complete account: docs/spec/proofs.md, §4, Account; docs/spec/ledger.md, §4."""

from . import families, records
from .encoding import PARTY, Fields, decode, encode
from .entries import STATEMENT_ID
from .errors import Refused, require
from .records import entry_view
from .trees import tagged

INCOMPLETE = "statement_incomplete"
AMOUNT_MAX = 2**63 - 1
LINKED_STATEMENT = families.linked(records.STATEMENT)
BOOKS = STATEMENT_ID.fields["book"].names


def check(claim, evidence):
    party = claim["party"]
    scope = bytes([families.STATEMENT]) + party
    statements, key = [], scope
    while key is not None:
        link = linked_statement(evidence.record(key, INCOMPLETE))
        require((link.value is None) == (key == scope), INCOMPLETE, f"sentinel {key.hex()}")
        if link.value is not None:
            statements.append(statement_facts(statement_id(key), link.value, evidence))
        require(link.next is None or link.next > key and link.next.startswith(scope), INCOMPLETE,
                "the next statement is none of the party's")
        key = link.next
    return {"party": party.hex(), "statements": statements}


def linked_statement(record):
    require(record.value is not None, INCOMPLETE, "a statement was removed")
    try:
        return decode(LINKED_STATEMENT, record.value)
    except Refused as error:
        raise Refused("entry_malformed", f"statement: {error}") from error


def statement_id(key):
    """From the key, whose numbers are big-endian (docs/spec/records.md)."""
    require(len(key) == 30 and key[17] < len(BOOKS), "entry_malformed", "key of a statement")
    campaign, asset, period = (int.from_bytes(key[at:at + 4], "big") for at in (18, 22, 26))
    return Fields(party=key[1:17], book=BOOKS[key[17]], campaign=campaign, asset=asset,
                  period=period)


def statement_facts(identity, statement, evidence):
    postings = postings_of(identity, statement, evidence)
    head = tagged("statement/v1", evidence.header.chain_id, encode(STATEMENT_ID, identity))
    sums = {"source": 0, "destination": 0}
    for position, posting, side in postings:
        head = tagged("statement-next/v1", head, evidence.leaves[position])
        require(posting.amount > 0, "entry_malformed", "an amount that is not above zero")
        sums[side] += posting.amount
        require(sums[side] <= AMOUNT_MAX, "entry_malformed", "a sum beyond 64 bits")
    require(head == statement.head and sums["source"] == statement.debits and
            sums["destination"] == statement.credits, INCOMPLETE, "head or sums")
    balance = statement.credits - statement.debits
    account = {name: identity[name] for name in ("book", "campaign", "asset")}
    return {"account": {"party": PARTY.view(identity.party), **account},
            "period": identity.period, **records.STATEMENT.view(statement), "balance": balance,
            "postings": [entry_view(position, posting) for position, posting, _ in postings]}


def postings_of(identity, statement, evidence):
    """Position, Posting and side of all postings of a statement, oldest first."""
    found, position = [], statement.last
    for number in range(statement.count, 0, -1):
        posting = evidence.entry(position, "posting", INCOMPLETE)
        sides = [side for side in ("source", "destination")
                 if identity_of(posting, posting[side]) == identity]
        require(len(sides) == 1, INCOMPLETE, f"{position} is not of the statement")
        side = posting[sides[0]]
        require(side.number == number, INCOMPLETE, f"number of {position}")
        found.append((position, posting, sides[0]))
        require((side.previous is None) == (number == 1), INCOMPLETE, f"previous of {position}")
        if number > 1:
            require(side.previous < position, INCOMPLETE, f"previous of {position}")
            position = side.previous
    return found[::-1]


def identity_of(posting, side):
    return Fields(party=side.party, book=side.book, campaign=posting.campaign,
                  asset=posting.asset, period=posting.period)
