#!/usr/bin/env python3
"""Checks the shape of files: what clang-format and clang-tidy leave to the eye.

Prints `core/x.cc:7: longer than 100 columns`, one line a fault; exits 1 if any.

  scripts/tidy.py              checks the tree
  scripts/tidy.py --self-test  checks this script
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from check_layers import code_lines

COLUMNS_MAX = 100
FILE_LINES_MAX = 600
TEST_FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70

CODE = {".h", ".cc", ".py", ".mjs", ".js", ".ts", ".svelte", ".cmake", ".sh", ".css"}
TEXT = CODE | {".md", ".txt", ".json", ".yml", ".toml", ".golden"}
PROSE_WIDTH = {".md", ".txt", ".json", ".golden", ".svelte"}  # Tables and data may be wide.
DATA = ("tests/vectors/", "tests/fuzz/corpus/", "tests/data/", "tests/epcis/",
        "node/web/claim/built/")
LOCK_FILES = {"package-lock.json"}

RULES = [
    (r"\busing namespace\b", {".h", ".cc"}, "'using namespace': name what you use"),
    (r"\bTODO\b(?!\(#\d+\))", CODE, "a TODO needs an issue: TODO(#12)"),
    (r"\b(FIXME|XXX|HACK)\b", CODE, "write TODO(#issue), or mend it"),
]


def functions(lines):
    """(first line, length) of each outermost function body: from the line of its `{` to its `}`."""
    blocks = []  # Open blocks: (is a function, line).
    head = ""    # What stands before the next brace.
    for number, line in enumerate(code_lines("\n".join(lines)), 1):
        if line.lstrip().startswith("#"):
            continue
        for char in line + "\n":
            if char == "{":
                outermost = not any(is_function for is_function, _ in blocks)
                blocks.append((outermost and "(" in head and "=" not in head, number))
                head = ""
            elif char == "}":
                is_function, first = blocks.pop() if blocks else (False, number)
                if is_function:
                    yield first, number - first + 1
                head = ""
            else:
                head = "" if char == ";" else head + char


def check_code(path, lines):
    suffix = Path(path).suffix
    is_test = path.startswith("tests/")
    limit = TEST_FILE_LINES_MAX if is_test else FILE_LINES_MAX
    if len(lines) > limit:
        yield 1, f"{len(lines)} lines, at most {limit}: split it"
    for pattern, suffixes, reason in RULES:
        for number, line in enumerate(lines, 1):
            if suffix in suffixes and re.search(pattern, line):
                yield number, reason
    if suffix == ".h" and "#pragma once" not in lines:
        yield 1, "a header needs #pragma once"
    if suffix in {".h", ".cc"}:
        for first, length in functions(lines):
            if length > FUNCTION_LINES_MAX:
                yield first, f"a function of {length} lines, at most {FUNCTION_LINES_MAX}"


def check(path, text):
    """Faults of one file, as (line, reason)."""
    suffix = Path(path).suffix
    faults = []
    if text and not text.endswith("\n"):
        faults.append((text.count("\n") + 1, "no newline at the end"))
    if text.endswith("\n\n"):
        faults.append((text.count("\n"), "empty lines at the end"))
    lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            faults.append((number, "a tab"))
        if "\r" in line:
            faults.append((number, "a carriage return"))
        if line != line.rstrip():
            faults.append((number, "space at the end of the line"))
        if len(line) > COLUMNS_MAX and suffix not in PROSE_WIDTH:
            faults.append((number, f"longer than {COLUMNS_MAX} columns"))
    if suffix in CODE and path != "scripts/tidy.py":  # It names what it refuses.
        faults.extend(check_code(path, lines))
    return sorted(faults)


def is_script(path):
    return path.parent.name in {"scripts", ".ci"} and path.suffix == ""


def tree(root):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, check=True, capture_output=True, text=True).stdout
    for name in sorted(set(listed.split("\0")) - {""}):
        path = root / name
        if not path.is_file() or path.name in LOCK_FILES or name.startswith(DATA):
            continue
        if path.suffix in TEXT or path.name == "CMakeLists.txt" or is_script(path):
            yield name, path.read_text(encoding="utf-8")


def function_of(lines):
    return "int f(int a) {\n" + "  ++a;\n" * (lines - 2) + "}\n"


SELF_TEST = [
    # (path, text, the only fault; None where there is none)
    ("core/x.h", "#pragma once\nclass A {\n  void f() {\n" + "  ++a;\n" * 69 + "  }\n};\n",
     (3, "a function of 71 lines, at most 70")),
    ("core/x.cc", "struct A {\n" + "  int a;\n" * 80 + "};\n", None),
    ("core/x.cc", "int x;\n", None),
    ("core/x.cc", "int x;", (1, "no newline at the end")),
    ("core/x.cc", "int x;\n\n", (2, "empty lines at the end")),
    ("core/x.cc", "int\tx;\n", (1, "a tab")),
    ("core/x.cc", "int x; \n", (1, "space at the end of the line")),
    ("core/x.cc", "//" + "x" * 98 + "\n", None),
    ("core/x.cc", "\n//" + "x" * 99 + "\n", (2, "longer than 100 columns")),
    ("docs/x.md", "x" * 200 + "\n", None),
    ("core/x.h", "int x;\n", (1, "a header needs #pragma once")),
    ("core/x.h", "#pragma once\n", None),
    ("core/x.cc", "using namespace std;\n", (1, "'using namespace': name what you use")),
    ("core/x.cc", "// TODO: later\n", (1, "a TODO needs an issue: TODO(#12)")),
    ("core/x.cc", "// TODO(#12): later\n", None),
    ("core/x.cc", "int x;\n" * 600, None),
    ("core/x.cc", "int x;\n" * 601, (1, "601 lines, at most 600: split it")),
    ("tests/x.cc", "int x;\n" * 1000, None),
    ("core/x.cc", function_of(70), None),
    ("core/x.cc", function_of(71), (1, "a function of 71 lines, at most 70")),
    ("core/x.cc", "namespace a {\n" + "int x;\n" * 80 + "}\n", None),
    ("core/x.cc", "void f(\n    int a) {\n" + "  ++a;\n" * 69 + "}\n",
     (2, "a function of 71 lines, at most 70")),
]


def self_test():
    failed = 0
    for path, text, expected in SELF_TEST:
        faults = check(path, text)
        if faults != ([] if expected is None else [expected]):
            failed += 1
            print(f"self-test: {path}: {text[:40]!r}: expected {expected}, got {faults}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--self-test", action="store_true")
    if parser.parse_args().self_test:
        return 1 if self_test() else 0
    faults = [f"{path}:{number}: {reason}"
              for path, text in tree(Path(__file__).resolve().parent.parent)
              for number, reason in check(path, text)]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
