"""Checkpoints as signed notes: docs/spec/checkpoints.md, §1 to §4."""

import dataclasses

from . import texts
from .errors import require
from .signatures import is_signed, is_valid_key
from .trees import EMPTY_ROOT, sha256

LOG, COSIGNATURE = b"\x01", b"\x04"
SIZE_MAX = 2**53 - 1
TIME_MAX = 2**63 - 1
NOTE_BYTES_MAX = 65_536
SIGNATURES_MAX = 100
DASH = "— "
MALFORMED = "checkpoint_malformed"


@dataclasses.dataclass(frozen=True)
class VerifierKey:
    """§1: a name, a type and a public key."""

    name: str
    kind: bytes
    key: bytes

    @property
    def key_id(self):
        return sha256(self.name.encode(), b"\n", self.kind, self.key)[:4]

    def __str__(self):
        return f"{self.name}+{self.key_id.hex()}+{texts.to_base64(self.kind + self.key)}"


def verifier_key(text, code):
    parts = text.split("+", 2)
    require(len(parts) == 3 and texts.is_key_name(parts[0]), code, f"no verifier key: {text}")
    data = texts.from_base64(parts[2], code)
    require(len(data) == 33 and data[:1] in (LOG, COSIGNATURE), code, f"type of key: {text}")
    key = VerifierKey(parts[0], data[:1], data[1:])
    require(parts[1] == key.key_id.hex(), code, f"key id: {text}")
    require(is_valid_key(key.key), code, f"no point of the main subgroup: {text}")
    return key


@dataclasses.dataclass(frozen=True)
class SignatureLine:
    name: str
    key_id: bytes
    signature: bytes

    @property
    def order(self):
        return self.name.encode(), self.key_id

    @property
    def time(self):
        """Of a cosignature, in seconds since 1970."""
        return int.from_bytes(self.signature[:8], "big")

    def holds(self, key, body):
        """§4: whether `key` made it over the body."""
        if key.kind == LOG:
            return len(self.signature) == 64 and is_signed(key.key, body, self.signature)
        if len(self.signature) != 72 or not 0 < self.time <= TIME_MAX:
            return False
        message = f"cosignature/v1\ntime {self.time}\n".encode() + body
        return is_signed(key.key, message, self.signature[8:])


@dataclasses.dataclass(frozen=True)
class Note:
    origin: str
    size: int
    root: bytes
    body: bytes
    lines: tuple


def note(text):
    """§2, §3: the text of a checkpoint, taken apart."""
    require(len(text.encode()) <= NOTE_BYTES_MAX, MALFORMED, "too long")
    body, blank, rest = text.partition("\n\n")
    parts = body.split("\n")
    require(blank and len(parts) == 3, MALFORMED, "no body of three lines")
    origin, size_text, root_text = parts
    require(texts.is_key_name(origin), MALFORMED, "origin")
    size = texts.decimal(size_text, MALFORMED, SIZE_MAX)
    root = texts.from_base64(root_text, MALFORMED)
    require(len(root) == 32 and (size or root == EMPTY_ROOT), MALFORMED, "root")
    lines = rest.split("\n")
    require(lines.pop() == "" and 1 <= len(lines) <= SIGNATURES_MAX, MALFORMED, "signatures")
    return Note(origin, size, root, f"{body}\n".encode(), tuple(map(signature_line, lines)))


def signature_line(text):
    words = text.split(" ")
    require(len(words) == 3 and text.startswith(DASH) and texts.is_key_name(words[1]), MALFORMED,
            "signature line")
    data = texts.from_base64(words[2], MALFORMED)
    require(5 <= len(data) <= 4 + 4096, MALFORMED, "length of a signature")
    return SignatureLine(words[1], data[:4], data[4:])
