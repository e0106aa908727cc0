"""Seeded changes of proof files and of what they hold, for tests."""

import copy
import json

from . import contracts, encoding, families, forge, records, texts
from .encoding import Fields, decode, encode
from .entries import ENTRY
from .errors import Refused
from .proof_file import spell

INTEGERS = (0, 1, 2, 2**16 - 1, 2**32 - 1, 2**53, 2**63 - 1)


# ---- The file's bytes, and its JSON --------------------------------------------------------------

def altered_bytes(data, random):
    """A bit turned, an end cut off, bytes doubled, left out or put elsewhere."""
    at = random.randrange(len(data))
    other = random.randrange(len(data))
    length = random.randrange(1, 100)
    piece = data[at:at + length]
    rest = data[:at] + data[at + length:]
    return random.choice([
        lambda: data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:],
        lambda: data[:at],
        lambda: data[:at] + piece + data[at:],
        lambda: rest,
        lambda: rest[:other] + piece + rest[other:]])()


def altered_json(data, random):
    """The file with one value of its JSON changed, spelt canonically."""
    content = json.loads(data)
    places = list(places_in(content))
    holder, name = random.choice(places)
    if isinstance(holder, list) and random.random() < 0.5:
        rearrange(holder, random)
    elif isinstance(holder, dict) and random.random() < 0.05:
        del holder[name]
    else:
        holder[name] = altered_value(holder[name], random, places)
    return spell(content)


def places_in(value):
    """Every holder and name, or index, within it."""
    if isinstance(value, (dict, list)):
        for name in value if isinstance(value, dict) else range(len(value)):
            yield value, name
            yield from places_in(value[name])


def rearrange(items, random):
    at, other = random.randrange(len(items)), random.randrange(len(items))
    random.choice([
        lambda: items.pop(at),
        lambda: items.insert(other, copy.deepcopy(items[at])),
        lambda: items.insert(other, items.pop(at))])()


def altered_value(value, random, places):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice([value + 1, max(value - 1, 0), *INTEGERS])
    if isinstance(value, str):
        return altered_text(value, random)
    same = [holder[name] for holder, name in places
            if type(holder[name]) is type(value) and holder[name] is not value]
    return copy.deepcopy(random.choice(same)) if same else value


def altered_text(text, random):
    if "\n" in text:
        return altered_lines(text, random)
    try:
        data = bytearray(texts.from_base64(text, ""))
        write = texts.to_base64
    except Refused:
        return text[::-1]
    if len(text) % 2 == 0 and texts.HEXADECIMAL.fullmatch(text):
        data, write = bytearray.fromhex(text), bytearray.hex
    if not data:
        return write(bytearray(1))
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return write(data[:random.choice([len(data), len(data), random.randrange(len(data))])])


def altered_lines(text, random):
    """Of a note or a trust file: lines moved, doubled or left out, or a word changed."""
    lines = text.split("\n")
    if random.random() < 0.6:
        rearrange(lines, random)
        return "\n".join(lines)
    at = random.randrange(len(lines))
    words = lines[at].split(" ")
    word = random.randrange(len(words))
    words[word] = altered_word(words[word], random)
    lines[at] = " ".join(words)
    return "\n".join(lines)


def altered_word(word, random):
    if word.isdigit():
        return str(random.choice([int(word) + 1, max(int(word) - 1, 0), *INTEGERS]))
    return random.choice([word + word, word[1:], word.swapcase(), f" {word}", f"{word}\t", "none",
                          "any", "all", "validators", altered_text(word.strip() or "A", random)])


# ---- What it holds -------------------------------------------------------------------------------

def altered_draft(draft, random):
    """The draft of a proof with one thing changed."""
    if not draft.entries:
        return draft
    changed = forge.Draft(draft.origin, draft.size, draft.header, copy.deepcopy(draft.claim),
                          dict(draft.entries), dict(draft.chunks))
    random.choice([alter_entry, alter_entry, alter_entry, alter_meaning, alter_meaning,
                   alter_meaning, move_entry, alter_bits, alter_claim, alter_header])(
                       changed, random)
    return changed


def alter_entry(draft, random):
    at = random.choice(list(draft.entries))
    if isinstance(draft.entries[at], bytes):
        return
    if random.random() < 0.1:
        data = encode(ENTRY, draft.entries[at])
        draft.entries[at] = altered_bytes(data, random)
    else:
        draft.entries[at] = vary(ENTRY, draft.entries[at], random)


def alter_meaning(draft, random):
    """A field within an operation or within the value of a Record."""
    places = [at for at, entry in draft.entries.items() if meaning_of(entry)]
    if not places:
        return
    at = random.choice(places)
    name, kind = meaning_of(draft.entries[at])
    value = decode(kind, draft.entries[at][name])
    changed = encode(kind, vary(kind, value, random))
    draft.entries[at] = Fields({**draft.entries[at], name: changed})


def meaning_of(entry):
    """The field of an entry whose bytes have a meaning, and their kind, if there is one."""
    if isinstance(entry, bytes) or entry.type not in ("operation", "record"):
        return None
    if entry.type == "operation":
        name, kind = "payload", contracts.OPERATION
    else:
        family = records.FAMILIES.get(entry.key[0] if entry.key else 0)
        kind = family and family[2]
        name, kind = "value", families.linked(kind) if families.scope_of(entry.key) else kind
    return (name, kind) if reads_as(kind, entry[name]) else None


def reads_as(kind, data):
    if kind is None or data is None:
        return False
    try:
        decode(kind, data)
        return True
    except Refused:
        return False


def move_entry(draft, random):
    """To another place, or into another's, or away."""
    at, other = random.choice(list(draft.entries)), random.choice(list(draft.entries))
    moved = draft.entries.pop(at)
    random.choice([
        lambda: None,
        lambda: draft.entries.update({at + random.choice([-1, 1]): moved}),
        lambda: draft.entries.update({other: moved, at: draft.entries.get(other, moved)}),
        lambda: draft.entries.update({at: moved, random.randrange(draft.size): moved})
    ])()


def alter_bits(draft, random):
    if not draft.chunks:
        return
    index = random.choice(list(draft.chunks))
    bits = bytearray(draft.chunks[index])
    at = random.choice(list(draft.entries)) % 2048
    bits[at // 8] ^= 1 << at % 8
    draft.chunks[index] = bytes(bits)
    if random.random() < 0.2:
        del draft.chunks[index]


def alter_claim(draft, random):
    holder, name = random.choice(list(places_in(draft.claim)))
    if isinstance(holder, list) and random.random() < 0.7:
        rearrange(holder, random)
    elif isinstance(holder[name], (int, str)) and name != "type":
        holder[name] = altered_value(holder[name], random, [])


def alter_header(draft, random):
    draft.header = vary(ENTRY, draft.header, random)


def vary(kind, value, random):
    """The value with one part changed, of the same kind as far as its parts have limits."""
    if isinstance(kind, (encoding.Struct, encoding.Variant)):
        return vary_field(kind, value, random)
    if isinstance(kind, encoding.Optional):
        return vary_optional(kind, value, random)
    if isinstance(kind, encoding.List):
        return vary_list(kind, value, random)
    if isinstance(kind, encoding.Integer):
        low, high = (-2**63, 2**63 - 1) if kind.signed else (0, 2**(8 * kind.size) - 1)
        return min(max(random.choice([value + 1, value - 1, -value, *INTEGERS]), low), high)
    if isinstance(kind, encoding.Enum):
        return random.choice(kind.names)
    if isinstance(kind, encoding.BoolKind):
        return not value
    if isinstance(kind, encoding.OutcomeKind):
        return random.choice(list(kind.names.values()))
    if isinstance(kind, encoding.Text):
        return random.choice([value[:-1], value[::-1], (value + "0")[-kind.limit:]])
    return vary_bytes(value, random, isinstance(kind, encoding.Blob))


def vary_field(kind, value, random):
    fields = kind.fields if isinstance(kind, encoding.Struct) else kind.kinds[value.type].fields
    if not fields:
        return value
    name = random.choice(list(fields))
    return Fields({**value, name: vary(fields[name], value[name], random)})


def vary_optional(kind, value, random):
    if value is not None:
        return vary(kind.kind, value, random) if random.random() < 0.7 else None
    zeros = encoding.Reader(bytes(4096))
    return kind.kind.read(zeros)


def vary_list(kind, value, random):
    if not value:
        return value
    at = random.randrange(len(value))
    changed = [*value]
    if isinstance(kind, encoding.Array) or random.random() < 0.5:
        changed[at] = vary(kind.kind, value[at], random)
    else:
        rearrange(changed, random)
    return changed[:kind.limit]


def vary_bytes(value, random, may_shrink):
    if not value:
        return value
    if may_shrink and random.random() < 0.2:
        return value[:random.randrange(len(value))]
    changed = bytearray(value)
    changed[random.randrange(len(value))] ^= 1 << random.randrange(8)
    return bytes(changed)
