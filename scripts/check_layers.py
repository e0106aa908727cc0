#!/usr/bin/env python3
"""Checks the layers: which folder may include which, and what the pure folders may not say.

Prints `consensus/x.h:1: consensus may not include ledger/block.h`, one line a fault, and exits 1 if
there is any.

  scripts/check_layers.py              checks the tree
  scripts/check_layers.py --self-test  checks this script
"""

import argparse
import re
import sys
from pathlib import Path

# Layer -> the layers whose headers it may include, besides its own.
LAYERS = {
    "core": set(),
    "consensus": {"core"},
    "ledger/proof": {"core"},
    "ledger": {"core", "ledger/proof"},
    "contracts": {"core", "ledger", "ledger/proof"},
    "net": {"core"},
    "node": {"core", "consensus", "ledger/proof", "ledger", "contracts", "net"},
    "tests": {"core", "consensus", "ledger/proof", "ledger", "contracts", "net", "node"},
}
PURE = {"core", "consensus", "ledger/proof", "ledger", "contracts"}

# Third parties: (pattern of the header, folders that may include it).
CONFINED = [
    (r"sodium(\.h|/)", ("core/crypto", "net")),
    (r"openssl/", ("core/crypto", "net")),
    (r"leveldb/", ("node/storage",)),
    (r"boost/", ("net", "node")),
    (r"nlohmann/", ("node", "tests")),
    (r"toml\+\+/|toml\.hpp", ("node",)),
    (r"CLI/", ("node",)),
    (r"(spdlog|fmt)/", ("node",)),
    (r"(gtest|gmock|rapidcheck|benchmark)(\.h|/)", ("tests",)),
]
THIRD_PARTY_IN_TESTS = ("tests",)  # Tests reach everything that the folder they test reaches.

# What makes a pure folder impure: (pattern, what to do instead).
BANNED = [
    (r"\bfloat\b|\bdouble\b", "floating point differs between machines: use integers"),
    (r"\bstd::hash\b", "std::hash differs between libraries"),
    (r"\bunordered_", "the order of unordered containers differs: use std::map or a sorted vector"),
    (r"_clock::now\b|\b(clock_gettime|gettimeofday)\b", "time is an input"),
    (r"\bstd::s?rand\b|\brandom_device\b|_distribution\b|\bmt19937", "randomness is an input"),
    (r"#\s*include\s*<(chrono|ctime|time\.h|sys/time\.h)>", "time is an input"),
    (r"#\s*include\s*<(thread|mutex|shared_mutex|condition_variable|future|atomic)>",
     "pure code has one thread"),
    (r"#\s*include\s*<(iostream|fstream|filesystem|random|locale)>", "pure code does no I/O"),
    (r"\bthrow\b", "return a Result"),
]

# The one file that wraps a hash table, so that nobody can walk through it.
LOOKUP_TABLE = "core/lookup_table.h"
LOOKUP_PATTERN = r"\bunordered_"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".h", ".cc"}


def layer_of(path):
    """The layer of a path inside the tree, or None for a file that belongs to none."""
    for layer in sorted(LAYERS, key=len, reverse=True):
        if path.startswith(layer + "/"):
            return layer
    return None


def inside(path, folders):
    return any(path.startswith(folder + "/") for folder in folders)


LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_lines(text):
    """The lines of the text with comments and literals blanked, but for the names of includes."""
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)  # 1'000 opens no literal.
    blanked = LITERAL_OR_COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
    return [line if INCLUDE.match(line) else code
            for line, code in zip(text.split("\n"), blanked.split("\n"))]


def check_include(path, layer, style, target):
    """What is wrong with one include, or None."""
    for pattern, folders in CONFINED:
        if re.match(pattern, target):
            return None if inside(path, folders + THIRD_PARTY_IN_TESTS) else (
                f"{layer} may not include {target}: only {', '.join(folders)} may")
    target_layer = layer_of(target)
    if style == "<":
        return f"{target} is ours: include it with quotes" if target_layer else None
    if target_layer is None:
        return f"{target}: name a header by its path from the root"
    if target == "core/planted.h" and path.endswith(".h"):
        return "no header may include core/planted.h: docs/planted.md"
    if target_layer != layer and target_layer not in LAYERS[layer]:
        return f"{layer} may not include {target}"
    return None


def cycles(includes):
    """One line for each file that begins an include cycle."""
    faults, state = [], {}

    def visit(path, trail):
        state[path] = "open"
        for line, target in includes.get(path, []):
            if state.get(target) == "open":
                loop = trail[trail.index(target):] if target in trail else [target]
                faults.append(f"{path}:{line}: include cycle: {' -> '.join(loop + [target])}")
            elif target in includes and target not in state:
                visit(target, trail + [target])
        state[path] = "done"

    for path in sorted(includes):
        if path not in state:
            visit(path, [path])
    return faults


def check(files):
    """Faults of {path: text}."""
    faults, includes = [], {}
    for path, text in sorted(files.items()):
        layer = layer_of(path)
        if layer is None:
            faults.append(f"{path}:1: belongs to no layer")
            continue
        includes[path] = []
        for number, line in enumerate(code_lines(text), 1):
            match = INCLUDE.match(line)
            if match:
                fault = check_include(path, layer, *match.groups())
                if fault:
                    faults.append(f"{path}:{number}: {fault}")
                includes[path].append((number, match.group(2)))
            if layer in PURE:
                for pattern, reason in BANNED:
                    if path == LOOKUP_TABLE and pattern == LOOKUP_PATTERN:
                        continue
                    found = re.search(pattern, line)
                    if found:
                        faults.append(f"{path}:{number}: {layer} may not say "
                                      f"'{found.group(0).strip()}': {reason}")
    return faults + cycles(includes)


def tree(root):
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8")
            for layer in LAYERS for path in sorted((root / layer).rglob("*"))
            if path.suffix in SOURCES and "node_modules" not in path.parts}


SELF_TEST = [
    # (path, text, a part of the only fault; None where there is none)
    ("consensus/x.h", '#include "ledger/block.h"', "x.h:1: consensus may not include ledger/"),
    ("consensus/x.h", '#include "core/bytes.h"', None),
    ("ledger/proof/x.h", '#include "ledger/block.h"', "ledger/proof may not include"),
    ("ledger/x.h", '#include "ledger/proof/verify.h"', None),
    ("contracts/x.h", '#include "ledger/block.h"', None),
    ("contracts/x.h", '#include "net/link.h"', "contracts may not include"),
    ("net/x.h", '#include "ledger/block.h"', "net may not include"),
    ("node/x.h", '#include "tests/support/golden.h"', "node may not include"),
    ("tests/x.h", '#include "node/node.h"', None),
    ("core/x.h", '#include "ledger/block.h"', "core may not include"),
    ("core/x.cc", "#include <sodium.h>", "only core/crypto, net may"),
    ("core/crypto/x.cc", "#include <sodium.h>", None),
    ("ledger/x.cc", "#include <openssl/sha.h>", "only core/crypto, net may"),
    ("node/x.cc", "#include <leveldb/db.h>", "only node/storage may"),
    ("node/storage/x.cc", "#include <leveldb/db.h>", None),
    ("net/x.cc", "#include <nlohmann/json.hpp>", "only node, tests may"),
    ("node/x.cc", "#include <gtest/gtest.h>", "only tests may"),
    ("core/x.h", "#include <core/bytes.h>", "with quotes"),
    ("core/x.h", '#include "bytes.h"', "path from the root"),
    ("ledger/x.cc", "double rate = 1;", "'double'"),
    ("ledger/x.cc", "// a double spend", None),
    ("ledger/x.cc", "/* a\n float */ int x;", None),
    ("ledger/x.cc", 'auto text = "double";', None),
    ("ledger/x.cc", "int x = 1'000; float y = 1'0;", "'float'"),
    ("ledger/x.cc", "std::unordered_map<int, int> m;", "'unordered_'"),
    ("core/lookup_table.h", "std::unordered_map<int, int> m;", None),
    ("core/lookup_table.h", "float x;", "'float'"),
    ("ledger/x.cc", "\n\nauto t = std::chrono::steady_clock::now();", "x.cc:3: "),
    ("node/x.cc", "auto t = std::chrono::steady_clock::now();", None),
    ("core/x.h", "#include <chrono>", "time is an input"),
    ("core/x.h", "#include <thread>", "one thread"),
    ("contracts/x.cc", "#include <iostream>", "no I/O"),
    ("consensus/x.h", '#include "core/planted.h"', "no header may include core/planted.h"),
    ("consensus/x.cc", '#include "core/planted.h"', None),
    ("stray/x.cc", "", "belongs to no layer"),
]


def self_test():
    failed = 0
    for path, text, expected in SELF_TEST:
        faults = check({path: text})
        good = not faults if expected is None else len(faults) == 1 and expected in faults[0]
        if not good:
            failed += 1
            print(f"self-test: {path}: {text!r}: expected {expected!r}, got {faults}")
    loop = check({"core/a.h": '#include "core/b.h"', "core/b.h": '#include "core/a.h"'})
    if loop != ["core/b.h:1: include cycle: core/a.h -> core/b.h -> core/a.h"]:
        failed += 1
        print(f"self-test: cycle: {loop}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        return 1 if self_test() else 0
    faults = check(tree(Path(__file__).resolve().parent.parent))
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
