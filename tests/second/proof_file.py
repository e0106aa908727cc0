"""Proof files: docs/spec/proofs.md, §2 and §3."""

import dataclasses
import json

from . import texts
from .errors import Refused, require
from .trees import CHUNK_BYTES

MALFORMED = "proof_malformed"
NOT_CANONICAL = "proof_not_canonical"
FILE_BYTES_MAX = 67_108_864
TEXT_BYTES_MAX = 65_536
ENTRY_BYTES_MAX = 65_535
KEY_BYTES_MAX = 255
PATH_MAX = 63
LIST_MAX = 100_000
HANDOVERS_MAX = 1_024
NUMBER_MAX = 2**53 - 1
VERSION = 2


@dataclasses.dataclass(frozen=True)
class Leaf:
    """An entry's bytes and its path; a header, where the position follows from the note."""

    data: bytes
    path: tuple
    position: int = -1


@dataclasses.dataclass(frozen=True)
class Chunk:
    index: int
    bits: bytes
    path: tuple


@dataclasses.dataclass(frozen=True)
class Handover:
    checkpoint: str
    header: Leaf
    policy: str


@dataclasses.dataclass(frozen=True)
class Proof:
    version: int
    claim: dict
    checkpoint: str
    header: Leaf
    entries: tuple
    chunks: tuple
    handovers: tuple


def read(data):
    """The proof in a file; there is one spelling (§3)."""
    require(len(data) <= FILE_BYTES_MAX, MALFORMED, "too long")
    content = parse_json(data)
    proof = proof_of(content)
    require(spell(content) == data, NOT_CANONICAL, "another spelling")
    return proof


def parse_json(data):
    def integer(text):
        require(len(text) < 20 and int(text) <= NUMBER_MAX, NOT_CANONICAL, f"{text} is too large")
        return int(text)

    def no_number(text):
        raise Refused(NOT_CANONICAL, f"{text} is no integer")
    try:
        return json.loads(data.decode("utf-8"), parse_int=integer, parse_float=no_number,
                          parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(MALFORMED, "no JSON") from error


def spell(content):
    """RFC 8785, then LF. All names are ASCII and all numbers integers here."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError as error:
        raise Refused(MALFORMED, "half a surrogate pair") from error


def members(value, required, optional=()):
    """The members of an object; an unknown name is another spelling of the file."""
    require(isinstance(value, dict), MALFORMED, "no object")
    for name in required:
        require(name in value, MALFORMED, f"{name} is missing")
    for name in value:
        require(name in required or name in optional, NOT_CANONICAL, f"name {name}")
    return value


def number(value):
    require(type(value) is int and value >= 0, MALFORMED, "no number")
    return value


def flag(value):
    require(isinstance(value, bool), MALFORMED, "neither true nor false")
    return value


def text(value, limit):
    require(isinstance(value, str), MALFORMED, "no text")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise Refused(MALFORMED, "half a surrogate pair") from error
    require(size <= limit, MALFORMED, "a text is too long")
    return value


def items(value, limit, read_item):
    require(isinstance(value, list) and len(value) <= limit, MALFORMED, "no list, or too long")
    return tuple(read_item(item) for item in value)


def base64_bytes(value, least, most):
    data = texts.from_base64(text(value, FILE_BYTES_MAX), MALFORMED)
    require(least <= len(data) <= most, MALFORMED, "length of bytes")
    return data


def hex_bytes(value, least, most):
    data = texts.from_hex(text(value, FILE_BYTES_MAX), MALFORMED)
    require(least <= len(data) <= most, MALFORMED, "length of bytes")
    return data


def key(value):
    return hex_bytes(value, 0, KEY_BYTES_MAX)


def path(value):
    return items(value, PATH_MAX, lambda item: base64_bytes(item, 32, 32))


def header(value):
    fields = members(value, ["entry", "path"])
    return Leaf(base64_bytes(fields["entry"], 0, ENTRY_BYTES_MAX), path(fields["path"]))


def entry(value):
    fields = members(value, ["entry", "path", "position"])
    return Leaf(base64_bytes(fields["entry"], 0, ENTRY_BYTES_MAX), path(fields["path"]),
                number(fields["position"]))


def chunk(value):
    fields = members(value, ["bits", "index", "path"])
    return Chunk(number(fields["index"]),
                 base64_bytes(fields["bits"], CHUNK_BYTES, CHUNK_BYTES), path(fields["path"]))


def handover(value):
    fields = members(value, ["checkpoint", "header", "policy"])
    return Handover(text(fields["checkpoint"], TEXT_BYTES_MAX), header(fields["header"]),
                    text(fields["policy"], TEXT_BYTES_MAX))


def policy_record(value):
    fields = members(value, ["record"], ["successor"])
    return {name: number(fields[name]) for name in fields}


def operation(value):
    fields = members(value, ["operation_path", "position"])
    return {"operation_path": path(fields["operation_path"]),
            "position": number(fields["position"])}


def keys(value):
    return items(value, LIST_MAX, key)


CLAIMS = {
    "transaction": {"position": number, "with_operations": flag},
    "operation": {"operation_path": path, "position": number},
    "posting": {"operation_path": path, "position": number, "policy": policy_record},
    "record": {"key": key},
    "absence": {"key": key},
    "account": {"party": lambda value: hex_bytes(value, 16, 16)},
    "history": {"absent": keys, "records": keys, "subject": key,
                "operations": lambda value: items(value, LIST_MAX, operation)},
}
OPTIONAL = ("policy",)


def claim(value):
    require(isinstance(value, dict) and value.get("type") in list(CLAIMS), MALFORMED,
            "no claim of a known kind")
    readers = CLAIMS[value["type"]]
    fields = members(value, ["type", *(name for name in readers if name not in OPTIONAL)],
                     [name for name in readers if name in OPTIONAL])
    return {"type": fields["type"], **{name: read_field(fields[name])
                                       for name, read_field in readers.items() if name in fields}}


def proof_of(value):
    fields = members(value, ["checkpoint", "chunks", "claim", "entries", "format", "handovers",
                             "header", "version"])
    require(fields["format"] == "fenrun-proof", MALFORMED, "another format")
    require(number(fields["version"]) == VERSION, "proof_version", str(fields["version"]))
    return Proof(fields["version"], claim(fields["claim"]),
                 text(fields["checkpoint"], TEXT_BYTES_MAX), header(fields["header"]),
                 items(fields["entries"], LIST_MAX, entry),
                 items(fields["chunks"], LIST_MAX, chunk),
                 items(fields["handovers"], HANDOVERS_MAX, handover))
