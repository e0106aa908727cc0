"""What a proof holds: its entries and the Records that are current. docs/spec/proofs.md, §4."""

from . import families, trees
from .encoding import decode
from .entries import ENTRY, is_transaction_signed
from .errors import Refused, require

NOT_CANONICAL = "proof_not_canonical"
MISMATCH = "claim_mismatch"


class Evidence:
    """The entries and chunks of a proof under its Header; it notes what was needed."""

    def __init__(self, proof, note, header):
        self.header = header
        self.entries = {}
        self.leaves = {}
        self.chunks = {}
        self.needed_entries = set()
        self.needed_chunks = set()
        self.read_entries(proof.entries, note)
        self.read_chunks(proof.chunks)
        self.by_key = {}
        for position, entry in self.entries.items():
            if entry.type == "record":
                self.by_key.setdefault(entry.key, []).append(position)

    def read_entries(self, leaves, note):
        """Rule 10."""
        before = -1
        for leaf in leaves:
            require(leaf.position > before, NOT_CANONICAL, "order of entries")
            before = leaf.position
            require(leaf.position < note.size - 1, "index_out_of_range", f"{leaf.position}")
            digest = trees.leaf_hash(leaf.data)
            trees.check_path(digest, leaf.position, note.size, leaf.path, note.root)
            self.leaves[leaf.position] = digest
            try:
                self.entries[leaf.position] = decode(ENTRY, leaf.data)
            except Refused as error:
                raise Refused("entry_malformed", f"{leaf.position}: {error}") from error

    def read_chunks(self, chunks):
        """Rule 11."""
        before = -1
        count = trees.chunk_count(self.header.position)
        for chunk in chunks:
            require(chunk.index > before, NOT_CANONICAL, "order of chunks")
            before = chunk.index
            trees.check_path(trees.chunk_leaf(chunk.index, chunk.bits), chunk.index, count,
                             chunk.path, self.header.active_root)
            self.chunks[chunk.index] = chunk.bits

    def check_all_needed(self):
        """Rule 13."""
        require(self.needed_entries == self.entries.keys() and
                self.needed_chunks == self.chunks.keys(), NOT_CANONICAL, "more than is needed")

    def entry(self, position, kind, code=MISMATCH):
        found = self.entries.get(position)
        require(found and found.type == kind, code, f"no {kind} at {position}")
        self.needed_entries.add(position)
        return found

    def is_current(self, position):
        chunk, bit = divmod(position, trees.CHUNK_BITS)
        bits = self.chunks.get(chunk)
        return bits is not None and bits[bit // 8] >> bit % 8 & 1 == 1

    def current(self, position, code=MISMATCH):
        """The Record at a position, which is the newest of its key."""
        record = self.entry(position, "record")
        chunk = position // trees.CHUNK_BITS
        require(chunk in self.chunks, code, f"no chunk {chunk}")
        require(self.is_current(position), "not_current", f"{position}")
        self.needed_chunks.add(chunk)
        return record

    def record_position(self, key, code=MISMATCH):
        """Of the Record of a key: the current one, if there are several."""
        positions = self.by_key.get(key, [])
        require(positions, code, f"no record {key.hex()}")
        return next(filter(self.is_current, positions), positions[0])

    def record(self, key, code=MISMATCH):
        return self.current(self.record_position(key, code), code)

    def transaction(self, position):
        """One that was signed as it stands here, for this chain."""
        found = self.entry(position, "transaction")
        require(found.body.version == 1 and found.body.chain_id == self.header.chain_id,
                MISMATCH, "of another version or chain")
        require(is_transaction_signed(found), MISMATCH, "signature of a transaction")
        return found

    def operation(self, position, path):
        """One that is a leaf of the operations that its transaction's signer signed."""
        found = self.entry(position, "operation")
        require(found.transaction < position, MISMATCH, "a transaction that is not older")
        body = self.transaction(found.transaction).body
        trees.check_path(trees.operation_leaf(found.payload), found.index, body.operation_count,
                         path, body.operations_root)
        return found

    def check_absent(self, key, before):
        """Whether the current Record at `before` shows that a key does not exist."""
        scope = families.scope_of(key)
        require(scope and len(key) > len(scope), MISMATCH, f"{key.hex()} is of no ordered family")
        record = self.current(before)
        require(record.value is not None and record.key.startswith(scope) and record.key < key,
                MISMATCH, f"no record before {key.hex()}")
        try:
            link = families.link_start(record.value)
        except Refused as error:
            raise Refused(MISMATCH, f"value of {record.key.hex()}: {error}") from error
        require(link.has_value == (record.key != scope), MISMATCH, "sentinel")
        require(link.next is None or link.next > key, MISMATCH, f"{key.hex()} may exist")
        return record
