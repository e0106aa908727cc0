#!/usr/bin/env python3
"""Checks that the tables of docs/spec that repeat the code still match it.

  docs/spec/limits.md    core/limits.h: every constant with its value, in order
  docs/spec/errors.md    core/error.h: every code with its name and hint, in order
  docs/spec/encoding.md  core/crypto/hash.cc: every domain with its tag, in order

Prints one line a fault; exits 1 if any.

  scripts/check_docs.py --write  rewrites the table of errors and the values of limits
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = re.compile(r"(<!-- checked: begin -->\n)(.*?)(<!-- checked: end -->)", re.S)
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.M)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def limits_of(header):
    """[(name, value)] of the constants of core/limits.h, each a product of numbers."""
    found = re.findall(r"inline constexpr std::(?:size_t|uint\d+_t) (k\w+) = ([^;]+);", header)
    values = []
    for name, expression in found:
        product = 1
        for factor in expression.replace("'", "").split("*"):
            product *= int(factor)
        values.append((name, f"{product:,}"))
    return values


def errors_of(header):
    """[(number, name, hint)] of the list in core/error.h."""
    text = re.sub(r"\\\n", "\n", header)
    text = re.sub(r'"\s*\n\s*"', "", text)
    return re.findall(r'X\((\w+),\s*(\d+),\s*"([^"]*)"\)', text)


def domains_of(source):
    """[(domain, tag)] of the table in core/crypto/hash.cc."""
    return re.findall(r'\{Domain::(\w+), "([^"]+)"\}', source)


def rows_of(document):
    """[(first cell, the other cells)] of the checked table."""
    table = TABLE.search(document)
    return ROW.findall(table.group(2)) if table else []


def errors_table(errors):
    lines = ["| name | number | what to do |", "|---|---|---|"]
    lines += [f"| `{name}` | {number} | {hint} |" for name, number, hint in errors]
    return "\n".join(lines) + "\n"


def with_values(document, limits):
    """The table of limits with today's values; a new constant gets an empty reason."""
    reasons = {name: cells.split(" | ", 1)[1] for name, cells in rows_of(document)}
    lines = ["| limit | value | reason |", "|---|---|---|"]
    lines += [f"| `{name}` | {value} | {reasons.get(name, '')} |" for name, value in limits]
    return "\n".join(lines) + "\n"


def rewrite(path, table):
    document = read(path)
    text = TABLE.sub(lambda match: match.group(1) + table + match.group(3), document)
    (ROOT / path).write_text(text, encoding="utf-8")


def compare(path, expected, actual):
    """Faults where two lists differ, named by their first items."""
    faults = [f"{path}: no row for {item}" for item in expected if item not in actual]
    faults += [f"{path}: not in the code: {item}" for item in actual if item not in expected]
    if not faults and expected != actual:
        faults.append(f"{path}: the rows are not in the order of the code")
    return faults


def check():
    faults = []
    rows = rows_of(read("docs/spec/limits.md"))
    faults += compare("docs/spec/limits.md", limits_of(read("core/limits.h")),
                      [(name, cells.split(" | ")[0]) for name, cells in rows])
    faults += [f"docs/spec/limits.md: {name} has no reason" for name, cells in rows
               if not cells.split(" | ", 1)[1].strip()]
    faults += compare("docs/spec/errors.md",
                      [(name, f"{number} | {hint}")
                       for name, number, hint in errors_of(read("core/error.h"))],
                      rows_of(read("docs/spec/errors.md")))
    rows = rows_of(read("docs/spec/encoding.md"))
    faults += compare("docs/spec/encoding.md", domains_of(read("core/crypto/hash.cc")),
                      [(name, cells.split(" | ")[0].strip("`")) for name, cells in rows])
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        rewrite("docs/spec/errors.md", errors_table(errors_of(read("core/error.h"))))
        rewrite("docs/spec/limits.md", with_values(read("docs/spec/limits.md"),
                                                   limits_of(read("core/limits.h"))))
    faults = check()
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
