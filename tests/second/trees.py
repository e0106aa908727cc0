"""Hashes, domains and Merkle trees: docs/spec/encoding.md, Hashes; docs/spec/proofs.md, §1."""

import hashlib

from .errors import require

EMPTY_ROOT = hashlib.sha256(b"").digest()
CHUNK_BITS = 2048
CHUNK_BYTES = CHUNK_BITS // 8


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag, *parts):
    """The hash of a domain, whose tag is fenrun/<tag>."""
    return sha256(domain(tag), *parts)


def domain(tag):
    return f"fenrun/{tag}".encode()


def leaf_hash(*parts):
    return sha256(b"\0", *parts)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def operation_leaf(payload):
    return leaf_hash(domain("operation/v1"), payload)


def chunk_leaf(index, bits):
    return leaf_hash(domain("active/v1"), index.to_bytes(8, "little"), bits)


def path_root(leaf, index, size, path):
    """Where a path leads to, as RFC 9162, 2.1.3.2, verifies inclusion."""
    require(index < size, "index_out_of_range", f"{index} of {size}")
    position, last, root, rest = index, size - 1, leaf, list(path)
    while last:
        if position & 1 or position < last:
            require(rest, "path_length_wrong", f"of leaf {index} of {size}")
            sibling = rest.pop(0)
            root = node_hash(sibling, root) if position & 1 else node_hash(root, sibling)
        position, last = position >> 1, last >> 1
    require(not rest, "path_length_wrong", f"of leaf {index} of {size}")
    return root


def check_path(leaf, index, size, path, root):
    require(path_root(leaf, index, size, path) == root, "root_mismatch", f"leaf {index}")


def root_before(path):
    """The root over all leaves before the last one, from that one's path (§4, rule 4)."""
    if not path:
        return EMPTY_ROOT
    root = path[0]
    for sibling in path[1:]:
        root = node_hash(sibling, root)
    return root


def root_of(leaves):
    """The root of RFC 6962 over leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def chunk_count(entries):
    return -(-entries // CHUNK_BITS)
