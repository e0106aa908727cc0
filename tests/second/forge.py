"""Proofs under a journal of one's own, for tests: what a proof holds can be changed at will.

A proof that is changed without its signatures is refused by the first rules of docs/spec/proofs.md,
§4. Here the changed entries get trees, a header and signatures of keys that a trust file made
for the purpose names, so that the rules of the claims have to judge them.
"""

import dataclasses
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import notes, texts, trees, trust
from .encoding import Fields, decode, encode
from .entries import BODY, ENTRY
from .proof_file import spell

FILLER = bytes(32)  # The leaf hash of every entry that the proof does not hold.
TIME = 1_790_000_000


class Signer:
    """An Ed25519 key from a seed of one byte, repeated."""

    def __init__(self, seed):
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message):
        return self.private.sign(message)


VALIDATOR = Signer(1)
PARTY_KEY = Signer(2)


@dataclasses.dataclass
class Draft:
    """What a proof holds, apart from all that follows from it."""

    origin: str
    size: int       # How many entries are before the header.
    header: dict
    claim: dict     # As in the file.
    entries: dict   # Position -> decoded entry, or bytes.
    chunks: dict    # Index -> 256 bytes.


def draft_of(file_bytes):
    """What a proof file holds."""
    content = json.loads(file_bytes)
    held = {each["position"]: decode(ENTRY, texts.from_base64(each["entry"], ""))
            for each in content["entries"]}
    chunks = {each["index"]: texts.from_base64(each["bits"], "") for each in content["chunks"]}
    header = decode(ENTRY, texts.from_base64(content["header"]["entry"], ""))
    return Draft(content["checkpoint"].split("\n")[0], header.position, header,
                 content["claim"], held, chunks)


def trust_file(origin):
    return trust.canonical_text(origin, {"forger": VALIDATOR.public}, 1)


def forge(draft):
    """The file of a proof of the draft under `trust_file` of its origin."""
    entries, claim = signed_anew(draft)
    held = {position: entry if isinstance(entry, bytes) else encode(ENTRY, entry)
            for position, entry in sorted(entries.items())}
    size = draft.size
    journal = [trees.leaf_hash(held[at]) if at in held else FILLER for at in range(size)]
    chunks = [trees.chunk_leaf(at, draft.chunks[at]) if at in draft.chunks else FILLER
              for at in range(trees.chunk_count(size))]
    header = Fields({**draft.header, "journal_root": trees.root_of(journal),
                     "active_root": trees.root_of(chunks),
                     "trust_policy": trust.parse(trust_file(draft.origin)).digest()})
    header_bytes = encode(ENTRY, header)
    journal.append(trees.leaf_hash(header_bytes))
    paths = paths_of(journal)
    chunk_paths = paths_of(chunks)
    return spell({
        "checkpoint": checkpoint(draft.origin, journal),
        "chunks": [{"bits": texts.to_base64(bits), "index": at, "path": path_of(chunk_paths, at)}
                   for at, bits in sorted(draft.chunks.items())],
        "claim": claim,
        "entries": [{"entry": texts.to_base64(data), "path": path_of(paths, at), "position": at}
                    for at, data in held.items()],
        "format": "fenrun-proof",
        "handovers": [],
        "header": {"entry": texts.to_base64(header_bytes), "path": path_of(paths, size)},
        "version": 2})


def spelt(path):
    return [texts.to_base64(sibling) for sibling in path]


def path_of(paths, index):
    """None for what lies outside the tree: it is refused for its index."""
    return spelt(paths[index]) if index < len(paths) else []


def checkpoint(origin, journal):
    root = texts.to_base64(trees.root_of(journal))
    body = f"{origin}\n{len(journal)}\n{root}\n".encode()
    cosigned = f"cosignature/v1\ntime {TIME}\n".encode() + body
    log = notes.VerifierKey(origin, notes.LOG, VALIDATOR.public)
    witness = notes.VerifierKey(f"{origin}/forger", notes.COSIGNATURE, VALIDATOR.public)
    signatures = [(log, VALIDATOR.sign(body)),
                  (witness, TIME.to_bytes(8, "big") + VALIDATOR.sign(cosigned))]
    lines = [f"{notes.DASH}{key.name} {texts.to_base64(key.key_id + signature)}\n"
             for key, signature in signatures]
    return f"{body.decode()}\n{''.join(lines)}"


def paths_of(leaves):
    """The path of every leaf, the leaf's own sibling first."""
    if len(leaves) < 2:
        return [[] for _ in leaves]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:split], leaves[split:]
    left_root, right_root = trees.root_of(left), trees.root_of(right)
    return ([[*path, right_root] for path in paths_of(left)] +
            [[*path, left_root] for path in paths_of(right)])


def signed_anew(draft):
    """Entries and claim with each transaction signed over the operations that are held."""
    entries, paths = dict(draft.entries), {}
    for position, entry in draft.entries.items():
        if isinstance(entry, bytes) or entry.type != "transaction":
            continue
        held = {each.index: (at, each.payload) for at, each in draft.entries.items()
                if not isinstance(each, bytes) and each.type == "operation" and
                each.transaction == position and each.index < entry.body.operation_count}
        leaves = [trees.operation_leaf(held[index][1]) if index in held else FILLER
                  for index in range(min(entry.body.operation_count, 1000))]
        paths.update({held[index][0]: spelt(path)
                      for index, path in enumerate(paths_of(leaves)) if index in held})
        entries[position] = signed(entry, trees.root_of(leaves))
    return entries, with_paths(draft.claim, entries, paths)


def signed(transaction, operations_root):
    signer = Fields({**transaction.body.signer, "key": PARTY_KEY.public})
    body = Fields({**transaction.body, "signer": signer, "operations_root": operations_root})
    signature = PARTY_KEY.sign(trees.domain("tx/v1") + encode(BODY, body))
    return Fields({**transaction, "body": body, "signature": signature})


def with_paths(claim, entries, paths):
    """The claim with the paths that the operations have now."""
    if claim["type"] == "history":
        return {**claim, "operations": [
            {**each, "operation_path": paths.get(each["position"], each["operation_path"])}
            for each in claim["operations"]]}
    if "operation_path" not in claim:
        return claim
    at = claim["position"]
    if claim["type"] == "posting" and at in entries:
        at = entries[at].get("cause") if not isinstance(entries[at], bytes) else at
    return {**claim, "operation_path": paths.get(at, claim["operation_path"])}
