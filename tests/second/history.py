"""What a history claim holds, read for the rules of docs/spec/proofs.md, §6.

A rule asks for a Record, for the absence of a key, or for an event; what was never asked for was
not needed, and the file is not canonical.
"""

import bisect
import dataclasses

from . import contracts, families
from .encoding import Fields, decode
from .errors import Refused, require
from .state import MISMATCH, NOT_CANONICAL

INCOMPLETE = "statement_incomplete"
LEVELS = contracts.LEVEL.names


def number(value, size=4):
    return value.to_bytes(size, "big")


def level_number(level):
    return bytes([LEVELS.index(level)])


def batch_key(family, batch):
    return bytes([family]) + number(batch)


def unit_key(unit):
    return level_key(families.UNIT, unit.batch, unit.level, unit.index)


def level_key(family, batch, level, index):
    return batch_key(family, batch) + level_number(level) + number(index)


def event_key(identity):
    return (bytes([families.EVENT]) + identity.document + number(identity.index) +
            number(identity.part))


def unit_of(key):
    """The unit of a key of family 30 (docs/spec/records.md)."""
    require(len(key) == 10 and key[0] == families.UNIT and key[5] < len(LEVELS), MISMATCH,
            "the subject is no unit")
    return Fields(batch=int.from_bytes(key[1:5], "big"), level=LEVELS[key[5]],
                  index=int.from_bytes(key[6:], "big"))


@dataclasses.dataclass(frozen=True)
class Event:
    """A recorded event: its operation and its EventRecord."""

    position: int
    operation: dict
    record: dict

    @property
    def is_correction(self):
        return self.operation.standing == "erroneous" or self.operation.kind == "void_shipping"

    @property
    def empties(self):
        """Whether it is an unpacking of everything that is in its container."""
        event = self.operation
        return (event.kind == "unpacking" and event.standing == "asserted" and
                not event.units and not event.ranges)

    def names(self, unit, epc):
        event = self.operation
        return (epc in event.units or event.parent == epc or
                any(each.batch == unit.batch and each.level == unit.level and
                    each.first <= unit.index < each.first + each.count
                    for each in event.ranges))


class History:
    """The Records, absences and operations of a claim, and which of them were needed."""

    def __init__(self, claim, evidence):
        self.evidence = evidence
        self.subject = claim["subject"]
        self.records = {key: evidence.record(key) for key in ascending(claim["records"])}
        self.absent = {key: self.before(key) for key in ascending(claim["absent"])}
        self.operations = {}
        ascending([each["position"] for each in claim["operations"]])
        for each in claim["operations"]:
            position = each["position"]
            self.operations[position] = evidence.operation(position, each["operation_path"])
        self.needed = set()
        self.events = {}       # Position -> Event.
        self.identifiers = {}  # Identifier -> unit, of all units that have a Record here.

    def before(self, key):
        """The Record that shows that a key is absent: of the greatest smaller key."""
        keys = sorted(self.evidence.by_key)
        at = bisect.bisect_left(keys, key)
        require(at, MISMATCH, f"no record before {key.hex()}")
        return self.evidence.check_absent(key, self.evidence.record_position(keys[at - 1]))

    def read_events(self):
        """Finds the events among the operations, and what they call the units."""
        for position, entry in self.operations.items():
            operation = operation_of(entry)
            if operation is None or operation.type != "record_event" or entry.outcome != "ok":
                continue
            record = self.value(event_key(operation.id), contracts.EVENT_RECORD, need=False)
            require(record, INCOMPLETE, f"no record of the event at {position}")
            require(record.recorded_at == position, MISMATCH, f"record of the event at {position}")
            self.events[position] = Event(position, operation, record)
        for key in self.records:
            if key[:1] == bytes([families.UNIT]):
                epc = self.value(key, contracts.UNIT, need=False).epc
                self.identifiers.setdefault(epc, unit_of(key))

    def value(self, key, kind, need=True):
        """The value of a Record that the claim names, or None."""
        record = self.records.get(key)
        if record is None:
            return None
        if need:
            self.needed.add(key)
        return decoded(kind, record)

    def linked(self, key, kind):
        link = self.value(key, families.linked(kind))
        return link and link.value

    def need_absent(self, key):
        """The Record that shows it."""
        require(key in self.absent, INCOMPLETE, f"neither a record nor the absence: {key.hex()}")
        self.needed.add(key)
        return self.absent[key]

    def need_event(self, event):
        self.needed.add(event.position)
        self.needed.add(event_key(event.operation.id))

    def event(self, identity):
        """The event of an id, together with its operation."""
        record = self.event_record(identity)
        event = self.events.get(record.recorded_at)
        require(event and event.operation.id == identity, INCOMPLETE,
                f"no event at {record.recorded_at}")
        self.needed.add(event.position)
        return event

    def event_record(self, identity):
        record = self.value(event_key(identity), contracts.EVENT_RECORD)
        require(record, INCOMPLETE, "no record of an event")
        return record

    def range_around(self, family, kind, unit):
        """§6, Ranges: first index and value of the range with the unit in it, or None."""
        prefix = batch_key(family, unit.batch) + level_number(unit.level)
        own = prefix + number(unit.index)
        keys = [key for key in self.records if key.startswith(prefix) and len(key) == len(own)
                and key <= own]
        for key in sorted(keys, reverse=True)[:1]:
            first, value = range_of(self.records[key], kind)
            if unit.index < first + value.count:
                self.needed.add(key)
                return first, value
        before = self.need_absent(own)
        if before.key.startswith(prefix) and len(before.key) == len(own):
            first, value = range_of(before, kind)
            require(first + value.count <= unit.index, MISMATCH, "a range is around it")
        return None

    def bit(self, key, index):
        """A bit of 1,024 units; where none is set there is no Record."""
        value = self.linked(key, contracts.UNIT_BITS)
        if value is None:
            self.need_absent(key)
            return False
        return value.bits[index % 1024 // 8] >> index % 8 & 1 == 1

    def check_all_needed(self):
        held = self.records.keys() | self.absent.keys() | self.operations.keys()
        require(self.needed == held, NOT_CANONICAL, "more than the history needs")


def ascending(values):
    require(all(first < second for first, second in zip(values, values[1:])), NOT_CANONICAL,
            "a list does not ascend")
    return values


def range_of(record, kind):
    """Its first index and its value."""
    value = decoded(families.linked(kind), record).value
    require(value, MISMATCH, f"{record.key.hex()} has no value")
    return int.from_bytes(record.key[-4:], "big"), value


def operation_of(entry):
    try:
        return decode(contracts.OPERATION, entry.payload)
    except Refused:
        return None  # Journaled as operation_undecodable.


def decoded(kind, record):
    require(record.value is not None, MISMATCH, f"{record.key.hex()} was removed")
    try:
        return decode(kind, record.value)
    except Refused as error:
        raise Refused("entry_malformed", f"{record.key.hex()}: {error}") from error
