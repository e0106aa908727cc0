"""Why something is refused: the stable codes of docs/spec/errors.md."""

import pathlib

CODES = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "errors.txt"


class Refused(Exception):
    """What was read does not hold; the code is one of docs/spec/errors.md."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


def require(condition, code, detail=""):
    if not condition:
        raise Refused(code, detail)


def names_by_number():
    """Number -> name of every code: an outcome in the journal is one of them."""
    rows = (line.split() for line in CODES.read_text().splitlines())
    return {int(number): name for number, name in rows}
