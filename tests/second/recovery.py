"""What ends an epoch in place of a checkpoint: docs/spec/recovery.md, §1, §2 and §5."""

from . import entries, texts, trees
from .encoding import (DIGEST, KEY, SIGNATURE, TIME, U64, Blob, Enum, Fields, List, Optional,
                       Struct, Text, decode, encode)
from .errors import require
from .signatures import is_signed, is_valid_key
from .trust import canonical_text

TAG = "fenrun-recovery/v1"
TEXT_BYTES_MAX = 65_536
INVALID = "recovery_invalid"

TIP = Struct(epoch=U64, height=U64, block_id=DIGEST, size=U64, root=DIGEST)
UNFINISHED = Optional(Struct(view=U64, block_id=DIGEST))
LOSS = Enum("none", "votes", "everything")
STATED = dict(name=Text(63), loss=LOSS, unfinished=UNFINISHED, consensus_key=KEY,
              checkpoint_key=KEY, time=TIME)
STATEMENT = Struct(**STATED, possession=SIGNATURE, signature=SIGNATURE)
SIGNED = Struct(chain_id=DIGEST, tip=TIP, **STATED)
ANCHOR = Struct(checkpoint=Text(65_536), entry=Blob(65_535), path=List(DIGEST, 63))
RECOVERY = Struct(chain_id=DIGEST, tip=TIP, validators=entries.VALIDATORS,
                  statements=List(STATEMENT, 64), anchor=Optional(ANCHOR))


def is_recovery(text):
    return text.partition("\n")[0] == TAG


def read(text):
    """A recovery that holds by §2."""
    require(len(text.encode()) <= TEXT_BYTES_MAX, INVALID, "too long")
    lines = text.split("\n")
    require(len(lines) == 3 and lines[0] == TAG and lines[2] == "", INVALID, "form")
    recovery = decode(RECOVERY, texts.from_base64(lines[1], INVALID))
    check_statements(recovery)
    check_keys(recovery)
    check_nothing_is_left_behind(recovery)
    return recovery


def quorum(count):
    return count - (count - 1) // 3


def check_statements(recovery):
    names = [validator.name for validator in recovery.validators]
    stated = [statement.name for statement in recovery.statements]
    require(len(set(stated)) == len(stated) and
            stated == [name for name in names if name in stated], INVALID, "order of statements")
    require(names and stated == names, "recovery_incomplete", "a statement is missing")
    for validator, statement in zip(recovery.validators, recovery.statements):
        signed = trees.domain("recovery/v1") + encode(SIGNED, Fields(
            {"chain_id": recovery.chain_id, "tip": recovery.tip, **statement}))
        require(is_signed(statement.consensus_key, signed, statement.possession) and
                is_signed(validator.operator_key, signed, statement.signature), INVALID,
                statement.name)


def check_keys(recovery):
    old = {validator[name] for validator in recovery.validators
           for name in ("operator_key", "consensus_key", "checkpoint_key", "transport_key")}
    new = [statement[name] for statement in recovery.statements
           for name in ("consensus_key", "checkpoint_key")]
    require(len(set(new)) == len(new) and not old & set(new), INVALID, "a new key is none")
    require(all(map(is_valid_key, new)), INVALID, "a new key is no point")


def check_nothing_is_left_behind(recovery):
    statements = recovery.statements
    unfinished = sum(statement.unfinished is not None and
                     statement.unfinished.block_id != recovery.tip.block_id
                     for statement in statements)
    lost = sum(statement.loss != "none" for statement in statements)
    all_lost = any(statement.loss == "everything" for statement in statements)
    require(not (unfinished and all_lost and unfinished + lost >= quorum(len(statements))),
            "recovery_unsafe")


def validators_after(recovery):
    """§3: the validators under their new keys, in the order of the consensus keys."""
    renewed = [Fields({**validator, "consensus_key": statement.consensus_key,
                       "checkpoint_key": statement.checkpoint_key})
               for validator, statement in zip(recovery.validators, recovery.statements)]
    return sorted(renewed, key=lambda validator: validator.consensus_key)


def policy_after(recovery, origin):
    """§5: the canonical trust policy of the validators under their new keys."""
    keys = {validator.name: validator.checkpoint_key for validator in validators_after(recovery)}
    ordered = dict(sorted(keys.items(), key=lambda item: item[1]))
    return canonical_text(origin, ordered, quorum(len(keys)))
