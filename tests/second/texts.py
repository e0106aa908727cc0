"""Text forms that have one spelling: docs/spec/encoding.md, Text forms; checkpoints.md, §1."""

import base64
import binascii
import re

from .errors import Refused, require

DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
HEXADECIMAL = re.compile(r"(?:[0-9a-f]{2})*")
KEY_NAME = re.compile(r"[!-*,-~]{1,200}")


def decimal(text, code, limit=2**63 - 1):
    require(DECIMAL.fullmatch(text) and len(text) < 20 and int(text) <= limit, code,
            f"no number: {text[:40]}")
    return int(text)


def from_base64(text, code):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Refused(code, "no base64") from error
    require(base64.b64encode(data).decode() == text, code, "no base64")
    return data


def from_hex(text, code):
    require(HEXADECIMAL.fullmatch(text), code, "no hexadecimal")
    return bytes.fromhex(text)


def is_key_name(text):
    return KEY_NAME.fullmatch(text) is not None


def to_base64(data):
    return base64.b64encode(data).decode()
