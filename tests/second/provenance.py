"""The whole recorded history of a unit of goods: docs/spec/proofs.md, §6."""

import dataclasses

from . import codes, contracts, families
from .encoding import Fields, encode
from .errors import require
from .history import INCOMPLETE, batch_key, level_key, number, operation_of, unit_key
from .history import unit_of
from .state import MISMATCH
from .trees import tagged

EVENTS_MAX = 1_000
TAKES_OUT = ("receiving", "retail_selling", "returning", "destroying")


@dataclasses.dataclass(frozen=True)
class Situation:
    """In which unit a unit is, and whether what was printed into it was taken out."""

    container: Fields | None = None
    container_epc: str | None = None
    is_emptied: bool = False


@dataclasses.dataclass(frozen=True)
class Stay:
    """In a container, from one position to another, both included; None: until now."""

    container: Fields
    begin: int
    end: int


class Life:
    """A unit: how it was commissioned, its own events, and where it was after each."""

    def __init__(self, history, lives, unit):
        self.history = history
        self.lives = lives
        self.unit = unit
        self.batch = history.value(batch_key(families.BATCH, unit.batch), contracts.UNIT_BATCH)
        require(self.batch, "batch_unknown", str(unit.batch))
        self.codes = self.batch.codes
        require(not self.codes or codes.are_whole(self.codes), MISMATCH, "codes of a batch")
        self.record = history.value(unit_key(unit), contracts.UNIT)
        self.range = None
        self.own = []
        self.timeline = []  # (position, Situation), ascending.
        if self.codes:
            self.begin_as_printed()
        else:
            require(self.record, "unit_unknown", "no record of the unit")
        self.epc = codes.identifier(self.codes, unit) if self.codes else self.record.epc
        self.regular = self.regular_life()
        self.replay()
        self.check_record()

    def begin_as_printed(self):
        unit = self.unit
        require(codes.is_printed(self.codes, unit), "unit_unknown", "no such code was printed")
        found = self.history.range_around(families.COMMISSIONED, contracts.COMMISSIONED_RANGE,
                                          unit)
        require(found, "code_inactive", "the code was not commissioned")
        first, self.range = found
        event = self.history.event(self.range.event)
        units = Fields(batch=unit.batch, level=unit.level, first=first, count=self.range.count)
        head = tagged("unit/v1", self.chain_id, encode(contracts.RANGE, units))
        require(self.link(head, event) == self.range.head, MISMATCH, "head of a range")
        self.own.append(event)

    @property
    def chain_id(self):
        return self.history.evidence.header.chain_id

    def link(self, head, event):
        return tagged("unit-next/v1", head, self.history.evidence.leaves[event.position])

    def regular_life(self):
        """Of the container in which it was printed, if that is commissioned."""
        place = self.codes and codes.regular_container(self.codes, self.unit)
        if not place:
            return None
        container = Fields(batch=self.unit.batch, level=place[0], index=place[1])
        found = self.history.range_around(families.COMMISSIONED, contracts.COMMISSIONED_RANGE,
                                          container)
        return self.lives.of(container) if found else None

    # ---- Own events ----------------------------------------------------------------------------

    def replay(self):
        """§6, Own events and Containers."""
        if self.codes:
            self.timeline = self.regular_timeline()
            self.check_history_bit()
        if not self.record:
            return
        chain = tagged("unit/v1", self.chain_id, encode(contracts.UNIT_ID, self.unit))
        count, undo = 0, None
        for position in sorted(self.history.events):
            event = self.history.events[position]
            if self.codes and position <= self.own[0].position:
                continue
            now = self.situation_before(position)
            if not (event.names(self.unit, self.epc) or count and self.is_emptied_out(event, now)):
                continue
            self.history.need_event(event)
            if not self.own:
                require(event.operation.kind == "commissioning", MISMATCH, "not commissioned")
            chain, count = self.link(chain, event), count + 1
            after, undo = self.situation_after(event, now, undo)
            if count == 1 and self.codes:
                self.timeline = [each for each in self.timeline if each[0] < position]
            self.timeline.append((position, after))
            self.own.append(event)
        require((count, chain) == (self.record.events, self.record.head), INCOMPLETE,
                f"own events of {self.epc}")

    def is_emptied_out(self, event, now):
        return event.empties and now.container is not None and \
            event.operation.parent == now.container_epc

    def check_history_bit(self):
        if self.record is None:
            key = level_key(families.HISTORY_BITS, self.unit.batch, self.unit.level,
                            self.unit.index // 1024)
            require(not self.history.bit(key, self.unit.index), INCOMPLETE,
                    f"no record of {self.epc}")

    def regular_timeline(self):
        """Of a printed unit before its first own event: in its container until that is emptied."""
        begin = self.own[0].position
        if self.regular is None:
            return [(begin, Situation())]
        begin_in = max(begin, self.regular.own[0].position)
        timeline = [(begin, Situation())] if begin < begin_in else []
        for position in [begin_in, *(at for at, _ in self.regular.timeline if at > begin_in)]:
            is_out = self.regular.situation_at(position).is_emptied
            there = Situation() if is_out else Situation(self.regular.unit, self.regular.epc)
            timeline.append((position, there))
        return timeline

    def situation_at(self, position):
        return next((each for at, each in reversed(self.timeline) if at <= position), Situation())

    def situation_before(self, position):
        return self.situation_at(position - 1)

    def situation_after(self, event, now, undo):
        """What follows from an own event, and what a correction would restore."""
        if event.is_correction:
            return self.situation_after_correction(event, now, undo)
        kind, parent = event.operation.kind, event.operation.parent
        after = now
        if kind == "packing" and parent != self.epc:
            after = dataclasses.replace(now, container=self.container(parent),
                                        container_epc=parent)
        elif kind == "unpacking" and parent != self.epc or kind in TAKES_OUT:
            after = dataclasses.replace(now, container=None, container_epc=None)
        elif event.empties and self.holds_a_level():
            after = dataclasses.replace(now, is_emptied=True)
        return after, undo if kind == "observed" else (event.operation.id, now)

    def holds_a_level(self):
        return self.codes and codes.holds_a_level(self.codes, self.unit.level)

    def situation_after_correction(self, event, now, undo):
        original = event.record.corrects
        if original is None:
            return now, undo
        record = self.history.event_record(original)
        require(record.reversed_at == event.position, MISMATCH,
                f"another than {event.position} corrected it")
        if record.status != "reversed":
            return now, undo
        require(undo and undo[0] == original, MISMATCH,
                f"{event.position} takes back what was not the last event of {self.epc}")
        return undo[1], None

    def container(self, epc):
        """The unit that a packing names: of higher rank, with a Record."""
        unit = self.history.identifiers.get(epc)
        require(unit, INCOMPLETE, f"no record of a container {epc}")
        self.history.value(unit_key(unit), contracts.UNIT)
        require(codes.RANKS[unit.level] > codes.RANKS[self.unit.level], MISMATCH,
                f"{epc} is no container of {self.epc}")
        return unit

    # ---- As of now -----------------------------------------------------------------------------

    @property
    def now(self):
        return self.timeline[-1][1]

    def check_record(self):
        if self.record is None:
            return
        said = self.record.now
        is_emptied = said.released is not None
        require(said.parent == self.now.container and is_emptied == self.now.is_emptied, MISMATCH,
                f"the record of {self.epc} says another container")

    def containers(self):
        """From the innermost to the outermost."""
        if self.now.container is None:
            return []
        life = self.lives.of(self.now.container)
        return [life, *life.containers()]

    def custody(self):
        """§6, Now: of a unit that is in no container."""
        if self.record:
            return self.record.now.custody
        if self.regular and self.regular.now.is_emptied:
            return self.regular.record.now.released
        return Fields(state="commissioned", holder=self.range.place, consignee=None, hold="none")

    # ---- The history ---------------------------------------------------------------------------

    def stays(self):
        """In which containers it was, in order."""
        stays, since = [], None
        for position, situation in self.timeline:
            if since and since.container != situation.container:
                stays.append(dataclasses.replace(since, end=position))
                since = None
            if situation.container and since is None:
                since = Stay(situation.container, position, None)
        return stays + [since] if since else stays

    def tell(self, begin, end, told):
        """Adds to position -> (life, event) what happened to it and what it was in."""
        for event in self.own:
            if begin <= event.position and (end is None or event.position <= end):
                told.setdefault(event.position, (self, event))
        for stay in self.stays():
            last = min((each for each in (stay.end, end) if each is not None), default=None)
            if last is None or max(begin, stay.begin) <= last:
                self.lives.of(stay.container).tell(max(begin, stay.begin), last, told)


class Lives:
    """Each unit once."""

    def __init__(self, history):
        self.history = history
        self.known = {}

    def of(self, unit):
        key = unit_key(unit)
        if key not in self.known:
            self.known[key] = Life(self.history, self, unit)
        return self.known[key]


def facts_of(history):
    """The facts of a history that is complete."""
    history.read_events()
    require(len(history.events) <= EVENTS_MAX, "limit_exceeded", "events")
    life = Lives(history).of(unit_of(history.subject))
    told = {}
    life.tell(life.own[0].position, None, told)
    code, claimed = code_facts(life, history)
    history.check_all_needed()
    events = [event_facts(of, event, of is life) for _, (of, event) in sorted(told.items())]
    containers = life.containers()
    outermost = containers[-1] if containers else life
    return {
        "unit": contracts.UNIT_ID.view(life.unit),
        "epc": life.epc,
        "brand": life.batch.brand.hex(),
        "product": life.batch.product,
        "lot": life.codes.lot if life.codes else "",
        "events": sorted(events + claimed, key=lambda event: event["position"]),
        "custody": contracts.CUSTODY.view(outermost.custody()),
        "containers": [each.epc for each in containers],
        **code}


def event_facts(life, event, is_itself):
    operation, record = event.operation, event.record
    facts = {
        "position": event.position, "kind": record.kind, "status": record.status,
        "standing": operation.standing, "time": contracts.TIME.view(record.time),
        "signer": record.signer.hex(), "epc": life.epc, "itself": is_itself,
        "container": operation.parent, "place": record.place.hex(),
        "counterparty": record.counterparty and record.counterparty.hex(),
        "id": contracts.EVENT_ID.view(operation.id),
        "corrects": record.corrects and contracts.EVENT_ID.view(record.corrects)}
    return {name: value for name, value in facts.items() if value is not None}


def code_facts(life, history):
    """§6, The code: whether it was voided and used, and the claim that used it as an event."""
    if not life.codes:
        return {}, []
    facts = {"commissioned": contracts.COMMISSIONED_RANGE.view(life.range)}
    voided = history.range_around(families.VOIDED, contracts.VOIDED_RANGE, life.unit)
    if voided:
        facts["voided"] = voided[1].reason
    if life.unit.level != "item" or life.codes.path == "none":
        return facts, []
    key = batch_key(families.CLAIM_BITS, life.unit.batch) + number(life.unit.index // 1024)
    facts["used"] = history.bit(key, life.unit.index)
    if not facts["used"]:
        return facts, []
    record = history.value(batch_key(families.CLAIM, life.unit.batch) + number(life.unit.index),
                           contracts.CLAIM_RECORD)
    if record is None:
        return facts, []  # Who used it is not shown.
    facts["claim"] = contracts.CLAIM_RECORD.view(record)
    return facts, [claim_event(life, record, history)]


def claim_event(life, record, history):
    position = record.recorded_at
    entry = history.operations.get(position)
    require(entry, INCOMPLETE, "no operation of the claim")
    operation = operation_of(entry)
    require(entry.outcome == "ok" and operation and
            operation.type in ("claim_code", "attest_claim") and operation.claim == record.claim,
            MISMATCH, "another claim")
    history.needed.add(position)
    facts = {"position": position, "kind": "claiming", "status": "recorded",
             "standing": "asserted", "time": contracts.TIME.view(record.claim.time),
             "signer": record.submitter.hex(), "epc": life.epc, "itself": True,
             "place": record.claim.store and record.claim.store.hex()}
    return {name: value for name, value in facts.items() if value is not None}
