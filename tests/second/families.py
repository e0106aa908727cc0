"""Families of Records and their scopes: docs/spec/records.md."""

from .encoding import BOOL, Blob, Optional, Reader, Struct

STATEMENT, PARTY, LANE, POLICY, PERIOD, FUND, BATCH, UNIT = 1, 16, 17, 24, 26, 28, 29, 30
EVENT, PAYOUT, FAULTS, COMMISSIONED, VOIDED, CLAIM_BITS, CLAIM = 32, 33, 41, 43, 44, 45, 46
HISTORY_BITS = 52
COUNTERS, STORE_COUNTERS = 49, 54

# Family -> bytes of a scope: the family's byte, and a party, a campaign, a batch or nothing.
SCOPE_BYTES = {
    STATEMENT: 17, PARTY: 1, LANE: 17, POLICY: 1, PERIOD: 5, FUND: 5, PAYOUT: 1, FAULTS: 1,
    COMMISSIONED: 5, VOIDED: 5, CLAIM_BITS: 5, HISTORY_BITS: 5}

NEXT_KEY = Optional(Blob(255))
LINK_START = Struct(next=NEXT_KEY, has_value=BOOL)


def linked(kind):
    """The value of a Record of an ordered family."""
    return Struct(next=NEXT_KEY, value=Optional(kind))


def scope_of(key):
    """The beginning of the key that is its scope, or None if its family is not ordered."""
    size = SCOPE_BYTES.get(key[0]) if key else None
    return key[:size] if size else None


def link_start(value):
    """What a value begins with, whatever the family's own values are (proofs.md, Absence)."""
    return LINK_START.read(Reader(value))
