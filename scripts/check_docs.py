#!/usr/bin/env python3
"""Checks that the documents match the code and lead to what exists.

  docs/spec/limits.md    core/limits.h: every constant with its value, in order
  docs/spec/errors.md    core/error.h: every code with its name and hint, in order
  docs/spec/encoding.md  core/crypto/hash.cc: every domain with its tag, in order
  docs/planted.md        core/planted.h, tests/planted: every bug, its rule, stories and seeds
  *.md                   every relative link leads to a file or folder, and its #part to a heading
  sources                every document that a comment names exists, and so does its section (§N)

Prints one line a fault; exits 1 if any.

  scripts/check_docs.py --write      rewrites the tables of errors and planted bugs, and the values
                                     of limits
  scripts/check_docs.py --self-test  checks this script
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = re.compile(r"(<!-- checked: begin -->\n)(.*?)(<!-- checked: end -->)", re.S)
ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.M)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.M)
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
# A document named in a comment, with the sections that are meant: "docs/spec/x.md, §2 to §4".
MENTION = re.compile(r"(?<![\w/.-])((?:docs/)?(?:[\w-]+/)*[\w.-]+\.md)((?:(?:,| to| and)? §\d+)*)")
WRAPPED = re.compile(r"\n\s*(?://|#|\*)+[ \t]*")
SOURCES = {".h", ".cc", ".py", ".mjs", ".cmake", ".txt", ""}
WITH_SELF_TEST = {"scripts/check_docs.py", "scripts/tidy.py"}  # They name what does not exist.
FOREIGN = {"corpus", ".git", "build", "node_modules", "devnet", "__pycache__"}


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


def planted_of(header, stories, seeds):
    """[(bug, "rule | stories | simulations")] of core/planted.h and tests/planted."""
    rules = re.findall(r'PlantedRule\{PlantedBug::(\w+),\s*"\w+",\s*((?:"[^"]*"\s*)+)\}', header)
    found = []
    for name, rule in rules:
        tests = re.findall(rf"^{name} \w+ (\S+)$", stories, re.M)
        rule = "".join(re.findall(r'"([^"]*)"', rule))
        simulations = re.search(rf"^{name} \w+ \d+ (\d+)$", seeds, re.M)
        found.append((name, f"{rule} | {', '.join(f'`{test}`' for test in tests)} | "
                            f"{simulations.group(1) if simulations else 'not found'}"))
    return found


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


def planted_table(bugs):
    lines = ["| bug | rule that it breaks | stories that find it | simulations needed |",
             "|---|---|---|---|"]
    lines += [f"| `{name}` | {cells} |" for name, cells in bugs]
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


def tree(suffixes):
    """Files of the tree, relative, that are ours and have one of the suffixes."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        if path.suffix in suffixes and not FOREIGN & set(inside.parts) and path.is_file():
            found.append(str(inside))
    return found


def anchors_of(document):
    """The #parts of a document, as GitHub makes them of its headings."""
    headings = HEADING.findall(FENCE.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sections_of(document):
    """The numbers of the headings "## 3. Title"."""
    return set(re.findall(r"^#+ (\d+)\.", document, re.M))


def links_of(document):
    """The relative links, outside of code blocks."""
    links = LINK.findall(FENCE.sub("", document))
    return [link for link in links if not re.match(r"[a-z]+:", link)]


def mentions_of(source):
    """[(document, sections)] named in a source; a bare name counts with a section only."""
    found = []
    for name, sections in MENTION.findall(WRAPPED.sub(" ", source)):
        if name.startswith("docs/") or sections:
            found.append((name, re.findall(r"§(\d+)", sections)))
    return found


def broken_links(path):
    faults = []
    for link in links_of(read(path)):
        name, _, part = link.partition("#")
        target = (ROOT / path).parent / name if name else ROOT / path
        if not target.exists():
            faults.append(f"{path}: the link {link} leads nowhere")
        elif part and part not in anchors_of(target.read_text(encoding="utf-8")):
            faults.append(f"{path}: {link}: no such heading")
    return faults


def broken_mentions(path):
    faults = []
    for name, sections in mentions_of(read(path)):
        target = ROOT / name if "/" in name else ROOT / "docs/spec" / name
        if not target.exists():
            faults.append(f"{path}: names {name}, which does not exist")
            continue
        headings = sections_of(target.read_text(encoding="utf-8"))
        faults += [f"{path}: {name} has no §{number}" for number in sections
                   if number not in headings]
    return faults


def check():
    faults = []
    for path in tree({".md"}):
        faults += broken_links(path)
    for path in tree(SOURCES):
        if path not in WITH_SELF_TEST:
            faults += broken_mentions(path)
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
    faults += compare("docs/planted.md", planted(), rows_of(read("docs/planted.md")))
    return faults


def planted():
    return planted_of(read("core/planted.h"), read("tests/planted/stories.txt"),
                      read("tests/planted/seeds.txt"))


def self_test():
    document = "# A b\n## 2. The `x`, y\n[a](b.md#c) [d](https://e)\n```\n[f](g)\n# h\n```\n"
    assert links_of(document) == ["b.md#c"]
    assert anchors_of(document) == {"a-b", "2-the-x-y"}
    assert sections_of(document) == {"2"}
    assert mentions_of("// docs/spec/a.md, §1 to\n// §3.  b.md §4; c.md") == [
        ("docs/spec/a.md", ["1", "3"]), ("b.md", ["4"])]
    assert mentions_of("https://e.example/docs/f.md ../docs/g.md") == []
    assert errors_of('X(ok, 0, "a " \\\n  "b")') == [("ok", "0", "a b")]
    assert planted_of('PlantedRule{PlantedBug::a,\n "a",\n "r " "s"},', "# a\na x T.b\n",
                      "a calm 2 7\n") == [("a", "r s | `T.b` | 7")]
    assert limits_of("inline constexpr std::size_t kA = 2 * 1'024;") == [("kA", "2,048")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        return 0
    if options.write:
        rewrite("docs/spec/errors.md", errors_table(errors_of(read("core/error.h"))))
        rewrite("docs/spec/limits.md", with_values(read("docs/spec/limits.md"),
                                                   limits_of(read("core/limits.h"))))
        rewrite("docs/planted.md", planted_table(planted()))
    faults = check()
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
